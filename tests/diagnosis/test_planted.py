"""Units of known fate are told exactly, and no others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from actscope.diagnosis._report import HealthReport
from actscope.diagnosis._watch import watch
from tests.diagnosis import planted


def looked_at(model: nn.Module, x: Tensor, batch: int = 200) -> HealthReport:
    """In training mode, a step a batch."""
    with watch(model, every=1) as seen:
        for part in x.split(batch):
            model(part).square().mean().backward()
    return seen.report()


def truth(model: nn.Module, x: Tensor) -> dict[str, list[int]]:
    """By arithmetic on the first layer alone: what its inputs are on every row."""
    weight = model.first.weight.flatten(1).double()
    z = x.double() @ weight.T + model.first.bias.double()
    a = z.clamp_min(0)
    dead = (z <= 0).all(0)
    dormant = (a.mean(0) <= 0.025 * a.mean()) & ~dead
    return {
        "dead": dead.nonzero().flatten().tolist(),
        "dormant": dormant.nonzero().flatten().tolist(),
    }


MODELS = {style: lambda style=style: planted.MLP(style) for style in planted.STYLES}
MODELS |= {"conv": planted.Conv, "tokens": planted.Tokens, "gated": planted.Gated}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_units_are_told_exactly(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    model, x = MODELS[name](), planted.inputs(seed)
    wanted = planted.plant(model.first.weight, model.first.bias)
    found = truth(model, x)
    assert set(wanted["dead"]) <= set(found["dead"])
    assert set(wanted["dormant"]) <= set(found["dormant"])
    site = looked_at(model, x).sites[0]
    assert site.units == 16
    assert site.samples == planted.ROWS
    assert site.dead_units == found["dead"]
    if name != "residual":
        assert site.dormant_units == found["dormant"]
    assert 4 not in site.dead_units  # awake on 2%
    assert 6 not in site.dead_units  # on 0.5%


def test_saturated_units_are_told_exactly() -> None:
    torch.manual_seed(0)
    model = planted.Squashed()
    site = looked_at(model, planted.inputs()).sites[0]
    assert site.saturated_units == list(model.saturated)
    assert site.dead_units == []
