"""Trees lowered to straight-line operations: each repeated part once, numbers folded.

`lower` evaluates trees over an arithmetic whose values are promises, and so writes down what
there is to compute. What runs the operations is in `_program.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from actscope.catalogue.formula import FLOATS, VOCABULARY, Node, evaluate, expand, parse

Operand: TypeAlias = "int | float"  # the number of an earlier value, or a constant


class Operation(NamedTuple):
    """One operation; `settings` are numbers that go with it (a factor, limits)."""

    name: str
    inputs: tuple[Operand, ...]
    settings: tuple[float, ...] = ()


@dataclass(frozen=True)
class Listing:
    """Operations in order; value number i is input i, or operation i - len(inputs).

    scalar: which values depend on parameters alone.
    outputs: the number of the value of each tree, or a constant.
    """

    inputs: tuple[str, ...]
    operations: tuple[Operation, ...]
    scalar: tuple[bool, ...]
    outputs: tuple[Operand, ...]


class Promise:
    """A value that will be computed.

    nan: whether it is nan wherever x is.
    """

    __slots__ = ("lowering", "nan", "number", "scalar")

    def __init__(self, lowering: Lowering, number: int, *, nan: bool, scalar: bool) -> None:
        self.lowering, self.number, self.nan, self.scalar = lowering, number, nan, scalar

    def __add__(self, other: Promised) -> Promised:
        return self.lowering.emit("add", self, other)

    def __radd__(self, other: float) -> Promised:
        return self.lowering.emit("add", self, other)

    def __sub__(self, other: Promised) -> Promised:
        return self.lowering.subtract(self, other)

    def __rsub__(self, other: float) -> Promised:
        return self.lowering.emit("subtract", other, self)

    def __mul__(self, other: Promised) -> Promised:
        return self.lowering.multiply(self, other)

    def __rmul__(self, other: float) -> Promised:
        return self.lowering.multiply(self, other)

    def __neg__(self) -> Promised:
        return self.lowering.emit("negate", self)


Promised: TypeAlias = "Promise | float"


class Condition(NamedTuple):
    comparison: str
    left: Promised
    right: Promised


_OPPOSITE = {"<": "greater_equal", "<=": "greater", ">": "less_equal", ">=": "less"}
_NAMES = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal", "==": "equal"}
# Never nan, whatever the input: torch.sign(nan) is 0.
_HIDES_NAN = {"sign", "is_nan", *_NAMES.values()}


class Lowering:
    """The arithmetic of promises."""

    expands = False

    def __init__(self, inputs: Sequence[str], full: int) -> None:
        """inputs: names, the first `full` of them as large as x, the others parameters."""
        self.inputs = tuple(inputs)
        self.operations: list[Operation] = []
        self.scalar = [i >= full for i in range(len(inputs))]
        self._known: dict[tuple[object, ...], Promise] = {}
        self.functions: Mapping[str, Callable[..., Any]] = {
            name: partial(self.call, name) for name in VOCABULARY
        }

    def input(self, name: str) -> Promise:
        i = self.inputs.index(name)
        return Promise(self, i, nan=name == "x", scalar=self.scalar[i])

    def emit(self, name: str, *inputs: Promised, settings: tuple[float, ...] = ()) -> Promise:
        """The promise of an operation, the same one for the same operation."""
        numbers = tuple(i.number if isinstance(i, Promise) else float(i) for i in inputs)
        operation = Operation(name, numbers, settings)
        key = (name, repr(numbers), settings)  # value 2 is not the constant 2.0, 0.0 is not -0.0
        known = self._known.get(key)
        if known is None:
            promises = [i for i in inputs if isinstance(i, Promise)]
            nan = name not in _HIDES_NAN and any(p.nan for p in promises)
            scalar = all(p.scalar for p in promises)
            number = len(self.inputs) + len(self.operations)
            known = Promise(self, number, nan=nan, scalar=scalar)
            self.operations.append(operation)
            self.scalar.append(scalar)
            self._known[key] = known
        return known

    def multiply(self, left: Promise, right: Promised) -> Promised:
        """left * right, where x * (1 or -1, by the sign of x) is the size of x."""
        for u, sign in ((left, right), (right, left)):
            if isinstance(u, Promise) and self._is_sign(sign, u.number):
                return self.emit("abs", u)
        return self.emit("multiply", left, right)

    def _is_sign(self, value: Promised, of: int) -> bool:
        """Whether it is 1 where value `of` is above 0, and -1 elsewhere."""
        made = self._made(value) if isinstance(value, Promise) else None
        if made is None or made.name != "where" or repr(made.inputs[1:]) != "(1.0, -1.0)":
            return False
        asks = self._made(made.inputs[0])
        return asks is not None and "greater" in asks.name and repr(asks.inputs) == f"({of}, 0.0)"

    def subtract(self, left: Promise, right: Promised) -> Promised:
        """left - right, where (c + u) - u is c."""
        made = self._made(left)
        if made is not None and made.name == "add" and isinstance(right, Promise):
            for constant, u in (made.inputs, made.inputs[::-1]):
                if isinstance(constant, float) and isinstance(u, int) and u == right.number:
                    return constant
        return self.emit("subtract", left, right)

    def _made(self, value: Promise | Operand) -> Operation | None:
        number = value.number if isinstance(value, Promise) else value
        at = number - len(self.inputs) if isinstance(number, int) else -1
        return self.operations[at] if at >= 0 else None

    # --- what `evaluate` asks for

    def number(self, value: Fraction) -> float:
        return float(value)

    def divide(self, left: Promised, right: Promised) -> Promised:
        if not isinstance(left, Promise) and not isinstance(right, Promise):
            return FLOATS.divide(left, right)
        if left == 1.0:
            return self.emit("reciprocal", right)
        return self.emit("divide", left, right)

    def power(self, base: Promised, exponent: Promised) -> Promised:
        if not isinstance(base, Promise) and not isinstance(exponent, Promise):
            return FLOATS.power(base, exponent)
        if isinstance(exponent, Promise) or not isinstance(base, Promise):
            return self.emit("power", base, exponent)
        if exponent == 0.5:
            return self.emit("sqrt", base)
        if float(exponent).is_integer() and 1 <= abs(exponent) <= 16:
            result = self._repeated(base, int(abs(exponent)))
            return result if exponent > 0 else self.emit("reciprocal", result)
        return self.emit("power", base, exponent)

    def _repeated(self, base: Promise, times: int) -> Promise:
        """base^times by squaring."""
        if times == 1:
            return base
        half = self._repeated(base, times // 2)
        square = self.emit("multiply", half, half)
        return self.emit("multiply", square, base) if times % 2 else square

    def compare(self, op: str, left: Promised, right: Promised) -> bool | Condition:
        if isinstance(left, Promise) or isinstance(right, Promise):
            return Condition(op, left, right)
        return FLOATS.compare(op, left, right)

    def where(self, condition: bool | Condition, yes: Promised, no: Promised) -> Promised:
        if not isinstance(condition, Condition):
            return yes if condition else no
        op, left, right = condition
        asks_nan, yes_nan, no_nan = (
            any(isinstance(p, Promise) and p.nan for p in ps)
            for ps in ((left, right), (yes,), (no,))
        )
        name = _NAMES[op]
        # A comparison with nan is false: put the branch that stays nan where false leads.
        if asks_nan and yes_nan and not no_nan and op != "==":
            name, yes, no, no_nan, yes_nan = _OPPOSITE[op], no, yes, True, False
        if not isinstance(left, Promise):
            left, right = right, left
            name = {"less": "greater", "less_equal": "greater_equal", "greater": "less",
                    "greater_equal": "less_equal", "equal": "equal"}[name]  # fmt: skip
        result = self.emit("where", self.emit(name, left, right), yes, no)
        result.nan = no_nan and (asks_nan or yes_nan)
        return result

    def call(self, name: str, *u: Promised) -> Promised:
        if not any(isinstance(value, Promise) for value in u):
            return _of_numbers(name, *(float(value) for value in u))  # type: ignore[arg-type]
        match name:
            case "max" | "min":
                return self._extreme(name, *u)
            case "clip":
                value, low, high = u
                if not isinstance(low, Promise) and not isinstance(high, Promise):
                    return self.emit("clamp", value, settings=(float(low), float(high)))
                return self._extreme("min", self._extreme("max", value, low), high)
            case "sech":
                return self.emit("reciprocal", self.emit("cosh", *u))
            case "normal_cdf":
                return self.emit("erfc", u[0] * -math.sqrt(0.5)) * 0.5
            case "normal_pdf":
                square = self.emit("multiply", u[0], u[0])
                return self.emit("exp", square * -0.5) * (1 / math.sqrt(2 * math.pi))
            case _:
                return self.emit(name, *u)

    def _extreme(self, name: str, left: Promised, right: Promised) -> Promised:
        if not isinstance(left, Promise):
            left, right = right, left
        if isinstance(right, Promise):
            return self.emit("maximum" if name == "max" else "minimum", left, right)
        return self.emit("at_least" if name == "max" else "at_most", left, right)

    # --- results

    def value(self, tree: Node, x: Promised | None = None) -> Promised:
        """The tree's value; x: put in the place of x."""
        values: dict[str, Any] = {name: self.input(name) for name in self.inputs}
        values |= {"pi": math.pi} | ({} if x is None else {"x": x})
        return evaluate(tree, values, self)

    def listing(self, *outputs: Promised) -> Listing:
        numbers = tuple(o.number if isinstance(o, Promise) else float(o) for o in outputs)
        return _needed(Listing(self.inputs, tuple(self.operations), tuple(self.scalar), numbers))


