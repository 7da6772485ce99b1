"""One neuron: the movie decision, and what a nudge of a weight does to a step and a sigmoid."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope import catalogue
from actscope.neuron import Neuron

from ._claim import Measured
from ._numbers import mean, once, percent
from ._pictures import Dots, Level, Lines, Row, Series
from ._verdict import Bound, Check

Array = NDArray[Any]

NAMES = ("Marvel", "my theatre", "company")
WEIGHTS, THRESHOLD = (4.0, 2.0, 2.0), 3.0
CASES = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
# As the decision is told, not as it is computed: Marvel regardless, else both of the others.
ANSWERS = np.array([bool(marvel or (theatre and company)) for marvel, theatre, company in CASES])

# --- movie

ALL_EIGHT = Bound("cases answered as described", least=8, most=8, why="there are only eight")
NO_TIE_FIRES = Bound(
    "totals equal to the threshold that fire", least=0, most=0, why="one would be enough against it"
)


def movie(_seeds: range) -> Measured:
    """All eight cases, then every threshold that some total meets exactly."""
    neuron = Neuron(WEIGHTS, threshold=THRESHOLD)
    totals = neuron.sum(CASES)
    right = int((neuron(CASES) == ANSWERS).sum())
    ties = [
        neuron.replace(threshold=total)(case) for case, total in zip(CASES, totals, strict=True)
    ]
    answers = once("cases answered as described", right)
    fired = once("totals equal to the threshold that fire", sum(ties))
    rows = [
        Row(_case(case), once("total", total), "relu" if total > THRESHOLD else "step")
        for case, total in zip(CASES, totals, strict=True)
    ]
    return Measured(
        headline=answers,
        checks=(
            Check(
                ALL_EIGHT,
                answers,
                "the neuron answers all 8 cases as described",
                f"it answers {right} of 8 cases as described",
            ),
            Check(
                NO_TIE_FIRES,
                fired,
                "a total that only equals the threshold never fires",
                f"{fired.shown} totals equal to the threshold fire",
            ),
        ),
        picture=Dots(
            "The movie neuron: totals of all eight cases",
            "Totals of weights 4, 2, 2; those right of the threshold 3 fire.",
            "total (above 3 it fires)",
            rows,
            levels=(Level(THRESHOLD, "threshold 3"),),
        ),
    )


def _case(case: Array) -> str:
    return " + ".join(n for n, x in zip(NAMES, case, strict=True) if x) or "none of them"


# --- nudges

SIZES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SMALL = 0.01
_NEURONS = 2000  # drawn at each seed

NOTHING_BETWEEN = Bound(
    "changes that are neither nothing nor a flip", least=0, most=0, why="the claim allows none"
)
MOSTLY_NOTHING = Bound(
    "nudges of 0.01 that change nothing, in %", least=95, why="nearly always: 19 of 20"
)
SOME_FLIP = Bound("nudges of 0.01 that flip an answer, in %", least=0, above=True)

WITHIN_LIPSCHITZ = Bound(
    "largest change over nudge",
    most=0.25 * (1 + 1e-9),
    why="1/4 is sigmoid's steepest slope; 1e-9 is for rounding",
)
DOUBLES = Bound(
    "factor on the change when a nudge of 0.01 doubles", least=1.98, most=2.02, why="2 within 1%"
)


def nudged(activation: str, seed: int, size: float) -> Array:
    """Change of output when one weight grows by `size`: random neurons, cases that it touches.

    Float["neuron case"]: weights and bias from a standard normal; the nudged weight's input is 1
    (where it is 0 nothing can change).
    """
    rng = np.random.default_rng(seed)
    weights, bias = rng.standard_normal((_NEURONS, 3)), rng.standard_normal((_NEURONS, 1))
    touched = CASES[CASES[:, 0] == 1]
    f: Any = catalogue.get(activation)
    before = weights @ touched.T + bias
    return f(before + size) - f(before)


def nudge_step(seeds: range) -> Measured:
    """Shares of nudges by what they do to a step neuron's answer."""
    changes = {size: [np.abs(nudged("step", seed, size)) for seed in seeds] for size in SIZES}
    still = {
        size: percent(
            f"nudges of {size:g} that change nothing", [float((c == 0).mean()) for c in found]
        )
        for size, found in changes.items()
    }
    flips = percent(
        "nudges of 0.01 that flip an answer", [float((c == 1).mean()) for c in changes[SMALL]]
    )
    between = sum(int(((c > 0) & (c < 1)).sum()) for found in changes.values() for c in found)
    neither = once("changes that are neither nothing nor a flip", between)
    small = still[SMALL]
    return Measured(
        headline=small,
        checks=(
            Check(
                NOTHING_BETWEEN,
                neither,
                "a nudge changes nothing or flips the answer completely, never anything between",
                f"{between} changes were neither nothing nor a flip",
            ),
            Check(
                MOSTLY_NOTHING,
                small,
                f"{small.shown} of nudges of 0.01 change nothing",
                f"{small.shown} of nudges of 0.01 change nothing ({small.interval})",
            ),
            Check(SOME_FLIP, flips, f"{flips.shown} flip it", "no flip was seen", essential=False),
        ),
        others=tuple(still[size] for size in (0.001, 0.1, 1.0)),
        picture=Lines(
            "A step neuron: how many nudges change nothing",
            "Share of nudges of one weight that leave a random step neuron's answer as it was.",
            "size of the nudge",
            "% that change nothing",
            [Series("step", SIZES, [still[size] for size in SIZES])],
            log_x=True,
        ),
    )


def nudge_sigmoid(seeds: range) -> Measured:
    """How far and how evenly a sigmoid neuron's output follows a weight."""
    largest = {
        name: [
            mean("largest change", [float(np.abs(nudged(name, s, size)).max()) for s in seeds])
            for size in SIZES
        ]
        for name in ("sigmoid", "step")
    }
    # The largest of all, not a mean of largest ones: one change beyond the limit would refute it.
    steepest = once(
        "largest change over nudge",
        max(float(np.abs(nudged("sigmoid", s, z)).max()) / z for s in seeds for z in SIZES),
    )
    doubling = mean(
        "factor on the change when a nudge of 0.01 doubles", [_factor(s) for s in seeds]
    )
    return Measured(
        headline=steepest,
        checks=(
            Check(
                WITHIN_LIPSCHITZ,
                steepest,
                f"no change of a sigmoid neuron's output is more than {steepest.shown} of the nudge"
                " (1/4 is the limit)",
                f"changes reach {steepest.shown} of the nudge",
            ),
            Check(
                DOUBLES,
                doubling,
                f"twice the small nudge makes {doubling.shown} times the change",
                f"twice the small nudge makes {doubling.shown} times the change "
                f"({doubling.interval})",
            ),
        ),
        picture=Lines(
            "The largest change that a nudge can make",
            "Largest change of a random neuron's output against the size of the nudge.",
            "size of the nudge",
            "change of the output",
            [Series(name, SIZES, numbers) for name, numbers in largest.items()],
            log_x=True,
            log_y=True,
        ),
    )


def _factor(seed: int) -> float:
    once, twice = (np.abs(nudged("sigmoid", seed, k * SMALL)).mean() for k in (1, 2))
    return float(twice / once)
