"""Depth without activation functions is one line; with them it bends."""

from __future__ import annotations

import numpy as np

from ._claim import Measured
from ._numbers import mean, once, percent
from ._pictures import Dots, Level, Row
from ._train import Array, Split, accuracy, train
from ._verdict import Bound, Check

SAME_LINE = Bound(
    "largest relative difference to one linear map",
    most=1e-4,
    why="what float32 rounds in four layers",
)
LUCK = Bound("accuracy without activations, in %", most=60, why="half, by luck, and a little more")
FITS = Bound("accuracy with ReLU, in %", least=95, why="only rows at the edges may be wrong")
DEPTHS = (1, 2, 3)


def quadrants(seed: int) -> Split:
    """Two inputs; the answer is whether both have one sign: no line is better than luck."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((1500, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    return Split(X[:500], y[:500], X[500:], y[500:])


def apart(layers: list[tuple[Array, Array]], X: Array, outputs: Array) -> float:
    """How far outputs are from the one linear map that all layers multiply to, over their size."""
    W, b = np.eye(X.shape[1]), np.zeros(X.shape[1])
    for weight, bias in layers:
        W, b = W @ weight.astype(float), b @ weight.astype(float) + bias
    return float(np.abs(X @ W + b - outputs).max() / np.abs(outputs).max())


def more_than_lines(seeds: range) -> Measured:
    """Quadrants by networks with and without ReLU, one to three hidden layers."""
    worst, scores = 0.0, {(name, d): [] for name in ("identity", "relu") for d in DEPTHS}
    for seed in seeds:
        split = quadrants(seed)
        for depth in DEPTHS:
            e = train(
                split,
                hidden=(32,) * depth,
                activations=["identity", "relu"],
                seeds=[seed],
                learning_rates=0.01,
                epochs=30,
            )
            right = accuracy(e, split)
            scores["identity", depth].append(right[0])
            scores["relu", depth].append(right[1])
            outputs = e.outputs(split.X_test)[0]
            worst = max(worst, apart(e.weights(0), split.X_test, outputs))
    numbers = {
        (name, d): percent(f"accuracy, {name}, {d} hidden", of) for (name, d), of in scores.items()
    }
    line = once("largest relative difference to one linear map", worst)
    without = percent(
        "best accuracy without activations",
        np.max([scores["identity", d] for d in DEPTHS], axis=0),
    )
    bent = numbers["relu", 2]
    gain = mean(
        "accuracy that ReLU wins, two layers",
        100 * np.subtract(scores["relu", 2], scores["identity", 2]),
        "points",
    )
    return Measured(
        headline=gain,
        checks=(
            Check(
                SAME_LINE,
                line,
                "without activation functions every depth is one linear map "
                f"(to {line.shown} of its size)",
                f"the outputs differ from one linear map by {line.shown}",
            ),
            Check(
                LUCK,
                without,
                f"it gets {without.shown} of the answers right at best",
                f"it gets {without.shown} of the answers right ({without.interval})",
            ),
            Check(
                FITS,
                bent,
                f"with ReLU a network gets {bent.shown}",
                f"with ReLU a network gets {bent.shown} ({bent.interval})",
            ),
        ),
        others=tuple(numbers.values()),
        picture=Dots(
            "Do both numbers have one sign? With and without ReLU",
            "Accuracy on rows not trained on.",
            "% right",
            [
                Row(f"{'no activation' if n == 'identity' else 'ReLU'}, {d} hidden", of, n)
                for (n, d), of in numbers.items()
            ],
            levels=(Level(50, "luck"),),
        ),
    )
