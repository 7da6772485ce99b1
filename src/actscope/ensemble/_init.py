"""Initial weights: one draw for a seed, scaled for each activation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from actscope.catalogue import Record

Init = Literal["gain", "glorot", "he", "small", "large", "zeros"]
INITS: tuple[Init, ...] = ("gain", "glorot", "he", "small", "large", "zeros")
# What the standard deviation of "gain" is multiplied by where one wants to see what goes wrong.
_FACTORS: dict[Init, float] = {"gain": 1.0, "he": 1.0, "small": 0.1, "large": 5.0, "zeros": 0.0}

Layers = tuple[tuple[int, int], ...]


@lru_cache(maxsize=64)
def _normal_draws(seed: int, sizes: Layers) -> tuple[NDArray[np.float64], ...]:
    rng = np.random.default_rng([seed, 0])
    return tuple(rng.standard_normal(size) for size in sizes)


def initial(
    records: Sequence[Record], seed: int, sizes: Layers, how: Init
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Weights (in, out) and biases (out,) of every layer of one network.

    records: the activation of each hidden layer.

    "gain": normal with standard deviation gain / sqrt(fan_in) and biases 0, where gain is
    that of the activation that *feeds* the layer: 1 for the first, the record's own above
    (He et al. 2015, eq. 10, with the second moment of the activation at hand). Inputs of
    unit variance then give every layer sums of unit variance. Only the scale depends on
    the activation: at one seed all of them start from the same draw.

    "he": the same draw with sqrt(2) for every gain, the first layer's too, whatever the
    activation: right for ReLU. "small", "large", "zeros": 1/10, 5 times and 0 times "gain".

    "glorot": as scikit-learn's MLP, weights and biases uniform within
    sqrt(6 / (fan_in + fan_out)), or sqrt(2 / ...) for the logistic sigmoid.
    """
    if how != "glorot":
        gains = (1.0, *(record.gain for record in records))
        gains = [sqrt(2.0) if how == "he" else gain * _FACTORS[how] for gain in gains]
        weights = [
            draw * (gain / sqrt(fan_in))
            for gain, draw, (fan_in, _) in zip(
                gains, _normal_draws(seed, sizes), sizes, strict=True
            )
        ]
        return weights, [np.zeros(fan_out) for _, fan_out in sizes]
    rng = np.random.default_rng([seed, 0])
    weights, biases = [], []
    names = [record.name for record in (*records, records[-1])] if records else ["identity"]
    for name, (fan_in, fan_out) in zip(names, sizes, strict=True):
        factor = 2.0 if name == "sigmoid" else 6.0
        bound = sqrt(factor / (fan_in + fan_out))
        weights.append(rng.uniform(-bound, bound, (fan_in, fan_out)))
        biases.append(rng.uniform(-bound, bound, fan_out))
    return weights, biases


def batch_order(seed: int, epoch: int, rows: int) -> NDArray[np.int64]:
    """The order of the rows in one epoch; it depends on seed and epoch alone."""
    return np.random.default_rng([seed, 1, epoch]).permutation(rows)
