"""Chapter 7: a network of ReLUs bends a line; half of its units rest at the start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from actscope.catalogue import get
from actscope.ensemble import Live, Rows, Settings
from actscope.render import Markup

from ._digits import SIDE, digits, pixels
from ._plot import Field
from ._svg import BLUE, FAINT, INK, MUTED, ORANGE, Drawing
from ._words import number, percent

UNITS = (1, 2, 4, 8, 16, 32)
ROUNDS, EVERY = 150, 5
# A start among 0 to 3 that reaches the wave at its width; others may get stuck, as any network.
_SEEDS = {1: 0, 2: 1, 4: 0, 8: 0, 16: 0, 32: 0}

XS = np.linspace(-3, 3, 61)
WAVE = np.sin(1.5 * XS)


@dataclass(frozen=True)
class Fit:
    """What networks say at XS, round by round: Float["moment point"], and their mean errors."""

    bent: NDArray[np.float64]
    straight: NDArray[np.float64]
    bent_error: NDArray[np.float64]
    straight_error: NDArray[np.float64]


@cache
def fit(units: int) -> Fit:
    """One hidden layer of so many ReLUs, and the same without any activation function."""
    rows = Rows(
        torch.tensor(XS[None, :, None], dtype=torch.float32),
        torch.tensor(WAVE[None, :, None], dtype=torch.float32),
    )
    settings = Settings(outputs=1, task="regression", hidden=(units,), batch_size=16)
    kinds = [[get("relu")], [get("identity")]]
    live = Live(rows, settings, kinds, seed=_SEEDS[units], learning_rate=0.03)
    view = live.view(rows)
    moments = []
    for done in range(ROUNDS + 1):
        if done:
            live.epoch()
        if done % EVERY == 0:
            view.look()
            moments.append(view.outputs()[:, 0].astype(np.float64))
    both = np.stack(moments)
    errors = ((both - WAVE) ** 2).mean(2)
    return Fit(both[:, 0], both[:, 1], errors[:, 0], errors[:, 1])


def fit_picture(units: int, moment: int) -> Markup:
    """The wave as dots, the bent and the straight answer over it."""
    of = fit(units)
    drawing = Drawing(440, 250)
    field = Field(drawing, 32, 30, 390, 180, (-3, 3), (-1.5, 1.5))
    field.grid((-2, 0, 2), (-1, 0, 1), under="a number goes in, another comes out")
    for x, y in zip(XS.tolist(), WAVE.tolist(), strict=True):
        drawing.dot(field.x(x), field.y(y), 3, MUTED, opacity=0.7)
    field.curve(XS, of.straight[moment], ORANGE, 3, dash="8 4")
    field.curve(XS, of.bent[moment], BLUE, 3.5)
    # The curves wander while they learn: what they are stands above them.
    for x, name, tone, dash in ((40, "with ReLU", BLUE, None), (220, "without", ORANGE, "8 4")):
        drawing.line([(x, 14), (x + 32, 14)], tone, 3.5, dash=dash)
        drawing.text(x + 42, 19, name, INK)
    return drawing.svg(
        "A network bends towards a wave",
        f"After {moment * EVERY} rounds the {units} ReLUs are off by "
        f"{number(float(of.bent_error[moment]), 3)} on average (squared), the straight line by "
        f"{number(float(of.straight_error[moment]), 3)}.",
    )


LAYER = 100
SHOWN = 20  # digits that the slider goes through


@cache
def resting() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What 100 ReLUs hand on for 600 digits: new, and after 10 rounds. Float["unit row"]."""
    rows = digits()
    settings = Settings(outputs=10, hidden=(LAYER,), batch_size=32)
    live = Live(rows, settings, [[get("relu")]], seed=0, learning_rate=0.03)
    view = live.view(rows)
    view.look()
    new = view.units()[0].copy()
    for _ in range(10):
        live.epoch()
    view.look()
    return new, view.units()[0].copy()


def active(trained: bool, row: int | None = None) -> float:
    """The share of units above 0, for one digit or over all of them."""
    units = resting()[trained]
    return float(((units if row is None else units[:, row]) > 0).mean())


def resting_picture(trained: bool, row: int) -> Markup:
    """A written digit, and which of the 100 units it wakes."""
    units = resting()[trained][:, row]
    dark = pixels()[row].reshape(SIDE, SIDE) / 16
    drawing = Drawing(440, 240)
    for i in range(SIDE):
        for j in range(SIDE):
            drawing.box(16 + 18 * j, 46 + 18 * i, 18, 18, INK, opacity=float(dark[i, j]))
    drawing.box(15, 45, 146, 146, FAINT, edge=True)
    drawing.text(88, 32, "a handwritten digit", MUTED, size=13, align="middle")
    drawing.text(310, 32, "100 hidden units", MUTED, size=13, align="middle")
    top = float(units.max()) or 1.0
    for k, value in enumerate(units.tolist()):
        x, y = 211 + 22 * (k % 10), 56 + 18 * (k // 10)
        if value > 0:
            drawing.dot(x, y, 3.5 + 4.5 * value / top, BLUE)
        else:
            drawing.ring(x, y, 4, FAINT, 1.5)
    awake = active(trained, row)
    said = f"{percent(awake)} awake"
    drawing.text(88, 216, said, INK, align="middle", bold=True)
    return drawing.svg(
        "Which units answer", f"{said}: filled circles hand something on, empty ones hand on 0."
    )
