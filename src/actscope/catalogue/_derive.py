"""From a formula to its facts, each with whether it is proven.

Heavy (python-flint): imported only to derive facts, never to look up stored ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache

from flint import arb

from . import _gauss
from ._differentiate import differentiate
from ._extremes import (
    FARTHEST,
    MOST_BOXES,
    Extreme,
    Stretch,
    at_point,
    infimum,
    never_negative,
    stretches,
    supremum,
    upside_down,
)
from ._facts import Facts, Frozen, Region
from ._interval import precisely
from ._parse import parse
from ._pieces import Piece, breakpoints, delicate_parts, mirrored, pieces
from ._probe import (
    LOOK,
    crossing,
    end_of_range,
    is_smooth,
    limit,
    never_zero,
    placed,
    points_in,
    sign_of,
    step_between,
    tight,
    value_at,
)
from ._text import latex, text
from ._tidy import bind, negate, tidy, total
from ._tree import ZERO, Negate, Node
from ._vocabulary import expand, stable

SATURATED = Fraction(1, 1000)  # |f'| below this share of the steepest slope (docs: health)
CENTRED = 1e-9

_TAIL = Fraction(2) ** 64  # "far out": algebraic tails such as x / (1 + |x|) are within 1e-19
_MARGIN = Fraction(1, 10**9)  # between a saturation point and where it is proven

# f, f^2 and f^2 z^2. The variance map is q -> gain^2 E f(sqrt(q) z)^2; at q = 1 its slope is
# gain^2 E f^2 (z^2 - 1) / 2, by the derivative of the normal density, kinks and jumps included.
_MOMENTS = (lambda f, z: f, lambda f, z: f * f, lambda f, z: f * f * z * z)

Claim = tuple[object, bool]  # a fact's value, and whether it is proven


@lru_cache(maxsize=256)
@precisely
def derive(
    formula: str,
    values: tuple[tuple[str, float], ...] = (),
    symbols: tuple[tuple[str, str], ...] = (),
) -> Facts:
    """The facts of a formula whose parameters have these values.

    symbols: how LaTeX writes a parameter.
    """
    written = parse(formula, tuple(name for name, _ in values))
    slope = differentiate(written)
    delicate = [bind(part, dict(values)) for part in delicate_parts(written)]
    claims = _Analysis(bind(written, dict(values)), delicate).claims()
    return Facts(
        derivative=text(slope),
        derivative_latex=latex(slope, dict(symbols)),
        latex=latex(written, dict(symbols)),
        certified=Frozen({name: proven for name, (_, proven) in claims.items()}),
        **{name: value for name, (value, _) in claims.items()},  # type: ignore[arg-type]
    )


class _Analysis:
    """The facts of one tree in x alone."""

    def __init__(self, tree: Node, delicate: Sequence[Node] = ()) -> None:
        """delicate: the divisors, roots and logarithms of the formula as it was written."""
        self.tree = tree
        self.whole = expand(tree)
        self.parts: Sequence[Piece] = pieces(tree)
        self.sound = (
            all(p.exact for p in self.parts)
            and all(map(is_smooth, self.parts))
            and all(never_zero(part) for part in self._vanished(delicate))
        )
        # Bounds around a pole never get tight: then look, do not search for a proof.
        self.effort = MOST_BOXES if self.sound else 300
        self._ends: dict[tuple[str, bool], tuple[float, bool]] = {}

    def _vanished(self, delicate: Sequence[Node]) -> list[Node]:
        """What was divided by and has been cancelled: x / x is 1, but not at 0."""
        kept = {part for piece in self.parts for part in delicate_parts(piece.value)}
        return [part for part in map(stable, delicate) if part not in kept]

    def claims(self) -> dict[str, Claim]:
        """Every fact; what rests on inexact breakpoints or poles is never called proven."""
        found = {
            "range": self.range,
            "monotonic": self.monotonic,
            "symmetry": self.symmetry,
            "lipschitz": self.lipschitz,
            "max_slope": self.max_slope,
            **self.moments,
            "dead_region": self.dead_region,
            "step_like": (self.step_like, True),
            "kinks": self.kinks,
            "saturates": self.saturates,
            "limits": self._limits(slope=False),
            "slope_limits": self._limits(slope=True),
            "saturation_points": self.saturation_points,
            "zero_share": self.zero_share,
        }
        return {name: (value, proven and self.sound) for name, (value, proven) in found.items()}

    # --- range and slope

    @cached_property
    def range(self) -> tuple[Region, bool]:
        values = stretches(self.parts)
        low, low_proven = end_of_range(infimum(values, self.effort), -1, values)
        high, high_proven = end_of_range(supremum(values, boxes=self.effort), 1, values)
        for edge in self.breaks:
            there = at_point(self.whole, edge)
            low, high = min(low, float(there.low)), max(high, float(there.high))
        return (low, high), low_proven and high_proven

    @cached_property
    def max_slope(self) -> tuple[float, bool]:
        slopes = stretches(self.parts, slope=True)
        up = supremum(slopes, boxes=self.effort)
        both = supremum(upside_down(slopes), at_least=up.low, boxes=self.effort)
        steepest = Extreme(
            both.low,
            up.high if up.high > both.high else both.high,
            up.proven and both.proven,
        )
        return end_of_range(steepest, 1, slopes)

    @cached_property
    def lipschitz(self) -> tuple[float, bool]:
        if any(sign for sign, _ in self.steps):
            return math.inf, True
        slope, proven = self.max_slope
        return slope, proven and all(known for _, known in self.steps)

    @cached_property
    def breaks(self) -> tuple[Fraction, ...]:
        """Where a condition flips, also where the pieces on both sides are the same."""
        return breakpoints(self.tree)

    @cached_property
    def jumps(self) -> dict[Fraction, list[tuple[int, bool]]]:
        """At each breakpoint the steps into it and out of it: the sign, and if 0, whether exact."""
        found = {}
        for edge in self.breaks:
            left = next(p for p in self.parts if p.high is None or edge <= p.high)
            right = next(p for p in reversed(self.parts) if p.low is None or p.low <= edge)
            found[edge] = [
                step_between(left.value, self.whole, edge),
                step_between(self.whole, right.value, edge),
                step_between(left.value, right.value, edge),
            ]
        return found

    @cached_property
    def steps(self) -> list[tuple[int, bool]]:
        return [step for steps in self.jumps.values() for step in steps]

    @cached_property
    def kinks(self) -> tuple[tuple[float, ...], bool]:
        found, proven = [], True
        for edge, steps in self.jumps.items():
            left = next(p for p in self.parts if p.high is None or edge <= p.high)
            right = next(p for p in reversed(self.parts) if p.low is None or p.low <= edge)
            bend, exactly = step_between(left.slope, right.slope, edge)
            if bend or any(sign for sign, _ in steps):
                found.append(float(edge) + 0.0)
            else:
                proven = proven and exactly and all(known for _, known in steps)
        return tuple(found), proven

    @cached_property
    def monotonic(self) -> tuple[bool, bool]:
        slopes = stretches(self.parts, slope=True)
        signs = {sign_of(at_point(p.slope, Fraction(x))) for p in self.parts for x in points_in(p)}
        signs |= {sign for sign, _ in self.steps}
        if {1, -1} <= signs:
            return False, True
        if -1 in signs:
            slopes = upside_down(slopes)
        answer = never_negative(slopes, self.effort)
        return answer is not False, answer is not None and all(known for _, known in self.steps)

    # --- flat parts

    @cached_property
    def step_like(self) -> bool:
        return all(p.slope == ZERO for p in self.parts)

    @cached_property
    def dead_region(self) -> tuple[tuple[Region, ...], bool]:
        if self.step_like:
            return (), True
        regions: list[Region] = []
        proven = True
        for piece in self.parts:
            if piece.slope == ZERO:
                low = -math.inf if piece.low is None else float(piece.low) + 0.0
                high = math.inf if piece.high is None else float(piece.high) + 0.0
                if regions and regions[-1][1] == low:  # two flat parts with a jump between
                    low = regions.pop()[0]
                regions.append((low, high))
            else:  # a smooth slope that is not 0 somewhere is 0 on no interval
                proven = proven and any(
                    sign_of(at_point(piece.slope, Fraction(x))) for x in points_in(piece)
                )
        return tuple(regions), proven

    @cached_property
    def zero_share(self) -> tuple[float, bool]:
        flat = [p for p in self.parts if p.value == ZERO]
        proven = all(
            any(sign_of(at_point(p.value, Fraction(x))) for x in points_in(p))
            for p in self.parts
            if p.value != ZERO
        )
        return float(sum((_gauss.share(p.low, p.high) for p in flat), arb(0))), proven

    # --- tails

    def _tail(self, side: str, slope: bool = False) -> list[Stretch]:
        ends = (-FARTHEST, -_TAIL) if side == "left" else (_TAIL, FARTHEST)
        return stretches(self.parts, slope, low=ends[0], high=ends[1])

    def _limits(self, slope: bool) -> tuple[Region, bool]:
        """Where f (or f') goes on the left and on the right."""
        (left, sure), (right, certain) = (self._goes(side, slope) for side in ("left", "right"))
        return (left, right), sure and certain

    def _goes(self, side: str, slope: bool = False) -> tuple[float, bool]:
        known = self._ends.get((side, slope))
        if known is None:
            tail = self._tail(side, slope)
            known = self._ends[side, slope] = limit(tail, -1 if side == "left" else 1, self.effort)
        return known

    @cached_property
    def saturates(self) -> tuple[tuple[str, ...], bool]:
        sides, proven = [], True
        for side in ("left", "right"):
            piece = self.parts[0] if side == "left" else self.parts[-1]
            if piece.slope == ZERO:
                continue
            goes, sure = self._goes(side)
            if math.isfinite(goes):
                sides.append(side)
            proven = proven and sure
        return tuple(sides), proven

    @cached_property
    def saturation_points(self) -> tuple[Region, bool]:
        sides, proven = self.saturates
        slope, slope_proven = self.max_slope
        points = {"left": -math.inf, "right": math.inf}
        if not sides or not math.isfinite(slope) or slope == 0:
            return (points["left"], points["right"]), proven and slope_proven
        quiet = slope * float(SATURATED)
        derivative = stable(differentiate(self.tree))
        for side in sides:
            sign = -1 if side == "left" else 1
            points[side] = crossing(derivative, quiet, sign)
            proven = proven and self._quiet_beyond(points[side], sign, quiet)
        return (points["left"], points["right"]), proven and slope_proven

    def _quiet_beyond(self, point: float, sign: int, limit: float) -> bool:
        """Whether |f'| stays below the limit beyond the point (with a margin of 1e-9)."""
        if not math.isfinite(point):
            return False
        edge = Fraction(point) + sign * _MARGIN
        ends = (edge, FARTHEST) if sign > 0 else (-FARTHEST, edge)
        beyond = stretches(self.parts, slope=True, low=ends[0], high=ends[1])
        bound = arb(limit)
        found = (
            supremum(side, at_least=bound, boxes=self.effort)
            for side in (beyond, upside_down(beyond))
        )
        return all(extreme.proven and extreme.low <= bound for extreme in found)

    # --- under a standard normal

    @cached_property
    def moments(self) -> Mapping[str, Claim]:
        found = [_gauss.mean(self.parts, moment) for moment in _MOMENTS]
        known = all(map(tight, found))
        if known:
            average, square, spread = map(float, found)
        else:
            average, square, spread = (_gauss.numerical_mean(self.tree, m) for m in _MOMENTS)
        if math.isinf(square):  # E f^2 has no bound: no scale of weights keeps a variance
            return {
                name: (value, False)
                for name, value in (
                    ("zero_centred", False),
                    ("gain", 0.0),
                    ("mean", average),
                    ("variance_slope", math.inf),
                )
            }
        if self.symmetry == ("odd", True):
            average = 0.0
        return {
            "zero_centred": (abs(average) < CENTRED, known),
            "gain": (square**-0.5 if square > 0 else math.inf, known),
            "mean": (average + 0.0, known),
            "variance_slope": ((spread / square - 1) / 2 if square > 0 else 0.0, known),
        }

    @cached_property
    def symmetry(self) -> tuple[str | None, bool]:
        possible = {"odd": -1, "even": 1}
        for x in LOOK:
            here, there = (value_at(self.parts, Fraction(s * x)) for s in (1, -1))
            for name, sign in list(possible.items()):
                if sign_of(here - (there if sign > 0 else -there)):
                    del possible[name]
        for edge in self.breaks:
            here, there = (at_point(self.whole, s * edge) for s in (1, -1))
            for name, sign in list(possible.items()):
                if sign_of(here - (there if sign > 0 else -there)):
                    del possible[name]
        if not possible:
            return None, True
        name = "odd" if "odd" in possible else "even"
        return name, self._is_mirrored(name) and all(
            step_between(self.whole, self._turned(name, edge), edge)[1] for edge in self.breaks
        )

    def _turned(self, name: str, edge: Fraction) -> Node:
        """What the function must be at a point for its symmetry, from the other side."""
        there = placed(self.whole, -edge)
        return tidy(negate(there)) if name == "odd" else there

    def _is_mirrored(self, name: str) -> bool:
        for piece, other in zip(self.parts, reversed(self.parts), strict=True):
            low, high = (None if e is None else -e for e in (other.high, other.low))
            reflected = mirrored(other.value)
            if name == "odd":
                reflected = tidy(negate(reflected))
            difference = total(piece.value, Negate(reflected))
            if (piece.low, piece.high) != (low, high) or difference != ZERO:
                return False
        return True
