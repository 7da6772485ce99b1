"""ReLU networks as approximators: four targets, widths and depths."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ._claim import Measured
from ._numbers import Number, percent, ratio
from ._pictures import Lines, Series
from ._train import Array, Split, groups, train
from ._verdict import Bound, Check

WIDTHS = (2, 8, 32)
DEPTHS = (1, 2, 3)
RATES = (0.01, 0.03)
EPOCHS = 60
TARGETS: dict[str, Callable[[Array], Array]] = {
    "sin(3x)": lambda x: np.sin(3 * x[:, 0]),
    "|x|": lambda x: np.abs(x[:, 0]),
    "xy": lambda x: x[:, 0] * x[:, 1],
    "staircase": lambda x: np.floor(1.5 * x[:, 0]),
}

WIDER = Bound("error at width 32 in % of that at width 2", most=50, why="half the error at least")
DEEPER = Bound(
    "error of 3 hidden layers in % of that of 1, width 8", most=100, why="no worse, surely"
)


def problem(target: str) -> Split:
    """Points in the square from -2 to 2; what a network must say is scaled to spread 1."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, (2500, 2))
    y = TARGETS[target](X)
    y = (y - y.mean()) / y.std()
    return Split(X[:500], y[:500], X[500:], y[500:])


def errors(target: str, depth: int, width: int, seeds: range) -> Array:
    """Float["seed"], root mean square error on rows not trained on; 1 is the target's spread.

    The rate is the one with the smaller error on the first half of those rows, seed by seed; the
    error is that of the second half.
    """
    split = problem(target)
    e = train(
        split,
        hidden=(width,) * depth,
        activations=["relu"],
        seeds=seeds,
        learning_rates=RATES,
        epochs=EPOCHS,
        lr_schedule="cosine",
        task="regression",
    )
    half = len(split.X_test) // 2
    missed = (e.predict(split.X_test) - split.y_test) ** 2
    first, second = missed[:, :half].mean(axis=1), missed[:, half:].mean(axis=1)
    at = np.array([members for *_, members in groups(e)])
    best = first[at].argmin(axis=0)
    return np.sqrt(second[at][best, np.arange(len(seeds))])


def universal(seeds: range) -> Measured:
    """How the error falls with width and with depth, target by target."""
    found = {(t, d, w): errors(t, d, w, seeds) for t in TARGETS for d in DEPTHS for w in WIDTHS}

    def of(target: str, depth: int, width: int) -> Array:
        return found[target, depth, width]

    def over_targets(over: tuple[int, int], under: tuple[int, int], name: str) -> Number:
        logs = [[np.log(of(t, *at)) for t in TARGETS] for at in (over, under)]
        return ratio(name, *(np.exp(np.mean(one, axis=0)) for one in logs), unit="%")

    wide = {
        t: ratio(f"error at width 32 over that at width 2, {t}", of(t, 2, 32), of(t, 2, 2), "%")
        for t in TARGETS
    }
    deep = {
        t: ratio(f"error of 3 layers over 1, width 8, {t}", of(t, 3, 8), of(t, 1, 8), "%")
        for t in TARGETS
    }
    headline = over_targets((2, 32), (2, 2), "error at width 32 over that at width 2")
    slowest = max(wide.values(), key=lambda n: n.high)
    least = max(deep.values(), key=lambda n: n.high)
    open_ = [t for t in TARGETS if not DEEPER.met(deep[t])]
    return Measured(
        headline=headline,
        checks=(
            Check(
                WIDER,
                headline,
                "from width 2 to 32 the error of a ReLU network falls to "
                f"{headline.shown} of what it was",
                "from width 2 to 32 the error of a ReLU network falls to "
                f"{headline.shown} of what it was ({headline.interval})",
            ),
            Check(
                WIDER,
                slowest,
                f"on every target to {slowest.shown} at most",
                f"not on every target to half (worst: {slowest.shown}, {slowest.interval})",
                essential=False,
            ),
            Check(
                DEEPER,
                least,
                f"three layers beat one on every target (to {least.shown} at most)",
                f"more depth at width 8 does not surely help on {', '.join(open_)} "
                f"({', '.join(deep[t].shown for t in open_)})",
                essential=False,
            ),
        ),
        others=(*wide.values(), *deep.values()),
        picture=Lines(
            "Error of ReLU networks with two hidden layers",
            "Error on points not trained on, in % of the target's spread, against width.",
            "units in each layer",
            "error, %",
            [
                Series(t, WIDTHS, [percent(f"error, {t}, width {w}", of(t, 2, w)) for w in WIDTHS])
                for t in TARGETS
            ],
            log_x=True,
            log_y=True,
            ticks=tuple((float(w), str(w)) for w in WIDTHS),
        ),
    )
