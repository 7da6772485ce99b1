"""Who is at the target loss sooner: steps on the digits, each activation at its own best rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._claim import Measured
from ._layers import AFTER, BEFORE, Outputs, trained_and_not
from ._numbers import Number, mean, once, ratio
from ._pictures import Lines, Series
from ._train import WIDTH, Array, digits, groups, losses, steps_to, train
from ._verdict import Bound, Check

DEPTHS = (1, 3, 5)
TARGET = 0.1  # mean training loss: nearly all digits right, none by heart
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
STEEPER = (*RATES, 3e-1)  # sigmoid's slopes are small: with one layer it likes 0.1 best
EPOCHS = 20

SOONER = Bound("steps of the slower over steps of the quicker", least=1, above=True)
WORTH_IT = Bound("the same, on average over depths", least=1.05, why="a twentieth saved")


@dataclass(frozen=True)
class Race:
    """steps: Float["seed"] of each (activation, depth). never: how many runs did not arrive.

    ends: share of chosen rates that stand at an end of the grid, where a better one may lie beyond.
    """

    steps: dict[tuple[str, int], Array]
    never: dict[str, int]
    ends: float

    def ratio(self, slow: str, quick: str, depth: int) -> Number:
        """Steps of one over steps of the other at one depth, paired by seed."""
        name = f"steps of {slow} over {quick}, hidden layers: {depth}"
        return ratio(name, self.steps[slow, depth], self.steps[quick, depth])

    def overall(self, slow: str, quick: str, depths: tuple[int, ...]) -> Number:
        """The same, each seed's geometric mean over the depths."""
        over, under = (
            np.exp(np.mean([np.log(self.steps[name, d]) for d in depths], axis=0))
            for name in (slow, quick)
        )
        return ratio(f"steps of {slow} over {quick}, over depths", over, under)

    def lines(self, names: dict[str, str]) -> list[Series]:
        """Mean steps against depth."""
        return [
            Series(shown, DEPTHS, [mean(shown, self.steps[name, d], "steps") for d in DEPTHS])
            for name, shown in names.items()
        ]


def race(activations: list[str], seeds: range, rates: tuple[float, ...] = RATES) -> Race:
    """All rates for all seeds; a seed counts at the rate that was quickest on the other seeds.

    Same starts and batches for all at one seed. Choosing on other seeds lets no lucky run choose
    its own rate.
    """
    split = digits()
    steps, never, ends = {}, dict.fromkeys(activations, 0), []
    for depth in DEPTHS:
        e = train(
            split,
            hidden=(WIDTH,) * depth,
            activations=activations,
            learning_rates=rates,
            seeds=seeds,
            epochs=EPOCHS,
        )
        counted, late = steps_to(losses(e), TARGET, split.steps)
        for name in activations:
            at = [members for activation, _, members in groups(e) if activation == name]
            chosen = by_others(counted[at])
            ends.append(np.isin(chosen, (0, len(rates) - 1)).mean())
            steps[name, depth] = counted[at][chosen, np.arange(len(seeds))]
            never[name] += int(late[at][chosen, np.arange(len(seeds))].sum())
    return Race(steps, never, float(np.mean(ends)))


def by_others(steps: Array) -> Array:
    """Int["seed"], the rate with the fewest steps on all seeds but this one.

    Args:
        steps: Float["rate seed"].

    >>> by_others(np.array([[1.0, 9.0, 9.0], [5.0, 5.0, 5.0]])).tolist()
    [1, 0, 0]
    """
    others = steps.sum(axis=1, keepdims=True) - steps
    return others.argmin(axis=0)


