"""Whether a leak cures dying: the same runs as `_dying`, with leaky and parametric ReLU."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ._claim import Measured
from ._dying import DEPTHS, MANY, RATES, gradients, runs
from ._numbers import Number, mean, once, percent
from ._pictures import Lines, Series
from ._train import groups
from ._verdict import Bound, Check

NONE_DEAD = Bound("dead units with a leak", least=0, most=0, why="a slope is never 0")
STILL_PULLED = Bound(
    "units below 0 on every row that get a gradient, in %", least=99, why="all but a rounding"
)
BETTER = Bound("points that a leak wins where most ReLUs are dead", least=0, above=True)
KEEPS_TRAINING = Bound(
    "accuracy with a leak where most ReLUs are dead, in %", least=90, why="as at good rates"
)


def leaky_cures(seeds: range) -> Measured:
    """Dead units, their gradients, and accuracy in the runs where most ReLUs die."""
    relu, leaky, prelu = (runs(name, seeds) for name in ("relu", "leaky_relu", "prelu"))
    dead = once(
        "dead units with a leak", sum(int(d.sum()) for r in (leaky, prelu) for d in r.dead.values())
    )
    cells = [(d, r) for d in DEPTHS for r in RATES if relu.share(d, r).mean() > MANY]
    assert cells  # at the highest rate nearly all die; a run without them shows nothing
    won = {
        name: mean(
            f"accuracy that {shown} wins where most ReLUs are dead",
            100 * np.mean([of.right[c] - relu.right[c] for c in cells], axis=0),
            "points",
        )
        for name, shown, of in (
            ("leaky", "leaky ReLU", leaky),
            ("prelu", "parametric ReLU", prelu),
        )
    }
    pulled = _pulled(seeds)
    right = percent(
        "accuracy of leaky ReLU where most ReLUs are dead",
        np.mean([leaky.right[c] for c in cells], axis=0),
    )
    plain = percent("accuracy of ReLU there", np.mean([relu.right[c] for c in cells], axis=0))
    lost = {
        (d, r): mean(
            f"accuracy that leaky ReLU wins, {d} hidden, rate {r:g}",
            100 * (leaky.right[d, r] - relu.right[d, r]),
            "points",
        )
        for d in DEPTHS
        for r in RATES
        if (d, r) not in cells
    }
    every = {
        f"{shown}, {d} hidden": [
            percent(f"accuracy, {shown}, {d} hidden, rate {r:g}", of.right[d, r]) for r in RATES
        ]
        for d in (3,)
        for shown, of in (("ReLU", relu), ("leaky ReLU", leaky), ("parametric ReLU", prelu))
    }
    return Measured(
        headline=won["leaky"],
        checks=(
            Check(
                NONE_DEAD,
                dead,
                "no unit is dead with a leak",
                f"{dead.shown} units are dead with a leak",
            ),
            Check(
                STILL_PULLED,
                pulled,
                f"{pulled.shown} of units that are below 0 on every row still get a gradient",
                f"only {pulled.shown} of units that are below 0 on every row get a gradient",
            ),
            Check(
                BETTER,
                won["leaky"],
                f"where most ReLUs die leaky ReLU wins {won['leaky'].shown} of accuracy",
                f"where most ReLUs die leaky ReLU wins nothing sure "
                f"({won['leaky'].interval} of accuracy)",
            ),
            Check(
                BETTER,
                won["prelu"],
                f"parametric ReLU {won['prelu'].shown}",
                f"parametric ReLU wins {won['prelu'].shown} ({won['prelu'].interval})",
                essential=False,
            ),
            Check(
                KEEPS_TRAINING,
                right,
                f"with it the networks still get {right.shown} right",
                f"at rates that kill ReLU the leaky networks get only {right.shown} right "
                f"(ReLU {plain.shown}): a leak does not mend a rate that is too high",
                essential=False,
            ),
        ),
        others=(plain, *lost.values(), *(n for of in every.values() for n in of)),
        note=_where_it_loses(lost),
        picture=Lines(
            "Accuracy over the learning rate, three hidden layers",
            "Accuracy on digits not trained on, the same starts and batches for all three.",
            "Adam's learning rate",
            "% right",
            [Series(name.split(",")[0], RATES, of) for name, of in every.items()],
            log_x=True,
            ticks=tuple((rate, f"{rate:g}") for rate in RATES),
        ),
    )


def _where_it_loses(won: Mapping[tuple[int, float], Number]) -> str:
    """Said of settings where few ReLUs die and the leak does harm, if any."""
    (depth, rate), worst = min(won.items(), key=lambda item: item[1].value)
    if not worst.high < 0:
        return ""
    return (
        f"where fewer die it can lose: {abs(worst.value):.3g} points at rate {rate:g} with "
        f"{depth} hidden layers ({worst.interval})"
    )


def _pulled(seeds: range) -> Number:
    """Share of units below 0 on every row that get a gradient; three layers, rate 0.1."""
    e = runs("leaky_relu", seeds).ensembles[3]
    at = [m for _, rate, members in groups(e) if rate == 0.1 for m in members]
    found = [gradients(e, int(m), "relu") for m in at]
    shares = [float((g > 0).mean()) for g in found if len(g)]
    name = "units below 0 on every row that get a gradient"
    return percent(name, shares) if shares else once(name, 100, "%")
