"""A formula as torch operations, with a backward pass made from its derivative's formula.

Autograd through `torch.where` gives nan where the branch not taken overflows (0 * inf);
evaluating the derivative's own formula does not, and only the input needs to be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from actscope.catalogue import Parameter
from actscope.catalogue.formula import (
    FLOATS,
    Node,
    Where,
    bind,
    differentiate,
    evaluate,
    expand,
    parse,
    stable,
    walk,
)

Value = Tensor | float

# PyTorch's softplus answers with its input above the threshold; at 40 that is exact in float64
# (at the default of 20 it is off by 2e-9).
SOFTPLUS_THRESHOLD = 40.0


def _bell(u: Tensor) -> Tensor:
    return torch.exp(-u * u / 2) / math.sqrt(2 * math.pi)


_TENSOR_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "sigmoid": torch.sigmoid,
    "softplus": lambda u: functional.softplus(u, 1.0, SOFTPLUS_THRESHOLD),
    "tanh": torch.tanh,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "sech": lambda u: 1 / torch.cosh(u),
    "asinh": torch.asinh,
    "atan": torch.atan,
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
    "normal_cdf": torch.special.ndtr,
    "normal_pdf": _bell,
}


def _for_numbers_too(name: str) -> Callable[[Value], Value]:
    """The function for tensors, and for the plain numbers of a formula such as sqrt(2)."""
    tensors, floats = _TENSOR_FUNCTIONS[name], FLOATS.functions[name]
    return lambda u: tensors(u) if isinstance(u, Tensor) else floats(u)


class _TensorArithmetic:
    """Tensors; numbers stay Python floats, so that they take on the dtype of the input."""

    expands = True
    functions: Mapping[str, Callable[..., Any]] = {
        name: _for_numbers_too(name) for name in _TENSOR_FUNCTIONS
    }

    def __init__(self, like: Tensor) -> None:
        self.like = like

    def number(self, value: Fraction) -> float:
        return float(value)

    def divide(self, left: Value, right: Value) -> Value:
        if isinstance(left, Tensor) or isinstance(right, Tensor):
            return left / right
        return FLOATS.divide(left, right)

    def power(self, base: Value, exponent: Value) -> Value:
        if isinstance(base, Tensor) or isinstance(exponent, Tensor):
            return base**exponent
        return FLOATS.power(base, exponent)

    def compare(self, op: str, left: Value, right: Value) -> Any:
        return FLOATS.compare(op, left, right)  # type: ignore[arg-type]  # tensors compare alike

    def where(self, condition: Any, yes: Value, no: Value) -> Value:
        if not isinstance(condition, Tensor):
            return yes if condition else no
        if not isinstance(yes, Tensor):  # two floats would give the default dtype
            yes = self.like.new_full((), yes)
        return torch.where(condition, yes, no)


@lru_cache(maxsize=512)
def _chooses(tree: Node) -> bool:
    return any(isinstance(part, Where) for part in walk(expand(tree)))


def _evaluated(tree: Node, names: tuple[str, ...], tensors: tuple[Tensor, ...]) -> Tensor:
    x = tensors[names.index("x")]
    values: dict[str, Any] = {"pi": math.pi, **dict(zip(names, tensors, strict=True))}
    result = evaluate(tree, values, _TensorArithmetic(x))
    if not isinstance(result, Tensor):
        result = torch.full_like(x, result)
    elif result.shape != x.shape:
        shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))
        result = result.expand(shape).clone()
    if result is x:  # a Function must not hand back its input
        return x.clone()
    # A comparison with nan is false, so a choice would hide it.
    return torch.where(x.isnan(), x, result) if _chooses(tree) else result


@lru_cache(maxsize=512)
def _slope(tree: Node, name: str) -> Node:
    return stable(differentiate(tree, name))


class _Compose(torch.autograd.Function):
    """tree(tensors by name); differentiable as often as you like."""

    generate_vmap_rule = True

    @staticmethod
    def forward(tree: Node, names: tuple[str, ...], *tensors: Tensor) -> Tensor:  # type: ignore[override]
        return _evaluated(tree, names, tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.tree, ctx.names = inputs[0], inputs[1]
        ctx.save_for_backward(*inputs[2:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        tensors = ctx.saved_tensors
        found: list[Tensor | None] = [None, None]
        for name, needed in zip(ctx.names, ctx.needs_input_grad[2:], strict=True):
            if needed:
                slope = compose(_slope(ctx.tree, name), dict(zip(ctx.names, tensors, strict=True)))
                found.append(grad * slope)  # autograd sums over broadcast dimensions itself
            else:
                found.append(None)
        return tuple(found)


def compose(tree: Node, values: Mapping[str, Tensor]) -> Tensor:
    """The value of a tree in "x" and tensor parameters, elementwise, broadcast.

    nan in x stays nan, also where the formula only compares.
    """
    result = _Compose.apply(tree, tuple(values), *values.values())
    assert isinstance(result, Tensor)
    return result


def compile_formula(
    formula: str, parameters: Mapping[str, Parameter]
) -> Callable[[Tensor], Tensor]:
    """The formula as a function of one tensor, parameters at their values.

    >>> f = compile_formula("where(x > 0, x, a * x)", {"a": Parameter(0.5, "slope")})
    >>> f(torch.tensor([-2.0, 2.0]))
    tensor([-1.,  2.])

    Raises:
        FormulaError: the formula cannot be read.
    """
    values = {name: parameter.value for name, parameter in parameters.items()}
    bound = stable(bind(parse(formula, tuple(parameters)), values))
    return lambda x: compose(bound, {"x": x})
