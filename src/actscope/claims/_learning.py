"""Learning by nothing but nudging weights and keeping what helps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope import catalogue

from ._claim import Measured
from ._neuron import ANSWERS, CASES
from ._numbers import Number, share
from ._pictures import Lines, Series
from ._verdict import Bound, Check

Array = NDArray[Any]

NUDGES, SIZE = 2000, 0.1
_MARKS = (0, 100, 200, 300, 500, 750, 1000, 1500, 2000)

NEARLY_ALL = Bound(
    "runs that learn with a sigmoid, in %",
    least=90,
    why="nearly all; 100 runs can show no more than 96",
)
SELDOM = Bound("runs that learn with a step, in %", most=50, why="more often not than yes")

SMOOTH, DRIFT, STRICT = "sigmoid", "step, ties kept", "step, ties refused"


def climb(activation: str, keep_ties: bool, seeds: range) -> dict[int, Array]:
    """After how many nudges which runs answer all eight movie cases right.

    One weight or the bias moves by a normal number of spread 0.1; the nudge is kept if the
    squared error over the eight cases falls (`keep_ties`: or stays). Bool["run"] at each mark.
    """
    f: Any = catalogue.get(activation)
    rng = [np.random.default_rng(seed) for seed in seeds]
    weights = np.stack([r.standard_normal(4) for r in rng])
    which = np.stack([r.integers(0, 4, NUDGES) for r in rng], axis=1)
    moves = np.stack([r.normal(0, SIZE, NUDGES) for r in rng], axis=1)
    rows = np.column_stack([CASES, np.ones(len(CASES))])
    runs = np.arange(len(seeds))

    def error(of: Array) -> Array:
        return ((f(of @ rows.T) - ANSWERS) ** 2).sum(axis=1)

    now = error(weights)
    found = {}
    for k in range(NUDGES + 1):
        if k in _MARKS:
            found[k] = ((weights @ rows.T > 0) == ANSWERS).all(axis=1)
        if k == NUDGES:
            break
        tried = weights.copy()
        tried[runs, which[k]] += moves[k]
        then = error(tried)
        kept = then <= now if keep_ties else then < now
        weights[kept] = tried[kept]
        now = np.where(kept, then, now)
    return found


def small_changes(seeds: range) -> Measured:
    """The same starts and the same nudges for a sigmoid and for two ways with a step."""
    curves = {
        name: climb(name.split(",")[0], name == DRIFT, seeds) for name in (SMOOTH, DRIFT, STRICT)
    }

    def at(name: str, k: int) -> Number:
        return share(f"runs that learn: {name}", int(curves[name][k].sum()), len(seeds))

    smooth, drift, strict = (at(name, NUDGES) for name in (SMOOTH, DRIFT, STRICT))
    start = share("runs right before the first nudge", int(curves[SMOOTH][0].sum()), len(seeds))
    return Measured(
        headline=smooth,
        checks=(
            Check(
                NEARLY_ALL,
                smooth,
                f"with a sigmoid {smooth.shown} of runs learn the movie table from {NUDGES:,} "
                "nudges",
                f"with a sigmoid {smooth.shown} of runs learn the movie table ({smooth.interval})",
            ),
            Check(
                SELDOM,
                strict,
                f"a step that keeps only what helps stands still ({strict.shown} learn)",
                f"a step that keeps only what helps learns it in {strict.shown} of runs "
                f"({strict.interval})",
                essential=False,
            ),
            Check(
                SELDOM,
                drift,
                f"a step that also keeps what does no harm seldom finds it ({drift.shown})",
                "a step that also keeps what does no harm finds it by wandering in "
                f"{drift.shown} of runs ({drift.interval})",
                essential=False,
            ),
        ),
        others=(start,),
        picture=Lines(
            "Learning the movie table by nudges alone",
            "Share of runs that answer all eight cases right, against nudges tried.",
            "nudges tried",
            "% of runs",
            [
                Series(name, _MARKS, [at(name, k) for k in _MARKS])
                for name in (SMOOTH, DRIFT, STRICT)
            ],
        ),
    )
