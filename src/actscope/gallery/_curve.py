"""A function as the strokes that a pen would draw: cut at jumps, with open and closed ends."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from actscope.catalogue import Record

Stroke: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"

_BESIDE = 1e-9  # how close to a kink "just left of it" is
_SAME = 1e-5  # both sides of a kink closer than this are one value
_POINTS, _MOST = 401, 10_000


@dataclass(frozen=True)
class End:
    """Where a stroke ends at a jump; closed: the function takes this value there."""

    x: float
    y: float
    closed: bool


@dataclass(frozen=True)
class Curve:
    """Strokes, each an array (point, 2) from left to right, and the ends at jumps."""

    strokes: tuple[Stroke, ...]
    ends: tuple[End, ...] = ()

    @property
    def values(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Every y that is drawn."""
        return np.concatenate([s[:, 1] for s in self.strokes] or [np.empty(0)])


@dataclass(frozen=True)
class Line:
    """An asymptote y = slope x + level, to the left (side = -1) or to the right (1)."""

    slope: float
    level: float
    side: int


def value_curve(record: Record, low: float, high: float) -> Curve:
    """f from low to high.

    >>> from actscope import catalogue
    >>> step = value_curve(catalogue.get("step"), -1.0, 1.0)
    >>> len(step.strokes), [(end.y, end.closed) for end in step.ends]
    (2, [(0.0, True), (1.0, False)])
    """
    return _curve(record, record.kinks, low, high, taken=True)


def slope_curve(record: Record, low: float, high: float) -> Curve:
    """f' from low to high; at a kink it has no value, so both ends of a jump are open."""
    return _curve(record.slope, record.kinks, low, high, taken=False)


def sampled(function: Callable[[Any], Any], low: float, high: float) -> Curve:
    """Any continuous function of an array, from low to high."""
    return _curve(function, (), low, high, taken=True)


def times(curve: Curve, factor: float) -> Curve:
    """The curve with its values multiplied."""
    return Curve(
        tuple(stroke * [1.0, factor] for stroke in curve.strokes),
        tuple(End(end.x, factor * end.y, end.closed) for end in curve.ends),
    )


def _curve(
    function: Callable[[Any], Any], kinks: Sequence[float], low: float, high: float, *, taken: bool
) -> Curve:
    inside = [k for k in sorted(kinks) if low < k < high]
    strokes: list[Stroke] = []
    ends: list[End] = []
    open_stroke: list[Stroke] = []
    for left, right in zip([low, *inside], [*inside, high], strict=True):
        points = _between(function, left, right, left in inside, right in inside)
        if open_stroke:
            before, after = open_stroke[-1][-1, 1], points[0, 1]
            if not _near(before, after):
                value = float(function(left))
                ends += _ends(left, float(before), float(after), value, taken)
                strokes.append(np.concatenate(open_stroke))
                open_stroke = []
        open_stroke.append(points[1:] if open_stroke else points)
    strokes.append(np.concatenate(open_stroke))
    return Curve(tuple(part for stroke in strokes for part in _finite(stroke)), tuple(ends))


def _between(
    function: Callable[[Any], Any], left: float, right: float, from_kink: bool, to_kink: bool
) -> Stroke:
    """The function between two kinks, at points as close as it bends."""
    count = max(3, round(_POINTS * min(1.0, (right - left) / 8)))
    while True:
        xs = np.linspace(left, right, count)
        at = xs.copy()  # one-sided limits are drawn at the kink itself
        at[0] += _BESIDE * max(1.0, abs(left)) * from_kink
        at[-1] -= _BESIDE * max(1.0, abs(right)) * to_kink
        ys = np.asarray(function(at), dtype=float)
        if count > _MOST or _is_smooth(ys):
            return np.column_stack([xs, ys])
        count = 2 * count - 1


def _is_smooth(ys: Stroke) -> bool:
    """Whether no straight piece cuts a bend by more than a thousandth of the height."""
    with np.errstate(over="ignore", invalid="ignore"):  # where f is infinite there is no bend
        bends = np.abs(np.diff(ys, 2)) / 8  # the height of a parabola over its chord
    bends = bends[np.isfinite(bends)]
    return not bends.size or bool(bends.max() <= 1e-3 * np.ptp(ys[np.isfinite(ys)]) + 1e-12)


