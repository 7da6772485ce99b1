"""A field with axes on a drawing: numbers in, places out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._svg import GRID, INK, MUTED, Drawing


@dataclass(frozen=True)
class Field:
    """Where numbers lie on a drawing.

    xs, ys: the numbers at the left and right, at the bottom and top.

    >>> field = Field(Drawing(100, 100), 0, 0, 100, 100, (0, 1), (0, 1))
    >>> field.x(0.25), field.y(1.0)
    (25.0, 0.0)
    """

    drawing: Drawing
    left: float
    top: float
    width: float
    height: float
    xs: tuple[float, float]
    ys: tuple[float, float]

    def x(self, value: float) -> float:
        return float(self.left + (value - self.xs[0]) / (self.xs[1] - self.xs[0]) * self.width)

    def y(self, value: float) -> float:
        share = (value - self.ys[0]) / (self.ys[1] - self.ys[0])
        return float(self.top + (1 - share) * self.height)

    def points(self, xs: ArrayLike, ys: ArrayLike) -> NDArray[np.float64]:
        """Float["point 2"]: where they lie; what is higher or lower than the field, just outside.

        Points out of sight stay close, so that the line towards them keeps to the field.
        """
        low, high = self.ys
        room = 0.02 * (high - low)
        seen = np.clip(np.asarray(ys, float), low - room, high + room)
        across = (np.asarray(xs, float) - self.xs[0]) / (self.xs[1] - self.xs[0])
        up = (seen - low) / (high - low)
        return np.column_stack([self.left + across * self.width, self.top + (1 - up) * self.height])

    def curve(
        self,
        xs: ArrayLike,
        ys: ArrayLike,
        tone: str = INK,
        width: float = 2.5,
        *,
        dash: str | None = None,
    ) -> None:
        """A line through numbers; `dash` as in `Drawing.line`."""
        self.drawing.line(self.points(xs, ys), tone, width, dash=dash)

    def grid(
        self,
        xs: Mapping[float, str] | Sequence[float] = (),
        ys: Mapping[float, str] | Sequence[float] = (),
        *,
        under: str = "",
        above: str = "",
    ) -> None:
        """Thin lines at `ys`, labels at both; `under` names the x axis, `above` the y axis."""
        for value, said in _said(ys):
            at = self.y(value)
            self.drawing.line([(self.left, at), (self.left + self.width, at)], GRID, 1)
            self.drawing.text(self.left - 7, at + 4.5, said, MUTED, size=13, align="end")
        bottom = self.top + self.height
        for value, said in _said(xs):
            self.drawing.text(self.x(value), bottom + 19, said, MUTED, size=13, align="middle")
        if under:
            middle = self.left + self.width / 2
            self.drawing.text(middle, bottom + 38, under, MUTED, size=13, align="middle")
        if above:
            self.drawing.text(self.left, self.top - 12, above, MUTED, size=13)

    def zero(self) -> None:
        """The two lines through 0, where they are in the field."""
        for low, high, make in (
            (*self.ys, [(self.left, self.y(0)), (self.left + self.width, self.y(0))]),
            (*self.xs, [(self.x(0), self.top), (self.x(0), self.top + self.height)]),
        ):
            if low <= 0 <= high:
                self.drawing.line(make, "faint", 1.2)


def _said(ticks: Mapping[float, str] | Sequence[float]) -> Iterable[tuple[float, str]]:
    if isinstance(ticks, Mapping):
        return ticks.items()
    return ((value, f"{value:g}".replace("-", "−")) for value in ticks)
