"""Rigorous extremes of a smooth function over intervals: branch and bound.

A box is thrown away once no value in it can beat the best value seen. A box's bound is the
tightest of three enclosures: the natural one; the values at its ends, where the slope keeps
its sign; and the mean-value form g(c) + g'(X) (X - c), whose excess shrinks with the square
of the width, so that a smooth maximum needs few boxes.

"Everywhere" means every finite double: |x| <= 2^1024. Boxes out there grow geometrically.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from ._evaluate import at, evaluate
from ._interval import INF, INTERVALS, MINUS_INF, Interval, exact, precisely, values
from ._pieces import Piece
from ._tree import Negate, Node

FARTHEST = Fraction(2) ** 1024
_TOLERANCE = arb(2) ** -70  # far below the spacing of doubles near 1
ENDLESS = arb(2) ** 1000  # a value of this size at |x| <= 2^1024 counts as without bound
_NARROWEST = Fraction(1, 2**80)
MOST_BOXES = 6_000  # a tidy function needs a few hundred; beyond this we stop being rigorous


@dataclass(frozen=True)
class Stretch:
    """A function with its slope, and the slope's, on one interval of the line."""

    low: Fraction
    high: Fraction
    value: Node
    slope: Node
    curve: Node | None = None


@dataclass(frozen=True)
class Extreme:
    """The supremum lies in [low, high]; `proven` when that is tight, or beyond ENDLESS."""

    low: arb
    high: arb
    proven: bool

    def __float__(self) -> float:
        if self.low.is_finite() and self.high.is_finite():
            middle = (self.low + self.high) / 2
        else:
            middle = self.high if self.high.is_finite() else self.low
        return float(middle) + 0.0  # + 0.0 turns -0.0 into 0.0


def stretches(
    parts: Sequence[Piece],
    slope: bool = False,
    low: Fraction = -FARTHEST,
    high: Fraction = FARTHEST,
) -> list[Stretch]:
    """The pieces (or their slopes), cut to [low, high]."""
    found = []
    for piece in parts:
        start = low if piece.low is None else max(low, piece.low)
        end = high if piece.high is None else min(high, piece.high)
        if start < end:
            shown = (piece.slope, piece.curve) if slope else (piece.value, piece.slope, piece.curve)
            found.append(Stretch(start, end, *shown))
    return found


@precisely
def over(node: Node, x: Interval) -> Interval:
    """An enclosure of the values of the tree on an interval; everything where it is undefined."""
    result = evaluate(node, values(x), INTERVALS)
    if result.low.is_nan() or result.high.is_nan():
        return Interval(MINUS_INF, INF)
    return result


def at_point(node: Node, x: Fraction) -> Interval:
    """An enclosure of the value of the tree at one exact point.

    Far out a sum may cancel to its last bit (1 + x / sqrt(x^2 + 1) at -2^1024), so that its
    sign shows only with more bits.
    """
    found = over(node, exact(x))
    for precision in (1_024, 4_608):
        if found.low == found.high or not (found.low <= 0 <= found.high):
            break
        with ctx.workprec(precision):
            found = over(node, exact(x))
    return found


def split_point(low: Fraction, high: Fraction) -> Fraction:
    """Where to cut a box: 0, a power of two between far-apart ends, else the middle."""
    if low < 0 < high:
        return Fraction(0)
    near, far = sorted((abs(low), abs(high)))
    if far > 4 and far > 4 * near:
        bits = math.log2(near) if near > 1 else 0
        cut = Fraction(2) ** round((bits + _log2(far)) / 2)
        if near < cut < far:
            return cut if high > 0 else -cut
    return (low + high) / 2


def _log2(value: Fraction) -> float:
    return value.numerator.bit_length() - value.denominator.bit_length()


