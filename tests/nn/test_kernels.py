"""Kernels write what the functions and their derivatives say, into the buffers given."""

from __future__ import annotations

import pytest
import torch

from actscope import catalogue
from actscope.nn import derivative, module
from actscope.nn._kernels import Kernel, _Composed, into_memory, kernel

Z = torch.linspace(-9, 9, 2 * 4 * 33, dtype=torch.float64).view(2, 4, 33)
GRAD = torch.linspace(-2, 3, Z.numel(), dtype=torch.float64).flip(0).view_as(Z)


Tensors = list[torch.Tensor]


def passes(f: Kernel, learned: Tensors) -> tuple[torch.Tensor, torch.Tensor]:
    z = Z.clone()
    a = z if not f.needs_input else torch.full_like(z, torch.nan)
    f.forward(z, a, learned)()
    value, grad = a.clone(), GRAD.clone()
    f.backward(grad, z, a, grad, learned)()  # in place, as the ensemble does it
    return value, grad


def slopes_of(f: Kernel, learned: Tensors) -> Tensors:
    out = [torch.full_like(p, torch.nan) for p in learned]
    f.learned_grad(GRAD, Z, learned, out)()
    return out


def started(f: Kernel) -> Tensors:
    return [torch.full((2, 1, 1), start, dtype=torch.float64) for start in f.start]


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
    learned = [torch.tensor([0.1, 0.5], dtype=torch.float64).view(2, 1, 1)]
    value, _ = passes(f, learned)
    for member, slope in enumerate((0.1, 0.5)):
        torch.testing.assert_close(value[member], torch.nn.functional.leaky_relu(Z[member], slope))
    expected = (GRAD * Z.clamp_max(0)).sum((1, 2), keepdim=True)
    torch.testing.assert_close(slopes_of(f, learned)[0], expected)


@pytest.mark.parametrize("units", [1, 33], ids=["a layer's", "a unit's"])
@pytest.mark.parametrize("name", [n for n in catalogue.names() if kernel(catalogue.get(n)).learned])
def test_what_is_learned_is_each_members_own(name: str, units: int) -> None:
    """Value and all gradients equal autograd's, for each member and unit alone."""
    f = kernel(catalogue.get(name))
    torch.manual_seed(0)
    learned = [torch.rand(2, 1, units, dtype=torch.float64) + 0.4 for _ in f.learned]
    value, grad = passes(f, learned)
    slopes = slopes_of(f, learned)
    for member in range(2):
        for unit in range(units):
            which = slice(unit, unit + 1) if units > 1 else slice(None)
            own = module(name).double()
            for parameter, values in zip(f.learned, learned, strict=True):
                getattr(own, parameter).data.fill_(values[member, 0, unit])
            z = Z[member, :, which].clone().requires_grad_()
            expected = own(z)
            expected.backward(GRAD[member, :, which])
            torch.testing.assert_close(value[member, :, which], expected.detach())
            torch.testing.assert_close(grad[member, :, which], z.grad)
            found = [getattr(own, parameter).grad.item() for parameter in f.learned]
            torch.testing.assert_close([s[member, 0, unit].item() for s in slopes], found)


@pytest.mark.parametrize("before", [0, 16], ids=["contiguous", "with ones before each row"])
@pytest.mark.parametrize("units", [1, 64], ids=["a layer's", "a unit's"])
@pytest.mark.parametrize("name", ["prelu", "telu", "squareplus", "beta_swish", "acon_c", "elish"])
def test_a_members_result_does_not_depend_on_who_shares_the_ensemble(
    name: str, units: int, before: int
) -> None:
    f = kernel(catalogue.get(name))
    torch.manual_seed(0)

    def rows(members: int) -> torch.Tensor:  # as the ensemble has them: each row whole vectors
        return torch.randn(members, 33, before + 64)[:, :, before:]

    z, grad = rows(37), rows(37)  # beyond one block
    z *= 3
    learned = [torch.rand(37, 1, units) + 0.5 for _ in f.learned]

    def run(first: int, last: int) -> Tensors:
        own = [p[first:last] for p in learned]
        a, back = rows(last - first), grad[first:last].clone()
        f.forward(z[first:last], a, own)()
        sums = [torch.empty_like(p) for p in own]
        if own:
            f.learned_grad(back, z[first:last], own, sums)()
        f.backward(back, z[first:last], a, back, own)()
        return [a, back, *sums]

    together = run(0, 37)
    for first, last in ((0, 1), (5, 6), (30, 37)):
        for alone, whole in zip(run(first, last), together, strict=True):
            assert torch.equal(alone, whole[first:last])


@pytest.mark.parametrize("name", ["telu", "beta_swish", "acon_c", "sinc"])
def test_where_there_are_no_blocks_ordinary_operations_give_the_same(name: str) -> None:
    """What a GPU takes, on the processor."""
    f = _Composed(catalogue.get(name))
    learned = [torch.rand(2, 1, 33, dtype=torch.float64) + 0.4 for _ in f.learned]
    jobs = [(f._value, [Z], 1, 0), (f._slope, [Z, GRAD], 1, 0)]
    if f._learned_slopes is not None:
        jobs.append((f._learned_slopes, [Z, GRAD], 0, len(learned)))
    for program, full, outs, sums in jobs:
        found = []
        for blocks in (True, False):
            out = [torch.full_like(Z, torch.nan) for _ in range(outs)]
            totals = [torch.ones_like(p) for p in learned[:sums]]
            into_memory(program, full, learned, out, totals, blocks=blocks)()
            found.append([*out, *totals])
        torch.testing.assert_close(*found)


@pytest.mark.parametrize("name", ["tanh", "mish", "tanhshrink", "telu", "dynamic_tanh"])
def test_the_quick_tanh_of_training_is_off_by_a_rounding_step_at_most(name: str) -> None:
    f = kernel(catalogue.get(name))
    z = torch.linspace(-30, 30, 64 * 1000).view(1, 1000, 64)
    a, learned = torch.empty_like(z), [torch.full((1, 1, 1), start) for start in f.start]
    f.forward(z, a, learned)()
    exact = module(name).double()(z.double()).detach()
    assert ((a - exact).abs() / z.abs().clamp_min(1)).max() < 2.4e-7  # telu is x tanh(exp(x))
