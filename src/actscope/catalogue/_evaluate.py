"""Evaluating a tree over any arithmetic: floats, arrays, intervals, tensors.

A tree is flattened once into a program in which a repeated part is computed once; an
`Arithmetic` says what numbers, functions and choices mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from ._tree import Binary, Call, Compare, Name, Negate, Node, Number, Where, children
from ._vocabulary import expand


class Step(NamedTuple):
    """One operation; `inputs` are positions of earlier steps."""

    operation: str  # "number", "name", "call", "compare", "where", "negate" or + - * / ^
    detail: Any
    inputs: tuple[int, ...]


class Arithmetic(Protocol):
    """What the vocabulary means for one kind of value."""

    functions: Mapping[str, Callable[..., Any]]
    # True when abs, sign, max, min, clip are to be written as where first.
    expands: bool

    def number(self, value: Fraction) -> Any: ...

    def divide(self, left: Any, right: Any) -> Any: ...

    def power(self, base: Any, exponent: Any) -> Any: ...

    def compare(self, op: str, left: Any, right: Any) -> Any: ...

    def where(self, condition: Any, yes: Any, no: Any) -> Any: ...


@lru_cache(maxsize=2048)
def program(node: Node) -> tuple[Step, ...]:
    """The tree as steps, each part once, the result last."""
    steps: list[Step] = []
    known: dict[Node | Compare, int] = {}

    def add(part: Node | Compare) -> int:
        if part in known:
            return known[part]
        inputs = tuple(add(child) for child in children(part))
        match part:
            case Number(value):
                step = Step("number", value, ())
            case Name(name):
                step = Step("name", name, ())
            case Negate():
                step = Step("negate", None, inputs)
            case Binary(op):
                step = Step(op, None, inputs)
            case Call(function):
                step = Step("call", function, inputs)
            case Compare(op):
                step = Step("compare", op, inputs)
            case Where():
                step = Step("where", None, inputs)
        steps.append(step)
        known[part] = len(steps) - 1
        return known[part]

    add(node)
    return tuple(steps)


def evaluate(node: Node, values: Mapping[str, Any], over: Arithmetic) -> Any:
    """The value of the tree where each name has the value given."""
    results: list[Any] = []
    for operation, detail, inputs in program(expand(node) if over.expands else node):
        parts = [results[i] for i in inputs]
        match operation:
            case "number":
                result = over.number(detail)
            case "name":
                result = values[detail]
            case "call":
                result = over.functions[detail](*parts)
            case "+":
                result = parts[0] + parts[1]
            case "-":
                result = parts[0] - parts[1]
            case "*":
                result = parts[0] * parts[1]
            case "/":
                result = over.divide(*parts)
            case "^":
                result = over.power(*parts)
            case "negate":
                result = -parts[0]
            case "compare":
                result = over.compare(detail, *parts)
            case _:
                result = over.where(*parts)
        results.append(result)
    return results[-1]


# --- Python floats -------------------------------------------------------------------------


def _sigmoid(u: float) -> float:
    if u >= 0:
        return 1 / (1 + math.exp(-u))
    small = math.exp(u)
    return small / (1 + small)


def _or_inf(function: Callable[[float], float]) -> Callable[[float], float]:
    """`function`, with inf where the result is too large for a float."""

    def safe(u: float) -> float:
        try:
            return function(u)
        except OverflowError:
            return math.inf

    return safe


def _log(u: float) -> float:
    return math.log(u) if u > 0 else (-math.inf if u == 0 else math.nan)


class FloatArithmetic:
    """Python floats, following IEEE rules where Python itself would raise."""

    expands = True
    functions: Mapping[str, Callable[..., float]] = {
        "exp": _or_inf(math.exp),
        "expm1": _or_inf(math.expm1),
        "log": _log,
        "log1p": lambda u: math.log1p(u) if u > -1 else _log(1 + u),
        "sqrt": lambda u: math.sqrt(u) if u >= 0 else math.nan,
        "sigmoid": _sigmoid,
        "softplus": lambda u: max(u, 0.0) + math.log1p(math.exp(-abs(u))),
        "tanh": math.tanh,
        "sinh": lambda u: math.copysign(_or_inf(math.sinh)(abs(u)), u),
        "cosh": _or_inf(math.cosh),
        "sech": lambda u: 1 / _or_inf(math.cosh)(u),
        "asinh": math.asinh,
        "atan": math.atan,
        "sin": lambda u: math.sin(u) if math.isfinite(u) else math.nan,
        "cos": lambda u: math.cos(u) if math.isfinite(u) else math.nan,
        "erf": math.erf,
        "normal_cdf": lambda u: math.erfc(-u / math.sqrt(2)) / 2,
        "normal_pdf": lambda u: math.exp(-u * u / 2) / math.sqrt(2 * math.pi),
    }

    def number(self, value: Fraction) -> float:
        return float(value)

    def divide(self, left: float, right: float) -> float:
        if right == 0:
            return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
        return left / right

    def power(self, base: float, exponent: float) -> float:
        try:
            return math.pow(base, exponent)
        except OverflowError:
            return math.inf
        except ValueError:  # a negative base to a fraction, or 0 to a negative power
            return math.inf if base == 0 else math.nan

    def compare(self, op: str, left: float, right: float) -> bool:
        match op:
            case "<":
                return left < right
            case "<=":
                return left <= right
            case ">":
                return left > right
            case _:
                return left >= right

    def where(self, condition: bool, yes: float, no: float) -> float:
        return yes if condition else no


FLOATS = FloatArithmetic()


def at(node: Node, x: float) -> float:
    """The value of an expression in x alone at one float; nan stays nan."""
    if math.isnan(x):
        return x
    return evaluate(node, {"x": x, "pi": math.pi}, FLOATS)


@lru_cache(maxsize=1)
def arrays() -> Arithmetic:
    """The arithmetic of NumPy arrays (NumPy and SciPy are imported on first use)."""
    import numpy as np
    from scipy import special

    class ArrayArithmetic:
        expands = False
        functions: Mapping[str, Callable[..., Any]] = {
            **{n: getattr(np, n) for n in ("exp", "expm1", "log", "log1p", "sqrt", "tanh")},
            **{n: getattr(np, n) for n in ("sinh", "cosh", "sin", "cos", "abs", "sign", "clip")},
            "sech": lambda u: 1 / np.cosh(u),
            "asinh": np.arcsinh,
            "atan": np.arctan,
            "max": np.maximum,
            "min": np.minimum,
            "sigmoid": special.expit,
            "softplus": lambda u: np.logaddexp(0, u),
            "erf": special.erf,
            "normal_cdf": special.ndtr,
            "normal_pdf": lambda u: np.exp(-u * u / 2) / math.sqrt(2 * math.pi),
        }

        def number(self, value: Fraction) -> float:
            return float(value)

        def divide(self, left: Any, right: Any) -> Any:
            return np.divide(left, right)

        def power(self, base: Any, exponent: Any) -> Any:
            return np.power(base, exponent)

        def compare(self, op: str, left: Any, right: Any) -> Any:
            return {"<": np.less, "<=": np.less_equal, ">": np.greater}.get(op, np.greater_equal)(
                left, right
            )

        def where(self, condition: Any, yes: Any, no: Any) -> Any:
            return np.where(condition, yes, no)

    return ArrayArithmetic()


def sample(node: Node, x: Any) -> Any:
    """The value of an expression in x alone at every element of a NumPy array; nan stays."""
    import numpy as np

    points = np.asarray(x, dtype=float)
    with np.errstate(all="ignore"):  # the branch of a where that is not taken may overflow
        values = evaluate(node, {"x": points, "pi": math.pi}, arrays())
    return np.where(np.isnan(points), points, values)
