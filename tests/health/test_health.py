"""Units with a known answer."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from actscope import catalogue
from actscope.health import count, judge, saturated_inputs, unit_health
from actscope.nn import derivative, module


def listed(mask: torch.Tensor | None) -> list[int]:
    assert mask is not None
    return mask.nonzero().flatten().tolist()


def test_relu_dead_only_if_it_never_fires() -> None:
    z = torch.full((1000, 4), -1.0)
    z[:, 0] = 1.0
    z[7, 2] = 1e-6  # fires once in a thousand: alive
    z[:, 3] = 0.0  # the derivative PyTorch uses at 0 is 0, and no neighbour on the left moves it
    health = unit_health(z, z.relu(), catalogue.get("relu"))
    assert listed(health.dead) == [1, 3]
    assert listed(health.saturated) == []
    assert listed(health.dormant) == [2]  # E|a| tiny beside its layer: dormant, not dead
    assert health.samples == 1000


def test_a_healthy_half_zero_relu_layer_has_no_finding() -> None:
    torch.manual_seed(0)
    z = torch.randn(500, 64)
    health = unit_health(z, z.relu(), catalogue.get("relu"))
    assert (listed(health.dead), listed(health.saturated), listed(health.dormant)) == ([], [], [])
    assert float(health.sparsity) == pytest.approx(0.5, abs=0.01)


def test_sigmoid_saturates_on_either_side_but_is_never_dead() -> None:
    z = torch.zeros(200, 4)
    z[:, 1] = 20.0
    z[:, 2] = -20.0
    z[:2, 3], z[2:, 3] = 0.0, 20.0  # flat on 99% of samples
    health = unit_health(z, z.sigmoid(), catalogue.get("sigmoid"))
    assert listed(health.dead) == []
    assert listed(health.saturated) == [1, 2, 3]
    z[2, 3] = 0.0  # 98.5%
    assert listed(unit_health(z, z.sigmoid(), catalogue.get("sigmoid")).saturated) == [1, 2]


def test_a_relu_far_below_zero_is_dead_not_saturated() -> None:
    z = torch.full((50, 2), -100.0)
    z[:, 0] = 1.0
    health = unit_health(z, z.relu(), catalogue.get("relu"))
    assert (listed(health.dead), listed(health.saturated)) == ([1], [])


def test_step_has_no_dead_list() -> None:
    z = torch.full((10, 2), -1.0)
    assert unit_health(z, torch.zeros(10, 2), catalogue.get("step")).dead is None


def test_dormant_is_relative_to_the_layers_mean() -> None:
    a = torch.ones(20, 40)
    # The layer's mean is (38 + 0.0475) / 40 = 0.9512; tau = 0.025 of it is 0.02378.
    a[:, 0] = 0.0235
    a[:, 1] = 0.0240
    health = unit_health(a, a, catalogue.get("identity"))
    assert listed(health.dormant) == [0]


@pytest.mark.parametrize("name", catalogue.names())
def test_saturated_inputs_agree_with_the_derivative(name: str) -> None:
    record = catalogue.get(name)
    z = torch.linspace(-60, 60, 24001, dtype=torch.float64)
    slope = derivative(record)(z).abs()
    flat = slope < 1e-3 * record.max_slope
    flagged = saturated_inputs(z, record)
    assert not (flagged & ~flat).any()
    # Where the slope has no bound (exp) nothing is flat beside it; sin(x) / x flattens late.
    far = saturated_inputs(torch.tensor([-1e4, 1e4], dtype=torch.float64), record)
    steep = math.isinf(record.max_slope)
    assert far.tolist() == [s in record.saturates and not steep for s in ("left", "right")]
    if not record.saturates:
        assert not flagged.any()


@given(
    data=st.data(),
    name=st.sampled_from(catalogue.names()),
    rows=st.integers(1, 6),
    units=st.integers(1, 5),
)
def test_lists_are_disjoint_and_permute_with_the_units(
    data: st.DataObject, name: str, rows: int, units: int
) -> None:
    numbers = st.floats(-50, 50, width=32)
    z = torch.tensor(data.draw(st.lists(numbers, min_size=rows * units, max_size=rows * units)))
    z = z.view(rows, units)
    record = catalogue.get(name)
    a = module(name)(z).detach()
    health = unit_health(z, a, record)
    dead = torch.zeros_like(health.saturated) if health.dead is None else health.dead
    assert int((dead.int() + health.saturated.int() + health.dormant.int()).max()) <= 1
    order = torch.randperm(units)
    moved = unit_health(z[:, order], a[:, order], record)
    assert torch.equal(moved.saturated, health.saturated[order])
    if health.dead is not None and moved.dead is not None:
        assert torch.equal(moved.dead, health.dead[order])


@given(cut=st.integers(1, 29), name=st.sampled_from(catalogue.names()))
def test_counts_of_parts_add_up_to_those_of_the_whole(cut: int, name: str) -> None:
    torch.manual_seed(cut)
    z = 4 * torch.randn(2, 30, 6) - 3
    record = catalogue.get(name)
    a = module(name)(z).detach()
    parts = count(z[:, :cut], a[:, :cut], record) + count(z[:, cut:], a[:, cut:], record)
    whole, joined = unit_health(z, a, record), judge(parts, record)
    assert (whole.dead is None) == (joined.dead is None)
    if whole.dead is not None and joined.dead is not None:
        assert torch.equal(whole.dead, joined.dead)
    assert torch.equal(whole.saturated, joined.saturated)
    assert torch.equal(whole.dormant, joined.dormant)
    assert joined.samples == 30
