"""What a neuron answers, and that it never changes."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erf, expit

import actscope as act
from actscope import Neuron

from .strategies import FINITE, UNHURRIED, USUAL, WRITTEN, tables

NAMES = ["marvel", "theatre", "company"]
MOVIE = Neuron(weights=[4, 2, 2], threshold=3, activation="step", names=NAMES)
# By hand: every case, the total, whether one goes.
BY_HAND = [
    ((0, 0, 0), 0, False),
    ((0, 0, 1), 2, False),
    ((0, 1, 0), 2, False),
    ((0, 1, 1), 4, True),
    ((1, 0, 0), 4, True),
    ((1, 0, 1), 6, True),
    ((1, 1, 0), 6, True),
    ((1, 1, 1), 8, True),
]


@pytest.mark.parametrize(("case", "total", "fires"), BY_HAND)
def test_the_movie_decision(case: tuple[int, ...], total: int, fires: bool) -> None:
    answer = MOVIE(case)
    assert type(answer) is float
    assert answer == fires
    assert MOVIE.sum(case) == total
    assert MOVIE.margin(case) == total - 3


def test_the_table_counts_up() -> None:
    table = MOVIE.truth_table()
    assert list(table.columns) == [*NAMES, "sum", "output", "fires"]
    assert [tuple(row) for row in table[NAMES].to_numpy().tolist()] == [c for c, _, _ in BY_HAND]
    assert table["sum"].tolist() == [total for _, total, _ in BY_HAND]
    assert table["fires"].tolist() == [fires for _, _, fires in BY_HAND]
    assert table["output"].tolist() == [float(fires) for _, _, fires in BY_HAND]
    assert "fires" not in MOVIE.replace(activation="sigmoid").truth_table()


def test_the_largest_table_and_one_more() -> None:
    table = Neuron([0.1] * 16, threshold=0.8).truth_table()
    assert len(table) == 2**16
    more_than_8 = sum(math.comb(16, k) for k in range(9, 17))
    assert int(table["fires"].to_numpy().sum()) == more_than_8  # eight of them are exactly 0.8
    with pytest.raises(act.SettingError, match="17 inputs have 131,072 cases"):
        Neuron([1] * 17).truth_table()
    assert Neuron([1] * 17, threshold=16)([1] * 17) == 1


@UNHURRIED
@given(st.lists(WRITTEN, min_size=1, max_size=6), st.data())
def test_a_sum_equal_to_the_threshold_does_not_fire(
    weights: list[float], data: st.DataObject
) -> None:
    case = data.draw(st.lists(st.integers(0, 1), min_size=len(weights), max_size=len(weights)))
    thousandths = sum(round(1000 * w) for w, x in zip(weights, case, strict=True) if x)
    assert Neuron(weights, threshold=thousandths / 1000)(case) == 0
    assert Neuron(weights, threshold=(thousandths - 1) / 1000)(case) == 1
    assert Neuron(weights, threshold=(thousandths + 1) / 1000)(case) == 0


@UNHURRIED
@given(tables(USUAL))
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("sigmoid", expit),
        ("tanh", np.tanh),
        ("relu", lambda z: np.maximum(z, 0)),
        ("gelu", lambda z: z * (1 + erf(z / math.sqrt(2))) / 2),
        ("leaky_relu(negative_slope=0.2)", lambda z: np.where(z > 0, z, 0.2 * z)),
        ("x*tanh(exp(x))", None),
    ],
)
def test_others_give_f_of_the_margin(
    name: str, function: object, table: tuple[list[list[float]], list[float], float]
) -> None:
    rows, weights, bias = table
    neuron = Neuron(weights, bias=bias, activation=name)
    z = np.array(rows) @ weights + bias
    with np.errstate(over="ignore"):
        expected = function(z) if callable(function) else z * np.tanh(np.exp(z))
    size = np.abs(rows) @ np.abs(weights) + abs(bias)
    assert neuron.margin(rows) == pytest.approx(z, abs=1e-13 * size.max() + 1e-300)
    assert np.all(np.abs(neuron(rows) - expected) <= 2e-13 * (1 + size))
    assert [neuron(row) for row in rows] == neuron(rows).tolist()  # to the last bit


@UNHURRIED
@given(FINITE)
def test_threshold_and_bias_are_each_others_minus(value: float) -> None:
    assert Neuron([1], threshold=value).bias == -value
    assert Neuron([1], bias=value).threshold == -value
    assert Neuron([1], threshold=value) == Neuron([1], bias=-value)
    assert math.copysign(1, Neuron([1], threshold=0).bias) == 1  # never a minus zero
    assert math.copysign(1, Neuron([1], bias=-0.0).threshold) == 1


def test_neither_threshold_nor_bias_is_0() -> None:
    assert Neuron([1]) == Neuron([1], threshold=0)
    assert Neuron([1])([0]) == 0
    assert Neuron([1])([1e-300]) == 1


@UNHURRIED
@given(
    st.lists(FINITE, min_size=1, max_size=5),
    FINITE,
    st.sampled_from(["step", "sigmoid", "leaky_relu(negative_slope=0.2)", "x*tanh(exp(x))"]),
    st.booleans(),
)
def test_what_it_shows_can_be_typed_again(
    weights: list[float], bias: float, activation: str, named: bool
) -> None:
    names = [f"it's {i}\n" for i in range(len(weights))] if named else None
    neuron = Neuron(weights, bias=bias, activation=activation, names=names)
    assert eval(repr(neuron), {"Neuron": Neuron}) == neuron


def test_it_never_changes() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MOVIE.bias = 0  # pyright: ignore[reportAttributeAccessIssue]
    weights = [1.0, 2.0]
    neuron = Neuron(weights)
    weights[0] = 9
    assert neuron.weights == (1, 2)
    changed = MOVIE.replace(threshold=5)
    assert (MOVIE.threshold, changed.threshold, changed.weights) == (3, 5, MOVIE.weights)
    assert MOVIE.replace(bias=1).bias == 1
    assert MOVIE.replace(names=None).names == ("x1", "x2", "x3")
    assert MOVIE.replace(activation="tanh").activation.name == "tanh"


def test_equal_neurons_are_one_to_sets_and_survive_copies() -> None:
    same = Neuron([4.0, 2.0, 2.0], bias=-3, activation="heaviside", names=tuple(NAMES))
    assert {MOVIE, same} == {MOVIE}
    assert copy.deepcopy(MOVIE) == pickle.loads(pickle.dumps(MOVIE)) == MOVIE
    assert MOVIE.replace(threshold=4) != MOVIE


def test_rows_of_every_kind() -> None:
    cases = [case for case, _, _ in BY_HAND]
    expected = MOVIE(np.array(cases))
    frame = pd.DataFrame(cases, columns=NAMES).assign(other="text")
    for rows in (
        cases,
        frame[["company", "other", "marvel", "theatre"]],  # by name, whatever the order
        torch.tensor(cases, dtype=torch.float64, requires_grad=True),
        np.array(cases, dtype=bool),
        np.array(cases, dtype=object),
    ):
        assert np.array_equal(MOVIE(rows), expected)
    assert MOVIE.sum({"company": 0, "theatre": 0, "marvel": 1}) == 4
    assert MOVIE.sum(pd.Series({"company": 0, "theatre": 0, "marvel": 1})) == 4
    assert MOVIE.sum(pd.Series([1, 0, 0])) == 4
    assert MOVIE.sum(MOVIE.truth_table().iloc[5]) == 6
    assert Neuron([2])(3) == Neuron([2])([3]) == 1
    assert MOVIE(np.zeros((0, 3))).shape == (0,)
    unnamed = Neuron([4, 2, 2])
    assert unnamed.sum(frame[["company", "theatre", "marvel"]].iloc[[1]])[0] == 4  # in order
    assert unnamed.sum(unnamed.truth_table()).tolist() == [total for _, total, _ in BY_HAND]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([1, 0], "has 3 inputs, but came 2 numbers"),
        ([[1, 0]], "has 3 inputs, but came rows of 2 numbers"),
        ([], "came 0 numbers"),
        (1, "came 1 number:"),
        (np.zeros((1, 1, 3)), "an array of 3 dimensions"),
        ([1, 0, math.nan], "an input is nan"),
        ([[1, 0, 0], [1, math.inf, 0]], "an input in row 2 is inf"),
        ([1, 0, None], "inputs are numbers"),
        (["1", "0", "0"], "inputs are numbers"),
        (np.array([1, 0, "0"], dtype=object), "inputs are numbers"),
        ("100", "inputs are numbers"),
        ([1j, 0, 0], "inputs are numbers"),
        (np.array(["2020-01-01"] * 3, dtype="datetime64[D]"), "inputs are numbers"),
        ([[1, 0, 0], [1]], "inputs are numbers"),
        ([10**400, 0, 0], "inputs are numbers"),
        ({"marvel": 1, "theatre": 0}, "look at 'company'"),
        ({"marvel": 1, "theatre": 0, "company": 0, "cost": 1}, "look at 'cost'"),
        (pd.DataFrame({"marvel": [1], "theatre": [0]}), "has no column 'company'"),
    ],
)
def test_rows_that_are_none(given: object, said: str) -> None:
    with pytest.raises(act.DataError, match=said) as caught:
        MOVIE(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"weights": []}, "weights is empty"),
        ({"weights": None}, "weights is None"),
        ({"weights": "4,2"}, "weights is '4,2'"),
        ({"weights": 4}, "weights is 4"),
        ({"weights": [[1, 2]]}, r"a weight is \[1, 2\]"),
        ({"weights": ["4"]}, "a weight is '4'"),
        ({"weights": [math.nan]}, "a weight is nan"),
        ({"weights": [10**400]}, "a weight is 1000"),
        ({"weights": [1j]}, "a weight is 1j"),
        ({"weights": [1], "threshold": math.inf}, "threshold is inf"),
        ({"weights": [1], "bias": "3"}, "bias is '3'"),
        ({"weights": [1], "bias": 1, "threshold": -1}, "both a threshold and a bias"),
        ({"weights": [1, 2], "names": ["a"]}, "1 name for 2 weights"),
        ({"weights": [1, 2], "names": "ab"}, "names is 'ab'"),
        ({"weights": [1, 2], "names": 5}, "names is 5"),
        ({"weights": [1, 2], "names": ["a", "a"]}, "two inputs are called 'a'"),
        ({"weights": [1], "names": [" "]}, "a name is empty"),
        ({"weights": [1], "names": ["sum"]}, "cannot be called 'sum'"),
        ({"weights": [1], "activation": "sigmod"}, "Did you mean 'sigmoid'"),
        ({"weights": [1], "activation": "softmax"}, "not a function of one number"),
        ({"weights": [1], "activation": "glu"}, "choose its gate, sigmoid"),
    ],
)
def test_neurons_that_are_none(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(act.ActscopeError, match=said) as caught:
        Neuron(**arguments)  # pyright: ignore[reportArgumentType]
    assert "\n" not in str(caught.value)


def test_replace_knows_its_parts() -> None:
    with pytest.raises(act.SettingError, match="has no 'weight': change weights"):
        MOVIE.replace(weight=1)
    with pytest.raises(act.SettingError, match="both a threshold and a bias"):
        MOVIE.replace(bias=1, threshold=1)


def test_the_largest_numbers() -> None:
    large = Neuron([1e308, 1e308])
    assert large([0, 0]) == 0
    assert large.sum([1, 1]) == math.inf
    assert large([1, 1]) == 1
    assert large([-1, -1]) == 0
    assert large.replace(activation="silu")([-1, -1]) == 0  # not infinity times 0
    assert large.sum([1, -1]) == 0
    assert Neuron([1, 1e-300], threshold=1)([1, 1]) == 1


@pytest.mark.parametrize("name", act.names())
def test_every_activation_can_be_a_neurons(name: str) -> None:
    neuron = Neuron([1.5, -2], bias=0.25, activation=name)
    rows = [[1, 0], [0, 1], [0.3, 0.7]]
    z = [float(Fraction(n, 100)) for n in (175, -175, -70)]
    module = act.module(name).double().eval()
    torch_says = module(torch.tensor(z, dtype=torch.float64)).detach().numpy()
    assert neuron(rows) == pytest.approx(torch_says, rel=1e-9, abs=1e-12)
