"""Chapters 8 and 9: units die as the corrections grow; a leak keeps the same ones alive."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from actscope.catalogue import get
from actscope.ensemble import Live, Settings
from actscope.render import Markup

from ._digits import COUNT, digits
from ._plot import Field
from ._svg import BLUE, GREEN, INK, MUTED, ORANGE, Drawing
from ._words import percent

RATES = (0.001, 0.01, 0.03, 0.1, 0.3)
ACTIVATIONS = ("relu", "leaky_relu", "prelu")
NAMES = {"relu": "ReLU", "leaky_relu": "leaky ReLU", "prelu": "parametric ReLU"}
LAYERS, WIDTH = 3, 24
ROUNDS = 20
STARTS = 6  # the chapter says that all of these tell the same story; a test holds it to that


@dataclass(frozen=True)
class Life:
    """One network, round by round from 0: dead units, the share of right answers.

    dead: Bool["round layer unit"], 0 or less on every digit. right: Float["round"].
    """

    dead: NDArray[np.bool_]
    right: NDArray[np.float64]

    @property
    def share(self) -> NDArray[np.float64]:
        """Float["round"], of all hidden units the dead ones."""
        return self.dead.mean(axis=(1, 2))


@cache
def lives(rate: float, seed: int = 0) -> dict[str, Life]:
    """The three networks at one rate: the same start, the same digits in the same order."""
    rows = digits()
    labels = rows.y[0].numpy()
    settings = Settings(outputs=10, hidden=(WIDTH,) * LAYERS, batch_size=32)
    kinds = [[get(name)] * LAYERS for name in ACTIVATIONS]
    live = Live(rows, settings, kinds, seed=seed, learning_rate=rate)
    view = live.view(rows)
    dead = np.zeros((len(kinds), ROUNDS + 1, LAYERS, WIDTH), dtype=bool)
    right = np.zeros((len(kinds), ROUNDS + 1))
    for done in range(ROUNDS + 1):
        if done:
            live.epoch()
        view.look()
        right[:, done] = (view.outputs().argmax(1) == labels).mean(1)
        for member, layers in enumerate(view.dead()):
            for layer, units in enumerate(layers):
                dead[member, done, layer, units] = True
    return {name: Life(dead[i], right[i]) for i, name in enumerate(ACTIVATIONS)}


def units_picture(name: str, rate: float, done: int) -> Markup:
    """Every hidden unit of a network: a filled circle while it lives, a cross when it is dead."""
    life = lives(rate)[name]
    drawing = Drawing(440, 150)
    for layer in range(LAYERS):
        y = 34.0 + 36 * layer
        drawing.text(4, y + 5, f"layer {layer + 1}", MUTED, size=13)
        for unit in range(WIDTH):
            x = 66 + 15.6 * unit
            if life.dead[done, layer, unit]:
                drawing.cross(x, y, 4.5, ORANGE, 2.5)
            else:
                drawing.dot(x, y, 5, BLUE)
    count = int(life.dead[done].sum())
    said = f"{NAMES[name]}: {count} of {LAYERS * WIDTH} dead"
    drawing.text(58, 142, said, INK, size=15, bold=True)
    right = f"{percent(life.right[done])} right"
    drawing.text(430, 142, right, INK, size=15, align="end", bold=True)
    return drawing.svg(
        f"The units of the {NAMES[name]} network",
        f"After {done} rounds at a learning rate of {rate:g}: {count} of {LAYERS * WIDTH} units "
        f"are dead, {right} of {COUNT} digits.",
    )


def course_picture(rate: float, done: int, names: tuple[str, ...]) -> Markup:
    """Right answers and dead units over the rounds, up to now."""
    all_ = lives(rate)
    drawing = Drawing(440, 330)
    tones = {"relu": (ORANGE, "8 4"), "leaky_relu": (BLUE, None), "prelu": (GREEN, "2 4")}
    said = []
    for top, above, what in (
        (34.0, "right answers", "right"),
        (194.0, "dead units", "share"),
    ):
        field = Field(drawing, 48, top, 244, 98, (0, ROUNDS), (0, 1))
        under = "rounds through all digits" if what == "share" else ""
        field.grid((0, 5, 10, 15, 20), {0: "0%", 0.5: "50%", 1: "100%"}, under=under, above=above)
        ends = {name: float(getattr(all_[name], what)[done]) for name in names}
        places = _apart([field.y(end) for end in ends.values()])
        for name, place in zip(names, places, strict=True):
            tone, dash = tones[name]
            course = getattr(all_[name], what)[: done + 1]
            field.curve(range(done + 1), course, tone, 3, dash=dash)
            drawing.dot(field.x(done), field.y(ends[name]), 5, tone)
            words = f"{NAMES[name]} {percent(ends[name])}"
            drawing.text(field.x(done) + 10 if done < 6 else 304, place + 5, words, INK, size=13,
                         halo=True)  # fmt: skip
            said.append(f"{NAMES[name]}: {percent(ends[name])} {above}")
    title = f"The training of {' and '.join(NAMES[name] for name in names)}"
    return drawing.svg(title, f"After {done} rounds: {'; '.join(said)}.")


def _apart(ys: list[float], least: float = 17.0) -> list[float]:
    """The same heights, moved until labels do not lie on each other."""
    order = np.argsort(ys)
    placed = [0.0] * len(ys)
    last = -np.inf
    for i in order.tolist():
        last = placed[i] = max(ys[i], last + least)
    over = max(placed) - max(*ys, ys[0])  # as far up as they had to go down
    return [y - over / 2 for y in placed]
