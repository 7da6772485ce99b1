"""How to read the poster: the same marks, each with its meaning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actscope.render import Canvas

from ._curve import Curve, End, Line, Stroke
from ._panel import INK, SOFT, Drawn, Frame, Tone, panel

COLUMN = 216.0
_WIDE, _HIGH, _LEADING = 44.0, 27.0, 37.0
_GREY = Tone(deep="#3d4149", light="#a9a9a8", tint="#efede8", shade="#d3d0ca")


def legend(canvas: Canvas, x: float, y: float) -> None:
    """Two columns of three samples, the upper left corner at (x, y)."""
    for i, (drawn, words) in enumerate(_samples()):
        left, top = x + (i // 3) * COLUMN, y - (i % 3) * _LEADING
        panel(canvas, Frame(left, top - _HIGH, _WIDE, _HIGH), drawn, _GREY)
        for line, text in enumerate(words):
            down = 12 + 14 * line if len(words) > 1 else 18
            canvas.text(left + _WIDE + 11, top - down, text, 12.5, INK if line == 0 else SOFT)


def _samples() -> list[tuple[Drawn, Sequence[str]]]:
    bend = _line((-2, 0), (0, 0), (2, 1.6))
    rise = np.column_stack([xs := np.linspace(-2, 2, 80), 1.2 / (1 + np.exp(-3 * xs))])
    bell = np.column_stack([xs, 1.1 * np.exp(-2 * xs**2)])
    return [
        (_drawn(Curve((rise,))), ("f, the function",)),
        (_drawn(Curve(()), light=Curve((bell,))), ("f ′, its slope",)),
        (_drawn(Curve(()), dead=True), ("slope exactly 0:", "here a unit cannot learn")),
        (_drawn(Curve((bend,)), kink=True), ("kink:", "no slope at this point")),
        (
            _drawn(
                Curve(
                    (_line((-2, 0), (0, 0)), _line((0, 1.1), (2, 1.1))),
                    (End(0, 0, True), End(0, 1.1, False)),
                )
            ),
            ("jump:", "the full dot is the value"),
        ),
        (
            _drawn(Curve((rise,)), asymptote=True),
            ("dotted: what f comes close to", "squares: 1 wide, 1 high"),
        ),
    ]


def _line(*points: tuple[float, float]) -> Stroke:
    return np.array(points, dtype=float)


def _drawn(
    strong: Curve,
    light: Curve | None = None,
    *,
    dead: bool = False,
    kink: bool = False,
    asymptote: bool = False,
) -> Drawn:
    return Drawn(
        reach=2.0,
        shown=(-0.35, 1.6),
        strong=strong,
        light=() if light is None else (light,),
        dead=[(-2.0, 0.0)] if dead else [],
        kinks=[(0.0, 0.0)] if kink else [],
        asymptotes=[Line(0.0, 1.2, 1)] if asymptote else [],
    )
