"""Plain words about an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import actscope as act
from actscope import Neuron

from .strategies import UNHURRIED, WRITTEN, tables

NAMES = ["marvel", "theatre", "company"]


@pytest.mark.parametrize(
    ("neuron", "row", "said"),
    [
        (
            Neuron([4, 2, 2], threshold=3),
            [1, 0, 0],
            "4 x 1 + 2 x 0 + 2 x 0 = 4, more than 3: fires",
        ),
        (
            Neuron([4, 2, 2], threshold=3, names=NAMES),
            [0, 1, 0],
            "marvel 0, theatre 1, company 0: 4 x 0 + 2 x 1 + 2 x 0 = 2, "
            "not more than 3: does not fire",
        ),
        (Neuron([3], threshold=3), [1], "3 x 1 = 3, not more than 3: does not fire"),
        (
            Neuron([0.1, 0.2], threshold=0.3),
            [1, 1],
            "0.1 x 1 + 0.2 x 1 = 0.3, not more than 0.3: does not fire",
        ),
        (
            Neuron([4, 2, 2], threshold=3, activation="sigmoid"),
            [1, 0, 0],
            "4 x 1 + 2 x 0 + 2 x 0 = 4; 4 - 3 = 1; sigmoid(1) = 0.731",
        ),
        (
            Neuron([1.5, -2], activation="tanh"),
            [-1, 1],
            "1.5 x -1 - 2 x 1 = -3.5; tanh(-3.5) = -0.998",
        ),
        (
            Neuron([1], bias=1, activation="leaky_relu(negative_slope=0.2)"),
            [-2],
            "1 x -2 = -2; -2 + 1 = -1; leaky_relu(negative_slope=0.2) at -1 = -0.2",
        ),
        (  # digits enough to see the difference
            Neuron([3.00001], threshold=3),
            [1],
            "3.00001 x 1 = 3.00001, more than 3: fires",
        ),
        (  # and no more
            Neuron([1], threshold=0.1),
            [0.100049999],
            "1 x 0.10005 = 0.10005, more than 0.1: fires",
        ),
        (  # more than a float can tell
            Neuron([1, 1e-20], threshold=1),
            [1, 1],
            "1 x 1 + 1e-20 x 1 = a little over 1, more than 1: fires",
        ),
        (
            Neuron([1, -1e-20], threshold=1),
            [1, 1],
            "1 x 1 - 1e-20 x 1 = a little under 1, not more than 1: does not fire",
        ),
    ],
)
def test_an_explanation(neuron: Neuron, row: list[float], said: str) -> None:
    assert neuron.explain(row) == said


@UNHURRIED
@given(tables(WRITTEN), st.booleans())
def test_words_and_answer_agree(
    table: tuple[list[list[float]], list[float], float], equal: bool
) -> None:
    (row, *_), weights, bias = table
    neuron = Neuron(weights, bias=bias)
    if equal:  # totals of three digits more than the threshold has: often not exactly equal
        neuron = neuron.replace(threshold=neuron.sum(row))
    text = neuron.explain(row)
    if neuron(row) == 1:
        assert text.endswith(": fires")
        assert ", more than " in text
    else:
        assert text.endswith(": does not fire")
        assert ", not more than " in text


def test_one_row_only() -> None:
    with pytest.raises(act.DataError, match="one row of inputs, not 2"):
        Neuron([1]).explain([[1], [2]])
    assert Neuron([1]).explain([[1]]) == Neuron([1]).explain({"x1": 1}).removeprefix("x1 1: ")


@pytest.mark.parametrize(
    ("neuron", "said"),
    [
        (
            Neuron([4, -2.5], threshold=3, names=["a", "b"]),
            "Weights: a 4, b -2.5. It fires if the weighted sum is more than 3 (a bias of -3).",
        ),
        (
            Neuron([1], bias=0.5, activation="tanh"),
            "Weights: x1 1. Its output is tanh of (weighted sum + 0.5).",
        ),
        (
            Neuron([1], activation="tanh"),
            "Weights: x1 1. Its output is tanh of the weighted sum.",
        ),
    ],
)
def test_a_neuron_in_words(neuron: Neuron, said: str) -> None:
    assert neuron.text == said
