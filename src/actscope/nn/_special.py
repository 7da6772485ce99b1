"""Gated layers (one half of the features times a gate of the other) and functions of a vector."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from actscope.errors import SettingError

from . import _native
from ._level import LEVEL


def _is_exact(precise: bool | None) -> bool:
    return LEVEL.precise if precise is None else precise


def _halves(name: str, input: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    size = input.size(dim) if input.dim() else 1  # says what dimensions there are
    if size % 2:
        raise SettingError(
            f"{name} splits dimension {dim} into two halves: its size must be even, not {size}"
        )
    a, b = input.chunk(2, dim)
    return a, b


def _gated(
    name: str, gate: Callable[..., Tensor], input: Tensor, dim: int, precise: bool | None
) -> Tensor:
    """a * gate(b); at the precise level in float64, rounded once."""
    a, b = _halves(name, input, dim)
    if _is_exact(precise):
        return (a.double() * gate(b.double(), precise=True)).to(input.dtype)
    return a * gate(b, precise=False)


def glu(input: Tensor, dim: int = -1, *, precise: bool | None = None) -> Tensor:
    if _is_exact(precise):
        return _gated("glu", _native.sigmoid, input, dim, True)
    _halves("glu", input, dim)
    return functional.glu(input, dim)


def bilinear(input: Tensor, dim: int = -1, *, precise: bool | None = None) -> Tensor:
    return _gated("bilinear", _native.identity, input, dim, precise)


def reglu(input: Tensor, dim: int = -1, *, precise: bool | None = None) -> Tensor:
    return _gated("reglu", _native.relu, input, dim, precise)


def geglu(input: Tensor, dim: int = -1, *, precise: bool | None = None) -> Tensor:
    return _gated("geglu", _native.gelu, input, dim, precise)


def swiglu(input: Tensor, dim: int = -1, *, precise: bool | None = None) -> Tensor:
    return _gated("swiglu", _native.silu, input, dim, precise)


# --- of a vector ------------------------------------------------------------------------------


def softmax(
    input: Tensor,
    dim: int = -1,
    dtype: torch.dtype | None = None,
    *,
    precise: bool | None = None,
) -> Tensor:
    if _is_exact(precise):
        return torch.softmax(input, dim, dtype=torch.float64).to(dtype or input.dtype)
    return torch.softmax(input, dim, dtype=dtype)


def log_softmax(
    input: Tensor,
    dim: int = -1,
    dtype: torch.dtype | None = None,
    *,
    precise: bool | None = None,
) -> Tensor:
    if _is_exact(precise):
        return torch.log_softmax(input, dim, dtype=torch.float64).to(dtype or input.dtype)
    return torch.log_softmax(input, dim, dtype=dtype)


def softmin(
    input: Tensor,
    dim: int = -1,
    dtype: torch.dtype | None = None,
    *,
    precise: bool | None = None,
) -> Tensor:
    return softmax(-input, dim, dtype, precise=precise)


def sparsemax(input: Tensor, dim: int = -1, *, precise: bool | None = None) -> Tensor:
    """The nearest probability vector (Martins & Astudillo, 2016): max(x - tau, 0), summing to 1.

    tau is (the sum over the support - 1) / its size; autograd through that sum gives the
    paper's Jacobian, diag(s) - s s' / |s|.
    """
    if not input.is_floating_point():
        raise SettingError(
            f"sparsemax takes floating-point numbers, not {input.dtype}: convert with x.float()"
        )
    if not input.numel():
        return input.clone()
    if not input.dim():
        return sparsemax(input[None], 0, precise=precise)[0]
    half = input.dtype in (torch.float16, torch.bfloat16)
    dtype = torch.float64 if _is_exact(precise) else torch.float32 if half else input.dtype
    x = input.to(dtype)
    x = x - x.detach().amax(dim, keepdim=True)  # sums of a common offset would lose digits
    ordered = x.detach().sort(dim, descending=True).values
    shape = [1] * x.dim()
    shape[dim] = -1
    rank = torch.arange(1, x.shape[dim] + 1, dtype=dtype, device=x.device).view(shape)
    inside = 1 + rank * ordered > ordered.cumsum(dim)
    smallest = torch.where(inside, ordered, torch.inf).amin(dim, keepdim=True)
    support = x.detach() >= smallest
    total = torch.where(support, x, 0).sum(dim, keepdim=True)
    tau = (total - 1) / support.sum(dim, keepdim=True)
    result = torch.where(support, x - tau, torch.where(x.isnan(), x, 0))
    return result.clamp_min(0).to(input.dtype)


def maxout(input: Tensor, pieces: int = 2, dim: int = -1, *, precise: bool | None = None) -> Tensor:
    """The largest of each `pieces` neighbours: the size of `dim` shrinks by that factor."""
    size = input.size(dim) if input.dim() else 1
    if pieces < 1 or pieces != int(pieces):
        raise SettingError(f"maxout: pieces must be a whole number above 0, not {pieces}")
    if size % pieces:
        raise SettingError(
            f"maxout takes the largest of {pieces} neighbours: the size of dimension {dim}"
            f" must be a multiple of that, not {size}"
        )
    dim %= input.dim()
    return input.unflatten(dim, (size // int(pieces), int(pieces))).max(dim + 1).values


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    function.__name__: function
    for function in (
        glu, bilinear, reglu, geglu, swiglu,
        softmax, log_softmax, softmin, sparsemax, maxout,
    )
}  # fmt: skip

# The arguments of the module classes, with their defaults; those of torch.nn keep PyTorch's.
ARGUMENTS: dict[str, dict[str, int]] = {
    **{name: {"dim": -1} for name in FUNCTIONS},
    "maxout": {"pieces": 2, "dim": -1},
}
