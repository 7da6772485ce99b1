"""The truth about activations: f and f' to more than 80 bits, and how far a result is from it.

The value is arb's (python-flint), evaluated on the record's own formula at growing precision
until the ball around it is small enough. The derivative is the second coefficient of a power
series in flint's arithmetic: it never looks at the catalogue's rules of differentiation, nor at
the rewritten forms that the precise level evaluates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from operator import methodcaller
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from flint import arb, arb_series, ctx, fmpq

from actscope.catalogue import Record
from actscope.catalogue.formula import Node, evaluate

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

_BITS = 80  # of the truth; a double-double holds 106
_NOTHING = arb(2) ** -1200  # far below the least float64
_FAR = arb(2) ** 20
_PRECISIONS = (128, 256, 640, 1600, 4600, 12000)


class Undecided(Exception):
    """A comparison that more bits may decide."""


class Truth(NamedTuple):
    """A number as the sum of two floats."""

    high: Floats
    low: Floats


# --- f and f' by power series ----------------------------------------------------------------


def _both(u: Any) -> tuple[arb, arb]:
    """Value and slope of a series or of a constant."""
    return (u[0], u[1]) if isinstance(u, arb_series) else (u, arb(0))


def _jet(value: arb, slope: arb) -> arb_series:
    return arb_series([value, slope], prec=2)


def _by_rule(value: Callable[[arb], arb], slope: Callable[[arb], arb]) -> Callable[[Any], Any]:
    """A function that flint has for numbers only."""

    def function(u: Any) -> Any:
        at, change = _both(u)
        return _jet(value(at), slope(at) * change)

    return function


def _exp(u: Any) -> Any:
    at, change = _both(u)
    if at > -_FAR:
        return _jet(at.exp(), at.exp() * change)
    # arb needs as many bits as u's exponent has; here 0 < exp(u) < |u|^-10000 says enough.
    small = arb(0).union(abs(at) ** -10000)
    return _jet(small, small * change)


def _sigmoid(u: Any) -> Any:
    if _both(u)[0] >= 0:
        return 1 / (1 + _exp(-u))
    small = _exp(u)
    return small / (1 + small)


def _log1p(u: Any) -> Any:
    at, change = _both(u)
    return _jet(at.log1p(), change / (1 + at))


def _softplus(u: Any) -> Any:
    return u + _log1p(_exp(-u)) if _both(u)[0] > 0 else _log1p(_exp(u))


def _sech(u: arb) -> arb:
    small = _exp(-abs(u))[0]
    return 2 * small / (1 + small * small)


class _Series:
    """The arithmetic of power series of length two, and of balls for constants."""

    expands = True
    functions: Mapping[str, Callable[..., Any]] = {
        **{name: methodcaller(name) for name in ("log", "sqrt", "sin", "cos", "atan", "erf")},
        "exp": _exp,
        "expm1": _by_rule(
            lambda u: arb.expm1(u) if u > -_FAR else _exp(u)[0] - 1, lambda u: _exp(u)[0]
        ),
        "log1p": _log1p,
        "sigmoid": _sigmoid,
        "softplus": _softplus,
        "tanh": _by_rule(arb.tanh, lambda u: _sech(u) ** 2),
        "sinh": _by_rule(arb.sinh, arb.cosh),
        "cosh": _by_rule(arb.cosh, arb.sinh),
        "sech": _by_rule(_sech, lambda u: -_sech(u) * u.tanh()),
        "asinh": _by_rule(arb.asinh, lambda u: 1 / (1 + u * u).sqrt()),
        "normal_cdf": lambda u: (-u / arb(2).sqrt()).erfc() / 2,
        "normal_pdf": lambda u: _exp(-u * u / 2) / (2 * arb.pi()).sqrt(),
    }

    def number(self, value: Fraction) -> Any:
        return arb(fmpq(value.numerator, value.denominator))

    def divide(self, left: Any, right: Any) -> Any:
        if _both(right)[0] == 0:  # only in a branch that is not taken
            return _jet(arb.nan(), arb.nan())
        return left / right

    def power(self, base: Any, exponent: Any) -> Any:
        at, change = _both(exponent)
        if change != 0 or not at.is_integer():
            return (base.log() * exponent).exp()
        count = int(at.mid().fmpz() if hasattr(at.mid(), "fmpz") else float(at))
        result = base
        for _ in range(abs(count) - 1):
            result = result * base
        return result if count > 0 else self.divide(arb(1), result)

    def compare(self, op: str, left: Any, right: Any) -> bool:
        a, b = _both(left)[0], _both(right)[0]
        yes = {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
        no = {"<": a >= b, "<=": a > b, ">": a <= b, ">=": a < b}[op]
        if yes == no:
            raise Undecided
        return bool(yes)

    def where(self, condition: bool, yes: Any, no: Any) -> Any:
        return yes if condition else no


_SERIES = _Series()


def _settled(ball: arb) -> bool:
    return bool(ball.is_finite()) and (
        ball.rel_accuracy_bits() >= _BITS or bool(abs(ball) < _NOTHING)
    )


def _parts(ball: arb) -> tuple[float, float]:
    if abs(ball) < _NOTHING:
        return 0.0, 0.0
    middle = ball.mid()
    high = float(middle)
    return (high, float(middle - arb(high))) if math.isfinite(high) else (high, 0.0)


def _exactly(formula: Node, x: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """(high, low) of f(x) and of f'(x), at a finite x."""
    for precision in _PRECISIONS:
        with ctx.workprec(precision):
            try:
                values = {"x": arb_series([arb(x), 1], prec=2), "pi": arb.pi()}
                value, slope = _both(evaluate(formula, values, _SERIES))
            except Undecided:
                continue
            if _settled(value) and _settled(slope):
                return _parts(value), _parts(slope)
    raise AssertionError(f"{formula} at {x!r}: no {_BITS} bits even at {_PRECISIONS[-1]}")


