"""Chapter 3: what a small change of a weight does, and learning by nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from actscope.neuron import Neuron
from actscope.render import Markup

from ._network import MOVIE
from ._plot import Field
from ._svg import BLUE, INK, ORANGE, Drawing
from ._words import number

TRIES = 400
RUNS = 20
CASE = (1.0, 0.0, 0.0)  # a Marvel film, far away, alone: the sum is the weight itself
STEP = MOVIE
SMOOTH = MOVIE.replace(activation="sigmoid")


def answers(weight: float) -> tuple[float, float]:
    """What the step and the smooth neuron say of a Marvel film, at this weight of it."""
    changed = [weight, *MOVIE.weights[1:]]
    return STEP.replace(weights=changed)(CASE), SMOOTH.replace(weights=changed)(CASE)


def nudge_picture(weight: float) -> Markup:
    """Both answers over the weight of the first input; a dot where it stands."""
    drawing = Drawing(440, 240)
    field = Field(drawing, 36, 36, 385, 150, (1, 5), (-0.05, 1.05))
    field.grid((1, 2, 3, 4, 5), {0: "0", 0.5: "½", 1: "1"},
               under="weight of “Marvel film”", above="the answer")  # fmt: skip
    xs = np.linspace(1, 5, 121)
    field.curve(xs, SMOOTH.activation(xs + SMOOTH.bias), BLUE, 3)  # its input is 1
    for low, high, y in ((1, 3, 0), (3, 5, 1)):
        field.curve((low, high), (y, y), ORANGE, 3, dash="8 4")
    drawing.text(field.x(3.1), field.y(0.85), "step", INK, size=14, halo=True)
    drawing.text(field.x(1.05), field.y(0.24), "smooth", INK, size=14, halo=True)
    step, smooth = answers(weight)
    drawing.line([(field.x(weight), 36), (field.x(weight), 186)], "faint", 1.5)
    drawing.dot(field.x(weight), field.y(smooth), 7, BLUE)
    drawing.box(field.x(weight) - 6, field.y(step) - 6, 12, 12, ORANGE)
    return drawing.svg(
        "A step and a smooth answer over one weight",
        f"At a weight of {number(weight)} the step says {number(step)}, the smooth neuron "
        f"{number(smooth, 3)}.",
    )


@dataclass(frozen=True)
class Run:
    """Learning by nudges. error: the mean squared one, right: of 8, after each try."""

    error: NDArray[np.float64]
    right: NDArray[np.int64]
    kept: NDArray[np.int64]
    neuron: Neuron


@cache
def run(activation: str, luck: int) -> Run:
    """From all zeros, the same random nudges for every activation at one `luck` (a seed)."""
    cases = MOVIE.cases()
    start = Neuron([0, 0, 0], bias=0, activation=activation, names=MOVIE.names)
    made = start.fit(cases, MOVIE(cases), "nudge", steps=TRIES, learning_rate=0.3, seed=luck)
    table = made.history

    def full(column: str) -> NDArray[np.float64]:  # a run that is perfect ends before its time
        values = table[column].to_numpy(dtype=float)
        return np.concatenate([values, np.repeat(values[-1:], TRIES + 1 - len(values))])

    accepted = table["accepted"].to_numpy(dtype=int)
    kept = np.concatenate([accepted, np.zeros(TRIES + 1 - len(accepted), int)]).cumsum()
    right = np.rint(8 * full("accuracy")).astype(int)
    return Run(full("error"), right, kept, made.neuron)


@cache
def learned() -> dict[str, int]:
    """How many of the runs end with all eight cases right."""
    return {
        name: sum(int(run(name, luck).right[-1] == 8) for luck in range(RUNS))
        for name in ("step", "sigmoid")
    }


def race_picture(tried: int, luck: int) -> Markup:
    """The error of both neurons over the nudges tried so far."""
    drawing = Drawing(440, 220)
    field = Field(drawing, 48, 34, 300, 132, (0, TRIES), (0, 0.7))
    field.grid((0, 100, 200, 300, 400), (0, 0.2, 0.4, 0.6), under="nudges tried",
               above="how wrong it is")  # fmt: skip
    said = []
    for name, shown, tone, dash in (
        ("step", "step", ORANGE, "8 4"), ("sigmoid", "smooth", BLUE, None),
    ):  # fmt: skip
        of = run(name, luck)
        xs = range(tried + 1)
        field.curve(xs, of.error[: tried + 1], tone, 3, dash=dash)
        x, y = field.x(tried), field.y(float(of.error[tried]))
        drawing.dot(x, y, 5, tone)
        up = -3 if of.error[tried] >= run(_other(name), luck).error[tried] else 13
        drawing.text(x + 9, y + up, f"{shown} {of.right[tried]}/8", INK, size=14, halo=True)
        said.append(f"{shown} {of.right[tried]} of 8 right, error {number(of.error[tried], 3)}")
    return drawing.svg(
        "Two neurons that learn from the same nudges", f"After {tried} nudges: {'; '.join(said)}."
    )


def _other(name: str) -> str:
    return "sigmoid" if name == "step" else "step"
