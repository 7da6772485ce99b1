"""Data in three groups, very negative, near zero, very positive: tanh against sigmoid."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ._claim import Measured
from ._numbers import Number, brief, mean, once
from ._pictures import Dots, Level, Row
from ._train import Array, Split, groups, train
from ._verdict import Bound, Check

CENTRES = (-5.0, 0.0, 5.0)
SPREAD = 1.5  # groups touch: a little of each is on the wrong side
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
DEPTHS = (1, 3)
WIDTH, EPOCHS = 16, 40
SCALES = {"as they are": 1.0, "standardised": float(np.hypot(np.std(CENTRES), SPREAD))}
TASKS: dict[str, Callable[[Array], Array]] = {
    "which group": lambda g: g[:, 0],
    "sum of two groups": lambda g: g[:, 0] + g[:, 1],
}

WINS = Bound("points that tanh wins over sigmoid", least=0, above=True)
BY_A_POINT = Bound("the same", least=1, why="what people would notice")
WINS_EACH = Bound("points that tanh wins, on the scale where it wins less", least=0, above=True)


def problem(task: str, scale: str, seed: int) -> tuple[Split, tuple[Array, Array]]:
    """Four features, each drawn from three groups; rows to choose a rate by beside the test's."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, (2000, 4))
    X = np.array(CENTRES)[group] + SPREAD * rng.standard_normal(group.shape)
    X /= SCALES[scale]  # the mean is 0 already
    y = TASKS[task](group)
    return Split(X[:500], y[:500], X[1000:], y[1000:]), (X[500:1000], y[500:1000])


def scores(task: str, scale: str, depth: int, seed: int) -> dict[str, tuple[float, float]]:
    """Accuracy of both, each at the rate with the least loss on the rows kept for choosing.

    With each the rate.
    """
    split, kept = problem(task, scale, seed)
    e = train(
        split,
        hidden=(WIDTH,) * depth,
        activations=["tanh", "sigmoid"],
        seeds=[seed],
        learning_rates=RATES,
        epochs=EPOCHS,
        validation=kept,
    )
    table: Any = e.members
    right = (e.predict(split.X_test) == split.y_test).mean(axis=1)
    best: dict[str, int] = {}
    for activation, _, members in groups(e):
        loss = table["validation_loss"]
        now = best.get(activation, members[0])
        best[activation] = min(now, members[0], key=lambda m: loss[m])
    return {a: (float(right[m]), float(table["learning_rate"][m])) for a, m in best.items()}


def tanh_groups(seeds: range) -> Measured:
    """Two tasks, two scales of the features, one and three hidden layers, paired by seed."""
    cells: list[tuple[str, str, int]] = list(itertools.product(TASKS, SCALES, DEPTHS))
    found = {cell: [scores(*cell, seed) for seed in seeds] for cell in cells}
    won = {
        cell: 100 * np.array([one["tanh"][0] - one["sigmoid"][0] for one in of])
        for cell, of in found.items()
    }
    rates = [rate for of in found.values() for one in of for _, rate in one.values()]
    ends = 100 * float(np.isin(rates, (RATES[0], RATES[-1])).mean())

    def over(name: str, kept: list[tuple[str, str, int]]) -> Number:
        return mean(name, np.mean([won[cell] for cell in kept], axis=0), "points")

    overall = over("points that tanh wins over sigmoid", cells)
    by_scale = {
        scale: over(f"points that tanh wins, features {scale}", [c for c in cells if scale in c])
        for scale in SCALES
    }
    each = {cell: over(f"tanh wins: {_named(cell)}", [cell]) for cell in cells}
    least = min(by_scale.values(), key=lambda n: n.low)
    where = [scale for scale, number in by_scale.items() if WINS_EACH.met(number)]
    raw, even = by_scale.values()
    detail = f"{brief(raw.value)} with features as they are, {brief(even.value)} standardised"
    says = f"on data in three groups tanh wins {overall.shown} of accuracy over sigmoid"
    if overall.high < 0:
        says = f"on data in three groups sigmoid is better: what tanh wins is {overall.shown}"
    return Measured(
        headline=overall,
        checks=(
            Check(WINS, overall, f"{says}: {detail}", f"{says} ({overall.interval}), {detail}"),
            Check(
                BY_A_POINT,
                overall,
                "",
                "surely less than one point" if overall.high < 1 and WINS.met(overall) else "",
                essential=False,
            ),
            Check(
                WINS_EACH,
                least,
                "",
                f"surely only with features {' and '.join(where)}" if where else "",
                essential=False,
            ),
        ),
        others=(
            *by_scale.values(),
            *each.values(),
            once("chosen rates at an end of the grid", ends, "%"),
        ),
        picture=Dots(
            "Points of accuracy that tanh wins over sigmoid",
            "Right of 0 tanh is better, left of it sigmoid.",
            "points of accuracy",
            [Row(_named(cell), number, cell[1]) for cell, number in each.items()],
            levels=(Level(0, "as good"),),
        ),
    )


def _named(cell: tuple[str, str, int]) -> str:
    task, scale, depth = cell
    return f"{task}, {scale}, {depth} hidden"
