"""Weights from a file into a model: all of them or none, and nothing is ever unpickled."""

from __future__ import annotations

import pickle
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from actscope.errors import DataError, SettingError

_ENDINGS = (".safetensors", ".pt", ".pth", ".bin")

# What damaged files make of readers, by PyTorch's and NumPy's code.
TORN = (
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError),
    *(OSError, RuntimeError, TypeError, ValueError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)


def load_weights(model: nn.Module, path: Path) -> list[str]:
    """Put a file of weights into the model, all of them or none; what to say about it."""
    check(path, _ENDINGS, "--weights")
    notes: list[str] = []
    if path.suffix.lower() == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            state: Any = load_file(path)
        except (SafetensorError, OSError) as error:
            raise DataError(f"--weights {str(path)!r} cannot be read: {first(error)}") from None
    else:
        state = load_torch(path, "--weights")
        for name in ("state_dict", "model_state_dict", "model"):
            if isinstance(state, Mapping) and isinstance(state.get(name), Mapping):
                state = state[name]
                break
        if not isinstance(state, Mapping):
            raise DataError(
                f"--weights {str(path)!r} holds a {type(state).__name__}, no state_dict"
            )
    state = {str(k): v for k, v in state.items() if isinstance(v, Tensor)}
    refuse_odd(f"--weights {str(path)!r}", state)
    for prefix in ("module.", "_orig_mod."):
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
            notes.append(f"the weights' names had {prefix!r} before them: left out")
    wrong = _misfits(model, state)
    if wrong:
        raise DataError(f"--weights {str(path)!r} does not fit the model: {'; '.join(wrong)}")
    try:
        model.load_state_dict(state, strict=False)
    except TORN as error:
        raise DataError(f"--weights {str(path)!r} cannot be put in: {first(error)}") from None
    return notes


def refuse_odd(what: str, tensors: Mapping[str, Tensor]) -> None:
    """Raise where values are not there one by one."""
    for name, tensor in tensors.items():
        odd = ""
        if tensor.is_nested:
            odd = "a nested tensor: save it padded"
        elif tensor.layout is not torch.strided:
            odd = "a sparse tensor: save it as .to_dense() makes it"
        elif tensor.is_meta:
            odd = "on the meta device, which holds no values: save it from a real one"
        elif tensor.is_quantized:
            odd = "quantised: save it as .dequantize() makes it"
        if odd:
            raise DataError(f"{what}: {name!r} is {odd}")


def _misfits(model: nn.Module, state: Mapping[str, Tensor]) -> list[str]:
    own = model.state_dict(keep_vars=True)
    # Tensors that are shared are saved once: the other name of one that is there is not missing.
    there = {id(own[name]) for name in state if name in own}
    missing = [name for name in own if name not in state and id(own[name]) not in there]
    unknown = [name for name in state if name not in own]
    shapes = [
        f"{name!r} is {tuple(value.shape)}, the model's {tuple(own[name].shape)}"
        for name, value in state.items()
        if name in own and not nn.parameter.is_lazy(own[name]) and own[name].shape != value.shape
    ]
    return [
        *([f"it lacks {head(missing)}"] if missing else []),
        *([f"the model has no {head(unknown)}"] if unknown else []),
        *([few(shapes)] if shapes else []),
    ]


def load_torch(path: Path, option: str) -> Any:
    """What `torch.load(weights_only=True)` gives: tensors in lists and dictionaries."""
    try:
        with warnings.catch_warnings(action="ignore"):  # about the pickle protocol
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise DataError(
            f"{option} {str(path)!r} holds more than tensors, or is damaged; Python objects are "
            "never loaded: save tensors alone, such as model.state_dict()"
        ) from None
    except TORN as error:
        raise DataError(f"{option} {str(path)!r} cannot be read: {first(error)}") from None


def check(path: Path, endings: tuple[str, ...], option: str) -> None:
    """Say what is wrong with a file that is to be read."""
    if path.suffix.lower() not in endings:
        raise SettingError(f"{option} {str(path)!r} must end in one of: {', '.join(endings)}")
    if path.is_dir():
        raise DataError(f"{option} {str(path)!r} is a folder; name a file")
    if not path.exists():
        raise DataError(f"{option} {str(path)!r}: there is no such file")


def head(names: list[str]) -> str:
    """The first names, and how many more."""
    return few([repr(name) for name in names])


def few(texts: list[str], limit: int = 3) -> str:
    """The first of them, and how many more."""
    more = len(texts) - limit
    return ", ".join(texts[:limit]) + (f" and {more} more" if more > 0 else "")


def first(error: BaseException) -> str:
    """The first line of what an error says."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
