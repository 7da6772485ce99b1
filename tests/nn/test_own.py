"""Functions of a user's own as PyTorch."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import actscope as act
from actscope import catalogue, nn
from actscope.errors import SettingError

Defining = Callable[..., act.Record]
X = torch.linspace(-4, 4, 33, dtype=torch.float64)


def test_a_formula_is_a_module_with_its_gradient() -> None:
    x = X.clone().requires_grad_()
    made = nn.module("x*tanh(exp(x))")
    assert repr(made) == "Own(x * tanh(exp(x)))"
    y = made(x)
    torch.testing.assert_close(y, x * torch.tanh(torch.exp(x)))
    (slope,) = torch.autograd.grad(y.sum(), x)
    (expected,) = torch.autograd.grad((x * torch.tanh(torch.exp(x))).sum(), x)
    torch.testing.assert_close(slope, expected)
    torch.testing.assert_close(nn.derivative("x*tanh(exp(x))")(X), expected)
    torch.testing.assert_close(nn.module("relu(x)^2")(X), X.clamp_min(0) ** 2)


def test_learned_parameters_are_parameters(defining: Defining) -> None:
    defining("mine", "x * sigmoid(beta * x) + a", beta=act.Learned(1.5), a=0.5)
    made = nn.module("mine").double()
    assert [(n, p.item()) for n, p in made.named_parameters()] == [("beta", 1.5)]
    made(X).sum().backward()
    gate = torch.sigmoid(1.5 * X)
    torch.testing.assert_close(made(X), X * gate + 0.5)
    torch.testing.assert_close(made.beta.grad, (X**2 * gate * (1 - gate)).sum()[None])
    with nn.precise():
        torch.testing.assert_close(made(X), X * gate + 0.5, rtol=1e-15, atol=1e-15)
    assert list(nn.module("mine(beta=2)").state_dict()) == ["beta"]
    assert "beta=2" in repr(nn.module("mine(beta=2)"))


def test_a_function_by_its_name(defining: Defining) -> None:
    defining("mine", "x * tanh(b * x)", b=0.5)
    torch.testing.assert_close(nn.functional.mine(X), X * torch.tanh(X / 2))
    torch.testing.assert_close(nn.functional.mine(X, 2.0), X * torch.tanh(2 * X))
    torch.testing.assert_close(nn.functional.mine(X, b=torch.tensor(3.0)), X * torch.tanh(3 * X))
    assert "mine" in dir(nn.functional)
    catalogue.forget("mine")
    with pytest.raises(AttributeError, match="mine"):
        nn.functional.mine(X)


def test_defining_anew_changes_what_comes_and_not_what_is(defining: Defining) -> None:
    """Nothing stale in any cache, at either level, though name, label and formula may agree."""
    defining("mine", "x * tanh(b * x)", b=1.0)
    old = nn.module("mine")
    torch.testing.assert_close(nn.functional.mine(X), X * torch.tanh(X))
    defining("mine", "x * tanh(b * x)", b=3.0)
    for exact in (False, True):
        torch.testing.assert_close(nn.functional.mine(X, precise=exact), X * torch.tanh(3 * X))
        torch.testing.assert_close(nn.module("mine")(X), X * torch.tanh(3 * X))
    steep = nn.derivative("mine")(X)
    torch.testing.assert_close(steep, torch.tanh(3 * X) + 3 * X / torch.cosh(3 * X) ** 2)
    defining("mine", "x - 1")
    torch.testing.assert_close(nn.functional.mine(X), X - 1)
    torch.testing.assert_close(old(X), X * torch.tanh(X))
    torch.testing.assert_close(nn.derivative("mine")(X), torch.ones_like(X))


def test_it_can_be_copied_pickled_and_used_where_the_name_means_nothing(
    defining: Defining, tmp_path: Path
) -> None:
    defining("mine", "x * sigmoid(beta * x)", beta=act.Learned(1.5))
    made = nn.module("mine").double()
    for again in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        torch.testing.assert_close(again(X), made(X), rtol=0, atol=0)
    (tmp_path / "made").write_bytes(pickle.dumps(made))
    code = (
        "import pickle, torch, actscope; made = pickle.load(open('made', 'rb'));"
        "print(made(torch.tensor([2.0], dtype=torch.float64)).item())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    value = torch.tensor(2.0, dtype=torch.float64)
    assert float(done.stdout) == pytest.approx((value * torch.sigmoid(3.0 * torch.ones(()))).item())


def test_it_compiles_whole(defining: Defining) -> None:
    defining("mine", "x * sigmoid(beta * x) + relu(x)^2", beta=act.Learned(1.5))
    made: Any = nn.module("mine").double()
    whole = torch.compile(made, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(whole(X), made(X))


def test_a_parameter_may_not_hide_what_a_module_has(defining: Defining) -> None:
    defining("mine", "x * tanh(half * x)", half=0.5)
    with pytest.raises(SettingError, match="attribute 'half' already"):
        nn.module("mine")


def test_the_catalogues_own_classes_do_not_depend_on_definitions(defining: Defining) -> None:
    defining("mine", "x * tanh(x)")
    assert "Mine" not in dir(nn)
    assert nn.module("relu")(X).equal(torch.relu(X))
