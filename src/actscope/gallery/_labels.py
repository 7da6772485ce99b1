"""Names written beside their curves, where there is room for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Points: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"

_CLEAR = 3.0  # points between a label and any curve
_OWN = 14.0  # a label farther than this from its curve is not beside it
_ON_AXIS = 40.0
_APART = 7.0  # so much nearer to its own curve than to any other


@dataclass(frozen=True)
class Placed:
    """The lower left corner of a label, in points."""

    x: float
    y: float


def place(
    curves: Sequence[Points],
    sizes: Sequence[tuple[float, float]],
    width: float,
    height: float,
    axes: tuple[float, float] = (-1.0, -1.0),
) -> list[Placed] | None:
    """Where each curve's label goes in a field of width x height points; None: no room for all.

    Args:
        curves: the points (n, 2) of each curve in the field, closer together than letters are
            wide.
        sizes: width and height of each label.
        axes: where the lines x = 0 and y = 0 are; a label on one is legible, but not pretty.
    """
    options = [
        _options(i, curves, size, (width, height), axes) if len(curves[i]) else []
        for i, size in enumerate(sizes)
    ]
    chosen: dict[int, Placed] = {}
    for i in sorted(range(len(curves)), key=lambda k: len(options[k])):
        free = [
            (score, spot)
            for score, spot in options[i]
            if not any(_overlap(spot, sizes[i], other, sizes[k]) for k, other in chosen.items())
        ]
        if not free:
            return None
        chosen[i] = max(free, key=lambda option: option[0])[1]
    return [chosen[i] for i in range(len(curves))]


def _options(
    index: int,
    curves: Sequence[Points],
    size: tuple[float, float],
    field: tuple[float, float],
    axes: tuple[float, float],
) -> list[tuple[float, Placed]]:
    """Every good place for one label with how good it is."""
    (w, h), (width, height) = size, field
    own, found = curves[index], []
    others = [c for i, c in enumerate(curves) if i != index and len(c)]
    everything = np.concatenate(others) if others else np.empty((0, 2))
    gap = _CLEAR + 2
    level, above, below = -h / 2, gap, -h - gap
    right, left, centred = gap, -w - gap, -w / 2
    around = [(x, y) for x in (right, left) for y in (level, above, below)]
    around += [(centred, above), (centred, below)]
    for x, y in own[:: max(1, len(own) // 60)].tolist():
        for dx, dy in around:
            spot = Placed(x + dx, y + dy)
            if min(spot.x, spot.y, width - spot.x - w, height - spot.y - h) < 0:
                continue
            near = _distance(own, spot, size)
            if not _CLEAR <= near <= _OWN:
                continue
            far = _distance(everything, spot, size) if len(everything) else 60.0
            if far < near + _APART:
                continue
            # clear of the others first; then to the right, where reading ends
            on_axis = (
                -_CLEAR < axes[0] - spot.x < w + _CLEAR or -_CLEAR < axes[1] - spot.y < h + _CLEAR
            )
            score = min(far, 60.0) - near + 12 * spot.x / width - _ON_AXIS * on_axis
            found.append((score, spot))
    return found


def _distance(points: Points, spot: Placed, size: tuple[float, float]) -> float:
    """From a box to the nearest of the points; 0 inside."""
    dx = np.maximum(np.maximum(spot.x - points[:, 0], points[:, 0] - spot.x - size[0]), 0)
    dy = np.maximum(np.maximum(spot.y - points[:, 1], points[:, 1] - spot.y - size[1]), 0)
    return float(np.hypot(dx, dy).min())


def _overlap(a: Placed, of_a: tuple[float, float], b: Placed, of_b: tuple[float, float]) -> bool:
    return (
        a.x < b.x + of_b[0] + _CLEAR
        and b.x < a.x + of_a[0] + _CLEAR
        and a.y < b.y + of_b[1] + _CLEAR
        and b.y < a.y + of_a[1] + _CLEAR
    )
