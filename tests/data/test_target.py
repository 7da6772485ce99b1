"""The target: its task, its classes, and what cannot be one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from actscope.data import Dataset, load
from actscope.errors import DataError

RNG = np.random.default_rng(0)


def with_target(values: Any, **settings: Any) -> Dataset:
    return load(RNG.normal(size=(len(values), 2)), values, **settings)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 10, "classification"),
        ([True, False] * 10, "classification"),
        ([0, 1] * 5, "classification"),
        ([0.0, 1.0] * 5, "classification"),
        ([1, 2, 10, 20] * 5, "classification"),  # few, whatever the number of rows
        (list(range(20)) * 20, "classification"),  # 20 values are 5% of 400 rows
        (list(range(20)) * 19, "regression"),
        (list(range(21)) * 100, "regression"),
        ([0.5, 1.5] * 10, "regression"),
        (list(np.linspace(0, 1, 50)), "regression"),
        (["1", "2", "3"] * 9, "classification"),  # somebody's texts
        ([f"{i}.5" for i in range(60)], "regression"),  # too many texts to be classes
        (pd.Series(pd.Categorical([3, 4] * 9)), "classification"),
    ],
)
def test_task_is_guessed_and_said(values: Any, task: str) -> None:
    data = with_target(values)
    assert data.task == task
    assert any(f"taken as {task}" in note for note in data.notes)


def test_a_guess_can_be_overruled() -> None:
    assert with_target([0, 1, 2] * 9, task="regression").task == "regression"
    data = with_target(list(range(30)) * 2, task="classification")
    assert len(data.classes) == 30
    assert not any("taken as" in note for note in data.notes)
    assert with_target([True, False] * 3, task="regression").target.tolist() == [1.0, 0.0] * 3
    numbers = with_target(["1", "2.5"] * 3, task="regression")
    assert numbers.target.tolist() == [1.0, 2.5] * 3


@pytest.mark.parametrize(
    ("values", "texts", "originals", "codes"),
    [
        ([10, 9, 10], ("9", "10"), (9, 10), [1, 0, 1]),  # as numbers, not "10" before "9"
        (["b", "a ", "b"], ("a", "b"), ("a", "b"), [1, 0, 1]),
        (np.array([1.0, 0.0]), ("0", "1"), (0.0, 1.0), [1, 0]),
        ([True, False], ("False", "True"), (False, True), [1, 0]),
        ([10, 9, "x"], ("10", "9", "x"), (10, 9, "x"), [0, 1, 2]),
        (np.array([10, 9], dtype=object), ("9", "10"), (9, 10), [1, 0]),
    ],
)
def test_classes_keep_the_type_of_their_owner(
    values: Any, texts: tuple[str, ...], originals: tuple[object, ...], codes: list[int]
) -> None:
    data = with_target(values, task="classification")
    assert data.classes == texts
    assert data.class_values == originals
    assert [type(value) for value in data.class_values] == [type(value) for value in originals]
    assert data.target.tolist() == codes
    assert data.target.dtype == np.int64


def test_class_counts() -> None:
    assert with_target(["x", "y", "x"]).class_counts == {"x": 2, "y": 1}
    assert with_target([0.1, 0.2, 0.3]).class_counts == {}


def test_rows_without_a_target_are_left_out_and_said() -> None:
    X = np.arange(12.0).reshape(6, 2) ** 1.5
    data = load(X, [1.5, np.nan, 2.25, np.inf, 3.125, 4.0])
    assert data.target.tolist() == [1.5, 2.25, 3.125, 4.0]
    np.testing.assert_array_equal(data.frame, X[[0, 2, 4, 5]])
    assert data.frame.index.tolist() == [0, 1, 2, 3]
    assert "2 rows without a target: left out" in data.notes
    assert "1 infinite target: treated as missing" in data.notes
    codes = load(X, [0, 1, np.inf, 0, 1, 1], task="classification")
    assert codes.classes == ("0", "1")
    classes = load(X, ["a", None, "b", "?", "a", np.nan])
    assert classes.target.tolist() == [0, 1, 0]
    assert "3 rows without a target: left out" in classes.notes


def test_whole_numbers_stay_whole_where_some_are_missing() -> None:
    frame = pd.DataFrame({"x": RNG.normal(size=6), "y": [1.0, 2.0, np.nan, 1.0, 2.0, 1.0]})
    assert [type(value) for value in load(frame, "y").class_values] == [int, int]


@pytest.mark.parametrize(
    ("values", "task", "says"),
    [
        (["a", "a"], None, "one class only ('a')"),
        ([1, 1, 1], None, "one class only ('1')"),
        ([0.5, 0.5], None, "is 0.5 in every row"),
        (["a", "b"], "regression", "holds text such as 'a', which regression cannot predict"),
        ([None, None], None, "has no values"),
        ([np.nan, np.nan], "regression", "has no values"),
        (["?", ""], None, "has no values"),
        (list(np.linspace(0, 1, 40)), "classification", "40 different decimal numbers"),
        (pd.Series(pd.date_range("2024-01-01", periods=3)), None, "holds dates"),
        ([[1], [2, 3]], None, "different lengths"),
        (np.ones((3, 2)), None, "shape (3, 2)"),
        ([0, 1, 2], "ranking", "task 'ranking' is unknown; allowed: classification or regression"),
    ],
)
def test_what_cannot_be_a_target(values: Any, task: str | None, says: str) -> None:
    with pytest.raises(DataError) as caught:
        with_target(values, task=task)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_target_of_another_length() -> None:
    with pytest.raises(DataError, match="3 values and the table 4 rows"):
        load(np.ones((4, 2)), [0, 1, 0])


FRAME = pd.DataFrame({"species": ["a", "b"] * 5, "len": RNG.normal(size=10), "3": range(10)})


@pytest.mark.parametrize(
    ("target", "name"),
    [("species", "species"), ("0", "species"), (0, "species"), (-1, "3"), ("3", "3"), (3, "3")],
)
def test_a_name_else_a_position(target: str | int, name: str) -> None:
    assert load(FRAME, target, keep=["3"] if name != "3" else ()).target_name == name


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("speceis", "Did you mean 'species'? There are: 'species', 'len', '3'"),
        ("wholly other", "There are: 'species', 'len', '3'"),
        (7, "positions go from 0 to 2 (or -1, the last, to -3)"),
        ("-4", "positions go from 0 to 2"),
        (None, "no target given: name the column to predict (target=, --target), one of: 'spec"),
        (1.5, "neither a column's name nor a position"),
    ],
)
def test_a_target_that_is_not_there(target: Any, says: str) -> None:
    with pytest.raises(DataError) as caught:
        load(FRAME, target)
    assert says in str(caught.value)
