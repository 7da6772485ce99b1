"""Blocks against ordinary operations and NumPy: sizes around the blocks' edges, every function."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from actscope import catalogue
from actscope.catalogue.formula import parse, sample
from actscope.nn._family import Family
from actscope.nn._forms import family_of
from actscope.nn._program import BLOCK


def in_blocks(family: Family, x: torch.Tensor, factor: torch.Tensor) -> list[torch.Tensor]:
    value, back = torch.empty_like(x), factor.clone()
    family.program((), 0).run([x], [], [value])
    family.program(("x",), 1).run([x, back], [], [back])  # the output overwrites an input
    return [value, back]


@pytest.mark.parametrize("precise", [False, True], ids=["default", "precise"])
@pytest.mark.parametrize("name", catalogue.names())
def test_blocks_are_ordinary_operations(name: str, precise: bool) -> None:
    record = catalogue.get(name)
    family = family_of(name, precise, tuple(record.values.values()))
    x = torch.linspace(-9, 9, BLOCK * torch.get_num_threads() + 77)
    x[5] = torch.nan
    factor = torch.linspace(1, 2, x.numel())
    plain = [
        family.program((), 0).plain([x])[0],
        family.program(("x",), 1).plain([x, factor])[0],
    ]
    for found, expected in zip(in_blocks(family, x, factor), plain, strict=True):
        torch.testing.assert_close(found, expected, equal_nan=True)
    oracle = sample(record.bound, x.double().numpy())
    np.testing.assert_allclose(plain[0].double().numpy(), oracle, rtol=2e-5, atol=2e-5)


FORMULAS = (
    "sin(x) - 3 * exp(-x^2) + 0.5 * cos(x)",
    "where(x > 0, x^2, 0) - x * sigmoid(-x)",
    "clip(x, -1, max(x, 2)) + where(x <= 1, exp(x), 1 + 2 * x)",
    "sin(x)^3 / (1 + abs(x)) + min(x, tanh(x)) * 3",
    "2^x * (x + 1/3) - (2^x - x) * x^5",
    "normal_cdf(x) * softplus(x) + normal_pdf(x) - sech(x)",
)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(FORMULAS),
    st.sampled_from([0, 1, 3, 63, 64, 65, BLOCK - 1, BLOCK, BLOCK + 1]),
    st.sampled_from([torch.float64, torch.float32, torch.bfloat16]),
    st.integers(0, 1000),
)
def test_any_size_and_dtype(text: str, size: int, dtype: torch.dtype, seed: int) -> None:
    family = Family(parse(text))
    x = torch.randn(size, generator=torch.Generator().manual_seed(seed)).to(dtype)
    y = torch.full_like(x, torch.nan)
    family.program((), 0).run([x], [], [y])
    expected = torch.from_numpy(sample(parse(text), x.double().numpy())).to(dtype)
    close = {torch.float64: 1e-12, torch.float32: 1e-4, torch.bfloat16: 1e-2}[dtype]
    torch.testing.assert_close(y, expected, rtol=close, atol=close)
