from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actscope import catalogue
from actscope.ensemble._init import initial

SIZES = ((200, 400), (400, 400), (400, 400), (400, 10))


@pytest.mark.parametrize("name", ["relu", "tanh", "leaky_relu", "selu", "identity"])
def test_gain_keeps_the_variance_of_sums_through_depth(name: str) -> None:
    record = catalogue.get(name)
    X = np.random.default_rng(1).standard_normal((300, 200))
    variances = []
    for seed in range(5):
        h = X
        weights, biases = initial([record] * 3, seed, SIZES, "gain")
        sums = []
        for weight, bias in zip(weights, biases, strict=True):
            z = h @ weight + bias
            sums.append((z**2).mean())
            h = np.asarray(record(z))
        variances.append(sums[:3])
    assert np.mean(variances, axis=0) == pytest.approx([1.0] * 3, rel=0.1)


def test_at_one_seed_only_the_scale_differs() -> None:
    relu, tanh = (catalogue.get(n) for n in ("relu", "tanh"))
    (first, second, *_), _ = initial([relu] * 3, 3, SIZES, "gain")
    (other_first, other_second, *_), _ = initial([tanh] * 3, 3, SIZES, "gain")
    np.testing.assert_array_equal(first, other_first)
    np.testing.assert_allclose(second / relu.gain, other_second / tanh.gain)
    assert not np.array_equal(first, initial([relu] * 3, 4, SIZES, "gain")[0][0])


@pytest.mark.parametrize(("name", "factor"), [("relu", 6.0), ("sigmoid", 2.0)])
def test_glorot_fills_scikit_learns_bounds(name: str, factor: float) -> None:
    weights, biases = initial([catalogue.get(name)] * 3, 0, SIZES, "glorot")
    for weight, bias, (fan_in, fan_out) in zip(weights, biases, SIZES, strict=True):
        bound = np.sqrt(factor / (fan_in + fan_out))
        for values in (weight, bias):
            assert np.abs(values).max() <= bound
        assert weight.max() > 0.99 * bound
        assert np.std(weight) == pytest.approx(bound / np.sqrt(3), rel=0.03)


@pytest.mark.parametrize(
    ("how", "factor"), [("small", 0.1), ("large", 5.0), ("zeros", 0.0), ("gain", 1.0)]
)
def test_starts_that_go_wrong_are_gain_s_draw_scaled(how: Any, factor: float) -> None:
    records = [catalogue.get(name) for name in ("tanh", "relu", "sigmoid")]
    usual, _ = initial(records, 4, SIZES, "gain")
    weights, biases = initial(records, 4, SIZES, how)
    for ours, theirs in zip(weights, usual, strict=True):
        np.testing.assert_allclose(ours, theirs * factor, rtol=1e-12)
    assert not any(bias.any() for bias in biases)


def test_he_has_the_gain_of_relu_in_every_layer() -> None:
    """Whatever the activation: He et al. 2015, standard deviation sqrt(2 / inputs)."""
    for name in ("tanh", "sigmoid"):
        weights, _ = initial([catalogue.get(name)] * 3, 0, SIZES, "he")
        for weight in weights:
            ratio = weight.std() / np.sqrt(2 / weight.shape[0])
            assert abs(ratio - 1) < 6 / np.sqrt(2 * weight.size)
