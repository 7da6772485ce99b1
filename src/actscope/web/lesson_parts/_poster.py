"""Chapter 10: every activation function of the catalogue in small."""

from __future__ import annotations

from functools import cache

import numpy as np

from actscope import catalogue
from actscope.gallery import clipped, value_curve
from actscope.render import Markup, element

from ._plot import Field
from ._svg import BLUE, Drawing

TOLD = ("step", "sigmoid", "tanh", "relu", "leaky_relu", "prelu")
_REACH = 4.0


@cache
def shown() -> tuple[str, ...]:
    """The names, those of the lesson first; functions of a whole layer have no single curve."""
    others = [name for name in catalogue.names() if name not in TOLD]
    return (*TOLD, *others)


@cache
def panel(name: str) -> Markup:
    """One function: its name, its curve, its summary."""
    record = catalogue.get(name)
    drawing = Drawing(120, 84)
    field = Field(drawing, 2, 2, 116, 80, (-_REACH, _REACH), (-1.9, 2.6))
    field.zero()
    for stroke in value_curve(record, -_REACH, _REACH).strokes:
        for part in clipped(stroke, -1.9, 2.6):
            thin = part[:: max(1, len(part) // 60)]
            line = np.vstack([thin, part[-1:]])
            field.curve(line[:, 0], line[:, 1], BLUE, 2.5)
    drawn = drawing.svg(f"{record.name}, its curve", record.summary)
    return element("figure", drawn, element("figcaption", record.name), class_="small")


def poster(all_of_them: bool) -> Markup:
    """The six of this lesson, or the whole catalogue."""
    names = shown() if all_of_them else TOLD
    return element("div", [panel(name) for name in names], class_="poster")
