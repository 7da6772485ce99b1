"""Sums as on paper, against Python's own decimal arithmetic."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actscope.neuron._decimals import added, margins, quick_margins

from .strategies import FINITE, UNHURRIED, USUAL, WRITTEN, tables

Table = tuple[list[list[float]], list[float], float]


def _on_paper(row: list[float], weights: list[float], bias: float) -> float:
    """Exact: products and sums of floats as written have at most 1,500 digits."""
    with localcontext(Context(prec=3000, Emax=10**6, Emin=-(10**6))):
        products = (Decimal(repr(x)) * Decimal(repr(w)) for x, w in zip(row, weights, strict=True))
        return float(sum(products, Decimal(repr(bias))))


@UNHURRIED
@given(st.one_of(tables(WRITTEN), tables(USUAL), tables(FINITE)))
def test_margins_are_exact_and_rounded_once(table: Table) -> None:
    rows, weights, bias = table
    found = margins(np.array(rows), weights, bias)
    assert found.tolist() == [_on_paper(row, weights, bias) for row in rows]


@UNHURRIED
@given(FINITE, FINITE)
def test_added_as_on_paper(a: float, b: float) -> None:
    assert added(a, b) == _on_paper([a], [1.0], b)


@UNHURRIED
@given(st.one_of(tables(WRITTEN), tables(USUAL), tables(FINITE)), st.sampled_from([0.0, 0.3, -1.0]))
def test_quick_margins_are_on_the_same_side_and_close(table: Table, jump: float) -> None:
    rows, weights, bias = table
    exact = margins(np.array(rows), weights, bias)
    quick = quick_margins(np.array(rows), np.array(weights), bias, (jump,))
    assert np.array_equal(quick > jump, exact > jump)
    assert np.array_equal(quick < jump, exact < jump)
    for q, e, row in zip(quick.tolist(), exact.tolist(), rows, strict=True):
        size = sum(abs(x * w) for x, w in zip(row, weights, strict=True)) + abs(bias)
        assert q == e or abs(q - e) <= 1e-14 * size + 1e-300


def test_where_binary_sums_would_fire() -> None:
    rows = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    assert rows[0] @ [0.1, 0.2, 0.7] > 0.3  # which is the reason for all this
    assert margins(rows, [0.1, 0.2, 0.7], -0.3).tolist() == [0.0, 0.6, 0.7]
    assert quick_margins(rows, np.array([0.1, 0.2, 0.7]), -0.3, (0.0,))[0] == 0
