"""The activation took effect: against the same mathematics written by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import actscope as act
from actscope.study.models._exits import last_layers
from actscope.study.models._prepare import prepare

X = torch.linspace(-2, 2, 36).view(12, 3)


def test_every_hidden_call_and_no_other_is_of_the_activation() -> None:
    model = nn.Sequential(
        nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 1), nn.Sigmoid()
    )
    weights = [m for m in model if isinstance(m, nn.Linear)]
    done = prepare(model, act.get("tanh"), X, init="own")
    hidden = torch.tanh(weights[1](torch.tanh(weights[0](X))))
    assert torch.equal(model(X), torch.sigmoid(weights[2](hidden)))
    assert done.changed == ("1", "3")
    assert done.there == ()
    assert done.outputs == ("5",)


def test_only_what_is_named_is_replaced() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 1))
    done = prepare(model, act.get("tanh"), X, replace=["gelu"], init="own")
    assert done.changed == ("3",)
    first = functional.relu(model[0](X))
    assert torch.equal(model(X), model[4](torch.tanh(model[2](first))))


class _Modes(nn.Module):
    """Applies one activation in training and another in evaluation, by calls of functions."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop, self.second = nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        z = self.first(x)
        return self.second(functional.relu(z) if self.training else functional.silu(self.drop(z)))


def test_both_modes_are_changed_and_the_mode_stays() -> None:
    model = _Modes()
    model.drop.eval()
    done = prepare(model, act.get("tanh"), X, init="own")
    assert len(done.changed) == 2
    assert model.training
    assert not model.drop.training
    expected = model.second(torch.tanh(model.first(X)))
    assert torch.equal(model(X), expected)
    assert torch.equal(model.eval()(X), expected)


def test_what_is_there_already_is_said_and_left() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    own = model[1]
    done = prepare(model, act.get("tanh"), X, init="own")
    assert (done.changed, done.there) == ((), ("1",))
    assert model[1] is own


@pytest.mark.parametrize(
    ("model", "replace", "said"),
    [
        (nn.Linear(3, 1), [], "it applies none"),
        (nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()), [], "1 makes its answer and is left alone"),
        (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)), ["gelu"], "apply gelu in a"),
        (nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 1)), [], "in evaluation mode"),
    ],
)
def test_a_model_that_cannot_be_changed_is_refused(
    model: nn.Module, replace: list[str], said: str
) -> None:
    with pytest.raises(act.SettingError, match=said):
        prepare(model, act.get("tanh"), X, replace=replace)


class _Shared(nn.Module):
    """One module for two layers: a learned slope would be shared."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.act = (
            nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 1), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.c(self.act(self.b(self.act(self.a(x)))))


def test_a_learned_slope_is_not_shared_in_silence() -> None:
    with pytest.raises(act.SettingError, match="serves several layers"):
        prepare(_Shared(), act.get("prelu"), X)


def test_weights_are_drawn_with_the_gain() -> None:
    last = nn.Linear(400, 400)
    model = nn.Sequential(nn.Linear(3, 400), nn.ReLU(), last)
    before = last.weight.clone()
    prepare(model, act.get("relu"), X, init="own")
    assert torch.equal(last.weight, before)
    prepare(model, act.get("relu"), X)
    assert last.weight.std().item() == pytest.approx((2 / 400) ** 0.5, rel=0.02)
    prepare(model, act.get("tanh"), X, init="lsuv")
    assert model(X).square().mean().item() == pytest.approx(1, rel=0.05)


class _Heads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk, self.norm = nn.Linear(3, 4), nn.BatchNorm1d(4)
        self.one, self.two = nn.Linear(4, 1), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        h = functional.relu(self.norm(self.trunk(x)))
        return {"one": torch.sigmoid(self.one(h)), "two": torch.tanh(self.two(h))}


def test_every_head_is_an_end() -> None:
    model = _Heads()
    assert last_layers(model, X) == {"one", "two"}
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    done = prepare(model, act.get("gelu"), X)
    assert done.changed == ("relu(norm)",)
    assert set(done.outputs) == {"sigmoid(one)", "tanh(two)"}
    for name, value in model.named_buffers():
        assert torch.equal(value, buffers[name])
