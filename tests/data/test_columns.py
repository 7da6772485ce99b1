"""Which columns are used, and what is said about the others."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from actscope.data import Dataset, load
from actscope.errors import DataError

N = 40
RNG = np.random.default_rng(1)
Y = ["u", "v"] * (N // 2)
X = RNG.normal(size=N)


def column(values: Any, name: str = "c", **settings: Any) -> Dataset:
    return load(pd.DataFrame({name: values, "x": X, "y": Y}), "y", **settings)


def said(data: Dataset) -> str:
    return " | ".join(data.notes)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("c", [f"key {i}" for i in range(N)]),
        ("c", list(range(100, 100 + N))),  # a run
        ("c", list(RNG.permutation(N))),
        ("CustomerId", [7 * i for i in range(N)]),
        ("customer_id", [7 * i for i in range(N)]),
        ("Id", [7 * i for i in range(N)]),
        ("row nr", [7.0 * i for i in range(N)]),
    ],
)
def test_identifiers_are_left_out_unless_kept(name: str, values: Any) -> None:
    data = column(values, name)
    assert data.schema.names == ("x",)
    assert (
        f"column '{name}' looks like an identifier (40 different values in 40 rows): not used;"
        " name it in keep= to use it"
    ) in data.notes
    assert column(values, name, keep=[name]).schema.names == (name, "x")
    assert column(values, name, keep=name).schema.names == (name, "x")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("paid", [7 * i for i in range(N)]),
        ("grid", [7 * i for i in range(N)]),
        ("id", [7 * (i % 30) for i in range(N)]),  # not all different
        ("id", [0.5 + i for i in range(N)]),
        ("pixel", [i % 17 for i in range(N)]),
        ("c", [2 * i for i in range(N)]),
        ("c", [i % 2 for i in range(N)]),
    ],
)
def test_numbers_are_numbers(name: str, values: Any) -> None:
    data = column(values, name)
    assert [c.kind for c in data.schema.columns] == ["number", "number"]
    assert len(data.notes) == 1  # the task
    assert data.frame[name].dtype == np.float64


def test_an_array_of_whole_numbers_is_all_features() -> None:
    data = load(np.arange(N)[:, None], Y)
    assert data.schema.inputs == ("column_0",)


def test_short_texts_that_are_nearly_all_different_are_left_out() -> None:
    names = [f"n{i}" for i in range(N - 1)]
    assert "column 'c' looks like an identifier (39 different values" in said(
        column([*names, names[0]])
    )


def test_free_text_is_left_out() -> None:
    texts = [f"a sentence of some length, number {i % 35}" for i in range(N)]
    data = column(texts)
    assert data.schema.names == ("x",)
    assert "column 'c' looks like free text (35 different texts in 40 rows" in said(data)
    short = column([f"k{i % 35}" for i in range(N)])
    assert short.schema.names == ("c", "x")


def test_constant_and_empty_columns_are_left_out_together() -> None:
    frame = pd.DataFrame({"a": [1] * N, "b": ["t"] * N, "e": [None] * N, "x": X, "y": Y})
    data = load(frame, "y")
    assert data.schema.names == ("x",)
    assert "columns 'a', 'b': the same value in every row: not used" in data.notes
    assert "column 'e': no values at all: not used" in data.notes
    assert load(frame, "y", keep="a").schema.names == ("a", "x")


def test_one_value_and_missing_ones_is_a_feature() -> None:
    data = column(["t"] * 10 + [None] * (N - 10))
    assert data.schema.inputs == ("c is missing", "x")


def test_rare_levels_become_other_and_it_is_said() -> None:
    levels = [f"l{i:03}" for i in range(150)]
    counts = [3 if i % 2 else 2 for i in range(150)]  # the odd ones are commoner
    values = np.repeat(levels, counts)
    data = load(pd.DataFrame({"c": values, "y": np.arange(len(values)) % 2}), "y")
    (only,) = data.schema.columns
    assert only.other
    odd, even = levels[1::2], levels[0::2]
    assert list(only.levels) == sorted(odd + even[:25])  # ties go by the alphabet
    assert only.width == 101
    assert "150 different texts: the 100 commonest are used" in said(data)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([True, False] * 20, "boolean"),
        (["true", "FALSE"] * 20, "boolean"),
        (pd.array([True, None] * 20, dtype="boolean"), "boolean"),
        ([True, None] * 10 + [False, None] * 10, "boolean"),
        (["1.5", "2"] * 20, "number"),
        (pd.array([1, None] * 20, dtype="Int64"), "number"),
        (pd.array([1, None, 2, 3] * 10, dtype="UInt8"), "number"),
        ([1, 2.5, None, 3] * 10, "number"),
        (np.array([1, 2.5, None, 3] * 10, dtype=object), "number"),
        (pd.to_timedelta(np.arange(N) * 3, unit="h"), "number"),
        (pd.Categorical([1, 2] * 20), "category"),
        (pd.Categorical(["1", "2"] * 20), "category"),
        (["a", 1, 2.5, None] * 10, "category"),
        (pd.date_range("2020-01-01", periods=N), "date"),
        (pd.date_range("2020-01-01", periods=N, tz="Europe/Berlin"), "date"),
        (pd.period_range("2020-01", periods=N, freq="M"), "date"),
        ([dt.date(2020, 1 + i % 12, 5) for i in range(N)], "date"),
        ([f"2020-{1 + i % 12:02}-05" for i in range(N)], "date"),
        ([f"2020-{1 + i % 12:02}-05T10:30:00Z" for i in range(N)], "date"),
        ([f"{5 + i % 20}.{1 + i % 12}.2020" for i in range(N)], "date"),
        ([f"{1 + i % 12}/{5 + i % 20}/2020" for i in range(N)], "date"),
        (["1.2.3", "4.5.6"] * 20, "category"),
        (["2020-13-45", "2020-01-01"] * 20, "category"),
    ],
)
def test_kinds(values: Any, kind: str) -> None:
    data = column(values)
    assert data.schema.columns[0].kind == kind
    dtype = data.frame["c"].dtype
    assert dtype.kind == {"number": "f", "boolean": "f", "category": "O", "date": "M"}[kind]


def test_dates_of_both_readings_are_month_first_and_said() -> None:
    data = column([f"{1 + i % 12}/{1 + i % 9}/2020" for i in range(N)])
    assert "are read month first" in said(data)
    assert "column 'c' holds dates: used as days" in said(data)
    day_first = column([f"{1 + i % 28}/{1 + i % 12}/2020" for i in range(N)])
    assert "month first" not in said(day_first)
    assert data.frame["c"].iloc[1] == pd.Timestamp("2020-02-02")
    berlin = column(pd.date_range("2020-01-01", periods=N, tz="Europe/Berlin"))
    assert berlin.frame["c"].iloc[0] == pd.Timestamp("2019-12-31 23:00")  # in UTC
    assert day_first.frame["c"].iloc[12] == pd.Timestamp("2020-01-13")


def test_a_word_among_numbers_is_missing_and_said() -> None:
    data = column([*map(str, X[:-1]), "unknown"])
    assert data.schema.columns[0].kind == "number"
    assert np.isnan(data.frame["c"].iloc[-1])
    assert "holds numbers and 1 other text ('unknown'): those are treated as missing" in said(data)
    often = column([*map(str, X[:28]), *["unknown"] * 12])
    assert often.schema.columns[0].kind == "category"
    codes = column((["250", "V45", "E11", "401", "V58"] * N)[:N])
    assert codes.schema.columns[0].kind == "category"


def test_infinities_and_missing_values_are_counted() -> None:
    values = X.copy()
    values[[1, 2]] = np.inf, -np.inf
    values[5] = np.nan
    data = column(values)
    assert np.isnan(data.frame["c"]).sum() == 3
    assert "2 infinite values in column 'c': treated as missing" in data.notes
    assert any(note.startswith("3 missing values in column 'c'") for note in data.notes)
    assert data.schema.columns[0].missing


def test_numbers_beyond_float64_are_infinite() -> None:
    data = column(pd.Series([10**400, *range(0, 2 * N - 2, 2)], dtype=object))
    assert "1 infinite value in column 'c': treated as missing" in data.notes


@pytest.mark.parametrize("bad", [[[1, 2]] * N, [{"a": 1}] * N, [1 + 2j] * N])
def test_columns_of_no_use_are_said(bad: list[Any]) -> None:
    data = column(bad)
    assert data.schema.names == ("x",)
    assert "column 'c' holds" in said(data)


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({"a": [1] * N, "b": [None] * N}, "every feature is constant or empty ('a', 'b')"),
        ({"id": range(N)}, "no column is left to learn from: 'id'"),
        ({}, "no columns are left beside the target"),
    ],
)
def test_nothing_to_learn_from(frame: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match="^" + says.replace("(", r"\(").replace(")", r"\)")):
        load(pd.DataFrame({**frame, "y": Y}), "y")
