"""Where PyTorch has a kernel of its own for an activation. What is not here is composed."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from ._compose import SOFTPLUS_THRESHOLD


def _identity(x: Tensor) -> Tensor:
    return x


def _leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    return functional.leaky_relu(x, negative_slope)


def _prelu(x: Tensor, weight: float | Tensor = 0.25) -> Tensor:
    if isinstance(weight, Tensor):
        return functional.prelu(x, weight)
    return functional.leaky_relu(x, weight)


def _elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return functional.elu(x, alpha)


def _celu(x: Tensor, alpha: float = 1.0) -> Tensor:
    return functional.celu(x, alpha)


def _softplus(x: Tensor, beta: float = 1.0) -> Tensor:
    return functional.softplus(x, beta, SOFTPLUS_THRESHOLD)


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "identity": _identity,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "elu": _elu,
    "selu": torch.selu,
    "celu": _celu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "softplus": _softplus,
    "hard_swish": functional.hardswish,
}

# Parameters of ours that PyTorch's class names differently, and settings that we choose.
RENAMED: dict[str, dict[str, str]] = {"prelu": {"weight": "init"}}
SETTINGS: dict[str, dict[str, float]] = {"softplus": {"threshold": SOFTPLUS_THRESHOLD}}
