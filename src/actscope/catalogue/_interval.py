"""Rigorous interval arithmetic with arb endpoints (python-flint).

An arb ball is mid +- rad, which smears one-sided facts (exp of a wide ball may dip below 0).
Two exact endpoints, rounded outward, keep them: exp is never negative, tanh never above 1.
Every result contains every value that the operation takes on the inputs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

from flint import arb, ctx, fmpq

PRECISION = 192  # bits; doubles have 53, and one-sided limits are taken at 2^-100

INF, MINUS_INF = arb("inf"), arb("-inf")
ZERO, ONE = arb(0), arb(1)
_EDGE = arb(2) ** 40
_ONE_AT_A_TIME = threading.RLock()
_WHOLE = arb(2) ** 20


F = TypeVar("F", bound=Callable[..., Any])


def precisely(function: F) -> F:
    """Run a function at our precision at least, whatever the caller's is.

    arb's precision belongs to the process: threads that set it take turns.
    """

    @wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        with _ONE_AT_A_TIME, ctx.workprec(max(PRECISION, ctx.prec)):
            return function(*arguments, **named)

    return cast(F, wrapped)


def down(value: arb) -> arb:
    """An exact lower bound of a ball, -inf when it has none."""
    low = value.lower()
    return low if low.is_finite() or low == INF else MINUS_INF


def up(value: arb) -> arb:
    """An exact upper bound of a ball, inf when it has none."""
    high = value.upper()
    return high if high.is_finite() or high == MINUS_INF else INF


class Interval:
    """All real numbers from low to high, both exact."""

    __slots__ = ("high", "low")

    def __init__(self, low: arb, high: arb) -> None:
        self.low = low
        self.high = high

    @classmethod
    def point(cls, value: arb | int) -> Interval:
        ball = arb(value)
        return cls(down(ball), up(ball))

    def __repr__(self) -> str:
        return f"[{float(self.low)!r}, {float(self.high)!r}]"

    def __add__(self, other: Interval) -> Interval:
        return Interval(down(self.low + other.low), up(self.high + other.high))

    def __sub__(self, other: Interval) -> Interval:
        return Interval(down(self.low - other.high), up(self.high - other.low))

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval) -> Interval:
        # 0 * inf is 0 here: an infinite end is a bound on real numbers, not a value.
        ends = [
            ZERO if a == 0 or b == 0 else a * b
            for a in (self.low, self.high)
            for b in (other.low, other.high)
        ]
        low, high = down(ends[0]), up(ends[0])
        for end in ends[1:]:
            lower, upper = down(end), up(end)
            low = lower if lower < low else low
            high = upper if upper > high else high
        return Interval(low, high)

    def __truediv__(self, other: Interval) -> Interval:
        if self.low == self.high and other.low == other.high != 0:
            return Interval.point(self.low / other.low)  # exact where it can be: 18 / 6 is 3
        if other.low > 0 or other.high < 0:
            return self * Interval(down(ONE / other.high), up(ONE / other.low))
        if other.low == 0 and other.high > 0:
            return self * Interval(down(ONE / other.high), INF)
        if other.high == 0 and other.low < 0:
            return self * Interval(MINUS_INF, up(ONE / other.low))
        return EVERYTHING

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that holds both."""
        return Interval(
            self.low if self.low < other.low else other.low,
            self.high if self.high > other.high else other.high,
        )


EVERYTHING = Interval(MINUS_INF, INF)


@precisely
def exact(value: Fraction) -> Interval:
    """The tightest interval around a fraction."""
    return _exact(value, ctx.prec)


@lru_cache(maxsize=4096)
def _exact(value: Fraction, precision: int) -> Interval:
    return Interval.point(arb(fmpq(value.numerator, value.denominator)))


@precisely
def pi() -> Interval:
    return Interval.point(arb.pi())


# --- functions -----------------------------------------------------------------------------


def _sigmoid(u: arb) -> arb:
    if u >= 0:
        return ONE / (ONE + (-u).exp())
    small = u.exp()
    return small / (ONE + small)


def _softplus(u: arb) -> arb:
    return u + (-u).exp().log1p() if u > 0 else u.exp().log1p()


def _normal_cdf(u: arb) -> arb:
    return (-u / arb(2).sqrt()).erfc() / 2


def _bell(u: arb) -> arb:
    return (-u * u / 2).exp() / (2 * arb.pi()).sqrt()


def _increasing(
    function: Callable[[arb], arb], least: arb = MINUS_INF, most: arb = INF
) -> Callable[[Interval], Interval]:
    """An increasing function whose values never leave [least, most]."""

    def over(u: Interval) -> Interval:
        low = least if u.low == MINUS_INF else down(function(u.low))
        high = most if u.high == INF else up(function(u.high))
        return Interval(low if low > least else least, high if high < most else most)

    return over


