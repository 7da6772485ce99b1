"""Signals keep their variance through depth."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import actscope as act


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "selu"])
def test_variance_stays_near_one_over_twenty_layers(name: str) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(*[m for _ in range(20) for m in (nn.Linear(512, 512), act.module(name))])
    x = torch.randn(256, 512)
    done = act.init_(model, example=x)
    assert len(done.layers) == 20
    variances = []
    with torch.no_grad():
        for layer in model:
            x = layer(x)
            if isinstance(layer, nn.Linear):
                variances.append(x.var().item())
    assert min(variances) > 0.3
    assert max(variances) < 3