@precisely
def supremum(
    parts: Sequence[Stretch], at_least: arb | None = None, boxes: int = MOST_BOXES
) -> Extreme:
    """The supremum of a piecewise smooth function, looking at so many boxes at most.

    With `at_least`, the larger of that and the supremum: cheap when only the question
    "does it ever exceed this?" matters.
    """
    best = MINUS_INF if at_least is None else at_least
    heap: list[tuple[float, int, Interval, Fraction, Fraction, Stretch]] = []
    order = itertools.count()

    def push(low: Fraction, high: Fraction, part: Stretch) -> None:
        bound = _enclosed(part, low, high)
        heapq.heappush(heap, (-float(bound.high), next(order), bound, low, high, part))

    for part in parts:
        for point in (part.low, part.high, *_highest_sample(part)):
            seen = at_point(part.value, point).low
            best = seen if seen > best else best
        push(part.low, part.high, part)
    thrown, proven = best, True
    for _ in range(boxes):
        if not heap:
            return Extreme(best, thrown, proven)
        if best >= ENDLESS:
            return Extreme(best, INF, proven=True)
        _, _, bound, low, high, part = heapq.heappop(heap)
        if bound.high <= best + _TOLERANCE:
            thrown = bound.high if bound.high > thrown else thrown
            continue
        if high - low < _NARROWEST:  # a pole, or a point that no enclosure resolves
            thrown = bound.high if bound.high > thrown else thrown
            proven = False
            continue
        cut = split_point(low, high)
        seen = at_point(part.value, cut).low
        best = seen if seen > best else best
        push(low, cut, part)
        push(cut, high, part)
    left = max((item[2].high for item in heap), key=float, default=thrown)
    return Extreme(best, left if left > thrown else thrown, proven=False)


_SAMPLE = sorted(
    {s * k / 8 for k in range(161) for s in (-1, 1)}
    | {s * 2.0**k for k in range(-40, 65) for s in (-1, 1)}
)


def _highest_sample(part: Stretch) -> list[Fraction]:
    """Where a float sample of the stretch is highest, refined: a good start for the search."""
    points = [x for x in _SAMPLE if part.low < x < part.high]
    if len(points) < 3:
        return []
    values = [at(part.value, x) for x in points]
    peak = max(range(len(points)), key=lambda i: -math.inf if values[i] != values[i] else values[i])
    left, right = points[max(peak - 1, 0)], points[min(peak + 1, len(points) - 1)]
    if not at(part.slope, left) > 0 > at(part.slope, right):
        return [Fraction(points[peak])]
    while left < (middle := (left + right) / 2) < right:  # where the slope changes its sign
        if at(part.slope, middle) > 0:
            left = middle
        else:
            right = middle
    return [Fraction(points[peak]), Fraction(left), Fraction(right)]


def upside_down(parts: Sequence[Stretch]) -> list[Stretch]:
    """The function's negative."""
    return [
        Stretch(p.low, p.high, Negate(p.value), Negate(p.slope), p.curve and Negate(p.curve))
        for p in parts
    ]


@precisely
def infimum(parts: Sequence[Stretch], boxes: int = MOST_BOXES) -> Extreme:
    """The infimum of a piecewise smooth function."""
    found = supremum(upside_down(parts), boxes=boxes)
    return Extreme(-found.high, -found.low, found.proven)


def _enclosed(part: Stretch, low: Fraction, high: Fraction) -> Interval:
    first, last = exact(low), exact(high)
    box = Interval(first.low, last.high)
    natural = over(part.value, box)
    slope = over(part.slope, box)
    if not (slope.low.is_finite() and slope.high.is_finite()):
        return natural  # there may be a pole in the box, and both other forms need a smooth value
    if slope.low < 0 < slope.high and part.curve is not None:
        curve = over(part.curve, box)
        if curve.low >= 0 or curve.high <= 0:  # then the slope lies between its ends
            slope = _meet(slope, at_point(part.slope, low).hull(at_point(part.slope, high)))
    if slope.low >= 0 or slope.high <= 0:
        ends = at_point(part.value, low).hull(at_point(part.value, high))
        return _meet(natural, ends)
    centre = exact((low + high) / 2)
    return _meet(natural, over(part.value, centre) + slope * (box - centre))


def _meet(a: Interval, b: Interval) -> Interval:
    return Interval(
        a.low if a.low > b.low else b.low,
        a.high if a.high < b.high else b.high,
    )


@precisely
def never_negative(parts: Sequence[Stretch], most: int = MOST_BOXES) -> bool | None:
    """True when value >= 0 everywhere, False when a point has value < 0, None when unsure."""
    boxes = [(p.low, p.high, p) for p in parts]
    for _ in range(most):
        if not boxes:
            return True
        low, high, part = boxes.pop()
        if _enclosed(part, low, high).low >= 0:
            continue
        cut = split_point(low, high)
        if at_point(part.value, cut).high < 0:
            return False
        boxes += [(low, cut, part), (cut, high, part)]
    return None