def _steep(
    function: Callable[[arb], arb], least: arb = MINUS_INF
) -> Callable[[Interval], Interval]:
    """An increasing function that overflows far out, where arb knows no bound.

    A lower bound at 2^40 is one beyond it too, and likewise on the other side.
    """
    ordinary = _increasing(function, least)

    def over(u: Interval) -> Interval:
        low = u.low if u.low < _EDGE else _EDGE
        high = u.high if u.high > -_EDGE else -_EDGE
        found = ordinary(Interval(low, high))
        return Interval(
            found.low if u.low > -_EDGE else least, found.high if u.high < _EDGE else INF
        )

    return over


def _magnitude(u: Interval) -> Interval:
    if u.low >= 0:
        return u
    if u.high <= 0:
        return -u
    return Interval(ZERO, u.high if u.high > -u.low else -u.low)


def _normal_pdf(u: Interval) -> Interval:
    away = _magnitude(u)
    low = ZERO if away.high == INF else down(_bell(away.high))
    return Interval(low if low > 0 else ZERO, up(_bell(away.low)) if away.low < INF else ZERO)


def _sech(u: Interval) -> Interval:
    away = _magnitude(u)
    low = ZERO if away.high == INF else down(away.high.sech())
    high = ZERO if away.low == INF else up(away.low.sech())
    return Interval(low if low > 0 else ZERO, high if high < 1 else ONE)


def _wave(function: Callable[[arb], arb]) -> Callable[[Interval], Interval]:
    def over(u: Interval) -> Interval:
        ball = function(u.low.union(u.high))
        low, high = down(ball), up(ball)
        return Interval(low if low > -1 else -ONE, high if high < 1 else ONE)

    return over


def _undefined_below(
    edge: int, function: Callable[[Interval], Interval]
) -> Callable[[Interval], Interval]:
    """Nothing is known where part of the input lies outside the function's domain."""
    return lambda u: function(u) if u.low >= edge else EVERYTHING


class IntervalArithmetic:
    expands = True
    functions: Mapping[str, Callable[..., Interval]] = {
        "exp": _steep(arb.exp, ZERO),
        "expm1": _steep(arb.expm1, -ONE),
        "log": _undefined_below(0, _increasing(lambda u: arb.log(u) if u > 0 else MINUS_INF)),
        "log1p": _undefined_below(-1, _increasing(lambda u: arb.log1p(u) if u > -1 else MINUS_INF)),
        "sqrt": _undefined_below(0, _increasing(arb.sqrt, ZERO)),
        "sigmoid": _increasing(_sigmoid, ZERO, ONE),
        "softplus": _increasing(_softplus, ZERO),
        "tanh": _increasing(arb.tanh, -ONE, ONE),
        "sinh": _steep(arb.sinh),
        "cosh": lambda u: _steep(arb.cosh, ONE)(_magnitude(u)),
        "sech": _sech,
        "asinh": _increasing(arb.asinh),
        "atan": _increasing(arb.atan),
        "sin": _wave(arb.sin),
        "cos": _wave(arb.cos),
        "erf": _increasing(arb.erf, -ONE, ONE),
        "normal_cdf": _increasing(_normal_cdf, ZERO, ONE),
        "normal_pdf": _normal_pdf,
    }

    def number(self, value: Fraction) -> Interval:
        return exact(value)

    def divide(self, left: Interval, right: Interval) -> Interval:
        return left / right

    def power(self, base: Interval, exponent: Interval) -> Interval:
        """base ^ exponent: whole exponents everywhere, others where base > 0."""
        exact_one = exponent.low == exponent.high and exponent.low.is_integer()
        if exact_one and abs(exponent.low) < _WHOLE:  # 2^x far out has exponents beyond any int
            n = int(float(exponent.low))
            if n < 0:
                return Interval.point(1) / self.power(base, Interval.point(-n))
            if n % 2 == 0:
                base = _magnitude(base)
            return Interval(down(base.low**n), up(base.high**n))
        if base.low <= 0:
            return EVERYTHING
        logarithm = self.functions["log"](base)
        return self.functions["exp"](logarithm * exponent)

    def compare(self, op: str, left: Interval, right: Interval) -> bool | None:
        """True or False where it holds for every pair, None where it depends."""
        match op:
            case "<":
                yes, no = left.high < right.low, left.low >= right.high
            case "<=":
                yes, no = left.high <= right.low, left.low > right.high
            case ">":
                yes, no = left.low > right.high, left.high <= right.low
            case _:
                yes, no = left.low >= right.high, left.high < right.low
        return True if yes else False if no else None

    def where(self, condition: bool | None, yes: Interval, no: Interval) -> Interval:
        if condition is None:
            return yes.hull(no)
        return yes if condition else no


INTERVALS = IntervalArithmetic()


def values(x: Interval) -> dict[str, Any]:
    """What the names of a formula mean when x is this interval."""
    return {"x": x, "pi": pi()}
