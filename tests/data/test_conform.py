"""New data in the shape of the data trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from actscope.data import Encoder, load, read_frame
from actscope.errors import DataError

RNG = np.random.default_rng(4)
ROWS = 24
FRAME = pd.DataFrame(
    {
        "id": np.arange(ROWS),
        "size": RNG.normal(size=ROWS),
        "kind": RNG.choice(["a", "b", "c"], size=ROWS),
        "ok": RNG.choice([True, False], size=ROWS),
        "day": [f"{1 + i % 28}.{1 + i % 12}.2024" for i in range(ROWS)],
        "code": pd.Categorical(RNG.choice([1, 2, 3], size=ROWS)),
        "y": RNG.choice(["no", "yes"], size=ROWS),
    }
)
DATA = load(FRAME, "y")
ENCODER = Encoder(DATA.schema).fit(DATA.frame)


def conformed(**changed: Any) -> tuple[pd.DataFrame, str]:
    frame, notes = ENCODER.conform(FRAME.assign(**changed))
    ENCODER.transform(frame)
    return frame, " | ".join(notes)


def test_the_training_table_itself_is_unchanged() -> None:
    frame, notes = ENCODER.conform(FRAME)
    pd.testing.assert_frame_equal(frame, DATA.frame)
    assert notes == ()


def test_the_target_may_be_absent_and_columns_in_any_order() -> None:
    frame, notes = ENCODER.conform(FRAME[["code", "day", "ok", "kind", "size"]])
    pd.testing.assert_frame_equal(frame, DATA.frame)
    assert notes == ()


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match=r"lacks column 'size'\. Did you mean 'Sise'\? It has:"):
        ENCODER.conform(FRAME.rename(columns={"size": "Sise"}))
    with pytest.raises(DataError, match="lacks columns 'size', 'kind'"):
        ENCODER.conform(FRAME.drop(columns=["size", "kind"]))


def test_extra_columns_are_ignored_and_said() -> None:
    frame, notes = conformed(more=1, other="x")
    pd.testing.assert_frame_equal(frame, DATA.frame)
    assert notes == "columns 'more', 'other' not among those trained on: ignored"


def test_unseen_levels_are_said_and_encoded_as_none_of_them() -> None:
    frame, notes = conformed(kind=["z", *FRAME["kind"][1:]])
    assert notes == "column 'kind' holds 'z', not seen when trained: taken as none of its levels"
    assert not ENCODER.transform(frame)[0, 1:4].any()


def test_an_unseen_level_goes_to_other_where_there_is_one() -> None:
    values = np.repeat([f"l{i}" for i in range(120)], 3)
    data = load(pd.DataFrame({"c": values, "y": np.arange(360) % 2}), "y")
    encoder = Encoder(data.schema).fit(data.frame)
    frame, notes = encoder.conform(pd.DataFrame({"c": ["never seen"]}))
    assert notes == ()
    assert encoder.transform(frame)[0].nonzero()[0].tolist() == [100]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"size": FRAME["size"].map(repr)}, ""),  # numbers given as text
        ({"ok": FRAME["ok"].astype(str).str.upper()}, ""),
        ({"ok": FRAME["ok"].astype(int)}, ""),
        ({"code": FRAME["code"].astype(float)}, ""),  # 1.0 is the level 1
        ({"code": FRAME["code"].astype(str)}, ""),
        ({"kind": FRAME["kind"].astype("category")}, ""),
        ({"day": pd.to_datetime(FRAME["day"], format="%d.%m.%Y")}, ""),
    ],
)
def test_the_same_values_in_another_type(changed: dict[str, Any], said: str) -> None:
    frame, notes = conformed(**changed)
    pd.testing.assert_frame_equal(frame, DATA.frame)
    assert notes == said


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("size", "abc", "1 value in column 'size' ('abc'): not numbers, treated as missing"),
        ("size", np.inf, "1 infinite value in column 'size': treated as missing"),
        ("size", None, "which lacked none when trained: taken as the training rows' mean"),
        ("ok", "maybe", "1 value in column 'ok' ('maybe'): not true or false, treated as missing"),
        ("ok", 2, "('2'): not true or false"),
        ("day", "soon", "1 value in column 'day' ('soon'): not dates, treated as missing"),
        ("kind", "?", "1 missing value in column 'kind', which lacked none when trained"),
    ],
)
def test_values_of_the_wrong_kind_are_missing_and_said(
    column: str, value: object, said: str
) -> None:
    values = FRAME[column].astype(object).copy()
    values[5] = value
    frame, notes = conformed(**{column: values})
    assert said in notes
    assert ("not numbers" in notes) == (value == "abc")
    kept = np.arange(ROWS) != 5
    pd.testing.assert_frame_equal(frame.loc[kept], DATA.frame.loc[kept])
    assert frame[column].isna().tolist() == (~kept).tolist()


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("size", "abc", "column 'size' held numbers when trained and now holds 'abc'"),
        ("day", "soon", "column 'day' held dates when trained"),
        ("ok", "maybe", "column 'ok' held true or false when trained"),
    ],
)
def test_a_column_of_nothing_but_the_wrong_kind(column: str, value: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        conformed(**{column: value})


def test_lists_are_refused() -> None:
    with pytest.raises(DataError, match="column 'kind' holds lists"):
        conformed(kind=[[1]] * ROWS)


def test_arrays_are_taken_by_position() -> None:
    X = RNG.normal(size=(9, 3))
    data = load(X, list("abcabcabc"))
    encoder = Encoder(data.schema).fit(data.frame)
    frame, notes = encoder.conform(X[:2])
    pd.testing.assert_frame_equal(frame, data.frame.iloc[:2])
    assert notes == ()
    with pytest.raises(DataError, match=r"has 2 columns without names; .* had 3 beside"):
        encoder.conform(X[:, :2])


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("with_target", [True, False])
def test_a_file_comes_back_as_it_was_trained_on(
    tmp_path: Path, header: bool, with_target: bool
) -> None:
    path = tmp_path / "t.csv"
    table = FRAME.drop(columns=["code"])[["y", "id", "size", "kind", "ok", "day"]]
    table.to_csv(path, index=False, header=header)
    data = load(path, 0)
    new = tmp_path / "new.csv"
    (table if with_target else table.drop(columns="y")).to_csv(new, index=False, header=header)
    encoder = Encoder(data.schema).fit(data.frame)
    frame, notes = encoder.conform(read_frame(new, like=encoder.schema))
    pd.testing.assert_frame_equal(frame, data.frame)
    assert notes == ()


def test_what_was_said_about_the_file_is_said_again(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    table = FRAME.drop(columns=["y", "code"])
    table.to_csv(path, index=False, sep=";", decimal=",")
    schema = load(FRAME.drop(columns="code"), "y").schema
    frame, notes = Encoder(schema).conform(read_frame(path, like=schema))
    pd.testing.assert_frame_equal(frame, DATA.frame.drop(columns="code"))
    assert notes == (
        "the values are separated by semicolons",
        "column 'size': numbers written with decimal commas",
    )
