"""Chapter 1: a small network learns eight answers, one small change after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from actscope.catalogue import get
from actscope.ensemble import Live, Rows, Settings
from actscope.neuron import Neuron

from ._plot import Field
from ._svg import BLUE, INK, MUTED, ORANGE, Drawing
from ._words import number

INPUTS = ("Marvel film", "near me", "with a friend")
MOVIE = Neuron([4, 2, 2], threshold=3, names=INPUTS)
HIDDEN = 4
CHANGES = 150
_RATE, _SEED = 0.3, 0


@dataclass(frozen=True)
class Moment:
    """The network after some changes, on all 8 cases.

    weights: Float["from to"] of both layers. hidden: Float["unit case"], output: Float["case"],
    the probability of a yes. error: the mean squared distance from the wanted answers.
    """

    weights: tuple[NDArray[np.float32], NDArray[np.float32]]
    hidden: NDArray[np.float32]
    output: NDArray[np.float64]
    error: float
    right: int


@cache
def moments() -> tuple[Moment, ...]:
    """From ignorance to the last of the changes: 8 cases at once, one change for each."""
    cases = MOVIE.cases()
    wanted = np.asarray(MOVIE(cases))
    rows = Rows(
        torch.tensor(cases[None], dtype=torch.float32),
        torch.tensor(wanted[None, :, None], dtype=torch.float32),
    )
    # A single yes-or-no output: the sigmoid of one number, as of one label.
    settings = Settings(
        outputs=1, task="multilabel", hidden=(HIDDEN,), batch_size=8, optimizer="sgd", momentum=0.0
    )
    live = Live(rows, settings, [[get("tanh")]], seed=_SEED, learning_rate=_RATE)
    view = live.view(rows)
    found = []
    for change in range(CHANGES + 1):
        if change:
            live.epoch()
        view.look()
        flat = live.weights()[0].copy()
        cut = len(INPUTS) * HIDDEN
        output = 1 / (1 + np.exp(-view.outputs()[0, 0].astype(np.float64)))
        found.append(
            Moment(
                (flat[:cut].reshape(len(INPUTS), HIDDEN), flat[cut:].reshape(HIDDEN, 1)),
                view.units()[0].copy(),
                output,
                float(((output - wanted) ** 2).mean()),
                int(((output > 0.5) == (wanted > 0.5)).sum()),
            )
        )
    return tuple(found)


def case_of(inputs: list[float]) -> int:
    """The place of a row of 0 and 1 among the cases, which count up."""
    return int(sum(x * 2 ** (len(inputs) - 1 - i) for i, x in enumerate(inputs)))


def network_picture(change: int, inputs: list[float]) -> str:
    """The units with their numbers, the weights as lines: thick is strong, dashed is negative."""
    moment, case = moments()[change], case_of(inputs)
    drawing = Drawing(440, 270)
    columns = (125.0, 258.0, 392.0)
    inner = [(columns[0], 70.0 + 75 * i) for i in range(3)]
    middle = [(columns[1], 62.0 + 56 * i) for i in range(HIDDEN)]
    last = (columns[2], 145.0)
    for said, x in zip(("input", "hidden", "output"), columns, strict=True):
        drawing.text(x, 18, said, MUTED, align="middle")
    layers = ((inner, middle), (middle, [last]))
    for (starts, ends), weights in zip(layers, moment.weights, strict=True):
        for i, start in enumerate(starts):
            for j, end in enumerate(ends):
                _weight(drawing, start, end, float(weights[i, j]))
    for (x, y), name, value in zip(inner, INPUTS, inputs, strict=True):
        drawing.ring(x, y, 21, INK)
        drawing.text(x, y + 5, number(value), INK, align="middle", bold=True)
        drawing.text(x - 30, y + 5, name, INK, size=14, align="end")
    for (x, y), value in zip(middle, moment.hidden[:, case].tolist(), strict=True):
        drawing.ring(x, y, 22, INK)
        drawing.text(x, y + 5, number(value), INK, size=13, align="middle")
    answer = float(moment.output[case])
    drawing.ring(*last, 31, INK, 3)
    drawing.text(last[0], last[1] + 6, number(answer), INK, size=18, align="middle", bold=True)
    drawing.text(last[0], last[1] + 52, "yes" if answer > 0.5 else "no", INK, align="middle")
    return drawing.svg(
        "The network",
        f"Inputs {', '.join(map(number, inputs))} go through {HIDDEN} hidden units to one output, "
        f"{number(answer)}, after {change} small changes.",
    )


def _weight(
    drawing: Drawing, start: tuple[float, float], end: tuple[float, float], weight: float
) -> None:
    tone, dash = (BLUE, None) if weight >= 0 else (ORANGE, "6 4")
    drawing.line([start, end], tone, min(0.8 + 1.6 * abs(weight), 7), dash=dash)


def error_picture(change: int) -> str:
    """How wrong the network is over the changes, up to now."""
    errors = [m.error for m in moments()]
    drawing = Drawing(440, 170)
    field = Field(drawing, 48, 30, 372, 92, (0, CHANGES), (0, 0.3))
    field.grid(range(0, CHANGES + 1, 50), (0, 0.1, 0.2, 0.3),
               under="small changes made", above="how wrong it is, on all 8 cases")  # fmt: skip
    field.curve(range(CHANGES + 1), errors, "faint", 2, dash="3 4")
    field.curve(range(change + 1), errors[: change + 1], BLUE, 3)
    drawing.dot(field.x(change), field.y(errors[change]), 6, BLUE)
    return drawing.svg(
        "The error while the network learns",
        f"The error falls from {number(errors[0])} to {number(errors[-1], 3)} in {CHANGES} "
        f"changes; after {change} it is {number(errors[change], 3)}.",
    )
