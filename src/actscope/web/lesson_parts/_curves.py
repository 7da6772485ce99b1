"""Chapters 4, 6, 7 and 9: functions as curves with a point that the slider moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope.catalogue import get
from actscope.render import Markup

from ._plot import Field
from ._svg import BLUE, GREEN, INK, ORANGE, Drawing
from ._words import number

LEAK = 0.01


def softened(steepness: float, z: Any) -> Any:
    """A sigmoid of k z: the larger k, the more it is a step.

    >>> softened(1, 0.0)
    0.5
    """
    values = get("sigmoid")(steepness * np.asarray(z, dtype=float))
    return float(values) if np.ndim(z) == 0 else values


def apply(name: str, z: float) -> float:
    """f(z) of the catalogue's function.

    >>> apply("relu", -2.0), apply("leaky_relu", -2.0)
    (0.0, -0.02)
    """
    return float(get(name)(z)) + 0.0


@dataclass(frozen=True)
class Mark:
    """A function in a picture: how it is called, its colour, its dash, where its name stands."""

    name: str
    function: Callable[[Any], Any]
    tone: str
    dash: str | None
    label: tuple[float, float]


def curves_picture(
    marks: Sequence[Mark],
    z: float,
    ys: tuple[float, float],
    ticks: Sequence[float],
    title: str,
    *,
    under: str = "the total z",
    reach: float = 5.0,
) -> Markup:
    """Functions over the total, each with its value at z."""
    drawing = Drawing(440, 250)
    field = Field(drawing, 40, 26, 380, 170, (-reach, reach), ys)
    field.grid([t for t in (-4, -2, 0, 2, 4) if abs(t) <= reach], ticks, under=under)
    field.zero()
    xs = np.linspace(-reach, reach, 401)
    for mark in marks:
        field.curve(xs, mark.function(xs), mark.tone, 3, dash=mark.dash)
    drawing.line([(field.x(z), 26), (field.x(z), 196)], "faint", 1.5)
    said = []
    for mark in marks:
        value = float(mark.function(np.array([z]))[0])
        at = field.points([z], [value])[0]
        drawing.dot(float(at[0]), float(at[1]), 7, mark.tone)
        x, y = field.x(mark.label[0]), field.y(mark.label[1])
        drawing.text(x, y, mark.name, INK, size=14, halo=True)
        said.append(f"{mark.name} {number(value, 3)}")
    return drawing.svg(title, f"At a total of {number(z)}: {', '.join(said)}.")


def morph_picture(steepness: float, z: float) -> Markup:
    """The step dashed, the softened step over it."""
    marks = (
        Mark("step", get("step"), ORANGE, "8 4", (2.6, 1.06)),
        Mark("smooth", lambda x: softened(steepness, x), BLUE, None, (-4.8, 0.1)),
    )
    return curves_picture(marks, z, (-0.1, 1.15), (0, 0.5, 1), "From a step to a slope")


def cousins_picture(z: float) -> Markup:
    """Sigmoid and tanh, one over the other."""
    marks = (
        Mark("sigmoid", get("sigmoid"), BLUE, None, (-4.8, 0.12)),
        Mark("tanh", get("tanh"), ORANGE, "8 4", (-4.8, -0.84)),
    )
    return curves_picture(marks, z, (-1.15, 1.15), (-1, 0, 1), "Sigmoid and tanh")


def relu_picture(z: float) -> Markup:
    """Nothing below zero, the number itself above."""
    mark = Mark("ReLU", get("relu"), BLUE, None, (1.2, 3.4))
    return curves_picture([mark], z, (-1, 5), (0, 2, 4), "ReLU")


def leak_picture(slope: float, z: float) -> Markup:
    """ReLU dashed and a leak of this slope."""
    leaky = get(f"leaky_relu(negative_slope={slope:g})")
    marks = (
        Mark("ReLU", get("relu"), ORANGE, "8 4", (-3.9, 0.35)),
        Mark("with a leak", leaky, GREEN, None, (-3.9, -4 * slope - 0.55)),
    )
    return curves_picture(marks, z, (-2.2, 4), (-2, 0, 2, 4), "ReLU with a leak", reach=4)


@cache
def _draws() -> NDArray[np.float64]:
    return np.random.default_rng(0).standard_normal(500)


def average(name: str, spread: float) -> float:
    """The mean answer to 500 random totals around zero, of this spread.

    >>> round(average("sigmoid", 1.0), 1), abs(round(average("tanh", 1.0), 1))
    (0.5, 0.0)
    """
    return float(np.mean(get(name)(spread * _draws())))


def centres_picture(spread: float) -> Markup:
    """What both hand on when 500 random totals come in: a strip of dots each, a bar at its mean."""
    drawing = Drawing(440, 170)
    field = Field(drawing, 74, 30, 350, 100, (-1.05, 1.05), (0, 2))
    field.grid((-1, -0.5, 0, 0.5, 1), under="what the units hand on")
    field.zero()
    heights = np.random.default_rng(1).uniform(0.12, 0.62, 500)
    said = []
    for name, tone, base in (("sigmoid", BLUE, 1.1), ("tanh", ORANGE, 0.1)):
        values = get(name)(spread * _draws())
        for x, up in zip(values[:220], heights, strict=False):
            drawing.dot(field.x(float(x)), field.y(base + up), 2, tone, opacity=0.45)
        mean = average(name, spread)
        at = field.x(mean)
        drawing.line([(at, field.y(base)), (at, field.y(base + 0.75))], INK, 4)
        drawing.text(66, field.y(base + 0.3), name, INK, size=14, align="end")
        words = f"average {number(mean)}"
        drawing.text(at, field.y(base + 0.78), words, INK, size=13, align="middle", halo=True)
        said.append(f"{name} {number(mean)}")
    return drawing.svg("Where the answers lie", f"Average answers: {', '.join(said)}.")
