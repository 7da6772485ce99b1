"""Activations replaced, proven, undone."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from tests.sites.planted import PLANTED, Of
from torch import Tensor, nn
from torch.nn import functional as F

import actscope as act
from actscope.sites import find


@pytest.mark.parametrize("name", [n for n, (_, e) in PLANTED.items() if ("relu" in str(e))])
def test_swapped_and_undone_bit_for_bit(name: str) -> None:
    model, x = Of(PLANTED[name][0]), torch.randn(3, 4)
    before, keys = model(x), list(model.state_dict())
    done = act.swap(model, "relu", "silu", example=x)
    assert {s.activation for s in find(model, x).sites} == {"silu"}
    assert len(done.changes) == len(PLANTED[name][1])
    assert done.difference > 0
    done.undo()
    assert torch.equal(model(x), before)
    assert list(model.state_dict()) == keys
    assert "forward" not in vars(model)


def _pickled(model: Functional) -> Functional:
    return pickle.loads(pickle.dumps(model))


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))


def test_learned_parameters_are_the_models_own_and_copies_have_their_own() -> None:
    model, x = Functional(), torch.randn(3, 4)
    count = len(list(model.parameters()))
    act.swap(model, "relu", "prelu", example=x)
    assert len(list(model.parameters())) == count + 1
    for twin in (copy.deepcopy(model), _pickled(model)):
        assert torch.equal(twin(x), model(x))
        with torch.no_grad():
            twin.get_parameter("swapped_relu_first.weight").fill_(3.0)
        assert not torch.equal(twin(x), model(x))


def test_refusals() -> None:
    model, x = Functional(), torch.randn(3, 4)
    with pytest.raises(act.SettingError, match="does not apply gelu"):
        act.swap(model, "gelu", "relu", example=x)
    with pytest.raises(act.SettingError, match="written out"):
        act.swap(Of(PLANTED["inline silu"][0]), "silu", "relu", example=x)
    with pytest.raises(act.SettingError, match="learns"):
        act.swap(Of(PLANTED["reused"][0]), "relu", "prelu", example=x)


def test_one_call_of_a_reused_module_cannot_be_swapped_alone() -> None:
    model, x = Of(PLANTED["reused"][0]), torch.randn(3, 4)
    before = model(x)
    with pytest.raises(act.SettingError, match="did not change as it should"):
        act.swap(model, "relu", "silu", example=x, sites=["act(first)"])
    assert torch.equal(model(x), before)