def _near(a: float, b: float) -> bool:
    return bool(abs(a - b) <= _SAME * (1 + abs(a) + abs(b)))


def _ends(x: float, before: float, after: float, value: float, taken: bool) -> list[End]:
    closed = [taken and _near(value, y) for y in (before, after)]
    found = [End(x, y, c) for y, c in zip((before, after), closed, strict=True)]
    # a value of neither side (sign at 0) is a point of its own
    return [*found, End(x, value, True)] if taken and not any(closed) else found


def _finite(stroke: Stroke) -> list[Stroke]:
    """The parts of a stroke where the function has a finite value."""
    good = np.isfinite(stroke[:, 1])
    cuts = np.flatnonzero(np.diff(good.astype(int))) + 1
    return [
        part
        for part, kept in zip(np.split(stroke, cuts), np.split(good, cuts), strict=True)
        if kept.all() and len(part) > 1
    ]


def clipped(stroke: Stroke, low: float, high: float) -> list[Stroke]:
    """The parts of a stroke with low <= y <= high, cut exactly at the border.

    >>> [part.tolist() for part in clipped(np.array([[0.0, 0.0], [2.0, 2.0]]), -1.0, 1.0)]
    [[[0.0, 0.0], [1.0, 1.0]]]
    """
    parts: list[Stroke] = []
    points: list[tuple[float, float]] = []
    for (x0, y0), (x1, y1) in zip(stroke[:-1].tolist(), stroke[1:].tolist(), strict=True):
        crossed = [b for b in (low, high) if (y0 - b) * (y1 - b) < 0]
        reach = sorted([0.0, 1.0, *((b - y0) / (y1 - y0) for b in crossed)])
        for a, b in itertools.pairwise(reach):
            middle = y0 + (a + b) / 2 * (y1 - y0)
            if not low <= middle <= high:
                continue
            start, end = [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in (a, b)]
            if points and points[-1] != start:
                parts.append(np.array(points))
                points = []
            points = points or [start]
            points.append(end)
    return [*parts, np.array(points)] if len(points) > 1 else parts


def asymptotes(record: Record) -> list[Line]:
    """The straight lines that f approaches far out, where it is not that line already.

    >>> from actscope import catalogue
    >>> [(line.level, line.side) for line in asymptotes(catalogue.get("tanh"))]
    [(-1.0, -1), (1.0, 1)]
    >>> asymptotes(catalogue.get("relu"))
    []
    """
    found = []
    for side, value, slope in zip((-1, 1), record.limits, record.slope_limits, strict=True):
        if not np.isfinite(slope):
            continue
        level = value if slope == 0 else _level(record, slope, side)
        if not np.isfinite(level):
            continue
        line = Line(slope, _round(level), side)
        x = side * (2.0 + max(map(abs, record.kinks), default=0.0))
        if abs(float(record(x)) - line.slope * x - line.level) > 1e-6:
            found.append(line)
    return found


def _level(record: Record, slope: float, side: int) -> float:
    """What f - slope x tends to; nan where it does not settle (x + log x)."""
    near, far = (float(record(x)) - slope * x for x in (side * 1e5, side * 1e7))
    return far if abs(far - near) < 1e-4 else math.nan


def _round(value: float) -> float:
    return round(value, 6) + 0.0  # + 0.0: no minus zero


def span(records: Sequence[Record], least: float) -> float:
    """How far to the left and right to look: far enough to see every kink."""
    kinks = [abs(k) for r in records for k in r.kinks]
    return float(min(max([least, *(1.35 * k for k in kinks)]), 3 * least))


def window(values: np.ndarray[Any, Any], reach: float, air: float = 0.07) -> tuple[float, float]:
    """The y to show: everything, but of what grows without end not more than `reach`."""
    if not values.size:
        return -1.0, 1.0
    cap = max(reach, 3 * float(np.median(np.abs(values))))
    low, high = max(min(float(values.min()), 0.0), -cap), min(max(float(values.max()), 0.0), cap)
    extra = air * (high - low) or 1.0
    return low - extra, high + extra
