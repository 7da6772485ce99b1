"""Where a table can come from: files, data sets of scikit-learn, frames, arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from actscope.data._read import check_names, read_table
from actscope.data._say import listed, quoted
from actscope.data._target import Task
from actscope.errors import DataError, did_you_mean

SKLEARN = "sklearn:"


@dataclass(frozen=True)
class Table:
    """A table with columns that have names.

    header: the source named its columns; False: they are called column_0, column_1, ...
    target, task: what the source itself says about them, if it does.
    beside: other targets of the source, which are not features either.
    """

    frame: pd.DataFrame
    name: str
    notes: tuple[str, ...] = ()
    header: bool = True
    target: str | None = None
    task: Task | None = None
    beside: tuple[str, ...] = ()


def open_source(source: object) -> Table:
    """The table behind whatever `load` accepts as its source."""
    if isinstance(source, str) and source.lower().startswith(SKLEARN):
        return _bundled(source[len(SKLEARN) :].strip().lower())
    if isinstance(source, str | Path):
        return _file(source)
    frame, header, notes = as_frame(source)
    return Table(frame, "data", notes, header)


def as_frame(source: object) -> tuple[pd.DataFrame, bool, tuple[str, ...]]:
    """A frame or array of the caller as a pandas frame with rows from 0; was it named; notes.

    The caller's own object is never changed. polars is not imported: a frame of it (or of
    pyarrow) converts itself.
    """
    notes: list[str] = []
    if isinstance(source, pd.Series):
        source = source.to_frame(source.name if source.name is not None else "column_0")
    if not isinstance(source, pd.DataFrame):
        source = _convert(source)
    if isinstance(source, pd.DataFrame):
        if source.index.names != [None]:
            kept = [str(name) for name in source.index.names if name is not None]
            notes.append(f"the frame's index ({listed(kept)}) is not used; reset_index() adds it")
        frame = source.reset_index(drop=True)
        frame.columns = [_label(label) for label in frame.columns]
        check_names(list(frame.columns))
        header = True
    else:
        frame, header = _array_frame(source, notes), False
    if frame.shape[0] == 0:
        raise DataError("the table has no rows: expected at least one row of values")
    if frame.shape[1] == 0:
        raise DataError("the table has no columns: expected features and a target")
    return frame, header, tuple(notes)


def as_target(target: object, rows: int) -> pd.Series:
    """A target that came as values of its own, one for each of the rows."""
    if isinstance(target, pd.Series):
        column = target
    else:
        values = target if isinstance(target, pd.DataFrame) else _convert(target)
        if isinstance(values, pd.DataFrame):
            if values.shape[1] != 1:
                raise DataError(
                    f"the target has {values.shape[1]} columns: actscope predicts one;"
                    " give one of them"
                )
            column = values.iloc[:, 0]
        else:
            values = np.asarray(values)
            if values.ndim == 2 and values.shape[1] == 1:
                values = values[:, 0]
            if values.ndim != 1:
                raise DataError(
                    f"the target has the shape {values.shape}: expected one value for each row"
                )
            column = pd.Series(list(values) if values.dtype == object else values)
    if len(column) != rows:
        raise DataError(
            f"the target has {len(column):,} values and the table {rows:,} rows:"
            " expected one value for each row"
        )
    name = "target" if column.name is None or not isinstance(target, pd.Series) else column.name
    return column.rename(_label(name))


def _label(label: object) -> str:
    if isinstance(label, tuple):  # pandas names columns by tuples where names have levels
        return "_".join(str(part) for part in label if str(part))
    return str(label)


def _convert(source: object) -> pd.DataFrame | np.ndarray:
    """Frames of other libraries as pandas frames, everything else as an array."""
    for method in ("collect", "to_pandas"):  # a lazy polars frame is collected first
        if type(source).__module__.split(".")[0] in ("polars", "pyarrow", "modin", "cudf"):
            convert = getattr(source, method, None)
            if callable(convert):
                source = convert()
    if isinstance(source, pd.DataFrame):
        return source
    if isinstance(source, pd.Series):
        return source.to_numpy()
    if isinstance(source, Mapping):
        try:
            return pd.DataFrame(dict(source))
        except ValueError as error:
            raise DataError(f"the columns cannot form a table: {error}") from error
    dense: Any = getattr(source, "toarray", None)  # a sparse matrix of scipy
    if callable(dense):
        return np.asarray(dense())
    if isinstance(source, np.ndarray) or hasattr(source, "__array__"):
        array = np.asarray(source)
    elif isinstance(source, list | tuple | range):
        try:
            array = np.asarray(source)
        except ValueError:
            raise DataError("the rows have different lengths: give as many in each") from None
        if array.dtype.kind in "US" and any(not isinstance(cell, str) for cell in _flat(source)):
            array = np.array(source, dtype=object)  # NumPy would turn 1 into "1"
    else:
        raise DataError(
            f"a {type(source).__name__} is no table: give a file's path, {SKLEARN}NAME, a pandas"
            " or polars frame, or a NumPy array"
        )
    if array.dtype.names is not None:
        return pd.DataFrame(array)
    return array


def _flat(values: object) -> list[object]:
    if isinstance(values, list | tuple | range):
        return [cell for value in values for cell in _flat(value)]
    return [values]


def _array_frame(array: np.ndarray, notes: list[str]) -> pd.DataFrame:
    if array.ndim == 0:
        raise DataError("a single value is no table: give an array of rows and columns")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim > 2:
        notes.append(f"arrays of shape {array.shape[1:]} in each row: used as one row of values")
        array = array.reshape(len(array), -1)
    names = [f"column_{j}" for j in range(array.shape[1])]
    return pd.DataFrame(array, columns=names)


def _file(source: str | Path) -> Table:
    text = str(source)
    if re.match(r"[a-z]+://", text):
        raise DataError(f"{quoted(text)} is an address: download the file and give its path")
    path = Path(text).expanduser()
    if not path.exists() and text.lower() in _BUNDLED:
        raise DataError(
            f"there is no file {quoted(text)}. Did you mean '{SKLEARN}{text.lower()}',"
            " the data set that comes with scikit-learn?"
        )
    raw = read_table(path)
    return Table(raw.frame, path.stem, raw.notes, raw.header)


_BUNDLED: Mapping[str, Task] = {
    "digits": "classification",
    "iris": "classification",
    "wine": "classification",
    "breast_cancer": "classification",
    "diabetes": "regression",
    "linnerud": "regression",
}


def _bundled(name: str) -> Table:
    """A data set that is part of scikit-learn's installation: nothing is downloaded."""
    if name not in _BUNDLED:
        raise DataError(
            f"{quoted(SKLEARN + name)} is unknown.{did_you_mean(name, _BUNDLED)}"
            f" Data sets that come with scikit-learn: {', '.join(_BUNDLED)}"
        )
    import sklearn.datasets  # slow to import, and few need it

    bunch: Any = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = bunch.frame.copy()
    frame.columns = [str(label) for label in frame.columns]
    if name == "linnerud":
        targets = tuple(str(label) for label in bunch.target_names)
        return Table(frame, name, task=_BUNDLED[name], beside=targets)
    if _BUNDLED[name] == "classification" and name != "digits":
        frame["target"] = np.asarray(bunch.target_names, dtype=object)[bunch.target.to_numpy()]
    return Table(frame, name, target="target", task=_BUNDLED[name])
