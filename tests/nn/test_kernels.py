"""Kernels write what the functions and their derivatives say, into the buffers given."""

from __future__ import annotations

import pytest
import torch

from actscope import catalogue
from actscope.nn import derivative, module
from actscope.nn._kernels import Kernel, _Composed, kernel

Z = torch.linspace(-9, 9, 2 * 4 * 33, dtype=torch.float64).view(2, 4, 33)
GRAD = torch.linspace(-2, 3, Z.numel(), dtype=torch.float64).flip(0).view_as(Z)
UNLEARNED = [n for n in catalogue.names() if n != "prelu"]


def passes(f: Kernel, learned: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    z = Z.clone()
    a = z if not f.needs_input else torch.full_like(z, torch.nan)
    f.forward(z, a, learned)
    value, grad = a.clone(), GRAD.clone()
    f.backward(grad, z, a, grad, learned)  # in place, as the ensemble does it
    return value, grad


@pytest.mark.parametrize("name", catalogue.names())
def test_kernel_equals_function_and_derivative(name: str) -> None:
    record = catalogue.get(name)
    f = kernel(record)
    learned = torch.full((2, 1), 0.25, dtype=torch.float64) if f.learned else None
    value, grad = passes(f, learned)
    torch.testing.assert_close(value, module(name).double()(Z).detach())
    away = torch.ones_like(Z, dtype=torch.bool)
    for kink in record.kinks:
        away &= (Z - kink).abs() > 1e-9
    torch.testing.assert_close(grad[away], (GRAD * derivative(name)(Z))[away])


@pytest.mark.parametrize("name", UNLEARNED)
def test_a_formula_alone_is_enough_for_a_kernel(name: str) -> None:
    record = catalogue.get(name)
    for ours, native in zip(
        passes(_Composed(record), None), passes(kernel(record), None), strict=True
    ):
        torch.testing.assert_close(ours, native, rtol=1e-9, atol=1e-9)


def test_each_member_has_its_own_learned_slope() -> None:
    f = kernel(catalogue.get("prelu"))
    learned = torch.tensor([[0.1], [0.5]], dtype=torch.float64)
    value, _ = passes(f, learned)
    for member, slope in enumerate((0.1, 0.5)):
        torch.testing.assert_close(value[member], torch.nn.functional.leaky_relu(Z[member], slope))
    expected = (GRAD * Z.clamp_max(0)).sum((1, 2))[:, None]
    torch.testing.assert_close(f.learned_grad(GRAD, Z, learned), expected)
