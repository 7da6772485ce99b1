"""What several experiments share: the digits, training many networks, and reading them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope import catalogue
from actscope.ensemble import Ensemble, train_ensemble

# So small that no weight moves by a single bit: a network as it is before training.
NO_RATE = 1e-30
WIDTH = 64
BATCH = 32

Array = NDArray[Any]


@dataclass(frozen=True)
class Split:
    """Rows to train on, and rows that are only scored."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return -(-len(self.X) // BATCH)


@cache
def digits() -> Split:
    """scikit-learn's 8x8 digits, pixels from 0 to 1: 1,347 rows to train on, 450 to score."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    data: Any = load_digits()
    parts: Any = train_test_split(
        data.data / 16, data.target, test_size=0.25, stratify=data.target, random_state=0
    )
    X, X_test, y, y_test = parts
    return Split(X, y, X_test, y_test)


def train(split: Split, **settings: Any) -> Ensemble:
    """`train_ensemble` on a split's training rows, in batches of 32, without a bar."""
    return train_ensemble(split.X, split.y, **{"batch_size": BATCH, "progress": False, **settings})


def groups(e: Ensemble) -> Iterator[tuple[str, float, Array]]:
    """Each activation and learning rate, with its members' positions, seeds in order."""
    table: Any = e.members
    for (activation, rate), rows in table.groupby(["activation", "learning_rate"], sort=False):
        yield str(activation), float(rate), rows.sort_values("seed").index.to_numpy()


def losses(e: Ensemble) -> Array:
    """Float["member epoch"], training loss; NaN after a member's end."""
    found = np.full((len(e), e.settings.epochs), np.nan)
    for index, part in e.parts:
        found[list(index)] = part.train_loss.T
    return found


def accuracy(e: Ensemble, split: Split) -> Array:
    """Float["member"], share of right answers on the rows not trained on."""
    return (e.predict(split.X_test) == split.y_test).mean(axis=1)


def dead_share(e: Ensemble, X: Array) -> Array:
    """Float["member layer"], share of units that are dead on all rows of X."""
    table = e.health(X)
    shares = [len(d or ()) / u for d, u in zip(table["dead_units"], table["units"], strict=True)]
    return np.array(shares).reshape(len(e), -1)


def hidden(e: Ensemble, member: int, X: Array) -> list[tuple[Array, Array]]:
    """Of each hidden layer what enters its activation and what comes out, float64, by NumPy."""
    record: Any = catalogue.get(e.specs[member].activation)
    a, found = np.asarray(X, dtype=np.float64), []
    for weight, bias in e.weights(member)[:-1]:
        z = a @ weight.astype(np.float64) + bias
        a = record(z)
        found.append((z, a))
    return found


def steps_to(curves: Array, target: float, per_epoch: int) -> tuple[Array, Array]:
    """After how many steps each loss curve is at the target, and which never were.

    An epoch's loss is a mean over its steps, so it stands at the epoch's middle; between two
    epochs the logarithm of the loss goes straight. Who never arrives counts with all its steps,
    which favours it.

    >>> steps, never = steps_to(np.array([[4.0, 1.0], [4.0, 3.0]]), 2.0, per_epoch=10)
    >>> steps.tolist(), never.tolist()
    ([10.0, 20.0], [False, True])
    """
    epochs = curves.shape[1]
    steps = np.full(len(curves), float(epochs * per_epoch))
    below = curves <= target  # NaN is not
    for i in np.flatnonzero(below.any(axis=1)):
        k = int(below[i].argmax())
        place = 0.5
        if k > 0:
            before, after = np.log(curves[i, k - 1]), np.log(max(curves[i, k], 1e-300))
            place = k - 0.5 + (before - np.log(target)) / (before - after)
        steps[i] = place * per_epoch
    return steps, np.logical_not(below.any(axis=1))
