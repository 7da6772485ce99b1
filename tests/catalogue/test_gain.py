"""Gains: against PyTorch's few, against sampling, and what fifty layers make of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import actscope as act
from actscope.errors import SettingError, UnknownActivation

LAYERS, WIDTH = 50, 512
STEADY = [n for n in act.names() if act.get(n).variance_slope < 1 - 1e-3]


@pytest.fixture(scope="module")
def weights() -> list[Tensor]:
    draw = torch.Generator().manual_seed(7)
    return [torch.randn(WIDTH, WIDTH, generator=draw) / math.sqrt(WIDTH) for _ in range(LAYERS)]


def drift(
    name: str, weights: list[Tensor], norm: Callable[[Tensor], Tensor] = lambda h: h
) -> float:
    """The variance that enters the last activation, over that of the first."""
    activation = act.module(name).eval()
    h = torch.randn(16, WIDTH, generator=torch.Generator().manual_seed(8))
    with torch.no_grad():
        for weight in weights:
            h = norm(activation(h) @ weight * act.gain(name))
    return float(h.square().mean())


@pytest.mark.parametrize("name", STEADY)
def test_where_the_slope_is_below_one_fifty_layers_keep_the_variance(
    name: str, weights: list[Tensor]
) -> None:
    assert 0.5 < drift(name, weights) < 2


@pytest.mark.parametrize("name", ["gelu", "silu", "hard_swish", "softshrink", "lisht"])
def test_where_the_slope_is_above_one_no_gain_keeps_it_and_normalising_does(
    name: str, weights: list[Tensor]
) -> None:
    assert act.get(name).variance_slope > 1.1
    assert drift(name, weights) > 5
    normed = drift(name, weights, lambda h: torch.nn.functional.layer_norm(h, (WIDTH,)))
    assert normed == pytest.approx(1, abs=0.01)


def test_straight_lines_through_zero_have_slope_one() -> None:
    for spec in ("identity", "relu", "leaky_relu(negative_slope=0.3)", "prelu", "absolute"):
        assert act.get(spec).variance_slope == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.3, 1.0])
def test_gains_agree_with_pytorch_where_it_is_exact(slope: float) -> None:
    known = torch.nn.init.calculate_gain
    assert act.gain("relu") == pytest.approx(known("relu"))
    assert act.gain("identity") == pytest.approx(known("linear"))
    ours = act.gain("leaky_relu", negative_slope=slope)
    assert ours == pytest.approx(known("leaky_relu", slope))


def test_a_vector_has_no_gain_and_unknown_names_are_said() -> None:
    with pytest.raises(SettingError, match="softmax acts on a whole vector and has no gain"):
        act.gain("softmax")
    with pytest.raises(UnknownActivation, match="gelu"):
        act.gain("gellu")
    assert act.gain("swiglu") == act.gain("silu")