def _of_numbers(name: str, *u: float) -> float:
    if name in FLOATS.functions:
        return FLOATS.functions[name](*u)
    names = ("u", "v", "w")[: len(u)]
    tree = expand(parse(f"{name}({', '.join(names)})", names))
    return evaluate(tree, dict(zip(names, u, strict=True)), FLOATS)


def _needed(listing: Listing) -> Listing:
    """The listing without operations that no output uses."""
    first = len(listing.inputs)
    used: set[int] = set()
    waiting = [o for o in listing.outputs if isinstance(o, int)]
    while waiting:
        number = waiting.pop()
        if number not in used:
            used.add(number)
            if number >= first:
                operation = listing.operations[number - first]
                waiting += [i for i in operation.inputs if isinstance(i, int)]
    kept = [*range(first), *sorted(n for n in used if n >= first)]
    new = {old: i for i, old in enumerate(kept)}

    def renamed(operand: Operand) -> Operand:
        return new[operand] if isinstance(operand, int) else operand

    return Listing(
        listing.inputs,
        tuple(
            o._replace(inputs=tuple(map(renamed, o.inputs)))
            for o in (listing.operations[n - first] for n in kept[first:])
        ),
        tuple(listing.scalar[n] for n in kept),
        tuple(map(renamed, listing.outputs)),
    )
