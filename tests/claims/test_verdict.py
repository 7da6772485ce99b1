"""From made-up numbers to each verdict."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actscope.claims import VERDICTS, Number
from actscope.claims._verdict import Bound, Check, sentence, verdict

MET, OPEN, MISSED = (Number("x", v, v - 1, v + 1, runs=5) for v in (5, 0, -5))
ABOVE = Bound("x", least=0, above=True)


def check(number: Number, essential: bool = True) -> Check:
    return Check(ABOVE, number, "so", "not so", essential)


@pytest.mark.parametrize(
    ("essential", "further", "expected"),
    [
        (MET, MET, "holds"),
        (MET, OPEN, "holds in part"),
        (MET, MISSED, "holds in part"),
        (OPEN, MET, "not confirmed"),
        (MISSED, MET, "not confirmed"),
        (MISSED, MISSED, "not confirmed"),
    ],
)
def test_each_verdict_is_reached(essential: Number, further: Number, expected: str) -> None:
    found = verdict([check(essential), check(further, essential=False)])
    assert found == expected
    assert found in VERDICTS


def test_every_essential_condition_counts() -> None:
    assert verdict([check(MET), check(OPEN)]) == "not confirmed"
    with pytest.raises(ValueError, match="essential"):
        verdict([check(MET, essential=False)])


@example(4, 2, 0, 5)
@example(1, 2, 0, 5)
@given(st.floats(-10, 10), st.floats(0, 5), st.floats(-10, 10), st.floats(0, 5))
def test_a_bound_is_met_by_whole_intervals_alone(
    value: float, half: float, least: float, span: float
) -> None:
    number = Number("x", value, value - half, value + half, runs=3)
    inside = all(least <= v <= least + span for v in (value - half, value, value + half))
    assert Bound("x", least=least, most=least + span).met(number) == inside


def test_above_refuses_equality_and_one_run_decides_nothing() -> None:
    zero = Number("x", 0, 0, 0)
    assert Bound("x", least=0).met(zero)
    assert not Bound("x", least=0, above=True).met(zero)
    assert not Bound("x").met(Number("x", 1, math.nan, math.nan, runs=1))


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (Bound("x", least=0, most=0), "x: exactly 0"),
        (Bound("x", least=40, most=60, why="half"), "x: 40 to 60 (half)"),
        (Bound("x", least=0, above=True), "x: above 0"),
        (Bound("x", most=5), "x: at most 5"),
    ],
)
def test_a_bound_in_words(bound: Bound, words: str) -> None:
    assert bound.words == words


def test_a_sentence_says_both_sides_and_the_note() -> None:
    checks = [
        Check(ABOVE, MET, "it works", "it fails"),
        Check(ABOVE, MISSED, "always", "", essential=False),
        Check(ABOVE, MISSED, "always", "not always", essential=False),
    ]
    assert sentence(checks) == "It works; but not always."
    assert sentence(checks[:1], "so far") == "It works; so far."
    assert sentence([Check(ABOVE, MISSED, "it works", "it fails")]) == "It fails."
