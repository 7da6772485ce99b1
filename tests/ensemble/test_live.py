"""Networks in training an epoch at a time: the same as `train_ensemble`, and touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import actscope as act
from actscope.catalogue import get
from actscope.ensemble import INITS, Live, Rows, Settings

RNG = np.random.default_rng(5)
POINTS = RNG.uniform(-3, 3, (70, 2))
TARGET = (POINTS[:, :1] * POINTS[:, 1:] > 0).astype(float)
EPOCHS = 4


def rows(X: np.ndarray = POINTS, y: np.ndarray = TARGET) -> Rows:
    return Rows(torch.tensor(X, dtype=torch.float32)[None], torch.tensor(y).float()[None])


def live(hidden: tuple[int, ...], activations: list[tuple[str, ...]], **changes: Any) -> Live:
    chosen: dict[str, Any] = {"optimizer": "adam", "batch_size": 16, "init": "gain", **changes}
    settings = Settings(outputs=1, task="multilabel", hidden=hidden, **chosen)
    records = [[get(name) for name in names] for names in activations]
    return Live(rows(), settings, records, seed=3, learning_rate=0.003)


def trained(hidden: tuple[int, ...], activations: list[Any], **changes: Any) -> act.Ensemble:
    chosen: dict[str, Any] = {"optimizer": "adam", "batch_size": 16, "epochs": EPOCHS, **changes}
    return act.train_ensemble(
        POINTS, TARGET, hidden=hidden, activations=activations, seeds=[3], learning_rates=[0.003],
        task="multilabel", progress=False, **chosen,
    )  # fmt: skip


def flat(ensemble: act.Ensemble, member: int) -> tuple[np.ndarray, np.ndarray]:
    layers = ensemble.weights(member)
    return np.concatenate([w.ravel() for w, _ in layers]), np.concatenate([b for _, b in layers])


@pytest.mark.parametrize("init", INITS)
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_the_same_bits_as_train_ensemble(init: str, optimizer: str) -> None:
    activations = [("relu", "tanh"), ("prelu", "x*tanh(x)"), ("silu", "relu")]
    ours = live((5, 3), activations, init=init, optimizer=optimizer, l2=0.01)
    theirs = trained((5, 3), activations, init=init, optimizer=optimizer, l2=0.01)
    for _ in range(EPOCHS):
        ours.epoch()
    for i in range(3):
        weights, biases = flat(theirs, i)
        assert np.array_equal(ours.weights()[i], weights)
        assert np.array_equal(ours.biases()[i], biases)


def test_no_hidden_layer_is_a_linear_model() -> None:
    ours, theirs = live((), [()]), trained((), ["identity"])
    for _ in range(EPOCHS):
        ours.epoch()
    weights, biases = flat(theirs, 0)
    assert np.array_equal(ours.weights()[0], weights)
    assert np.array_equal(ours.biases()[0], biases)
    assert ours.view(rows()).units().shape == (1, 0, 70)


def test_a_restart_is_the_same_start() -> None:
    networks = live((4,), [("relu",), ("tanh",)])
    start = networks.weights()
    for _ in range(3):
        networks.epoch()
    after = networks.weights()
    networks.weight(1, 0, 0, 2).fill_(7.0)
    networks.restart()
    assert np.array_equal(networks.weights(), start)
    for _ in range(3):
        networks.epoch()
    assert np.array_equal(networks.weights(), after)
    assert not np.array_equal(after, start)


def by_hand(networks: Live, member: int, names: tuple[str, ...]) -> list[np.ndarray]:
    """Every layer's values with NumPy alone, from the flat weights."""
    sizes = (2, *networks.settings.hidden, 1)
    weights, biases = networks.weights()[member], networks.biases()[member]
    functions = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "none": lambda z: z}
    values, found = POINTS.astype(np.float32), []
    for below, above, name in zip(sizes[:-1], sizes[1:], (*names, "none"), strict=True):
        w, weights = weights[: below * above].reshape(below, above), weights[below * above :]
        b, biases = biases[:above], biases[above:]
        values = functions[name](values @ w + b)
        found.append(values.T)
    return found


def test_units_outputs_losses_and_edits_against_numpy() -> None:
    names = [("relu", "tanh"), ("tanh", "tanh")]
    networks = live((5, 3), names)
    networks.epoch()
    networks.weight(0, 0, 1, 4).fill_(2.5)  # input 1 -> unit 4
    networks.weight(0, 2, 2, 0).fill_(-1.5)  # last hidden unit 2 -> the output
    networks.weight(0, 1, None, 1).fill_(0.75)
    assert networks.weights()[0][1 * 5 + 4] == 2.5
    assert networks.weights()[0][2 * 5 + 5 * 3 + 2] == -1.5
    assert networks.biases()[0][5 + 1] == 0.75
    view = networks.view(rows())
    losses = view.losses()
    for i in range(2):
        *hidden, outputs = by_hand(networks, i, names[i])
        np.testing.assert_allclose(view.units()[i], np.concatenate(hidden), atol=2e-6)
        np.testing.assert_allclose(view.outputs()[i], outputs, atol=2e-6)
        share = 1 / (1 + np.exp(-outputs[0].astype(float)))
        expected = -np.mean(np.where(TARGET[:, 0] > 0, np.log(share), np.log(1 - share)))
        assert losses[i] == pytest.approx(expected, rel=1e-5)


def test_dead_units_are_those_of_health() -> None:
    networks = live((3, 2), [("relu", "tanh"), ("tanh", "relu"), ("step", "relu")])
    networks.weight(0, 0, None, 1).fill_(-1e4)
    networks.weight(1, 1, None, 0).fill_(-1e4)
    networks.weight(2, 0, None, 0).fill_(-1e4)  # a step is constant almost everywhere anyhow
    view = networks.view(rows())
    view.look()
    assert view.dead()[0] == [[1], []]
    assert view.dead()[1][0] == []
    assert 0 in view.dead()[1][1]
    assert view.dead()[2][0] == []


def test_what_diverges_is_told_and_its_neighbour_goes_on() -> None:
    networks = live((4,), [("square",), ("tanh",)], optimizer="sgd")
    networks.weight(0, 0, 0, 0).fill_(1e20)
    view = networks.view(rows())
    for _ in range(3):
        networks.epoch()
    assert networks.diverged(view.losses()).tolist() == [True, False]


def test_what_cannot_be_trained_is_refused_by_name() -> None:
    with pytest.raises(act.SettingError, match="softmax does not act on each unit"):
        live((4,), [("softmax",)])
