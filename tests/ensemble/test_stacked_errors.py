"""What is wrong with a user's model is said in one line, before anything is trained."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.ensemble.factories import (
    IMAGES,
    LABELS,
    ROWS,
    TABLE,
    TOKENS,
    Attention,
    cnn,
    mlp,
    normed,
)
from torch import Tensor, nn

import actscope as act
from actscope.ensemble._factory import Maker

SMALL: dict[str, Any] = {"epochs": 1, "batch_size": 16, "progress": False, "seeds": 2}


def raising(activation: Maker) -> nn.Module:
    raise KeyError(f"no block for\n{activation.name}")


def headless(activation: Maker) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 7), activation(), nn.Linear(7, 4))


def mismatched(activation: Maker) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 7), activation(), nn.Linear(6, 3))


def double(activation: Maker) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 3, dtype=torch.float64), activation())


def half(activation: Maker) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 3, dtype=torch.float16), activation())


def without_parameters(activation: Maker) -> nn.Module:
    return nn.Sequential(nn.Flatten(), activation())


def frozen(activation: Maker) -> nn.Module:
    return mlp(activation).requires_grad_(False)


def shared_instance(activation: Maker) -> nn.Module:
    one = activation()
    return nn.Sequential(nn.Linear(8, 7), one, nn.Linear(7, 7), one, nn.Linear(7, 3))


class Reused(nn.Module):
    """One activation module, called twice by the forward that it belongs to."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.first, self.second, self.act = nn.Linear(8, 8), nn.Linear(8, 3), activation()

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.act(self.first(self.act(x))))


