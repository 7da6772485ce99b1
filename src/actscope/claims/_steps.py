"""Steps and gradients: what cannot move, what still learns, and two ways around."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from actscope.ensemble import Ensemble
from actscope.neuron import Neuron

from ._claim import Measured
from ._neuron import ANSWERS, CASES
from ._numbers import mean, once, percent, share
from ._pictures import Dots, Level, Row
from ._train import NO_RATE, WIDTH, accuracy, digits, train
from ._verdict import Bound, Check

if TYPE_CHECKING:
    import torch

NEVER = Bound("largest change of a weight before a step", least=0, most=0, why="a slope of 0")
BY_LUCK = Bound(
    "accuracy of a step neuron after training, in %", least=40, most=60, why="half, by luck"
)
STILL_SCORES = Bound(
    "accuracy with one layer of steps, in %", least=20, why="twice what guessing ten digits gives"
)
RULE_LEARNS = Bound("runs that the perceptron rule teaches, in %", least=85, why="nearly all")
TRAINS_HIDDEN = Bound(
    "points that straight-through gradients win, three layers", least=0, above=True
)

DEPTHS = (1, 2, 3)
_EPOCHS, _RATE = 10, 0.003  # straight-through networks train one by one: the others the same


def through_steps(depth: int) -> Callable[[object], torch.nn.Module]:
    """Networks of steps whose backward pass takes hard tanh's slope (Bengio et al. 2013)."""
    from torch import Tensor, nn

    class Through(nn.Module):
        def forward(self, z: Tensor) -> Tensor:
            soft = (z.clamp(-1, 1) + 1) / 2
            return soft + ((z > 0).to(z) - soft).detach()

    def network(_activation: object) -> nn.Module:
        sizes = (64, *(WIDTH,) * depth)
        layers = [
            part
            for fan_in, fan_out in itertools.pairwise(sizes)
            for part in (nn.Linear(fan_in, fan_out), Through())
        ]
        return nn.Sequential(*layers, nn.Linear(WIDTH, 10))

    return network


def hidden_moves(trained: Ensemble, start: Ensemble) -> float:
    """The largest change of any weight or bias before the output layer."""
    return max(
        float(np.abs(after - before).max())
        for member in range(len(trained))
        for of_after, of_before in zip(
            trained.weights(member)[:-1], start.weights(member)[:-1], strict=True
        )
        for after, before in zip(of_after, of_before, strict=True)
    )


def step_cannot_learn(seeds: range) -> Measured:
    """A step neuron on the movie table; networks of steps on the digits, with and without help."""
    ignorant = [_ignorant(seed) for seed in seeds]
    stuck = [n.fit(CASES, ANSWERS.astype(float), "gradient", steps=200).neuron for n in ignorant]
    taught = [n.fit(CASES, ANSWERS.astype(float), "perceptron").converged for n in ignorant]
    alone = max(
        abs(a - b)
        for now, before in zip(stuck, ignorant, strict=True)
        for a, b in zip((*now.weights, now.bias), (*before.weights, before.bias), strict=True)
    )
    split, few = digits(), range(max(2, len(seeds) // 20))
    moves, frozen, through = alone, {}, {}
    for depth in DEPTHS:
        plan = {"activations": ["step"], "hidden": (WIDTH,) * depth, "seeds": few}
        trained = train(split, learning_rates=_RATE, epochs=_EPOCHS, **plan)
        start = train(split, learning_rates=NO_RATE, epochs=1, **plan)
        moves = max(moves, hidden_moves(trained, start))
        frozen[depth] = accuracy(trained, split)
        helped = train(
            split, model=through_steps(depth), seeds=few, learning_rates=_RATE, epochs=_EPOCHS
        )
        through[depth] = accuracy(helped, split)
    moved = once("largest change of a weight before a step", moves)
    output = percent(
        "accuracy of a step neuron after training",
        [float((n(CASES) == ANSWERS).mean()) for n in stuck],
    )
    plain = [percent(f"accuracy, hidden layers of steps: {d}", frozen[d]) for d in DEPTHS]
    helped = [
        percent(f"accuracy, straight-through, hidden layers: {d}", through[d]) for d in DEPTHS
    ]
    win = mean(
        "straight-through gradients win, three layers",
        100 * (through[3] - frozen[3]),
        "points",
    )
    rule = share("runs that the perceptron rule teaches", sum(taught), len(taught))
    rows = [
        row
        for depth, a, b in zip(DEPTHS, plain, helped, strict=True)
        for row in (
            Row(f"{depth} hidden, plain gradient", a, "step"),
            Row(f"{depth} hidden, straight-through", b, "relu"),
        )
    ]
    return Measured(
        headline=moved,
        checks=(
            Check(
                NEVER,
                moved,
                "no weight before a step ever moves",
                f"weights before a step move by up to {moved.shown}",
            ),
            Check(
                BY_LUCK,
                output,
                f"a step output stays at luck ({output.shown} right)",
                f"a step output is right in {output.shown} of cases ({output.interval})",
            ),
            Check(
                STILL_SCORES,
                plain[0],
                f"one hidden layer of steps still scores {plain[0].shown} on the digits, as its "
                f"linear output learns; three score {plain[2].shown}",
                f"one hidden layer of steps scores {plain[0].shown} ({plain[0].interval})",
                essential=False,
            ),
            Check(
                RULE_LEARNS,
                rule,
                f"the perceptron rule teaches the movie table in {rule.shown} of runs",
                f"the perceptron rule teaches the movie table in {rule.shown} of runs "
                f"({rule.interval})",
                essential=False,
            ),
            Check(
                TRAINS_HIDDEN,
                win,
                f"straight-through gradients win {win.shown} with three layers",
                f"straight-through gradients win nothing sure ({win.interval})",
                essential=False,
            ),
        ),
        others=(*plain[1:], *helped),
        picture=Dots(
            "Digits with hidden layers of steps",
            "Accuracy on rows not trained on; plain gradients leave the hidden weights as drawn.",
            "% right",
            rows,
            levels=(Level(10, "guessing"),),
        ),
    )


def _ignorant(seed: int) -> Neuron:
    drawn = np.random.default_rng(seed).standard_normal(4)
    return Neuron(drawn[:3].tolist(), bias=float(drawn[3]))
