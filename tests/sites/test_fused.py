"""PyTorch's fused attention layers under several watches."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import actscope as act


@pytest.mark.parametrize("layers", [1, 2])
def test_two_watches_leave_the_output_and_both_see(layers: int) -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(64, 2, 256, batch_first=True)
    encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
    model = nn.Sequential(encoder).eval()
    x = torch.randn(8, 9, 64)
    with torch.no_grad():
        plain = model(x)
        with act.watch(model) as outer, act.watch(model) as inner:
            assert torch.equal(model(x), plain)
        assert torch.equal(model(x), plain)
    for watched in (outer, inner):
        sites = watched.report().sites
        assert [(site.activation, site.units) for site in sites] == [("relu", 256)] * layers
        assert {site.samples for site in sites} == {72}


def test_two_watches_around_attention_follow_its_output() -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.attention(x, x, x, need_weights=False)[0])

    torch.manual_seed(0)
    model, x = Attending().eval(), torch.randn(4, 5, 8)
    with torch.no_grad():
        plain = model(x)
        with act.watch(model) as outer, act.watch(model) as inner:
            assert torch.equal(model(x), plain)
    names = [[site.name for site in watched.report().sites] for watched in (outer, inner)]
    with torch.no_grad(), act.watch(model) as alone:
        model(x)
    assert names == [[site.name for site in alone.report().sites]] * 2
    assert len(names[0]) == 1
    assert alone.report().sites[0].units == outer.report().sites[0].units == 8
    assert inner.report().sites[0].units == 8
