"""Questions to put to pieces at single points, at their ends and at breakpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from flint import arb

from ._evaluate import at
from ._extremes import (
    ENDLESS,
    FARTHEST,
    Extreme,
    Stretch,
    at_point,
    infimum,
    over,
    split_point,
    supremum,
)
from ._interval import Interval, exact
from ._pieces import Piece, delicate_parts
from ._tidy import substitute, tidy
from ._tree import ONE, Binary, Node, Number

FLAT = arb(2) ** -50
_CLOSE = arb(2) ** -80
_FAR, _TAIL_START = Fraction(2) ** 1000, Fraction(2) ** 64
_LARGE = arb(2) ** 64
_NOTHING = 1e-60
_LOOKS = 300
_HUGE = arb(2) ** 20  # what samples beside a pole exceed
# Points for finding witnesses; every witness is then proven by intervals.
LOOK = tuple(
    sorted(
        {s * k / 16 for k in range(161) for s in (-1, 1)}
        | {s * 2.0**k for k in range(4, 64) for s in (-1, 1)}
    )
)


def sign_of(value: Interval) -> int:
    """The sign that the whole interval has, else 0."""
    return 1 if value.low > 0 else -1 if value.high < 0 else 0


def value_at(parts: Sequence[Piece], x: Fraction) -> Interval:
    """The value at a point; at a breakpoint, everything between the two sides."""
    values = [
        at_point(p.value, x)
        for p in parts
        if (p.low is None or p.low <= x) and (p.high is None or x <= p.high)
    ]
    result = values[0]
    for value in values[1:]:
        result = result.hull(value)
    return result


def points_in(piece: Piece) -> list[float]:
    """Points to look at strictly inside a piece."""
    return [
        x
        for x in LOOK
        if (piece.low is None or piece.low < x) and (piece.high is None or x < piece.high)
    ] or [float(((piece.low or Fraction(0)) + (piece.high or Fraction(0))) / 2)]


def step_between(left: Node, right: Node, edge: Fraction) -> tuple[int, bool]:
    """The sign of right - left at a point, and (where that is 0) whether both are equal there."""
    here, there = at_point(left, edge), at_point(right, edge)
    sign = sign_of(there - here)
    if sign:
        return sign, True
    same = here.low == here.high == there.low == there.high and bool(here.low.is_finite())
    return 0, same or placed(left, edge) == placed(right, edge)


def never_zero(node: Node) -> bool:
    """Whether a divisor (or what a root or logarithm is taken of) keeps its sign everywhere."""
    return is_smooth(Piece(None, None, Binary("/", ONE, node)))


def placed(node: Node, x: Fraction) -> Node:
    """The expression at one point, folded: -0.4472 has no exact ball but is equal to itself."""
    return tidy(substitute(node, "x", Number(x)))


def end_of_range(extreme: Extreme, sign: int, values: Sequence[Stretch]) -> tuple[float, bool]:
    """One end of a range as a float, and whether it is proven."""
    size = extreme.low if sign > 0 else -extreme.high
    if size >= ENDLESS:
        return sign * math.inf, True
    # Growing by more than 1 from 2^512 to 2^1024 on the way to the extreme: slow growth such
    # as a logarithm's, which has no bound either; said, but not proven.
    slow = False
    for part, end in ((values[-1], FARTHEST), (values[0], -FARTHEST)):
        far = at_point(part.value, end)
        near = at_point(part.value, Fraction(math.isqrt(int(abs(end)))) * (1 if end > 0 else -1))
        growth = (far - near) if sign > 0 else (near - far)
        if size > 64 and growth.low > 1:
            return sign * math.inf, False
        left = extreme.low - far.low if sign > 0 else far.high - extreme.high
        slow = slow or bool(growth.low > FLAT and left < FLAT)
    if not extreme.proven and size > _HUGE:
        return sign * math.inf, False
    end = float(extreme)
    return (0.0 if abs(end) < _NOTHING else end), extreme.proven and not slow


def limit(tail: Sequence[Stretch], sign: int, boxes: int) -> tuple[float, bool]:
    """Where a function goes on a tail (nan: nowhere), and whether that is proven."""
    away = _beyond(tail, sign * _FAR)
    seen = [at_point(part.value, x) for part in away for x in _spread(part)]
    moves = [sign_of(b - a) if _apart(a, b) > FLAT else 0 for a, b in pairwise(seen)]
    if not any(moves):
        high, low = supremum(tail, boxes=boxes), infimum(tail, boxes)
        if high.high - low.low < FLAT:
            last = seen[-1 if sign > 0 else 0]
            value = float((last.low + last.high) / 2)
            return (0.0 if abs(value) < _NOTHING else value), high.proven and low.proven
    for direction, extreme in ((1, infimum(away, _LOOKS)), (-1, supremum(away, boxes=_LOOKS))):
        edge = extreme.low if direction > 0 else -extreme.high
        if edge > _LARGE:
            return direction * math.inf, True
        # Slow growth such as a logarithm's: larger out there than anywhere before, unproven.
        nearer = at_point(tail[0 if sign > 0 else -1].value, sign * _TAIL_START)
        before = nearer.high if direction > 0 else -nearer.low
        if edge - before > 1:
            return direction * math.inf, False
    return math.nan, {1, -1} <= set(moves)  # up and down again: on the way to nowhere


def _spread(part: Stretch) -> list[Fraction]:
    """Points of the last octave before the farthest double that lie in the part."""
    points = [s * FARTHEST * k / 16 for k in range(8, 17) for s in (-1, 1)]
    return sorted(x for x in points if part.low <= x <= part.high)


def _apart(a: Interval, b: Interval) -> arb:
    """How far apart two values are at least."""
    return max(a.low - b.high, b.low - a.high, key=float)


def _beyond(tail: Sequence[Stretch], edge: Fraction) -> list[Stretch]:
    """The part of a tail from an edge outward."""
    if edge > 0:
        return [replace(s, low=max(s.low, edge)) for s in tail if s.high > edge]
    return [replace(s, high=min(s.high, edge)) for s in tail if s.low < edge]


def tight(ball: arb) -> bool:
    return bool(ball.is_finite()) and bool(ball.rad() < _CLOSE)


def crossing(slope: Node, limit: float, sign: int) -> float:
    """Where |slope| first reaches the limit, coming from far out on one side."""

    def loud(x: float) -> bool:
        return abs(at(slope, x)) >= limit

    steps = [2.0 ** (k / 8) for k in range(8 * 40, 8 * 4, -1)]  # 2^40 down to 16, then 1/64ths
    steps += [k / 64 for k in range(16 * 64, -16 * 64 - 1, -1)]
    outer = steps[0]
    for inner in steps[1:]:
        if loud(sign * inner):
            break
        outer = inner
    else:
        return sign * math.inf
    while inner < (middle := (inner + outer) / 2) < outer:
        inner, outer = (middle, outer) if loud(sign * middle) else (inner, middle)
    return sign * outer


def is_smooth(piece: Piece) -> bool:
    """Whether no divisor, root or logarithm reaches 0 on the piece."""
    for part in delicate_parts(piece.value):
        boxes = [
            (
                -FARTHEST if piece.low is None else piece.low,
                FARTHEST if piece.high is None else piece.high,
            )
        ]
        for _ in range(2_000):
            if not boxes:
                break
            low, high = boxes.pop()
            if not sign_of(over(part, Interval(exact(low).low, exact(high).high))):
                cut = split_point(low, high)
                boxes += [(low, cut), (cut, high)]
        if boxes:
            return False
    return True
