"""Kernels write what the functions and their derivatives say, into the buffers given."""

from __future__ import annotations

import pytest
import torch

from actscope import catalogue
from actscope.nn import derivative, module
from actscope.nn._kernels import Kernel, _Composed, kernel

Z = torch.linspace(-9, 9, 2 * 4 * 33, dtype=torch.float64).view(2, 4, 33)
GRAD = torch.linspace(-2, 3, Z.numel(), dtype=torch.float64).flip(0).view_as(Z)


def passes(f: Kernel, learned: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    z = Z.clone()
    a = z if not f.needs_input else torch.full_like(z, torch.nan)
    f.forward(z, a, learned)
    value, grad = a.clone(), GRAD.clone()
    f.backward(grad, z, a, grad, learned)  # in place, as the ensemble does it
    return value, grad


def started(f: Kernel) -> torch.Tensor | None:
    return torch.tensor([f.start] * 2, dtype=torch.float64) if f.learned else None


@pytest.mark.parametrize("name", catalogue.names())
def test_kernel_equals_function_and_derivative(name: str) -> None:
    record = catalogue.get(name)
    f = kernel(record)
    value, grad = passes(f, started(f))
    torch.testing.assert_close(value, module(name).double().eval()(Z).detach())
    away = torch.ones_like(Z, dtype=torch.bool)
    for kink in record.kinks:
        away &= (Z - kink).abs() > 1e-9
    torch.testing.assert_close(grad[away], (GRAD * derivative(name)(Z))[away])


@pytest.mark.parametrize("name", catalogue.names())
def test_a_formula_alone_is_enough_for_a_kernel(name: str) -> None:
    record = catalogue.get(name)
    composed, native = _Composed(record), kernel(record)
    for ours, theirs in zip(
        passes(composed, started(composed)), passes(native, started(native)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-7)


def test_each_member_has_its_own_learned_slope() -> None:
    f = kernel(catalogue.get("prelu"))
    learned = torch.tensor([[0.1], [0.5]], dtype=torch.float64)
    value, _ = passes(f, learned)
    for member, slope in enumerate((0.1, 0.5)):
        torch.testing.assert_close(value[member], torch.nn.functional.leaky_relu(Z[member], slope))
    expected = (GRAD * Z.clamp_max(0)).sum((1, 2))[:, None]
    torch.testing.assert_close(f.learned_grad(GRAD, Z, learned), expected)


@pytest.mark.parametrize("name", [n for n in catalogue.names() if kernel(catalogue.get(n)).learned])
def test_what_is_learned_is_each_members_own(name: str) -> None:
    """Value and all gradients equal autograd's, for each member alone."""
    f = kernel(catalogue.get(name))
    learned = torch.rand(2, len(f.learned) + 1, dtype=torch.float64) + 0.4  # a column too many
    value, grad = passes(f, learned)
    slopes = f.learned_grad(GRAD, Z, learned)
    assert not slopes[:, -1].any()
    for member in range(2):
        own = module(name).double()
        for i, parameter in enumerate(f.learned):
            getattr(own, parameter).data.fill_(learned[member, i])
        z = Z[member].clone().requires_grad_()
        expected = own(z)
        expected.backward(GRAD[member])
        torch.testing.assert_close(value[member], expected.detach())
        torch.testing.assert_close(grad[member], z.grad)
        found = [getattr(own, parameter).grad.item() for parameter in f.learned]
        torch.testing.assert_close(slopes[member, :-1].tolist(), found)


@pytest.mark.parametrize("name", ["telu", "squareplus", "beta_swish", "acon_c", "elish"])
def test_a_members_result_does_not_depend_on_who_shares_the_ensemble(name: str) -> None:
    f = kernel(catalogue.get(name))
    torch.manual_seed(0)
    z = 3 * torch.randn(37, 32, 48)  # beyond one block, each member a multiple of a vector
    grad = torch.randn_like(z)
    learned = torch.rand(37, len(f.learned)) + 0.5 if f.learned else None

    def run(first: int, last: int) -> list[torch.Tensor]:
        own = None if learned is None else learned[first:last]
        a, back = torch.empty_like(z[first:last]), grad[first:last].clone()
        f.forward(z[first:last], a, own)
        sums = [] if own is None else [f.learned_grad(back, z[first:last], own)]
        f.backward(back, z[first:last], a, back, own)
        return [a, back, *sums]

    together = run(0, 37)
    for first, last in ((0, 1), (5, 6), (30, 37)):
        for alone, whole in zip(run(first, last), together, strict=True):
            assert torch.equal(alone, whole[first:last])
