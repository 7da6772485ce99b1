"""Set-ups worth a look, the bad ones too: each says what to watch for, and tests watch it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """A set-up with a reason."""

    id: str
    title: str
    why: str
    config: dict[str, Any]


def _nets(*activations: Sequence[str] | str, depth: int) -> list[dict[str, Any]]:
    return [
        {"activations": [each] * depth if isinstance(each, str) else list(each)}
        for each in activations
    ]


PRESETS: tuple[Preset, ...] = (
    Preset(
        "line",
        "A line is not enough",
        "Without an activation function (identity) every network draws a straight line, however "
        "many neurons it has. ReLU bends it around the disc.",
        {"data": "circle", "hidden": [6], "networks": _nets("identity", "relu", depth=1),
         "noise": 10, "seed": 1},
    ),
    Preset(
        "race",
        "A race from the same start",
        "Three functions, the same starting weights and batches: sigmoid needs longest, because "
        "its slope is never above 1/4.",
        {"data": "xor", "hidden": [6, 4], "networks": _nets("relu", "tanh", "sigmoid", depth=2),
         "noise": 5, "seed": 3},
    ),
    Preset(
        "vanishing",
        "Sigmoid, six layers: the gradient vanishes",
        "Each sigmoid passes on at most a quarter of the correction. After six layers almost "
        "nothing reaches the first: its weights stand still while ReLU's move.",
        {"data": "circle", "hidden": [8] * 6, "networks": _nets("sigmoid", "relu", depth=6),
         "init": "glorot", "noise": 0, "seed": 1},
    ),
    Preset(
        "dying",
        "ReLU with too large steps: they die",
        "Big corrections push ReLU neurons to where their input is never above 0. They are dead: "
        "no correction reaches them again. Leaky ReLU, from the same start, loses none and learns.",
        {"data": "circle", "hidden": [8, 8], "networks": _nets("relu", "leaky_relu", depth=2),
         "optimizer": "momentum", "learning_rate": 0.3, "noise": 10, "seed": 2},
    ),
    Preset(
        "step",
        "A step cannot learn",
        "The step function is flat everywhere, so no correction comes through: the weights before "
        "it never move, only those behind the last step do.",
        {"data": "xor", "hidden": [8], "networks": _nets("step", "sigmoid", depth=1),
         "learning_rate": 0.1, "noise": 0, "seed": 1},
    ),
    Preset(
        "zeros",
        "All weights zero: nothing to tell neurons apart",
        "Started at zero, ReLU neurons never wake up, and every hidden sum stays at 0. A random "
        "start is what lets each neuron become something of its own.",
        {"data": "circle", "hidden": [6], "networks": _nets("relu", "tanh", depth=1),
         "init": "zeros", "noise": 0, "seed": 1},
    ),
    Preset(
        "large",
        "Far too large a start: tanh saturates",
        "With weights five times too large tanh sits at its flat ends, where corrections are tiny. "
        "Compare with the start that fits, in the menu of starts.",
        {"data": "moons", "hidden": [8, 8, 8], "networks": _nets("tanh", "relu", depth=3),
         "init": "large", "noise": 10, "seed": 1},
    ),
    Preset(
        "overfitting",
        "Few noisy points: learned by heart",
        "Many neurons and few points: the training loss (solid) keeps falling while the loss on "
        "points not seen (dashed) rises.",
        {"data": "moons", "hidden": [16, 16], "networks": _nets("relu", depth=2), "noise": 40,
         "train": 10, "optimizer": "adam", "seed": 1},
    ),
    Preset(
        "features",
        "The right inputs do the work",
        "Given the squares of both inputs, a network without hidden layers draws the circle.",
        {"data": "circle", "hidden": [], "networks": [{"activations": []}],
         "features": ["x1^2", "x2^2"], "noise": 10, "seed": 1},
    ),
    Preset(
        "spiral",
        "The spiral: a hard one",
        "Two hidden layers unroll it, with patience. A smooth function against one with corners.",
        {"data": "spiral", "hidden": [12, 12], "networks": _nets("silu", "relu", depth=2),
         "optimizer": "adam", "learning_rate": 0.01, "noise": 0, "train": 70, "seed": 1},
    ),
    Preset(
        "hills",
        "Values instead of classes",
        "Hills and hollows: sine bends in waves, ReLU in straight pieces.",
        {"data": "gaussian_bumps", "hidden": [12, 8], "networks": _nets("sin", "relu", depth=2),
         "optimizer": "adam", "learning_rate": 0.01, "noise": 0, "seed": 1},
    ),
)  # fmt: skip
