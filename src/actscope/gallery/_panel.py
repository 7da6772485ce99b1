"""One panel of the poster: a function, its slope, and marks for its facts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actscope.render import Canvas

from ._curve import Curve, Line, Stroke, clipped

PAPER, INK, SOFT = "#fcfaf5", "#23262d", "#6d6a64"
_STRONG, _LIGHT = 2.7, 1.6


@dataclass(frozen=True)
class Tone:
    """A family's colour: deep for f and names, light for f', tint for the ground."""

    deep: str
    light: str
    tint: str
    shade: str


@dataclass(frozen=True)
class Drawn:
    """What a panel shows: f on top of f', or of other curves that belong to it.

    dead: where f' is exactly 0; kinks: points (x, y) where f has no slope.
    """

    reach: float
    shown: tuple[float, float]
    strong: Curve
    light: Sequence[Curve]
    dead: Sequence[tuple[float, float]] = ()
    kinks: Sequence[tuple[float, float]] = ()
    asymptotes: Sequence[Line] = ()


@dataclass(frozen=True)
class Frame:
    """A rectangle on the paper in points, its lower left corner at (x, y)."""

    x: float
    y: float
    width: float
    height: float


def panel(canvas: Canvas, frame: Frame, drawn: Drawn, tone: Tone) -> None:
    """Draw one panel into its frame."""
    low, high = drawn.shown

    def across(x: float) -> float:
        return frame.x + (x + drawn.reach) / (2 * drawn.reach) * frame.width

    def up(y: float) -> float:
        return frame.y + (y - low) / (high - low) * frame.height

    canvas.box(frame.x, frame.y, frame.width, frame.height, tone.tint)
    for left, right in drawn.dead:
        start, end = across(max(left, -drawn.reach)), across(min(right, drawn.reach))
        if end > start:
            canvas.box(start, frame.y, end - start, frame.height, tone.shade)
    _squares(canvas, frame, drawn)
    for line in drawn.asymptotes:
        xs = (0.0, line.side * drawn.reach)
        for part in clipped(_segment(xs, line), low, high):
            points = part.tolist()
            canvas.line(
                [across(x) for x, _ in points],
                [up(y) for _, y in points],
                tone.deep,
                0.9,
                dash=(1.2, 2.4),
            )
    for curve, color, width in (
        *((c, tone.light, _LIGHT) for c in drawn.light),
        (drawn.strong, tone.deep, _STRONG),
    ):
        for stroke in curve.strokes:
            for part in clipped(stroke, low, high):
                points = part.tolist()
                canvas.line(
                    [across(x) for x, _ in points], [up(y) for _, y in points], color, width
                )
    for x, y in drawn.kinks:
        if low <= y <= high:
            canvas.dot(across(x), up(y), 3.4, tone.deep, PAPER, 1.1)
    for end in drawn.strong.ends:
        fill = tone.deep if end.closed else PAPER
        canvas.dot(across(end.x), up(end.y), 2.7, fill, tone.deep, 1.2)


def _segment(xs: tuple[float, float], line: Line) -> Stroke:
    return np.array([(x, line.slope * x + line.level) for x in sorted(xs)])


def _squares(canvas: Canvas, frame: Frame, drawn: Drawn) -> None:
    """Lines at whole numbers, stronger at 0."""
    low, high = drawn.shown
    for x in range(math.ceil(-drawn.reach), math.floor(drawn.reach) + 1):
        if abs(x) < drawn.reach:
            at = frame.x + (x + drawn.reach) / (2 * drawn.reach) * frame.width
            _rule(canvas, (at, at), (frame.y, frame.y + frame.height), x == 0)
    step = max(1, round((high - low) / 8))
    for y in range(math.ceil(low), math.floor(high) + 1):
        if y % step == 0:
            at = frame.y + (y - low) / (high - low) * frame.height
            _rule(canvas, (frame.x, frame.x + frame.width), (at, at), y == 0)


def _rule(canvas: Canvas, xs: tuple[float, float], ys: tuple[float, float], zero: bool) -> None:
    canvas.line(xs, ys, SOFT if zero else PAPER, 0.6 if zero else 0.8, flat=True)
