"""Intervals against SciPy, and how numbers are written."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from actscope.claims import Number
from actscope.claims._numbers import brief, mean, once, percent, ratio, share

values = st.lists(st.floats(-100, 100), min_size=2, max_size=20)


@given(values)
def test_mean_is_scipys_t_interval(found: list[float]) -> None:
    number = mean("x", found)
    spread = stats.sem(found)
    low, high = stats.t.interval(0.95, len(found) - 1, np.mean(found), spread) if spread else (
        np.mean(found), np.mean(found))  # fmt: skip
    assert (number.low, number.high) == pytest.approx((low, high), abs=1e-9)
    assert number.runs == len(found)


def test_splits_of_the_same_rows_widen_the_interval() -> None:
    plain, wide = mean("x", [1.0, 2.0, 4.0]), mean("x", [1.0, 2.0, 4.0], extra=0.5)
    factor = (wide.high - wide.value) / (plain.high - plain.value)
    assert factor == pytest.approx(math.sqrt((1 / 3 + 0.5) / (1 / 3)))  # Nadeau & Bengio 2003


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_share_is_scipys_clopper_pearson(case: tuple[int, int]) -> None:
    hits, runs = case
    number = share("x", hits, runs)
    expected = stats.binomtest(hits, runs).proportion_ci(0.95, "exact")
    assert number.value == pytest.approx(100 * hits / runs)
    assert (number.low, number.high) == pytest.approx((100 * expected.low, 100 * expected.high))


def test_ratio_is_of_pairs() -> None:
    base = np.array([1.0, 10.0, 100.0])  # runs differ a hundredfold, pairs by exactly 3
    number = ratio("x", 3 * base, base)
    assert (number.value, number.low, number.high) == pytest.approx((3, 3, 3))
    assert ratio("x", 3 * base, base, unit="%").value == pytest.approx(300)


def test_one_run_decides_nothing() -> None:
    number = percent("x", [0.5])
    assert math.isnan(number.low)
    assert math.isnan(number.high)
    assert number.interval == "unknown: one run"


@given(st.floats(-1e12, 1e12))
def test_brief_keeps_three_digits_and_two_before_an_exponent(value: float) -> None:
    said = float(brief(value).replace(",", ""))
    assert said == pytest.approx(value, rel=0.051 if "e" in brief(value) else 0.0051, abs=1e-300)
    assert len(brief(value)) <= 11


@pytest.mark.parametrize(
    ("number", "shown", "interval"),
    [
        (once("x", 8), "8", "none"),
        (Number("x", 12.345, 1.26, 14, "%", 3), "12.3%", "1.26 to 14%"),
        (Number("x", -2, -3, math.inf, "points", 3), "-2 points", "-3 to infinite points"),
        (Number("x", math.nan, math.nan, math.nan, "%", 1), "unknown%", "unknown: one run"),
    ],
)
def test_how_a_number_is_said(number: Number, shown: str, interval: str) -> None:
    assert (number.shown, number.interval) == (shown, interval)
