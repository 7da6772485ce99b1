"""Gated layers and functions of a vector: against their definitions, the catalogue and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from actscope import catalogue, nn
from actscope.errors import SettingError

X = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
GATED, VECTOR = (catalogue.names(kind=kind) for kind in ("gated", "vector"))


@pytest.mark.parametrize("dim", [-1, 1])
@pytest.mark.parametrize("precise", [None, True])
@pytest.mark.parametrize("name", GATED)
def test_first_half_times_gate_of_the_second(name: str, dim: int, precise: bool | None) -> None:
    record = catalogue.get(name)
    a, b = np.split(X.numpy(), 2, dim)
    y = getattr(nn.functional, name)(X, dim, precise=precise)
    np.testing.assert_allclose(y.numpy(), record(a, b), rtol=1e-12, atol=1e-14)
    made = getattr(nn, record.torch_name)(dim=dim, precise=precise)
    torch.testing.assert_close(made(X), y)


@pytest.mark.parametrize("name", VECTOR)
def test_a_vector_function_is_the_catalogues(name: str) -> None:
    record = catalogue.get(name)
    for precise in (None, True):
        y = getattr(nn.functional, name)(X, precise=precise)
        np.testing.assert_allclose(y.numpy(), record(X.numpy()), rtol=1e-12, atol=1e-14)
        moved = getattr(nn.functional, name)(X.movedim(-1, 0), dim=0, precise=precise)
        torch.testing.assert_close(moved.movedim(0, -1), y)


def test_pytorchs_own_are_pytorchs() -> None:
    x = X.float()
    assert torch.equal(nn.functional.glu(x), torch.nn.functional.glu(x))
    for name in ("softmax", "log_softmax", "softmin"):
        ours, theirs = getattr(nn.functional, name), getattr(torch.nn.functional, name)
        assert torch.equal(ours(x, 1), theirs(x, 1))
        assert ours(x, dtype=torch.float64).dtype == torch.float64
        assert torch.equal(ours(x, -1, torch.float64), theirs(x, -1, dtype=torch.float64))


def test_precise_is_rounded_once() -> None:
    x = X.to(torch.bfloat16)
    for name in (*GATED, *VECTOR):
        f = getattr(nn.functional, name)
        exact = f(x.double(), precise=True).to(torch.bfloat16)
        assert torch.equal(f(x, precise=True), exact), name


def test_sizes_that_do_not_fit_are_named() -> None:
    for name in GATED:
        with pytest.raises(SettingError, match="must be even, not 3"):
            getattr(nn.functional, name)(X, 0)
    with pytest.raises(SettingError, match="must be a multiple of that, not 6"):
        nn.functional.maxout(X, 4)
    with pytest.raises(SettingError, match="whole number above 0, not 0"):
        nn.functional.maxout(X, 0)


@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=12),
    st.floats(-1e3, 1e3, width=32),
)
def test_sparsemax_is_the_nearest_probability_vector(values: list[float], shift: float) -> None:
    """The projection's optimality: p sums to 1, and x - p is constant on the support, less off."""
    x = torch.tensor(values, dtype=torch.float64)
    p = nn.functional.sparsemax(x)
    assert p.min() >= 0
    assert p.sum().item() == pytest.approx(1, abs=1e-9)
    rest, tau = x - p, (x - p)[p > 0]
    assert (tau - tau[0]).abs().max() < 1e-9
    assert (rest <= tau[0] + 1e-9).all()
    torch.testing.assert_close(nn.functional.sparsemax(x + shift), p, rtol=0, atol=1e-9)


def test_sparsemax_has_the_papers_jacobian() -> None:
    x = torch.tensor([1.2, 0.9, -2.0, 0.8], dtype=torch.float64)
    s = (nn.functional.sparsemax(x) > 0).double()
    assert s.tolist() == [1, 1, 0, 1]
    expected = torch.diag(s) - torch.outer(s, s) / s.sum()
    torch.testing.assert_close(torch.func.jacrev(nn.functional.sparsemax)(x), expected)


def test_sparsemax_at_the_edges() -> None:
    assert nn.functional.sparsemax(torch.tensor(3.0)).item() == 1
    assert nn.functional.sparsemax(torch.full((4,), 7.0)).tolist() == [0.25] * 4
    assert nn.functional.sparsemax(torch.tensor([1.0, torch.nan])).isnan().any()
    half = nn.functional.sparsemax(torch.tensor([1.0, 0.5], dtype=torch.bfloat16))
    assert half.tolist() == [0.75, 0.25]


def test_maxout_passes_the_gradient_to_the_largest() -> None:
    x = torch.tensor([1.0, 3.0, 5.0, 2.0], requires_grad=True)
    y = nn.Maxout()(x)
    assert y.tolist() == [3, 5]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 0]
    assert nn.Maxout(pieces=4)(x).tolist() == [5]


def test_sparsemax_wants_numbers_that_can_be_shared_out() -> None:
    with pytest.raises(SettingError, match=r"not torch\.int64: convert with x\.float"):
        nn.functional.sparsemax(torch.tensor([0, 0]))
    assert nn.functional.sparsemax(torch.empty(0)).shape == (0,)
    with pytest.raises(SettingError, match="pieces must be a whole number above 0, not -2"):
        nn.functional.maxout(torch.ones(4), pieces=-2)
    with pytest.raises(IndexError, match="expected to be in range"):
        nn.functional.swiglu(torch.ones(2, 6), dim=5)
