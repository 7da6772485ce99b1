"""Strokes: never over a jump, every jump with its ends, asymptotes that hold."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscope import catalogue
from actscope.gallery._curve import (
    Curve,
    asymptotes,
    clipped,
    sampled,
    slope_curve,
    span,
    times,
    value_curve,
    window,
)

RECORDS = [catalogue.get(name) for name in catalogue.names()]


def _steepest(curve: Curve) -> float:
    found = [0.0]
    for stroke in curve.strokes:
        steps = np.diff(stroke, axis=0)
        assert (steps[:, 0] > 0).all()
        found.append(float(np.abs(steps[:, 1] / steps[:, 0]).max()))
    return max(found)


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_no_stroke_is_steeper_than_the_function(record: catalogue.Record) -> None:
    """A jump that is joined would be."""
    curve = value_curve(record, -8.0, 8.0)
    assert _steepest(curve) <= 1.01 * record.max_slope + 1e-6
    assert sum(len(stroke) for stroke in curve.strokes) > 100


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_exactly_the_jumps_have_ends(record: catalogue.Record) -> None:
    jumps = math.isinf(record.lipschitz) and math.isfinite(record.max_slope)
    curve = value_curve(record, -60.0, 60.0)
    assert bool(curve.ends) == jumps
    assert {end.x for end in curve.ends} <= set(record.kinks)
    for x, ends in itertools.groupby(curve.ends, key=lambda end: end.x):
        closed = [end.y for end in ends if end.closed]
        assert closed == pytest.approx([record(x)], abs=1e-6)  # one full dot: the value


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_the_whole_width_is_drawn_with_true_values(record: catalogue.Record) -> None:
    curve = value_curve(record, -4.0, 4.0)
    points = np.concatenate(curve.strokes)
    assert (points[0, 0], points[-1, 0]) == (-4.0, 4.0)
    inside = points[~np.isin(points[:, 0], record.kinks)]
    assert inside[:, 1] == pytest.approx([record(x) for x in inside[:, 0].tolist()], rel=1e-9)


def test_step_sign_and_hardshrink() -> None:
    step = value_curve(catalogue.get("step"), -1, 1)
    assert [(s[0, 1], s[-1, 1]) for s in step.strokes] == [(0, 0), (1, 1)]
    sign = value_curve(catalogue.get("sign"), -1, 1)
    assert [(e.y, e.closed) for e in sign.ends] == [(-1, False), (1, False), (0, True)]
    shrink = value_curve(catalogue.get("hardshrink"), -1, 1)
    assert [(e.x, e.closed) for e in shrink.ends] == [
        (-0.5, False), (-0.5, True), (0.5, True), (0.5, False),
    ]  # fmt: skip


def test_a_slope_has_no_value_at_a_kink() -> None:
    ends = slope_curve(catalogue.get("relu"), -1, 1).ends
    assert [(e.x, e.y, e.closed) for e in ends] == [(0, 0, False), (0, 1, False)]
    assert slope_curve(catalogue.get("tanh"), -1, 1).ends == ()


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.name)
def test_asymptotes_hold_far_out_and_are_not_the_function(record: catalogue.Record) -> None:
    for line in asymptotes(record):
        x = line.side * 1e6
        assert record(x) - line.slope * x == pytest.approx(line.level, abs=1e-5)
        near = line.side * np.linspace(0.5, 9, 50)
        assert np.abs(record(near) - line.slope * near - line.level).max() > 1e-6


def test_known_asymptotes() -> None:
    def known(name: str) -> list[tuple[float, float, int]]:
        return [(a.slope, a.level, a.side) for a in asymptotes(catalogue.get(name))]

    assert known("sigmoid") == [(0, 0, -1), (0, 1, 1)]
    assert known("softplus") == [(0, 0, -1), (1, 0, 1)]
    assert known("tanhshrink") == [(1, 1, -1), (1, -1, 1)]
    # x + asinh(x) has slope 1 far out, but leaves every line
    for name in ("relu", "identity", "symlog", "sine", "snake", "x + asinh(x)"):
        assert known(name) == []


def test_values_that_are_not_finite_cut_a_stroke() -> None:
    def pole(x: np.ndarray) -> np.ndarray:
        return np.where(np.abs(x) < 0.5, np.nan, x)

    curve = sampled(pole, -1, 1)
    assert len(curve.strokes) == 2
    assert np.isfinite(curve.values).all()
    assert Curve(()).values.size == 0


def test_a_fast_wave_is_sampled_finely() -> None:
    curve = sampled(lambda x: np.sin(50 * x), -5, 5)
    between = np.linspace(-5, 5, 3001)
    drawn = np.interp(between, *curve.strokes[0].T)
    assert np.abs(drawn - np.sin(50 * between)).max() < 0.005


def test_times() -> None:
    step = value_curve(catalogue.get("step"), -1, 1)
    twice = times(step, -2.0)
    assert twice.values == pytest.approx(-2 * step.values)
    assert [e.y for e in twice.ends] == [-2 * e.y for e in step.ends]


numbers = st.floats(-10, 10, allow_nan=False)


@given(st.lists(numbers, min_size=2, max_size=30), numbers, st.floats(0.1, 5))
def test_clipping_keeps_what_is_inside(ys: list[float], low: float, height: float) -> None:
    stroke = np.column_stack([np.arange(len(ys), dtype=float), ys])
    high = low + height
    parts = clipped(stroke, low, high)
    for part in parts:
        assert (part[:, 1] >= low - 1e-9).all()
        assert (part[:, 1] <= high + 1e-9).all()
        assert part[:, 1] == pytest.approx(np.interp(part[:, 0], stroke[:, 0], ys), abs=1e-7)
    # how much of the x-axis is covered, against a dense sample
    covered = sum(part[-1, 0] - part[0, 0] for part in parts)
    dense = np.interp(np.linspace(0, len(ys) - 1, 20_001), stroke[:, 0], ys)
    inside = float(np.mean((dense >= low) & (dense <= high))) * (len(ys) - 1)
    assert covered == pytest.approx(inside, abs=0.02 + 0.002 * len(ys))


def test_windows() -> None:
    assert span([catalogue.get("relu")], 5) == 5
    assert span([catalogue.get("relu6")], 5) == pytest.approx(8.1)
    low, high = window(np.array([0.0, 1.0]), 5)
    assert -0.2 < low < 0
    assert 1 < high < 1.2
    grows = window(np.exp(np.linspace(-5, 5, 101)), 5)
    assert 5 < grows[1] < 6  # not 148
    steep = window(np.linspace(-500, 500, 101), 5)
    assert steep[1] > 500  # not a vertical line
    assert window(np.empty(0), 5) == (-1, 1)
    assert window(np.zeros(3), 5) == (-1, 1)