def truth(record: Record, x: Iterable[float]) -> tuple[Truth, Truth]:
    """f and f' at finite points."""
    formula = record.bound
    pairs = np.array([_exactly(formula, float(at)) for at in x]).reshape(-1, 2, 2)
    return Truth(pairs[:, 0, 0], pairs[:, 0, 1]), Truth(pairs[:, 1, 0], pairs[:, 1, 1])


# --- distance from the truth -----------------------------------------------------------------


class Format(NamedTuple):
    """bits of the significand, exponents of the least normal number and of the overflow."""

    bits: int
    least: int
    over: int

    @property
    def smallest_normal(self) -> float:
        return 2.0**self.least


FORMATS = {
    torch.float32: Format(24, -126, 128),
    torch.bfloat16: Format(8, -126, 128),
    torch.float16: Format(11, -14, 16),
    torch.float64: Format(53, -1022, 1024),
}


def ulps(found: Floats, expected: Truth, form: Format) -> Floats:
    """How far off, in units in the last place of the true value.

    0 where the true value is below the smallest normal number (see `astray`). An infinity where
    the truth is beyond what the format holds is no error; nan always is (infinitely large).
    """
    high, low = expected
    with np.errstate(all="ignore"):
        size = np.abs(high)
        _, exponent = np.frexp(size)
        # One more below a power of two: 1 - 2^-80 has the ulp of numbers below 1.
        exponent = exponent - ((size == np.ldexp(0.5, exponent)) & (high * low < 0))
        unit = np.ldexp(1.0, np.clip(exponent, form.least + 1, form.over) - form.bits)
        # In halves, so that float64's own edge is a float64 too.
        edge, rest = np.ldexp(1.0, form.over - 1), size / 2
        infinite = (np.abs(found) / 2 >= edge) & (np.sign(found) == np.sign(high))
        off = np.abs((found - high) - low) / unit
        off = np.where(infinite, np.maximum(edge - rest, 0) / (unit / 2), off)
        off = np.where(size < form.smallest_normal, 0.0, off)
        return np.where(np.isnan(off), np.inf, off)


def astray(found: Floats, expected: Truth, form: Format) -> Floats:
    """Absolute error where the true value is below the smallest normal number, else 0."""
    with np.errstate(all="ignore"):
        off = np.where(
            np.abs(expected.high) < form.smallest_normal, np.abs(found - expected.high), 0.0
        )
    return np.where(np.isnan(off), np.inf, off)
