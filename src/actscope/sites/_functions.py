"""What a function mode is told: names of functions, and lines that call them."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import torch

QUIET = {  # attributes and questions: nothing is computed
    *("shape", "device", "dtype", "requires_grad", "grad_fn", "is_leaf", "layout", "ndim", "grad"),
    *("size", "dim", "numel", "stride", "is_contiguous", "is_floating_point", "data_ptr", "item"),
    *("is_cuda", "is_quantized", "is_sparse", "is_nested", "is_mkldnn", "names", "element_size"),
    *("is_complex", "storage_offset", "tolist", "requires_grad_", "register_hook", "is_meta"),
    *("is_xpu", "is_inference", "nbytes", "itemsize", "is_nested_tensor", "len"),
}
_TORCH = str(Path(torch.__file__).parent) + os.sep  # else torchvision's files were PyTorch's
_OURS = str(Path(__file__).parents[1]) + os.sep


def name_of(func: Any) -> str:
    """The plain name of what is called: `add` for add, add_, __add__, __iadd__ and Tensor.add."""
    name = getattr(func, "__name__", "")
    if name == "__get__":
        return func.__self__.__name__
    if name.startswith("__") and name.endswith("__"):
        return name[2:-2]
    return name if name in QUIET else name.rstrip("_")


def place_of(frame: FrameType | None) -> str:
    """Where the code that called is, outside PyTorch and this package: file:line:column-end.

    Columns tell two calls on one line apart, and are the same for every version of Python.
    """
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_TORCH, _OURS)):
            known = _PLACES.get((id(frame.f_code), frame.f_lasti))
            return known[1] if known is not None else _noted(frame)
        frame = frame.f_back
    return ""


# The code is kept, so that no other one has its id.
_PLACES: dict[tuple[int, int], tuple[CodeType, str]] = {}


def _noted(frame: FrameType) -> str:
    code, at = frame.f_code, frame.f_lasti
    line, end, column, last = next(islice(code.co_positions(), at // 2, None), (None,) * 4)
    if column is None:  # Python was told to keep no columns
        place = f"{code.co_filename}:{frame.f_lineno}:{at}"
    else:
        place = f"{code.co_filename}:{line}:{column}-{end}:{last}"
    _PLACES[id(code), at] = code, place
    return place
