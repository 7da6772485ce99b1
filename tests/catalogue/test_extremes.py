"""Branch and bound: the enclosures hold, and a supremum is proven from both sides."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath as mp
import pytest
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from actscope.catalogue import formula
from actscope.catalogue._extremes import (
    FARTHEST,
    Stretch,
    _enclosed,
    at_point,
    infimum,
    never_negative,
    supremum,
)
from actscope.catalogue._interval import PRECISION
from actscope.catalogue._pieces import Piece
from actscope.catalogue._tidy import tidy

SMOOTH = [
    "x", "x^3 - x", "x * sigmoid(x)", "x * normal_cdf(x)", "tanh(x)^2 - x", "x * exp(-x^2)",
    "softplus(x) * sin(x)", "1 / (1 + x^2)", "x * tanh(softplus(x))", "asinh(x) - atan(2 * x)",
]  # fmt: skip


def _stretch(
    text: str, low: int | Fraction = -FARTHEST, high: int | Fraction = FARTHEST
) -> Stretch:
    piece = Piece(None, None, tidy(formula.parse(text)))
    return Stretch(Fraction(low), Fraction(high), piece.value, piece.slope)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(SMOOTH),
    st.fractions(min_value=-5, max_value=5, max_denominator=32),
    st.fractions(min_value=Fraction(1, 64), max_value=4, max_denominator=64),
    st.fractions(min_value=0, max_value=1, max_denominator=16),
)
def test_the_tightest_enclosure_still_contains_every_value(
    text: str, low: Fraction, width: Fraction, share: Fraction
) -> None:
    part = _stretch(text)
    box = _enclosed(part, low, low + width)
    value = at_point(part.value, low + width * share)
    assert box.low <= value.high
    assert box.high >= value.low


@pytest.mark.parametrize(
    ("text", "low", "high", "exact"),
    [
        ("x * exp(-x)", -1, 50, lambda: mp.exp(-1)),
        ("x^3 - x", -2, 1, lambda: 2 / mp.sqrt(27)),
        ("x * exp(-x^2)", -FARTHEST, FARTHEST, lambda: 1 / mp.sqrt(2 * mp.e)),
        ("sin(x) / (2 + cos(x))", 0, 5, lambda: 1 / mp.sqrt(3)),
    ],
)
def test_a_supremum_is_enclosed_from_both_sides(
    text: str, low: int, high: int, exact: Callable[[], Any]
) -> None:
    found = supremum([_stretch(text, low, high)])
    assert found.proven
    assert found.high - found.low < arb(2) ** -60
    with mp.workdps(50), ctx.workprec(PRECISION):
        true = arb(mp.nstr(exact(), 48)).mid()
        slack = arb(10) ** -40  # of the 48 digits; the enclosure itself is 10^-21 wide
        assert found.low - slack <= true <= found.high + slack


def test_the_infimum_is_the_supremum_turned_over() -> None:
    found = infimum([_stretch("x^2 - x")])
    assert found.proven
    assert float(found) == -0.25


def test_a_start_value_answers_whether_it_is_ever_exceeded() -> None:
    bell = [_stretch("exp(-x^2)")]
    assert supremum(bell, at_least=arb(2)).low == 2
    assert supremum(bell, at_least=arb("0.5")).low > 0.99


def test_no_bound_is_found_at_once() -> None:
    found = supremum([_stretch("x^3")])
    assert found.proven
    assert not found.high.is_finite()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("x^2", True),
        ("sigmoid(x)", True),
        ("x^2 - x + 0.2501", True),
        ("x^2 - x + 0.2499", False),
        ("x", False),
        ("1 - tanh(x)^2", True),
    ],
)
def test_never_negative(text: str, answer: bool) -> None:
    assert never_negative([_stretch(text)]) is answer


def test_a_pole_is_not_called_proven() -> None:
    assert not supremum([_stretch("1 / (x - 0.3)", -1, 1)]).proven
