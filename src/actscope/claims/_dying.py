"""Dying ReLU on the digits: how many, whether they come back, what a leak changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from actscope import catalogue
from actscope.ensemble import Ensemble
from actscope.health import dead_inputs

from ._claim import Measured
from ._numbers import Number, mean, once, percent
from ._pictures import Lines, Series
from ._train import WIDTH, Array, accuracy, digits, groups, losses, train
from ._verdict import Bound, Check

RATES = (0.001, 0.01, 0.03, 0.1, 0.3)
DEPTHS = (1, 3, 5)
EPOCHS = 10
MANY = 0.5  # "most units are dead"
ALMOST_ALL = 0.9

GROWS_WITH_RATE = Bound(
    "points of units that die more at rate 0.1 than at 0.001",
    least=10,
    why="a tenth of all units",
)
GROWS_WITH_DEPTH = Bound("points of units that die more in 5 layers than in 1", least=0, above=True)
NO_GRADIENT = Bound("largest gradient of a dead unit", least=0, most=0, why="a slope of 0")
NONE_RETURNS = Bound(
    "dead units alive again at the end, in %", most=1, why="one in a hundred is hardly any"
)
STALLS = Bound(
    "fall of the loss in the second half where most units are dead, in %",
    most=5,
    why="a network that trains would halve it",
)


@dataclass(frozen=True)
class Runs:
    """All of one activation: Float["seed ..."] in order of seeds, by (depth, rate).

    dead, dead_half: Bool["seed layer unit"] at the end and halfway. loss, loss_half: of the last
    epoch and of the middle one. right: share of right answers.
    """

    dead: dict[tuple[int, float], Array]
    dead_half: dict[tuple[int, float], Array]
    loss: dict[tuple[int, float], Array]
    loss_half: dict[tuple[int, float], Array]
    right: dict[tuple[int, float], Array]
    ensembles: dict[int, Ensemble]

    def share(self, depth: int, rate: float) -> Array:
        """Float["seed"], dead units over all units at the end."""
        return self.dead[depth, rate].mean(axis=(1, 2))


@cache
def runs(activation: str, seeds: range) -> Runs:
    """Every depth, rate and seed, for half of the epochs and for all of them.

    The rate stays the same and batches follow from the seed, so that a network trained for half
    of the epochs is, bit for bit, the longer one halfway.
    """
    found: dict[str, dict[Any, Any]] = {
        name: {} for name in ("dead", "dead_half", "loss", "loss_half", "right", "ensembles")
    }
    split, half = digits(), EPOCHS // 2
    for depth in DEPTHS:
        plan = {
            "activations": [activation],
            "hidden": (WIDTH,) * depth,
            "learning_rates": RATES,
            "seeds": seeds,
        }
        whole, short = train(split, epochs=EPOCHS, **plan), train(split, epochs=half, **plan)
        dead, dead_half, curves = _dead(whole), _dead(short), losses(whole)
        right = accuracy(whole, split)
        found["ensembles"][depth] = whole
        for _, rate, members in groups(whole):
            at = depth, rate
            found["dead"][at], found["dead_half"][at] = dead[members], dead_half[members]
            found["loss"][at], found["loss_half"][at] = (
                curves[members, -1],
                curves[members, half - 1],
            )
            found["right"][at] = right[members]
    return Runs(**found)


def _dead(e: Ensemble) -> Array:
    """Bool["member layer unit"], dead on all training rows."""
    table = e.health(digits().X)
    found = np.zeros((len(e), len(e.settings.hidden), WIDTH), dtype=bool)
    for member, layer, units in zip(
        table["member"], table["layer"], table["dead_units"], strict=True
    ):
        found[member, layer - 1, units or []] = True
    return found


def gradients(e: Ensemble, member: int, always: str) -> Array:
    """Float["unit"], largest gradient of a unit's weights and bias, the loss over all rows.

    Of the units that get nothing but inputs <= 0 (`always` is the activation whose dead region
    that is), in all hidden layers of one member.
    """
    import torch

    module, split = e.module(member), digits()
    record: Any = catalogue.get(always)
    inputs: list[tuple[torch.nn.Linear, torch.Tensor]] = []
    linear = [m for m in module.modules() if isinstance(m, torch.nn.Linear)]

    def keep(layer: torch.nn.Module, _x: object, z: torch.Tensor) -> None:
        assert isinstance(layer, torch.nn.Linear)
        inputs.append((layer, z.detach()))

    for layer in linear[:-1]:
        layer.register_forward_hook(keep)
    for parameter in module.parameters():
        parameter.requires_grad_(True)
    outputs = module(torch.from_numpy(split.X).to(linear[0].weight.dtype))
    torch.nn.functional.cross_entropy(outputs, torch.from_numpy(split.y)).backward()
    found = []
    for layer, z in inputs:
        assert layer.weight.grad is not None
        assert layer.bias.grad is not None
        dead = dead_inputs(z, record).all(0)
        largest = torch.maximum(layer.weight.grad.abs().amax(1), layer.bias.grad.abs())
        found.append(largest[dead].double().numpy())
    return np.concatenate(found)


def dying(seeds: range) -> Measured:
    """Dead share over rates and depths; gradients, returns and the loss of the half dead."""
    of = runs("relu", seeds)
    shares = {
        d: [percent(f"dead, hidden layers: {d}, rate {r:g}", of.share(d, r)) for r in RATES]
        for d in DEPTHS
    }
    by_rate = mean(
        "units that die more at rate 0.1 than at 0.001",
        100 * np.mean([of.share(d, 0.1) - of.share(d, 0.001) for d in DEPTHS], axis=0),
        "points",
    )
    by_depth = mean(
        "units that die more in 5 layers than in 1, rate 0.03",
        100 * (of.share(5, 0.03) - of.share(1, 0.03)),
        "points",
    )
    e = of.ensembles[3]
    at = [m for _, rate, members in groups(e) if rate == 0.1 for m in members]
    zero = once(
        "largest gradient of a dead unit", max(gradients(e, m, "relu").max(initial=0) for m in at)
    )
    back = _returned(of, slice(None), "")
    first = _returned(of, slice(1), ", first layer")
    deeper = _returned(of, slice(1, None), ", later layers")
    stalled, fully = (_falls(of, least) for least in (MANY, ALMOST_ALL))
    return Measured(
        headline=by_rate,
        checks=(
            Check(
                GROWS_WITH_RATE,
                by_rate,
                f"of all units {by_rate.shown} more die at learning rate 0.1 than at 0.001",
                f"at learning rate 0.1 {by_rate.shown} more die than at 0.001 ({by_rate.interval})",
            ),
            Check(
                NO_GRADIENT,
                zero,
                "a dead unit's gradient is exactly 0",
                f"a dead unit's gradient reaches {zero.shown}",
            ),
            Check(
                GROWS_WITH_DEPTH,
                by_depth,
                "deeper networks lose more",
                f"depth does not surely add to it ({by_depth.interval})",
                essential=False,
            ),
            Check(
                NONE_RETURNS,
                back,
                f"{back.shown} of those dead halfway are alive at the end",
                f"{back.shown} of those dead halfway are alive again at the end "
                f"({first.shown} in the first layer, {deeper.shown} in later ones, whose inputs "
                "still change)",
                essential=False,
            ),
            Check(
                STALLS,
                stalled,
                "training stalls where most units are dead",
                f"with most units dead the loss still falls by {stalled.shown} in the second half"
                f" (with nine of ten dead by {fully.shown})",
                essential=False,
            ),
        ),
        others=(*(n for d in DEPTHS for n in shares[d]), first, deeper, fully),
        picture=Lines(
            "Dead ReLU units after ten epochs",
            "Share of units that are dead on all training rows of the digits.",
            "Adam's learning rate",
            "% dead",
            [Series(f"{d} hidden layer{'s' * (d > 1)}", RATES, shares[d]) for d in DEPTHS],
            log_x=True,
            ticks=tuple((rate, f"{rate:g}") for rate in RATES),
        ),
    )


def _returned(of: Runs, layers: slice, where: str) -> Number:
    """How many of those dead halfway live at the end, per seed over rates and depths."""
    cells = [(half[:, layers], of.dead[at][:, layers]) for at, half in of.dead_half.items()]
    dead = sum(half.sum(axis=(1, 2)) for half, _ in cells)
    alive = sum((half & ~end).sum(axis=(1, 2)) for half, end in cells)
    return percent(
        f"dead halfway, alive at the end{where}", np.asarray(alive) / np.maximum(dead, 1)
    )


def _falls(of: Runs, least: float) -> Number:
    """By how much the loss falls in the second half, in runs with so many units dead halfway.

    The mean over such runs of each seed. A loss that grows or is not finite did not fall.
    """
    shares = np.stack([half.mean(axis=(1, 2)) for half in of.dead_half.values()])
    losses_ = np.stack([of.loss[at] / of.loss_half[at] for at in of.dead_half])
    falls = np.clip(1 - np.nan_to_num(losses_, nan=1.0, posinf=1.0), 0, None)
    many = shares >= least
    by_seed = [falls[many[:, s], s].mean() for s in range(falls.shape[1]) if many[:, s].any()]
    name = f"fall of the loss in the second half with {100 * least:g}% dead or more"
    return percent(name, by_seed) if by_seed else Number(name, *(np.nan,) * 3, unit="%", runs=1)
