"""What the outputs of hidden layers look like on the digits, before and after training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from actscope.ensemble import Ensemble

from ._claim import Measured
from ._numbers import Number, mean, percent
from ._pictures import Level, Lines, Series
from ._train import NO_RATE, WIDTH, Array, digits, hidden, train
from ._verdict import Bound, Check

DEPTH = 3
EPOCHS, RATE = 20, 1e-3  # Adam's usual rate; all digits are learned by then
BEFORE, AFTER = "before training", "after training"
_TICKS = tuple((float(k), f"layer {k}") for k in range(1, DEPTH + 1))

HALF_BEFORE = Bound(
    "units active before training, in %", least=40, most=60, why="half, within a tenth"
)
POSITIVE = Bound("mean output of a ReLU layer", least=0, above=True)
MATTERS = Bound(
    "ReLU's mean in its standard deviations", least=0.25, why="a quarter of its own spread"
)


def trained_and_not(activations: list[str], seeds: range) -> dict[str, Ensemble]:
    """The same networks at their start and after training."""
    plan = {"hidden": (WIDTH,) * DEPTH, "activations": activations, "seeds": seeds}
    return {
        BEFORE: train(digits(), learning_rates=NO_RATE, epochs=1, **plan),
        AFTER: train(digits(), learning_rates=RATE, epochs=EPOCHS, **plan),
    }


@dataclass(frozen=True)
class Outputs:
    """Of each network and layer, on all training rows; each Float["member layer"].

    mean: over rows and units; spread: standard deviation over both; unit: mean over units of the
    size of a unit's own mean; active: share of outputs that are not 0.
    """

    mean: Array
    spread: Array
    unit: Array
    active: Array

    @classmethod
    def of(cls, e: Ensemble, activation: str) -> Outputs:
        """Of the members of one activation, seeds in order."""
        every: Any = e.members
        table = every[every["activation"] == activation].sort_values("seed")
        layers = [
            [
                (a.mean(), a.std(), np.abs(a.mean(axis=0)).mean(), (a != 0).mean())
                for _, a in hidden(e, int(member), digits().X)
            ]
            for member in table.index
        ]
        return cls(*np.moveaxis(np.array(layers), 2, 0))


def half_active(seeds: range) -> Measured:
    """Share of ReLU outputs that are not 0, layer by layer."""
    found = {
        when: Outputs.of(e, "relu").active for when, e in trained_and_not(["relu"], seeds).items()
    }
    whole = {when: percent(f"active {when}", of.mean(axis=1)) for when, of in found.items()}
    layers = {
        when: [percent(f"active {when}, layer {k + 1}", of[:, k]) for k in range(DEPTH)]
        for when, of in found.items()
    }
    return Measured(
        headline=whole[BEFORE],
        checks=(
            Check(
                HALF_BEFORE,
                whole[BEFORE],
                f"{whole[BEFORE].shown} of ReLU outputs are not 0 before training",
                f"{whole[BEFORE].shown} of ReLU outputs are not 0 before training "
                f"({whole[BEFORE].interval})",
            ),
        ),
        # Half is said of random weights alone, so what training makes of it decides nothing.
        note=f"half is said of the start: after training it is {whole[AFTER].shown}",
        others=(whole[AFTER], *(n for of in layers.values() for n in of)),
        picture=_by_layer(
            "How many ReLU outputs are not 0",
            "Share of outputs that are not 0 in each hidden layer.",
            "% active",
            layers,
            Level(50, "half"),
        ),
    )


def relu_not_centred(seeds: range) -> Measured:
    """Means of ReLU layers, beside tanh's."""
    networks = trained_and_not(["relu", "tanh"], seeds)
    relu, tanh = (
        {when: Outputs.of(e, name) for when, e in networks.items()} for name in ("relu", "tanh")
    )
    means = {
        when: [mean(f"mean {when}, layer {k + 1}", of.mean[:, k]) for k in range(DEPTH)]
        for when, of in relu.items()
    }
    least = min((n for of in means.values() for n in of), key=lambda n: n.low)
    lowest = Number(
        "lowest mean of a ReLU layer", least.value, least.low, least.high, runs=least.runs
    )
    unit = "standard deviations"
    sizes = [mean(f"mean of ReLU layers {w}", _relative(of), unit) for w, of in relu.items()]
    weakest = min(sizes, key=lambda n: n.low)
    beside = [mean(f"mean of tanh layers {w}", _relative(of), unit) for w, of in tanh.items()]
    return Measured(
        headline=weakest,
        checks=(
            Check(
                POSITIVE,
                lowest,
                f"every ReLU layer's mean is above 0 (the lowest is {lowest.shown})",
                f"not every ReLU layer's mean is surely above 0 (the lowest is {lowest.shown}, "
                f"{lowest.interval})",
            ),
            Check(
                MATTERS,
                weakest,
                f"on average over layers by {weakest.shown} (tanh: {beside[0].shown})",
                f"it is {weakest.shown} from 0 ({weakest.interval})",
                essential=False,
            ),
        ),
        others=(*sizes, *beside, *(n for of in means.values() for n in of)),
        picture=_by_layer(
            "The mean output of ReLU and tanh layers",
            "Mean over rows and units of each hidden layer's outputs.",
            "mean output",
            {
                f"{name}, {when}": [mean(name, of.mean[:, k]) for k in range(DEPTH)]
                for name, both in (("ReLU", relu), ("tanh", tanh))
                for when, of in both.items()
            },
            Level(0, ""),
        ),
    )


def _relative(of: Outputs) -> Array:
    return (of.mean / of.spread).mean(axis=1)


def _by_layer(
    title: str, about: str, y: str, numbers: dict[str, list[Number]], level: Level
) -> Lines:
    xs = [x for x, _ in _TICKS]
    series = [Series(name, xs, of) for name, of in numbers.items()]
    return Lines(title, about, "", y, series, ticks=_TICKS, levels=(level,))
