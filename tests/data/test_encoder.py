"""Typed columns to network inputs; scikit-learn is the oracle, hypothesis the adversary."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from actscope.data import Column, Encoder, Schema, load
from actscope.errors import DataError

RNG = np.random.default_rng(3)


def schema_of(*columns: Column) -> Schema:
    return Schema(columns, "y", (*(column.name for column in columns), "y"))


def mixed(rows: int) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "a": RNG.normal(5, 3, size=rows),
            "b": RNG.exponential(1e6, size=rows),
            "k": RNG.choice(["p", "q", "r", "s"], size=rows),
            "two": RNG.choice(["f", "m"], size=rows),
            "y": RNG.choice(["no", "yes"], size=rows),
        }
    )
    frame.loc[::7, "b"] = np.nan
    frame.loc[3::11, "k"] = None
    return frame


@pytest.mark.filterwarnings("ignore:Found unknown categories")  # None, as it should be
def test_against_scikit_learn() -> None:
    data = load(mixed(300), "y")
    train, test = data.frame.iloc[:200], data.frame.iloc[200:]
    numbers, texts = ["a", "b"], ["k", "two"]
    levels: Any = [["p", "q", "r", "s"], ["f", "m"]]
    oracle = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), StandardScaler()), numbers),
            ("t", OneHotEncoder(drop="if_binary", handle_unknown="ignore",
                                categories=levels), texts),
            ("i", MissingIndicator(features="all"), ["b"]),
        ]
    )  # fmt: skip
    oracle.fit(train)
    encoder = Encoder(data.schema).fit(train)
    assert encoder.names == ("a", "b", "b is missing", "k = p", "k = q", "k = r", "k = s",
                             "k is missing", "two = m")  # fmt: skip
    ours = encoder.transform(test)
    assert ours.dtype == np.float32
    theirs = np.asarray(oracle.transform(test), dtype=np.float64)
    a, b, p, q, r, s, m, gone = theirs.T
    # Filling first and scaling then (theirs) shrinks the scale by the share of values present.
    share = train["b"].notna().mean()
    expected = np.stack([a, b * np.sqrt(share), gone, p, q, r, s, test["k"].isna(), m], axis=1)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_dates_by_hand() -> None:
    days = pd.DataFrame({"d": pd.to_datetime(["2024-01-01 00:00", "2024-07-04 12:00", None])})
    encoder = Encoder(schema_of(Column("d", "date", missing=True))).fit(days)
    out = encoder.transform(days)
    # 185.5 days apart: standardised to -1 and 1. July is half a year from January, and a
    # Thursday is 3/7 of a week from a Monday.
    np.testing.assert_allclose(out[:, 0], [-1, 1, 0], atol=1e-6)
    np.testing.assert_allclose(out[:, 1:3], [[0, 1], [0, -1], [0, 0]], atol=1e-6)
    week = 2 * np.pi * 3 / 7
    np.testing.assert_allclose(out[:, 3:5], [[0, 1], [np.sin(week), np.cos(week)], [0, 0]],
                               atol=1e-6)  # fmt: skip
    assert out[:, 5].tolist() == [0, 0, 1]
    months = pd.DataFrame({"d": pd.date_range("1960-01-15", periods=200, freq="31D")})
    out = Encoder(schema_of(Column("d", "date"))).fit(months).transform(months)
    angle = 2 * np.pi * (months["d"].dt.month - 1) / 12
    np.testing.assert_allclose(out[:, 1], np.sin(angle), atol=1e-6)
    angle = 2 * np.pi * months["d"].dt.day_of_week / 7
    np.testing.assert_allclose(out[:, 4], np.cos(angle), atol=1e-6)


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (Column("c", "boolean"), [1.0, 0.0], [[1], [0]]),
        (Column("c", "boolean", missing=True), [1.0, np.nan], [[1, 0], [0, 1]]),
        (Column("c", "category", levels=("a", "b")), ["a", "b", "z"], [[0], [1], [0]]),
        (Column("c", "category", True, ("a", "b")), ["b", None], [[1, 0], [0, 1]]),
        (Column("c", "category", True, ("a",)), ["a", None], [[0], [1]]),
        (Column("c", "category", levels=("a", "b", "c")), ["c", "a"], [[0, 0, 1], [1, 0, 0]]),
        (Column("c", "category", True, ("a", "b"), True), ["b", "z", None],
         [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        (Column("c", "number", missing=True), [np.nan, np.nan], [[0, 1], [0, 1]]),
        (Column("c", "number"), [0.1] * 3, [[0]] * 3),
        (Column("c", "number"), [1e308, -1e308], [[1], [-1]]),
        (Column("c", "number"), [1e-320, 0.0], [[0], [0]]),
        (Column("c", "number"), [1e-300, 3e-300], [[-1], [1]]),
    ],
)  # fmt: skip
def test_each_kind(column: Column, values: list[Any], expected: list[list[float]]) -> None:
    frame = pd.DataFrame({"c": np.array(values, dtype=object if "c" in column.kind else None)})
    out = Encoder(schema_of(column)).fit(frame).transform(frame)
    np.testing.assert_allclose(out, expected, atol=1e-6)
    assert out.shape[1] == column.width == len(column.inputs)


def test_a_constant_among_training_rows_has_scale_one() -> None:
    frame = pd.DataFrame({"c": [0.1, 0.1, 0.1, 0.6]})
    out = Encoder(schema_of(Column("c", "number"))).fit(frame.iloc[:3]).transform(frame)
    assert out[:, 0].tolist() == [0, 0, 0, 0.5]


def test_a_column_missing_in_all_training_rows_says_nothing_elsewhere() -> None:
    frame = pd.DataFrame({"c": [np.nan, np.nan, 12345.0]})
    column = Column("c", "number", missing=True)
    out = Encoder(schema_of(column)).fit(frame.iloc[:2]).transform(frame)
    assert out.tolist() == [[0, 1], [0, 1], [0, 0]]


def test_a_level_called_other() -> None:
    column = Column("c", "category", levels=("other", "x"), other=True)
    assert column.inputs == ("c = other", "c = x", "c = other (rarer)")


LEVELS = ("a", "b", "c")
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
ROWS = st.lists(
    st.tuples(
        FLOATS,
        st.sampled_from([0.0, 1.0, np.nan]),
        st.sampled_from([*LEVELS, None, "unseen"]),
        st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)) | st.none(),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip
SCHEMA = schema_of(
    Column("n", "number", missing=True),
    Column("b", "boolean", missing=True),
    Column("k", "category", missing=True, levels=LEVELS),
    Column("d", "date", missing=True),
    Column("o", "category", levels=("a", "b"), other=True),
)


def frame_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    n, b, k, d = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "n": np.array(n, dtype=np.float64),
            "b": np.array(b, dtype=np.float64),
            "k": np.array(k, dtype=object),
            "d": np.array(d, dtype="datetime64[us]"),
            "o": np.array(k, dtype=object),
        }
    )


@settings(deadline=None)
@given(train=ROWS, test=ROWS)
def test_always_finite_and_standardised(train: list[Any], test: list[Any]) -> None:
    encoder = Encoder(SCHEMA).fit(frame_of(train))
    for rows in (train, test):
        out = encoder.transform(frame_of(rows))
        assert out.shape == (len(rows), encoder.width)
        assert np.isfinite(out).all()
        gone = [not np.isfinite(row[0]) for row in rows]
        assert out[:, 1].tolist() == gone
        assert not out[gone, 0].any()
    inside = encoder.transform(frame_of(train))
    assert np.abs(inside[:, 0]).max() <= np.sqrt(len(train)) + 1e-3
    # Where plain float64 arithmetic works, it says the same.
    known = np.array([row[0] for row in train if np.isfinite(row[0])])
    if len(known) and 1e-100 < np.abs(known).max() < 1e100 and np.std(known) > 1e-9 * np.abs(
        known).max():  # fmt: skip
        present = [bool(np.isfinite(row[0])) for row in train]
        z = (known - known.mean()) / known.std()
        np.testing.assert_allclose(inside[present, 0], z, rtol=1e-4, atol=1e-4)


@settings(deadline=None)
@given(train=ROWS, test=ROWS)
def test_json_round_trip_is_bit_identical(train: list[Any], test: list[Any]) -> None:
    encoder = Encoder(SCHEMA).fit(frame_of(train))
    text = json.dumps(encoder.to_dict(), allow_nan=False)
    back = Encoder.from_dict(json.loads(text))
    assert back.schema == encoder.schema
    assert back.transform(frame_of(test)).tobytes() == encoder.transform(frame_of(test)).tobytes()


@settings(deadline=None)
@given(train=ROWS, test=ROWS, others=ROWS)
def test_rows_depend_on_themselves_and_the_training_rows_alone(
    train: list[Any], test: list[Any], others: list[Any]
) -> None:
    """No leak: what else is in the table changes no encoded row, to the last bit."""
    encoder = Encoder(SCHEMA).fit(frame_of(train))
    state = json.dumps(encoder.to_dict())
    alone = encoder.transform(frame_of(test))
    together = encoder.transform(frame_of(test + others))
    assert together[: len(test)].tobytes() == alone.tobytes()
    assert json.dumps(encoder.to_dict()) == state
    # Fitting on those rows of a larger table is fitting on them.
    table = frame_of(others + train)
    again = Encoder(SCHEMA).fit(table.iloc[len(others) :])
    assert json.dumps(again.to_dict()) == state


def test_the_order_of_columns_in_a_frame_does_not_matter() -> None:
    data = load(mixed(50), "y")
    encoder = Encoder(data.schema).fit(data.frame)
    shuffled = data.frame.reindex(columns=["two", "b", "k", "a"])
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(data.frame))


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda e, f: Encoder(e.schema).transform(f), "call fit first"),
        (lambda e, f: Encoder(e.schema).to_dict(), "call fit first"),
        (lambda e, f: e.fit(f.iloc[:0]), "at least one row"),
        (lambda e, f: e.transform(f.drop(columns="a")), "the frame lacks column 'a'"),
        (lambda e, f: e.transform(f.assign(a="text")), "call conform first"),
        (lambda e, f: Encoder.from_dict({}), "not a saved encoder"),
        (lambda e, f: Encoder.from_dict(e.to_dict() | {"mean": [1.0]}), "1 means and 2 scales"),
        (lambda e, f: Encoder.from_dict(e.to_dict() | {"mean": ["x", 1]}), "is no number"),
        (lambda e, f: Encoder.from_dict(e.to_dict() | {"scale": [-1, 1]}), "not negative"),
        (lambda e, f: Encoder.from_dict(e.to_dict() | {"schema": {}}), "not a saved schema"),
        (lambda e, f: Schema.from_dict({**e.schema.to_dict(), "columns": [
            {"name": "a", "kind": "picture"}]}), "a column of kind 'picture'"),
    ],
)  # fmt: skip
def test_misuse(act: Any, says: str) -> None:
    data = load(mixed(50), "y")
    encoder = Encoder(data.schema).fit(data.frame)
    with pytest.raises(DataError, match=says):
        act(encoder, data.frame)


def test_fast_enough() -> None:
    """30,000 x 100 well under a second; ten times that fails, whoever shares the machine."""
    frame = pd.DataFrame(RNG.normal(size=(30_000, 100)), columns=[f"c{j}" for j in range(100)])
    encoder = Encoder(schema_of(*(Column(name, "number") for name in frame.columns)))
    begin = time.process_time()
    encoder.fit(frame).transform(frame)
    assert time.process_time() - begin < 3
