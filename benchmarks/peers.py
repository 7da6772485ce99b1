"""What our functions are measured against: PyTorch's own, and what people write without one."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from actscope.catalogue import Record
from actscope.catalogue._evaluate import program
from actscope.catalogue.formula import VOCABULARY

Function = Callable[[Tensor], Tensor]

# By our name, at our default parameters.
PYTORCH: dict[str, Function] = {
    "identity": torch.nn.Identity(),
    "sign": torch.sign,
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": functional.hardsigmoid,
    "log_sigmoid": functional.logsigmoid,
    "probit": torch.special.ndtr,
    "tanh": torch.tanh,
    "hard_tanh": functional.hardtanh,
    "softsign": functional.softsign,
    "arctan": torch.atan,
    "erf": torch.erf,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "threshold": lambda x: functional.threshold(x, 1.0, 0.0),
    "leaky_relu": functional.leaky_relu,
    "prelu": lambda x: functional.prelu(x, torch.tensor([0.25], dtype=x.dtype, device=x.device)),
    "rrelu": functional.rrelu,
    "absolute": torch.abs,
    "square": torch.square,
    "softplus": functional.softplus,
    "elu": functional.elu,
    "selu": functional.selu,
    "celu": functional.celu,
    "exponential": torch.exp,
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
    "hard_swish": functional.hardswish,
    "mish": functional.mish,
    "softshrink": functional.softshrink,
    "hardshrink": functional.hardshrink,
    "tanhshrink": functional.tanhshrink,
    "sine": torch.sin,
    "cosine": torch.cos,
}


def _extreme(name: str) -> Callable[[Any, Any], Any]:
    """max and min as people write them: a clamp where one of the two is a number."""

    def function(u: Any, v: Any) -> Any:
        if isinstance(v, Tensor) and not isinstance(u, Tensor):
            u, v = v, u
        if isinstance(v, Tensor):
            return (torch.maximum if name == "max" else torch.minimum)(u, v)
        return u.clamp(min=v) if name == "max" else u.clamp(max=v)

    return function


def _applied(name: str) -> Callable[[Any], Any]:
    def function(u: Any) -> Any:
        return getattr(torch, name)(u) if isinstance(u, Tensor) else getattr(math, name)(u)

    return function


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{n: _applied(n) for n in VOCABULARY if hasattr(torch, n)},
    "softplus": functional.softplus,
    "sech": lambda u: 1 / torch.cosh(u),
    "normal_cdf": torch.special.ndtr,
    "normal_pdf": lambda u: torch.exp(-u * u / 2) / math.sqrt(2 * math.pi),
    "max": _extreme("max"),
    "min": _extreme("min"),
    "clip": torch.clamp,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "negate": operator.neg,
    "where": torch.where,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def composition(record: Record) -> Function:
    """The record's formula as it is written, in PyTorch's operations, repeated parts once.

    (Steps are laid out beforehand: torch.compile does not trace the reading of a formula.)
    """
    names = {"pi": math.pi}
    steps: list[tuple[Callable[..., Any] | None, Any, tuple[int, ...]]] = []
    for kind, detail, inputs in program(record.bound):
        if kind == "number":
            steps.append((None, float(detail), ()))
        elif kind == "name":
            steps.append((None, names.get(detail), ()))  # None: x itself
        else:
            steps.append((FUNCTIONS[detail or kind], None, inputs))

    def function(x: Tensor) -> Tensor:
        values: list[Any] = []
        for operation, value, inputs in steps:
            if operation is None:
                values.append(x if value is None else value)
            else:
                values.append(operation(*[values[i] for i in inputs]))
        return values[-1]

    return function
