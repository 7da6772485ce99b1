"""Activations written out in a model's code."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from tests.sites.planted import Of
from torch import Tensor, nn
from torch.nn import functional as F

import actscope as act
from actscope.sites import find

Written = Callable[[Tensor], Tensor]


def in_place(z: Tensor) -> Tensor:
    z = z + 0
    z[z < 0] = 0
    return z


KNOWN: dict[str, tuple[Written, str]] = {
    "silu": (lambda z: z * torch.sigmoid(z), "silu"),
    "silu turned": (lambda z: z.sigmoid().mul(z), "silu"),
    "quick gelu": (lambda z: z * torch.sigmoid(1.702 * z), "quick_gelu"),
    "swish": (lambda z: torch.sigmoid(3 * z) * z, "beta_swish(beta=3)"),
    "hard swish": (lambda z: z * F.relu6(z + 3) / 6, "hard_swish"),
    "hard swish, clamped": (lambda z: z * ((z + 3).clamp(0, 6) / 6), "hard_swish"),
    "gelu, tanh": (
        lambda z: 0.5 * z * (1 + torch.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
        "gelu_tanh",
    ),
    "gelu, tanh, other order": (
        lambda z: z * (torch.tanh(0.7978845608 * z * (1 + 0.044715 * z * z)) + 1) * 0.5,
        "gelu_tanh",
    ),
    "gelu": (lambda z: 0.5 * z * (1 + torch.erf(z / math.sqrt(2))), "gelu"),
    "mish": (lambda z: z * torch.tanh(F.softplus(z)), "mish"),
    "squared": (lambda z: F.relu(z) * F.relu(z), "squared_relu"),
    "where": (lambda z: torch.where(z > 0, z, 0.0), "relu"),
    "where, zeros": (lambda z: torch.where(z >= 0, z, torch.zeros_like(z)), "relu"),
    "where turned": (lambda z: torch.where(z < 0, 0.0, z), "relu"),
    "Tensor.where": (lambda z: z.where(z > 0, 0.0), "relu"),
    "masked_fill": (lambda z: z.masked_fill(z <= 0, 0), "relu"),
    "masked_fill in place": (lambda z: z.masked_fill_(z < 0, 0), "relu"),
    "setitem": (in_place, "relu"),
    "mask": (lambda z: z * (z > 0), "relu"),
    "mask of numbers": (lambda z: (z > 0).float() * z, "relu"),
    "maximum": (lambda z: torch.maximum(z, torch.zeros_like(z)), "relu"),
    "max": (lambda z: torch.max(torch.zeros_like(z), z), "relu"),
    "halves": (lambda z: (z + z.abs()) / 2, "relu"),
    "threshold": (lambda z: F.threshold(z, 0, 0), "relu"),
    "leaky": (lambda z: torch.where(z > 0, z, 0.1 * z), "leaky_relu(negative_slope=0.1)"),
    "leaky in parts": (
        lambda z: z * (z > 0) + 0.2 * z * (z <= 0), "leaky_relu(negative_slope=0.2)",
    ),
    "leaky, a sum": (lambda z: z * (z > 0) * 0.5 + z * 0.5, "leaky_relu(negative_slope=0.5)"),
    "leaky, maximum": (lambda z: torch.maximum(z, z * 0.25), "leaky_relu(negative_slope=0.25)"),
    "elu": (lambda z: torch.where(z > 0, z, z.exp() - 1), "elu"),
    "expit": (torch.special.expit, "sigmoid"),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known_formulas(name: str) -> None:
    written, expected = KNOWN[name]
    torch.manual_seed(0)
    model, x = Of(lambda m, z: written(z)), torch.randn(40, 4)
    found = find(model, x)
    assert [(s.name, s.activation, s.units) for s in found.sites] == [
        (f"{expected}(first)", expected, 6)
    ]
    assert not found.left_out
    if name not in ("threshold", "expit"):
        assert found.sites[0].inline
        with pytest.raises(act.SettingError, match="written out"):
            act.swap(model, expected.partition("(")[0], "tanh", example=x)


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("bias", [-15.0, 0.0, 15.0])
def test_the_lists_are_those_of_the_same_function_called(name: str, bias: float) -> None:
    written, expected = KNOWN[name]
    by_hand, called = Of(lambda m, z: written(z)), Of(lambda m, z: m.act(z))
    called.load_state_dict(by_hand.state_dict())
    called.act = act.nn.module(expected)  # type: ignore[assignment]
    x = torch.randn(60, 4)
    sites = []
    for model in (by_hand, called):
        with torch.no_grad():
            model.first.bias[:3] = bias
        (site,) = act.diagnose(model, x).sites
        sites.append(site)
    one, two = sites
    assert one.dead_units == two.dead_units
    assert one.saturated_units == two.saturated_units
    assert one.mean == pytest.approx(two.mean, rel=1e-6)
    if name == "where":
        assert two.dead_units == ([0, 1, 2] if bias < 0 else [])


@pytest.mark.parametrize(
    "written",
    [
        lambda z: z * torch.sigmoid(z + 1),
        lambda z: torch.tanh(z) * torch.sigmoid(z),
        lambda z: z * F.relu6(z + 3) / 5,
        lambda z: torch.where(z > 0, z, F.softplus(z)),
        lambda z: torch.where(z > 1, z, 0.0),
        lambda z: z * (z > 0.5),
        lambda z: z.masked_fill(z > 2, 2.0),
        lambda z: F.threshold(z, 0.5, 0.0),
    ],
)
def test_others_are_left_out_with_a_reason(written: Written) -> None:
    found = find(Of(lambda m, z: written(z)), torch.randn(9, 4))
    assert not found.sites
    ((_, why),) = found.left_out
    assert "written out by hand" in why or "threshold" in why


def test_what_only_looks_like_it() -> None:
    """Masks, residuals and gates that are no function of one tensor."""
    mask = torch.rand(9, 6) > 0.5
    for between in (
        lambda m, z: torch.where(mask, z, 0.0),
        lambda m, z: z.masked_fill(mask, -1e9),
        lambda m, z: z * mask,
        lambda m, z: z.abs() + 1,
        lambda m, z: torch.where(m.second(z) > 0, z, 0.0),
        lambda m, z: z.max(0).values + torch.max(z, 1, keepdim=True)[0],
        lambda m, z: torch.where(z.mean() > 0, z, 0.0),
    ):
        found = find(Of(between), torch.randn(9, 4))
        assert not found.sites
        assert not found.left_out


def test_a_hidden_layer_scaled_by_a_parameter_is_no_gate() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.scale = nn.Linear(4, 6), nn.Parameter(torch.ones(6))

        def forward(self, x: Tensor) -> Tensor:
            return torch.sigmoid(self.first(x)) * self.scale

    found = find(Scaled(), torch.randn(5, 4))
    assert [s.name for s in found.sites] == ["sigmoid(first)"]
    assert not found.left_out


def test_two_calls_on_one_line_are_two_sites() -> None:
    model = Of(lambda m, z: torch.cat([torch.relu(z[:, :3]), torch.relu(-z[:, 3:])], 1))
    with torch.no_grad():
        model.first.bias[4] = 99
    sites = act.diagnose(model, torch.randn(30, 4)).sites
    assert [s.name for s in sites] == ["relu(first)", "relu(first)#2"]
    assert sites[0].dead_units == []
    assert sites[1].dead_units == [1]
    chained = find(Of(lambda m, z: z.relu().neg().relu().neg()), torch.randn(3, 4)).sites
    assert [s.calls for s in chained] == [1, 1]
    looped = Of(lambda m, z: sum((torch.relu(z * n) for n in range(3)), z))
    (site,) = find(looped, torch.randn(3, 4)).sites
    assert site.calls == 3


def test_one_of_two_calls_on_a_line_is_swapped() -> None:
    torch.manual_seed(0)
    model, x = Of(lambda m, z: torch.relu(z) - torch.relu(-z)), torch.randn(5, 4)
    act.swap(model, "relu", "tanh", example=x, sites=["relu(first)#2"])
    z = model.first(x)
    assert torch.equal(model(x), model.second(torch.relu(z) - torch.tanh(-z)))


def test_calls_of_several_sizes_are_told() -> None:
    model = Of(lambda m, z: torch.cat([torch.relu(p) for p in (z[:, :2], z[:, 2:])], 1))
    (site,) = find(model, torch.randn(3, 4)).sites
    assert (site.axis, site.calls) == (None, 2)
    assert "1 of 2 calls" in site.note
