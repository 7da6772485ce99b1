"""Signals keep their variance through depth; each layer's scale is that of what it reads."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import actscope as act


def deep(name: str, conv: bool = False, depth: int = 20) -> nn.Sequential:
    def layer(first: bool) -> nn.Module:
        if not conv:
            return nn.Linear(256, 256)
        return nn.Conv2d(3 if first else 32, 32, 3, padding=1, padding_mode="circular")

    return nn.Sequential(*[m for n in range(depth) for m in (layer(n == 0), act.module(name))])


def data(conv: bool, rows: int) -> Tensor:
    return torch.randn(rows, 3, 6, 6) if conv else torch.randn(rows, 256)


def sizes(model: nn.Sequential, x: Tensor) -> Tensor:
    """Float["layer"]: the mean square of what enters each activation."""
    found = []
    with torch.no_grad():
        for layer in model:
            x = layer(x)
            if isinstance(layer, nn.Linear | nn.Conv2d):
                found.append(x.square().mean())
    return torch.stack(found)


@pytest.mark.parametrize("conv", [False, True])
@pytest.mark.parametrize("name", ["relu", "tanh", "selu"])
def test_by_gain_alone_the_variance_stays_over_twenty_layers(name: str, conv: bool) -> None:
    """In the mean of 8 draws: a single net of finite width may be off by chance."""
    found = []
    for seed in range(8):
        torch.manual_seed(seed)
        model, x = deep(name, conv), data(conv, 16)
        assert len(act.init_(model, example=x).layers) == 20
        found.append(sizes(model, x))
    mean = torch.stack(found).mean(0)
    assert mean.min() > 0.5
    assert mean.max() < 2


@pytest.mark.parametrize("conv", [False, True])
@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "selu", "silu"])
def test_with_lsuv_it_does_in_every_draw_and_for_other_data_of_that_kind(
    name: str, conv: bool
) -> None:
    for seed in range(2):
        torch.manual_seed(seed)
        model = deep(name, conv)
        x, other = data(conv, 300), data(conv, 300)
        done = act.init_(model, example=x, lsuv=True)
        torch.testing.assert_close(sizes(model, x), torch.ones(20), rtol=1e-3, atol=0)
        assert sizes(model, other).min() > 0.5
        assert sizes(model, other).max() < 2
        assert all(d.scale != 1 for d in done.layers)


def test_the_formula_by_hand() -> None:
    """gain / sqrt(fan_in): relu sqrt(2); fan_in of a group is its own, strides leave out."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(4, 256, 3, groups=2), nn.ReLU(),
        nn.ConvTranspose2d(256, 64, 4, stride=2, groups=4), nn.Tanh(),
        nn.Flatten(), nn.Linear(64 * 64, 100),
    )  # fmt: skip
    done = act.init_(model, example=torch.randn(1, 4, 5, 5))
    assert [d.reads for d in done.layers] == ["", "relu", "tanh"]
    assert not done.left_alone
    # E tanh(z)^2 = 0.39429 of a standard normal: Gauss-Hermite with 100 points
    expected = {
        "0": 1 / math.sqrt(2 * 9),
        "2": math.sqrt(2) / math.sqrt(256 * 16 / 4 / 4),
        "5": 1 / math.sqrt(0.39429) / math.sqrt(64 * 64),
    }
    for name, deviation in expected.items():
        module = model.get_submodule(name)
        assert isinstance(module.weight, Tensor)
        assert isinstance(module.bias, Tensor)
        assert module.weight.std().item() == pytest.approx(deviation, rel=0.03)
        assert not module.bias.any()


def test_the_same_seed_draws_the_same() -> None:
    draws = []
    for seed in (3, 3, 4):
        model = deep("gelu", depth=3)
        torch.manual_seed(seed)
        act.init_(model, example=torch.ones(2, 256))
        draws.append([p.clone() for p in model.parameters()])
    assert all(map(torch.equal, draws[0], draws[1]))
    assert not torch.equal(draws[0][0], draws[2][0])


class Gated(nn.Module):
    def __init__(self, inline: bool) -> None:
        super().__init__()
        self.gate, self.up, self.down = (nn.Linear(256, 256, bias=False) for _ in range(3))
        self.inline = inline

    def forward(self, x: Tensor) -> Tensor:
        z = self.gate(x)
        return self.down((z * torch.sigmoid(z) if self.inline else F.silu(z)) * self.up(x))


@pytest.mark.parametrize("inline", [False, True])
def test_a_gated_unit_has_the_gain_of_its_activation(inline: bool) -> None:
    torch.manual_seed(0)
    model, x = Gated(inline), torch.randn(512, 256)
    done = act.init_(model, example=x)
    assert {d.layer: d.reads for d in done.layers} == {"gate": "", "up": "", "down": "silu"}
    assert model(x).var().item() == pytest.approx(1, rel=0.15)


class Mixed(nn.Module):
    """All that there is reason to leave as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 16)
        self.norm, self.conv = nn.BatchNorm1d(16), nn.Conv1d(16, 16, 1)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.frozen, self.never = nn.Linear(16, 16), nn.Linear(16, 16)
        self.computed = nn.utils.parametrizations.weight_norm(nn.Linear(16, 16))
        self.tied = nn.Linear(16, 11, bias=False)
        self.frozen.requires_grad_(False)
        self.tied.weight = self.embed.weight

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv(F.relu(self.norm(self.embed(x).mT))).mT
        h = self.attention(h, h, h)[0]
        return self.tied(self.computed(self.frozen(h)))


def test_what_is_left_alone_is_said_and_left_alone() -> None:
    model = Mixed()
    before = {name: p.clone() for name, p in model.named_parameters()}
    done = act.init_(model, example=torch.randint(0, 11, (2, 5)))
    assert [(d.layer, d.reads) for d in done.layers] == [("conv", "relu")]
    left = dict(done.left_alone)
    changed = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert changed == {"conv.weight", "conv.bias"}
    assert set(left) | changed >= set(before) - {"embed.weight"}  # told as tied.weight
    assert not set(left) & changed
    assert "frozen" in left["frozen.weight"]
    assert "not called" in left["never.bias"]
    assert "shared with embed" in left["tied.weight"]
    assert left["norm.weight"] == "not of a linear or convolution layer"
    assert any("computed" in why for name, why in left.items() if name.startswith("computed"))


def test_of_layers_that_share_weights_one_is_drawn() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh())
    first, second = model[0], model[2]
    assert isinstance(first, nn.Linear)
    assert isinstance(second, nn.Linear)
    second.weight = first.weight
    done = act.init_(model, example=torch.randn(2, 8))
    assert [d.layer for d in done.layers] == ["0"]
    assert dict(done.left_alone)["2.weight"] == "shared with another layer, which was drawn"


def test_a_layer_that_reads_several_activations_has_gain_one() -> None:
    class Reused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.again = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.again(F.relu(self.again(torch.tanh(self.first(x)))))

    done = act.init_(Reused(), example=torch.randn(2, 4))
    assert [(d.layer, d.reads, d.gain) for d in done.layers] == [("first", "", 1), ("again", "", 1)]
