"""Means under a standard normal, with rigorous error bounds (arb's integration)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import acb, arb, fmpq

from ._evaluate import evaluate
from ._pieces import Piece
from ._tree import ZERO as _ZERO
from ._tree import Node

# Beyond 40 standard deviations the normal density is below 1e-347.
REACH = 40


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


def mean(parts: Sequence[Piece], of: Callable[[acb], acb]) -> arb:
    """E[of(f(z))] for z ~ N(0, 1) over |z| <= REACH, as a ball that contains it."""
    whole = arb(0)
    for piece in parts:
        low = -REACH if piece.low is None else max(-REACH, piece.low)
        high = REACH if piece.high is None else min(REACH, piece.high)
        if low < high and piece.value != _ZERO:
            whole += _integral(piece.value, Fraction(low), Fraction(high), of)
    return whole


def _integral(node: Node, low: Fraction, high: Fraction, of: Callable[[acb], acb]) -> arb:
    def weighted(z: acb, analytic: bool) -> acb:
        over = _ANALYTIC if analytic else _PLAIN
        return of(evaluate(node, {"x": z, "pi": acb.pi()}, over)) * _bell(z)

    start, end = _PLAIN.number(low), _PLAIN.number(high)
    return acb.integral(weighted, start, end).real


def share(low: Fraction | None, high: Fraction | None) -> arb:
    """P(low <= z <= high) for z ~ N(0, 1)."""

    def below(edge: Fraction) -> arb:
        return (-_PLAIN.number(edge).real / arb(2).sqrt()).erfc() / 2

    return (arb(1) if high is None else below(high)) - (arb(0) if low is None else below(low))