class Twice(nn.Module):
    """One block used twice, its activation with it: that is meant."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Linear(8, 8), activation())
        self.end = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.block(self.block(x)))


KEPT = mlp(Maker(act.get("relu")))


def same_again(activation: Maker) -> nn.Module:
    return KEPT


LAYER = nn.Linear(8, 7)


def common_layer(activation: Maker) -> nn.Module:
    return nn.Sequential(LAYER, activation(), nn.Linear(7, 3))


def growing(activation: Maker) -> nn.Module:
    width = 5 + torch.initial_seed()
    return nn.Sequential(nn.Linear(8, width), activation(), nn.Linear(width, 3))


class Saying(nn.Module):
    """A module whose forward is given to it."""

    def __init__(self, forward: Callable[[nn.Module, Tensor], Any]) -> None:
        super().__init__()
        self.layer, self._say = nn.Linear(8, 3), forward

    def forward(self, x: Tensor) -> Any:
        return self._say(self.layer, x)


def saying(forward: Callable[[nn.Module, Tensor], Any]) -> Callable[[Maker], nn.Module]:
    return lambda activation: Saying(forward)


def drawn_outside(layer: nn.Module, x: Tensor) -> Tensor:
    return layer(x) * random.random()


def drawn_by_numpy(layer: nn.Module, x: Tensor) -> Tensor:
    return layer(x) * float(np.random.rand())


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("mlp", "model must be a function that takes `activation`"),
        (mlp(Maker(act.get("relu"))), "returns a new torch.nn.Module, not a network itself"),
        (lambda activation: None, "must return a torch.nn.Module, not NoneType: end the factory"),
        (lambda activation: nn.Identity, "not the class Identity"),
        (lambda: None, "raised TypeError"),
        (raising, "model(activation) for relu raised KeyError: 'no block for\\nrelu'"),
        (headless, "returned shape (16, 4): forward must return (16, 3)"),
        (mismatched, "on a batch of 16 rows raised RuntimeError: mat1 and mat2"),
        (double, "parameters in float64, not in float32: give dtype='float64'"),
        (half, "parameters in float16"),
        (without_parameters, "no parameters that can be trained"),
        (frozen, "no parameters that can be trained"),
        (same_again, "two networks with parameters in common"),
        (common_layer, "two networks with parameters in common"),
        (growing, "networks of different shapes"),
        (saying(lambda f, x: (f(x), x)), "returned tuple: forward must return one tensor"),
        (saying(lambda f, x: f(x).double()), "returned float64 numbers"),
        (saying(lambda f, x: f(x).detach()), "depends on no parameter"),
        (saying(lambda f, x: f(x).exp_().sqrt().mul_(2).exp_()), "the way back through"),
        (saying(drawn_outside), "draws from Python's or NumPy's random numbers"),
        (saying(drawn_by_numpy), "draws from Python's or NumPy's random numbers"),
    ],
)
def test_what_no_model_can_be(model: Any, says: str) -> None:
    with pytest.raises(act.SettingError) as caught:
        act.train_ensemble(TABLE, LABELS, model=model, **SMALL)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [shared_instance, Reused])
def test_one_module_that_learns_for_two_places(model: Any) -> None:
    with pytest.raises(act.SettingError, match=r"one module in 2 places.*call activation"):
        act.train_ensemble(TABLE, LABELS, model=model, activations="relu,prelu", **SMALL)
    act.train_ensemble(TABLE, LABELS, model=model, activations="relu", **SMALL)  # no harm


def test_a_block_used_twice_may_take_its_activation_along() -> None:
    act.train_ensemble(TABLE, LABELS, model=Twice, activations="prelu", **SMALL)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"hidden": (8,)}, "hidden= belongs to the built-in networks, not to model=: make the"),
        ({"init": "gain"}, "init= belongs to the built-in networks"),
        ({"dropout": 0.1}, "torch.nn.Dropout"),
        ({"learned_per": "unit"}, "torch.nn.PReLU(units)"),
        ({"activations": [("relu", "tanh")]}, "a model has layers of its own"),
        ({"activations": ["gelo"]}, "Did you mean 'gelu'"),
    ],
)
def test_arguments_that_do_not_go_with_a_model(given: dict[str, Any], says: str) -> None:
    with pytest.raises(act.ActscopeError) as caught:
        act.train_ensemble(TABLE, LABELS, model=mlp, **{**SMALL, **given})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("model", "X", "says"),
    [
        (mlp, TOKENS, "handed on as int64"),
        (Attention, TABLE, "raised"),
        (Attention, TOKENS + 10, "raised IndexError"),
        (cnn, TABLE, "raised"),
        (mlp, np.where(TABLE > 2, np.nan, TABLE), "NaN or infinite"),
        (mlp, TABLE[:, :0], "must have rows (row, *features)"),
    ],
)
def test_rows_that_a_model_cannot_read(model: Any, X: np.ndarray, says: str) -> None:
    with pytest.raises(act.ActscopeError) as caught:
        act.train_ensemble(X, LABELS, model=model, **SMALL)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_last_batch_that_batch_norm_cannot_take() -> None:
    with pytest.raises(act.SettingError, match=r"1 row raised.*choose another batch_size"):
        act.train_ensemble(TABLE, LABELS, model=normed, **{**SMALL, "batch_size": ROWS - 1})


def test_predicting_takes_rows_like_those_of_training() -> None:
    images = act.train_ensemble(IMAGES, LABELS, model=cnn, **SMALL)
    with pytest.raises(act.DataError, match=r"of shape \(row, 2, 6, 6\), not \(43, 6, 6\)"):
        images.predict(IMAGES[:, 0])
    assert images.predict(IMAGES[:1].astype(int)).shape == (2, 1)
    tokens = act.train_ensemble(TOKENS, LABELS, model=Attention, **SMALL)
    with pytest.raises(act.DataError, match="must hold whole numbers"):
        tokens.predict(TOKENS + 0.5)
    with pytest.raises(act.SettingError, match="raised IndexError"):
        tokens.predict(TOKENS + 10)


def test_what_only_built_in_networks_tell() -> None:
    e = act.train_ensemble(TABLE, LABELS, model=mlp, **SMALL)
    for ask in (lambda: e.health(TABLE), lambda: e.weights(0)):
        with pytest.raises(act.SettingError, match="module\\(member\\) gives"):
            ask()
    with pytest.raises(act.SettingError, match="member must be 0 to 1, not 2"):
        e.module(2)
