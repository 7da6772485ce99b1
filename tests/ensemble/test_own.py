"""Ensembles of functions of a user's own, and of what no ensemble trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import actscope as act
from actscope import catalogue
from actscope.errors import SettingError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((90, 3))
Y = X[:, 0] ** 2 + X[:, 1]
SMALL: dict[str, Any] = {
    "hidden": (8,), "epochs": 4, "learning_rates": [1e-2], "batch_size": 16, "dtype": "float64",
}  # fmt: skip


def test_a_formula_trains_as_the_built_in_function_that_it_is() -> None:
    e = act.train_ensemble(X, Y, activations=["mish", "x*tanh(softplus(x))"], seeds=2, **SMALL)
    table: Any = e.members
    assert table["activation"].unique().tolist() == ["mish", "x * tanh(softplus(x))"]
    both = table["final_loss"].to_numpy().reshape(2, 2)
    np.testing.assert_allclose(both[0], both[1], rtol=1e-9)
    outputs = e.outputs(X).reshape(2, 2, *e.outputs(X).shape[1:])
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-6, atol=1e-9)


def test_a_trained_ensemble_keeps_its_functions(defining: Callable[..., act.Record]) -> None:
    defining("mine", "x * tanh(x)")
    e = act.train_ensemble(X, Y, activations=["mine"], **SMALL)
    before = e.predict(X)
    defining("mine", "x")
    np.testing.assert_array_equal(e.predict(X), before)
    catalogue.forget("mine")
    np.testing.assert_array_equal(e.predict(X), before)


def test_learned_parameters_are_those_that_a_loop_in_pytorch_learns(
    defining: Callable[..., act.Record],
) -> None:
    """One full batch a step, against autograd and PyTorch's own optimiser."""
    start = {"beta": 1.5, "shift": 0.25}
    formula = "x * sigmoid(beta * x) + shift * x"
    record = defining("mine", formula, **{k: act.Learned(v) for k, v in start.items()})

    def trained(rate: float, epochs: int) -> Any:
        e = act.train_ensemble(X, Y, hidden=5, activations=[record], batch_size=len(X),
                               optimizer="sgd", dtype="float64", learning_rates=[rate],
                               epochs=epochs)  # fmt: skip
        return e.parts[0][1].values

    begun = trained(1e-300, 1)
    weights = [t[0].clone() for t in (*begun.weights, *begun.biases)]
    learned = [torch.tensor(v, dtype=torch.float64) for v in start.values()]
    for tensor in (*weights, *learned):
        tensor.requires_grad_()
    (first, last, bias_first, bias_last), (beta, shift) = weights, learned
    optimiser = torch.optim.SGD([*weights, *learned], lr=0.05, momentum=0.9)
    for _ in range(4):
        h = torch.tensor(X) @ first + bias_first
        h = h * torch.sigmoid(beta * h) + shift * h
        out = (h @ last.T + bias_last)[:, 0]
        optimiser.zero_grad()
        (0.5 * (out - torch.tensor(Y)) ** 2).mean().backward()
        optimiser.step()
    done = trained(0.05, 4)
    np.testing.assert_allclose(
        [value[0].item() for value in done.learned[0]], [beta.item(), shift.item()], rtol=1e-9
    )
    np.testing.assert_allclose(done.weights[0][0], first.detach(), rtol=1e-9)
    assert abs(beta.item() - 1.5) > 1e-3


def test_without_momentum_the_first_step_is_that_with_it() -> None:
    settings: dict[str, Any] = {**SMALL, "epochs": 1, "batch_size": 90, "optimizer": "sgd"}
    with_it, without = (
        act.train_ensemble(X, Y, activations="tanh(2*x)", momentum=m, **settings).outputs(X)
        for m in (0.9, 0.0)
    )
    np.testing.assert_array_equal(with_it, without)


@pytest.mark.parametrize(
    ("activation", "said"),
    [
        ("rrelu", r"use its mean, leaky_relu\(negative_slope=0\.229\)"),
        ("swiglu", "gated kind.*such as silu"),
        ("softmax", "vector kind.*such as tanh"),
        ("where(x > 200, x, 0)", "no initial weights"),
    ],
)
def test_what_no_ensemble_trains_is_refused(activation: str, said: str) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        act.train_ensemble(X, Y, activations=[activation], **SMALL)
    assert len(str(caught.value).splitlines()) == 1
