"""The two levels: who asks for the precise one gets it, and nobody else."""

from __future__ import annotations

import threading

import pytest
import torch

import actscope as act
from actscope import catalogue, nn

X = torch.tensor([-7.0])
TRUE = -8.958686e-12  # of gelu, by 50-digit arithmetic; PyTorch's float32 says 0


def gelu(**level: bool) -> float:
    return nn.functional.gelu(X, **level).item()


def test_the_context_the_keyword_and_the_module() -> None:
    assert act.precise is nn.precise
    assert gelu() == 0
    assert gelu(precise=True) == pytest.approx(TRUE, rel=1e-6)
    with act.precise():
        assert gelu() == pytest.approx(TRUE, rel=1e-6)
        assert gelu(precise=False) == 0
        with act.precise(False):
            assert gelu() == 0
        assert gelu() == pytest.approx(TRUE, rel=1e-6)
        assert nn.GELU()(X).item() == pytest.approx(TRUE, rel=1e-6)
        assert nn.GELU(precise=False)(X).item() == 0
    assert gelu() == 0
    assert nn.GELU(precise=True)(X).item() == pytest.approx(TRUE, rel=1e-6)


def test_an_error_inside_ends_the_level() -> None:
    with pytest.raises(ZeroDivisionError), act.precise():
        _ = 1 / 0
    assert gelu() == 0


def test_the_level_is_the_threads_own() -> None:
    seen = []
    with act.precise():
        thread = threading.Thread(target=lambda: seen.append(gelu()))
        thread.start()
        thread.join()
    assert seen == [0]


def test_the_backward_pass_keeps_the_level_of_the_forward_pass() -> None:
    x = X.clone().requires_grad_()
    with act.precise():
        y = nn.functional.gelu(x)
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == pytest.approx(-6.2e-11, rel=3e-2)


@pytest.mark.parametrize("name", catalogue.names())
def test_limits_nan_and_parameters_as_tensors(name: str) -> None:
    """At infinity the catalogue's limits, also where a parameter is a learned tensor."""
    record = catalogue.get(name)
    x = torch.tensor([-torch.inf, torch.inf, torch.nan])
    function = nn.functional.composed(record)
    values = list(record.values.values())
    expected = torch.tensor([*record.limits, torch.nan])
    torch.testing.assert_close(function(x, *values, precise=True), expected, equal_nan=True)
    tensors = [torch.tensor(value, dtype=torch.float64) for value in values]
    if not any(limit != limit for limit in record.limits):
        found = function(x, *tensors, precise=True)
        torch.testing.assert_close(found, expected, equal_nan=True)
    slopes = torch.tensor([*record.slope_limits, torch.nan])
    with act.precise():
        torch.testing.assert_close(nn.derivative(name)(x), slopes, equal_nan=True)


def test_other_parameters_have_other_limits() -> None:
    far = torch.tensor([-torch.inf, torch.inf])
    assert nn.functional.elu(far, 0.5, precise=True).tolist() == [-0.5, torch.inf]
    assert nn.ELU(0.25, precise=True)(far).tolist() == [-0.25, torch.inf]
    assert nn.functional.elu(far, -1.0, precise=True).tolist() == [1.0, torch.inf]
    learned = torch.tensor(-1.0)  # x * sigmoid(-x)
    assert nn.functional.beta_swish(far, learned, precise=True).tolist() == [-torch.inf, 0.0]


def test_derivative_answers_for_specifications_and_records() -> None:
    x = torch.tensor([-1.0])
    record = catalogue.get("leaky_relu(negative_slope=0.3)")
    for spec in (record, "leaky_relu(negative_slope=0.3)"):
        assert nn.derivative(spec)(x).item() == pytest.approx(0.3)
        with act.precise():
            assert nn.derivative(spec)(x).item() == pytest.approx(0.3)


def test_one_switch_entered_twice_switches_back() -> None:
    x = torch.tensor([-8.0])
    switch = act.precise()
    with switch:
        with switch:
            pass
        assert act.functional.gelu(x) != 0
    assert act.functional.gelu(x) == 0