def leaky_faster(seeds: range) -> Measured:
    """Leaky and parametric ReLU against plain ReLU."""
    of = race(["relu", "leaky_relu", "prelu"], seeds)
    pairs = {d: of.ratio("relu", "leaky_relu", d) for d in DEPTHS}
    overall = of.overall("relu", "leaky_relu", DEPTHS)
    learned = of.overall("relu", "prelu", DEPTHS)
    where = [d for d in DEPTHS if SOONER.met(pairs[d])]
    return Measured(
        headline=overall,
        checks=(
            Check(
                SOONER,
                overall,
                f"plain ReLU needs {overall.shown} the steps of leaky ReLU",
                f"plain ReLU needs {overall.shown} the steps of leaky ReLU ({overall.interval}), "
                "which shows no lead"
                + (f" but with {' and '.join(map(str, where))} hidden layers" if where else ""),
            ),
            Check(
                WORTH_IT,
                overall,
                "more than a twentieth is saved",
                "" if not SOONER.met(overall) else "less than a twentieth is surely saved",
                essential=False,
            ),
            Check(
                SOONER,
                learned,
                f"the learned slope is quicker too ({learned.shown})",
                f"for parametric ReLU it is {learned.shown} ({learned.interval})",
                essential=False,
            ),
        ),
        others=(
            *pairs.values(),
            *(of.ratio("relu", "prelu", d) for d in DEPTHS),
            once("chosen rates at an end of the grid", 100 * of.ends, "%"),
        ),
        picture=Lines(
            "Steps until the training loss is 0.1",
            "Mean steps on the digits, each activation at its own best learning rate.",
            "hidden layers",
            "steps",
            of.lines({"relu": "ReLU", "leaky_relu": "leaky ReLU", "prelu": "parametric ReLU"}),
            ticks=tuple((float(d), str(d)) for d in DEPTHS),
        ),
    )


NEAR_ZERO = Bound("mean output of tanh layers", least=-0.1, most=0.1, why="a tenth of its reach")
NEAR_HALF = Bound("mean output of sigmoid layers", least=0.4, most=0.6, why="the same from 0.5")
DEEPER_SOONER = Bound("sigmoid's steps over tanh's, 3 and 5 hidden layers", least=1, above=True)
UNITS_CENTRED = Bound(
    "size of a tanh unit's own mean", most=0.1, why="the argument is about each input of a layer"
)


def tanh_centres(seeds: range) -> Measured:
    """Means of tanh and sigmoid layers, then the race between them."""
    networks = trained_and_not(["tanh", "sigmoid"], seeds)
    found = {
        (name, when): Outputs.of(e, name)
        for when, e in networks.items()
        for name in ("tanh", "sigmoid")
    }

    def layers(name: str) -> Number:
        both = [found[name, when].mean.mean(axis=1) for when in (BEFORE, AFTER)]
        return mean(f"mean output of {name} layers", np.mean(both, axis=0))

    near, half = layers("tanh"), layers("sigmoid")
    units = mean("size of a tanh unit's own mean", found["tanh", BEFORE].unit.mean(axis=1))
    of = race(["tanh", "sigmoid"], seeds, STEEPER)
    overall = of.overall("sigmoid", "tanh", DEPTHS[1:])
    pairs = [of.ratio("sigmoid", "tanh", d) for d in DEPTHS]
    late = of.never["sigmoid"] - of.never["tanh"]
    return Measured(
        headline=overall,
        checks=(
            Check(
                NEAR_ZERO,
                near,
                f"tanh layers average {near.shown}",
                f"tanh layers average {near.shown}",
            ),
            Check(
                NEAR_HALF,
                half,
                f"sigmoid layers {half.shown}",
                f"sigmoid layers average {half.shown}",
            ),
            Check(
                DEEPER_SOONER,
                overall,
                f"with 3 and 5 hidden layers sigmoid needs {overall.shown} the steps of tanh"
                + (f" ({of.never['sigmoid']} of its runs never arrive)" if late > 0 else ""),
                f"with 3 and 5 hidden layers sigmoid needs {overall.shown} the steps of tanh "
                f"({overall.interval})",
            ),
            Check(
                UNITS_CENTRED,
                units,
                f"single units average within {units.shown} of 0",
                f"single tanh units are not centred: the mean of one is {units.shown} from 0, "
                "only their average is near it",
                essential=False,
            ),
        ),
        others=(*pairs, once("chosen rates at an end of the grid", 100 * of.ends, "%")),
        picture=Lines(
            "Steps until the training loss is 0.1",
            "Mean steps on the digits, each activation at its own best learning rate.",
            "hidden layers",
            "steps",
            of.lines({"tanh": "tanh", "sigmoid": "sigmoid"}),
            ticks=tuple((float(d), str(d)) for d in DEPTHS),
        ),
    )
