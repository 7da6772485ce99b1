"""`load` as a whole: sources, drop and keep, fingerprints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn.datasets

from actscope.data import Dataset, load
from actscope.errors import DataError

RNG = np.random.default_rng(2)
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=30),
        "count": RNG.integers(0, 9, size=30),
        "kind": RNG.choice(["a", "b", "c"], size=30),
        "ok": RNG.choice([True, False], size=30),
        "day": pd.date_range("2024-01-01", periods=30),
        "y": RNG.choice(["no", "yes"], size=30),
    }
)


@pytest.mark.parametrize(
    ("name", "rows", "task", "classes"),
    [
        ("digits", 1797, "classification", tuple("0123456789")),
        ("iris", 150, "classification", ("setosa", "versicolor", "virginica")),
        ("wine", 178, "classification", ("class_0", "class_1", "class_2")),
        ("breast_cancer", 569, "classification", ("benign", "malignant")),
        ("diabetes", 442, "regression", ()),
    ],
)
def test_bundled_data_sets(name: str, rows: int, task: str, classes: tuple[str, ...]) -> None:
    data = load(f"sklearn:{name}")
    assert (data.name, data.rows, data.task, data.classes) == (name, rows, task, classes)
    bunch: Any = getattr(sklearn.datasets, f"load_{name}")()
    varying = np.ptp(bunch.data, axis=0) > 0
    np.testing.assert_array_equal(data.frame, bunch.data[:, varying])
    if task == "regression":
        np.testing.assert_array_equal(data.target, bunch.target)
    else:
        names = [str(bunch.target_names[code]) for code in bunch.target]
        assert [data.classes[code] for code in data.target] == names


def test_digits_leaves_out_its_three_empty_pixels() -> None:
    data = load("sklearn:digits")
    assert data.schema.width == 61
    assert data.class_values == tuple(range(10))
    assert data.notes == (
        "columns 'pixel_0_0', 'pixel_4_0', 'pixel_4_7': the same value in every row: not used",
    )


def test_linnerud_has_several_targets() -> None:
    with pytest.raises(DataError, match=r"several targets.* 'Weight', 'Waist', 'Pulse'"):
        load("sklearn:linnerud")
    data = load("sklearn:linnerud", "Waist")
    assert data.schema.names == ("Chins", "Situps", "Jumps")
    assert "columns 'Weight', 'Pulse': other targets of this data set: not used" in data.notes
    assert "Pulse" in load("sklearn:linnerud", "Waist", keep="Pulse").schema.names


@pytest.mark.parametrize("name", ["irs", "california_housing", ""])
def test_unknown_bundled_data_set(name: str) -> None:
    with pytest.raises(DataError, match="come with scikit-learn: digits, iris, wine"):
        load(f"sklearn:{name}")


@pytest.fixture
def same(tmp_path: Path) -> list[Any]:
    """One table in every form it can come in."""
    csv, tsv, parquet = tmp_path / "t.csv", tmp_path / "t.tsv", tmp_path / "t.parquet"
    FRAME.to_csv(csv, index=False)
    FRAME.to_csv(tsv, index=False, sep="\t")
    FRAME.to_parquet(parquet)
    polars = pl.from_pandas(FRAME)
    lists = {str(name): FRAME[name].tolist() for name in FRAME}
    renumbered = FRAME.set_axis(range(100, 130))
    polars_forms = [polars, polars.lazy(), polars.to_arrow()]
    return [FRAME, csv, str(tsv), parquet, renumbered, lists, *polars_forms]


def test_the_same_content_has_the_same_fingerprint(same: list[Any]) -> None:
    first = load(FRAME, "y")
    for source in same:
        data = load(source, "y")
        assert data.classes == ("no", "yes")
        np.testing.assert_array_equal(data.target, first.target)
        # A date column in text has its format in the schema, in a frame it has none.
        kept, of_first = (d.frame.drop(columns="day") for d in (data, first))
        pd.testing.assert_frame_equal(kept, of_first)
        without = load(source, "y", drop=["day"])
        assert without.fingerprint == load(FRAME, "y", drop="day").fingerprint
        assert load(source, "y", drop=["day"], name="another").fingerprint == without.fingerprint


def changes() -> dict[str, Dataset]:
    cell = FRAME.copy()
    cell.loc[3, "size"] += 1e-12
    text = FRAME.assign(kind=FRAME["kind"].where(FRAME.index != 3, "b"))
    swapped = FRAME.assign(y=np.where(FRAME["y"] == "no", "yes", "no"))
    return {
        "a cell": load(cell, "y"),
        "a text": load(text.assign(kind=text["kind"].replace({"c": "d"})), "y"),
        "the target": load(swapped, "y"),
        "a name": load(FRAME.rename(columns={"size": "Size"}), "y"),
        "the columns": load(FRAME, "y", drop="kind"),
        "the rows": load(FRAME.iloc[:-1], "y"),
        "the order": load(FRAME.iloc[::-1], "y"),
        "the task": load(FRAME.drop(columns="y"), FRAME["y"] == "yes", task="regression"),
    }


def test_other_content_has_another_fingerprint() -> None:
    prints = [load(FRAME, "y").fingerprint, *(d.fingerprint for d in changes().values())]
    assert len(set(prints)) == len(prints)
    assert all(len(p) == 64 for p in prints)


def test_two_zeros_and_two_nans_are_the_same_content() -> None:
    other_nan = np.frombuffer(np.uint64(0x7FF8000000000123).tobytes(), dtype=np.float64)[0]
    one = np.array([[0.0], [np.nan], [1.0], [2.5]])
    two = np.array([[-0.0], [other_nan], [1.0], [2.5]])
    assert load(one, list("abab")).fingerprint == load(two, list("abab")).fingerprint


@pytest.mark.parametrize(
    "X",
    [
        [[1.0, 2.0], [3.0, 4.5]],
        np.array([[1.0, 2.0], [3.0, 4.5]], dtype=np.float32),
        scipy.sparse.csr_matrix([[1.0, 2.0], [3.0, 4.5]]),
        np.array([[[1.0], [2.0]], [[3.0], [4.5]]]),
    ],
)
def test_arrays(X: Any) -> None:
    data = load(X, ["a", "b"])
    assert data.name == "data"
    assert data.target_name == "target"
    assert data.frame.to_numpy().tolist() == [[1.0, 2.0], [3.0, 4.5]]
    assert data.schema.names == ("column_0", "column_1")


def test_the_target_can_be_a_column_of_an_array() -> None:
    data = load(np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 4.5]]), 1)
    assert data.schema.names == ("column_0", "column_2")
    assert data.target.tolist() == [0, 1]


def test_rows_of_mixed_values_keep_their_types() -> None:
    data = load([[1, "a"], [2.5, "b"], [4, "a"]], ["u", "v", "u"])
    assert [column.kind for column in data.schema.columns] == ["number", "category"]


@pytest.mark.parametrize(
    "target",
    [pl.Series(["a", "b"]), pd.Series(["a", "b"], index=[7, 3]), (x for x in ()), ("a", "b"),
     pd.DataFrame({"y": ["a", "b"]}), np.array([["a"], ["b"]])],
)  # fmt: skip
def test_targets_of_their_own(target: Any) -> None:
    X = [[1.0], [2.5]]
    if hasattr(target, "send"):
        with pytest.raises(DataError, match="a generator is no table"):
            load(X, target)
        return
    assert load(X, target).target.tolist() == [0, 1]


def test_a_target_named_like_a_feature_gets_another_name() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.5]})
    assert load(frame, pd.Series([0, 1], name="a")).target_name == "a_"


@pytest.mark.parametrize("source", [3, None, object(), {1, 2}, np.float64(3)])
def test_what_is_no_table(source: Any) -> None:
    with pytest.raises(DataError, match="is no table"):
        load(source, [0, 1])


def test_the_caller_s_frame_is_not_changed() -> None:
    frame = FRAME.copy()
    before = frame.copy(deep=True)
    data = load(frame, "y")
    made = data.frame
    made.iloc[0, 0] = 99.0
    pd.testing.assert_frame_equal(frame, before)
    X = RNG.normal(size=(4, 2))
    copy = X.copy()
    made = load(X, [0, 1, 0, 1]).frame
    made.iloc[0, 0] = 99.0
    np.testing.assert_array_equal(X, copy)


def test_names_that_are_no_text() -> None:
    frame = pd.DataFrame([[1.0, 2.0, "a"], [2.5, 1.0, "b"]], columns=[5, ("p", "q"), None])
    data = load(frame, -1)
    assert data.schema.names == ("5", "p_q")
    assert frame.columns.tolist() == [5, ("p", "q"), None]
    twice = pd.DataFrame([[1.0, 2.0, "a"]], columns=[1, "1", "y"])
    with pytest.raises(DataError, match="more than one column is called '1'"):
        load(twice, "y")


def test_a_named_index_is_said() -> None:
    data = load(FRAME.set_index("size"), "y")
    assert any("index ('size') is not used" in note for note in data.notes)


@pytest.mark.parametrize(
    ("drop", "left"),
    [
        (["kind"], ("size", "count", "ok", "day")),
        ("kind", ("size", "count", "ok", "day")),
        ("kind, ok", ("size", "count", "day")),
        ([0, "kind", "-2"], ("count", "ok")),
        ((), ("size", "count", "kind", "ok", "day")),
    ],
)
def test_drop(drop: Any, left: tuple[str, ...]) -> None:
    data = load(FRAME, "y", drop=drop)
    assert data.schema.names == left
    assert any("left out as asked" in note for note in data.notes) == bool(drop)


def test_a_name_with_a_comma_can_be_dropped() -> None:
    frame = FRAME.rename(columns={"kind": "kind, of"})
    assert "kind, of" not in load(frame, "y", drop="kind, of").schema.names


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"drop": ["knid"]}, "drop 'knid' is no column. Did you mean 'kind'?"),
        ({"drop": "kind,nope"}, "drop 'nope' is no column. There are: 'size', 'count'"),
        ({"keep": ["nope"]}, "keep 'nope' is no column"),
        ({"drop": ["y"]}, "'y' is the target: it cannot be in drop as well"),
        ({"drop": "ok", "keep": "ok"}, "column 'ok' cannot be in drop and in keep"),
        ({"drop": list(FRAME.columns[:-1])}, "no columns are left beside the target"),
    ],
)
def test_bad_drop_and_keep(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError) as caught:
        load(FRAME, "y", **settings)
    assert says in str(caught.value)


def test_the_name_is_the_file_s_stem(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "titanic.csv", index=False)
    assert load(tmp_path / "titanic.csv", "y").name == "titanic"
    assert load(tmp_path / "titanic.csv", "y", name="ship").name == "ship"
    assert "Dataset(name='titanic'" in repr(load(tmp_path / "titanic.csv", "y"))


def test_importing_brings_neither_torch_nor_sklearn_nor_polars() -> None:
    code = (
        "import sys, actscope.data;"
        "print([m for m in ('torch', 'sklearn', 'polars', 'scipy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")})  # fmt: skip
    assert run.stdout.strip() == "[]"
