"""Where each panel of a poster goes: families in reading order, as large as the paper allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_SHAPE = 1.25  # width to height that a panel looks best at
_SMALL = 3  # a family of so many stays together


@dataclass(frozen=True)
class Spot:
    """A cell: row and column from the upper left, and the number of its family."""

    row: int
    column: int
    family: int


@dataclass(frozen=True)
class Grid:
    columns: int
    rows: int
    spots: tuple[Spot, ...]


def grid(families: Sequence[int], width: float, height: float, used: tuple[float, float]) -> Grid:
    """The number of columns that makes panels largest, and where each panel goes.

    Args:
        families: how many panels each family has.
        width, height: of the field, in points.
        used: points of a cell's width and height that are not the panel itself.

    >>> [(s.row, s.column) for s in grid([2, 2], 200, 400, (10, 40)).spots]
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    count = sum(families)
    return max(
        (laid_out(families, columns) for columns in range(1, count + 1)),
        key=lambda g: _size(width / g.columns - used[0], height / g.rows - used[1]),
    )


def _size(width: float, height: float) -> float:
    return min(width, _SHAPE * height)


def laid_out(families: Sequence[int], columns: int) -> Grid:
    """One panel after the other; a family does not begin where it would be torn at once."""
    at, spots = 0, []
    for family, size in enumerate(families):
        room = columns - at % columns
        if room < columns and room < min(size, _SMALL):
            at += room
        for _ in range(size):
            spots.append(Spot(at // columns, at % columns, family))
            at += 1
    return Grid(columns, spots[-1].row + 1, tuple(spots))
