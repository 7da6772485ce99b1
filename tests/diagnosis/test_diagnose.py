"""diagnose and assert_healthy."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from actscope.diagnosis._diagnose import UnhealthyModel, assert_healthy, diagnose
from actscope.errors import DataError
from tests.diagnosis import planted


def test_a_model_is_left_as_it_was() -> None:
    model, x = planted.MLP(), planted.inputs()
    model.second.eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    report = diagnose(model, [(x, torch.zeros(len(x), 3))], nn.functional.mse_loss)
    assert model.training
    assert not model.second.training
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert report.sites[0].gradient


def test_gradients_are_those_of_a_backward_pass() -> None:
    torch.manual_seed(0)
    model, x = planted.MLP(), planted.inputs()
    y = torch.randn(len(x), 3)
    report = diagnose(model, [(x, y)], nn.functional.mse_loss)
    a = model.first(x).relu().detach().requires_grad_()
    nn.functional.mse_loss(model.last(model.second(a).relu()), y).backward()
    assert a.grad is not None
    assert report.sites[0].gradient == pytest.approx(a.grad.abs().mean().item(), rel=1e-4)


def test_a_healthy_network_passes_and_a_dead_one_fails_in_words() -> None:
    torch.manual_seed(0)
    model, x = planted.MLP(), planted.inputs()
    assert assert_healthy(model, x).ok
    nn.init.constant_(model.first.bias, -99.0)
    with pytest.raises(AssertionError, match=r"act: 16 of 16 units \(100%\) are dead"):
        assert_healthy(model, [x[:500], x[500:]])


@pytest.mark.parametrize(("batches", "words"), [([], "empty"), ([torch.zeros(2, 12)], "pair")])
def test_what_cannot_be_looked_at_is_said(batches: list[torch.Tensor], words: str) -> None:
    with pytest.raises(DataError, match=words):
        diagnose(planted.MLP(), batches, nn.functional.mse_loss)


def test_the_error_is_an_assertion() -> None:
    assert issubclass(UnhealthyModel, AssertionError)
