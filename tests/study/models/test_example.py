"""What a model is called with, seen in the first call that `score` makes."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import actscope as act
from actscope.study.models._example import fingerprint, first_call
from actscope.study.models._functions import function


class _Two(nn.Module):
    def forward(self, x: Tensor, scale: Tensor, flag: bool = False) -> Tensor:
        x.mul_(scale)
        return x


def _seen(score: Any, build: Any = _Two) -> Any:
    return first_call(
        function("build", build, ("seed",)), function("score", score, ("model", "seed")), 0
    )


def test_arguments_are_kept_as_they_were_given() -> None:
    one, two = torch.ones(3), torch.full((3,), 2.0)
    args = _seen(lambda model: model(one, two))
    assert isinstance(args, tuple)
    assert torch.equal(args[0], torch.ones(3))
    assert torch.equal(args[1], two)
    assert args[0] is not one
    named = _seen(lambda model: model(one, scale=two, flag=True))
    assert list(named) == ["x", "scale", "flag"]
    assert torch.equal(named["scale"], two)
    assert torch.equal(one, torch.ones(3))  # the model was not run


def test_it_is_the_first_call_whatever_score_catches() -> None:
    def score(model: nn.Module) -> float:
        for value in (1.0, 2.0):
            with contextlib.suppress(Exception):
                model(torch.full((2,), value), torch.ones(2))
        return 0.0

    assert _seen(score)[0].tolist() == [1.0, 1.0]


def test_a_score_that_fails_or_calls_nothing_is_told() -> None:
    with pytest.raises(act.SettingError, match="score failed on a network before training: Zero"):
        _seen(lambda model: 1 / 0)
    with pytest.raises(act.SettingError, match="give example=x"):
        _seen(lambda model: model.forward(torch.ones(1), torch.ones(1)))


def test_a_fingerprint_is_of_values_shapes_and_kinds() -> None:
    x = torch.arange(6.0)
    same = [fingerprint(e) for e in (x, (x.clone(),), {"a": x})]
    assert len(set(same)) == 1
    others = [x + 1, x.view(2, 3), x.double(), x.flip(0), x.bool(), x.bfloat16(), torch.tensor(1)]
    assert len({same[0], *map(fingerprint, others)}) == 8
