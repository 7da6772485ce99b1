"""The axis of units, told by the user."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import actscope as act


class Mixed(nn.Module):
    """Six outputs folded into 2 x 3, of which no tool can know what a unit is."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 6)
        nn.init.zeros_(self.first.weight)
        with torch.no_grad():
            self.first.bias.copy_(torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0, -1.0]))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.first(x).reshape(-1, 2, 3))


def test_told_axes_count_units() -> None:
    model, x = Mixed(), torch.randn(5, 4)
    for axes, units, dead in (
        ({}, None, []),
        ({"relu(first)": 1}, 2, [1]),
        ({"relu(first)": -1}, 3, []),
    ):
        with act.watch(model, every=1, axes=axes) as w:
            for _ in range(4):
                model(x)
        (site,) = w.report().sites
        assert (site.units, site.dead_units) == (units, dead)
        assert site.samples == (4 * 5 * 6 / units if units else 0)


def test_names_of_no_site_are_said() -> None:
    model = Mixed()
    with act.watch(model, every=1, axes={"relu": 1}) as w:
        model(torch.randn(5, 4))
    assert w.report().left_out == [("relu", "named by axes, but seen nowhere")]
