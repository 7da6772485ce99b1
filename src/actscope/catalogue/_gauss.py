"""Means under a standard normal, with rigorous error bounds (arb's integration)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import acb, arb, fmpq

from ._evaluate import at, evaluate
from ._extremes import over, stretches
from ._interval import Interval, exact
from ._pieces import Piece
from ._tree import ZERO as _ZERO
from ._tree import Node

# Up to here by integration; beyond, the normal density is below 1e-347 and a bound will do.
REACH = 40
FARTHEST = 2**30
_CLOSE = arb(2) ** -90
_MOST_EVALUATIONS = 20_000  # a smooth function needs some hundred


class ComplexArithmetic:
    """Complex balls. `analytic` asks for no value across a branch cut: arb then subdivides."""

    expands = True

    def __init__(self, analytic: bool) -> None:
        def log(u: acb) -> acb:
            return u.log(analytic=analytic)

        def sqrt(u: acb) -> acb:
            return u.sqrt(analytic=analytic)

        i = acb(0, 1)
        self._log = log
        self.functions: Mapping[str, Callable[..., acb]] = {
            "exp": acb.exp,
            "expm1": acb.expm1,
            "log": log,
            "log1p": lambda u: log(1 + u),
            "sqrt": sqrt,
            "sigmoid": lambda u: 1 / (1 + (-u).exp()),
            "softplus": lambda u: log(1 + u.exp()),
            "tanh": acb.tanh,
            "sinh": acb.sinh,
            "cosh": acb.cosh,
            "sech": acb.sech,
            "asinh": lambda u: log(u + sqrt(u * u + 1)),
            "atan": lambda u: (log(1 + i * u) - log(1 - i * u)) / (2 * i),
            "sin": acb.sin,
            "cos": acb.cos,
            "erf": acb.erf,
            "normal_cdf": lambda u: (-u / acb(2).sqrt()).erfc() / 2,
            "normal_pdf": _bell,
        }

    def number(self, value: Fraction) -> acb:
        return acb(arb(fmpq(value.numerator, value.denominator)))

    def divide(self, left: acb, right: acb) -> acb:
        return left / right

    def power(self, base: acb, exponent: acb) -> acb:
        if exponent.imag == 0 and exponent.real.is_integer():
            return base ** int(float(exponent.real))
        return (exponent * self._log(base)).exp()

    def compare(self, op: str, left: acb, right: acb) -> Any:
        raise AssertionError("a piece has no conditions")

    def where(self, condition: Any, yes: acb, no: acb) -> Any:
        raise AssertionError("a piece has no conditions")


def _bell(u: acb) -> acb:
    return (-u * u / 2).exp() / (2 * acb.pi()).sqrt()


_PLAIN, _ANALYTIC = ComplexArithmetic(False), ComplexArithmetic(True)


def mean(parts: Sequence[Piece], of: Callable[[acb, acb], acb]) -> arb:
    """E[of(f(z), z)] for z ~ N(0, 1) and |z| <= 2^30, as a ball that contains it.

    (P(|z| > 2^30) is below exp(-2^58): no float, and no network, ever sees it.)
    """
    whole = _tails(parts, of)
    for piece in parts:
        low = -REACH if piece.low is None else max(-REACH, piece.low)
        high = REACH if piece.high is None else min(REACH, piece.high)
        if low < high and piece.value != _ZERO:
            whole += _integral(piece.value, Fraction(low), Fraction(high), of)
    return whole


def _integral(node: Node, low: Fraction, high: Fraction, of: Callable[[acb, acb], acb]) -> arb:
    def weighted(z: acb, analytic: bool) -> acb:
        over = _ANALYTIC if analytic else _PLAIN
        return of(evaluate(node, {"x": z, "pi": acb.pi()}, over), z) * _bell(z)

    start, end = _PLAIN.number(low), _PLAIN.number(high)
    found = acb.integral(
        weighted, start, end, rel_tol=_CLOSE, abs_tol=_CLOSE, eval_limit=_MOST_EVALUATIONS
    )
    return found.real


def _tails(parts: Sequence[Piece], of: Callable[[acb, acb], acb]) -> arb:
    """A ball around 0 that contains what lies beyond REACH: |of(f, z)| density width, summed."""
    bound = arb(0)
    for stretch in (
        *stretches(parts, low=Fraction(-FARTHEST), high=Fraction(-REACH)),
        *stretches(parts, low=Fraction(REACH), high=Fraction(FARTHEST)),
    ):
        near, far = sorted((abs(stretch.low), abs(stretch.high)))
        while near < far:
            edge = min(2 * near, far)
            ends = (near, edge) if stretch.low >= 0 else (-edge, -near)
            box = Interval(exact(ends[0]).low, exact(ends[1]).high)
            value = over(stretch.value, box)
            ball, place = (acb(i.low.union(i.high)) for i in (value, box))
            size = abs(of(ball, place)).real.upper()
            bound += size * _bell(_PLAIN.number(near)).real * _PLAIN.number(edge - near).real
            near = edge
    return bound.union(-bound)


def numerical_mean(node: Node, of: Callable[[float, float], float]) -> float:
    """E[of(f(z), z)] by sums alone, for what arb cannot integrate."""
    near, far = (_summed(node, of, reach) for reach in (12, 24))
    return near if abs(far - near) <= 1e-6 * abs(near) else math.copysign(math.inf, far)


def _summed(node: Node, of: Callable[[float, float], float], reach: int) -> float:
    steps = 24_000
    width = 2 * reach / steps
    whole = 0.0
    for i in range(steps):
        z = -reach + (i + 0.5) * width  # middles: kinks and poles sit on rounder numbers
        whole += of(at(node, z), z) * math.exp(-z * z / 2)
    return whole * width / math.sqrt(2 * math.pi)


def share(low: Fraction | None, high: Fraction | None) -> arb:
    """P(low <= z <= high) for z ~ N(0, 1)."""

    def below(edge: Fraction) -> arb:
        return (-_PLAIN.number(edge).real / arb(2).sqrt()).erfc() / 2

    return (arb(1) if high is None else below(high)) - (arb(0) if low is None else below(low))
