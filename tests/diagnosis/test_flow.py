"""Depth: only sites of which one follows from the other are compared, and like with like."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import torch
from tests.diagnosis.reports import site
from torch import Tensor, nn

from actscope.diagnosis._diagnose import diagnose
from actscope.diagnosis._flow import flow
from actscope.diagnosis._history import Timeline
from actscope.diagnosis._watch import watch


class Towers(nn.Module):
    """Two towers of the same input; the first one's numbers are 30 times larger."""

    def __init__(self, *, stem: bool) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 4) if stem else nn.Identity()
        self.x, self.y = nn.Linear(4, 8), nn.Linear(4, 8)
        with torch.no_grad():
            self.x.weight *= 30
            self.y.weight /= 2

    def forward(self, given: Tensor) -> Tensor:
        h = self.stem(given)
        a = torch.sigmoid(self.x(h))
        b = torch.tanh(self.y(h))
        return a + b


class Chain(Towers):
    def forward(self, given: Tensor) -> Tensor:
        a = torch.sigmoid(self.x(given))
        return torch.tanh(self.y(a[:, :4]))


def kinds(report: Any) -> set[str]:
    return {finding.kind for finding in report.findings}


@pytest.mark.parametrize("stem", [False, True])
def test_parallel_branches_are_no_depth(stem: bool) -> None:
    torch.manual_seed(0)
    assert "initialisation" not in kinds(diagnose(Towers(stem=stem), torch.randn(300, 4)))


def test_of_a_chain_it_is_told_in_words_for_one_layer() -> None:
    torch.manual_seed(0)
    found = diagnose(Chain(stem=False), torch.randn(300, 4)).findings
    (told,) = [f for f in found if f.kind == "initialisation"]
    assert "at one layer where" in told.text


@pytest.mark.parametrize(("last", "told"), [(64 * 16, True), (16, False)])
def test_gradients_are_compared_where_positions_are_as_many(last: int, told: bool) -> None:
    """A loss that reads one of 64 positions: the mean over them against that one is no depth."""
    ffn = [site(f"ffn.{n}", samples=64 * 16, gradient=2.7e-7) for n in range(2)]
    pooler = site("pooler", samples=last, gradient=1e-3)
    assert ("vanishing_gradient" in {f.kind for f in flow([*ffn, pooler])}) == told


class Late(nn.Module):
    """A parameter of its own or a GRU before the first nn.Linear."""

    def __init__(self, first: str) -> None:
        super().__init__()
        self.gru = nn.GRU(3, 8, batch_first=True)
        self.w = nn.Parameter(torch.randn(3, 8) * 0.1)
        self.first = first
        self.b, self.c = nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = x @ self.w if self.first == "w" else self.gru(x)[0]
        return self.c(torch.relu(self.b(torch.sigmoid(h))))


@pytest.mark.parametrize("first", ["w", "gru"])
def test_what_a_hidden_layer_is_given_is_no_input_to_centre(first: str) -> None:
    torch.manual_seed(0)
    report = diagnose(Late(first), torch.randn(50, 6, 3))
    assert report.entering is None
    assert "input_not_centred" not in kinds(report)


def test_a_view_of_the_input_is_the_input() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.ReLU())
    entering = diagnose(model, torch.randn(50, 3, 4) + 50).entering
    assert entering is not None
    assert (entering.layer, entering.samples) == ("1", 50)


@pytest.mark.parametrize("loss", [-math.inf, torch.tensor(-math.inf)])
def test_a_loss_of_minus_infinity_is_not_finite(loss: Any) -> None:
    timeline = Timeline()
    timeline.look(0)
    timeline.note(0, loss, None)
    (moment,) = timeline.moments()
    assert moment.loss == -math.inf
    assert json.dumps(moment.to_dict(), allow_nan=False) == '{"step": 0, "loss": null, "lr": null}'


def test_when_it_was_so_for_the_first_time_is_told() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    with torch.no_grad():
        model.get_parameter("0.bias")[0] = torch.nan
    with watch(model, 1) as watched:
        model(torch.randn(50, 3))
        watched.note(loss=torch.tensor(-math.inf))
    assert any(
        "not finite for the first time at step 0" in f.text for f in watched.report().findings
    )
