"""A model so small that a study of it takes a second: a sine, seen at 64 places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import actscope as act

X = torch.linspace(-3, 3, 128)[:, None]
Y = torch.sin(2 * X)


def build() -> nn.Module:
    return nn.Sequential(
        nn.Linear(1, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)
    )


def fit(model: nn.Module, seed: int, lr: float = 0.01) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(25):
        for rows in torch.randperm(64).split(16):
            loss = functional.mse_loss(model(X[::2][rows]), Y[::2][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def score(model: nn.Module) -> torch.Tensor:
    return functional.mse_loss(model(X[1::2]), Y[1::2])


SETTINGS: dict[str, Any] = {
    "activations": "tanh,identity,step",
    "seeds": 5,
    "metric": "squared error",
    "higher_is_better": False,
    "rope": 0.02,
    "workers": 1,
}


def compared(**settings: Any) -> act.Comparison:
    """The sine's study with some settings, or functions, of a test's own."""
    given = {"build": build, "fit": fit, "score": score, **SETTINGS, **settings}
    return act.compare_models(given.pop("build"), given.pop("fit"), given.pop("score"), **given)


@pytest.fixture(scope="session")
def sine() -> act.Comparison:
    return compared(example=X)


@pytest.fixture
def comparing() -> Callable[..., act.Comparison]:
    return compared
