"""New data in the shape of the data that was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from actscope.data._say import columns_named, counted, listed, quoted
from actscope.data._schema import Column, Schema
from actscope.data._sources import as_frame
from actscope.data._types import parse_dates, parse_numbers, parse_truths, texts_of
from actscope.errors import DataError, did_you_mean


def conform(new: Any, schema: Schema) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """New data typed as the schema says, and one sentence for each thing done to it."""
    frame, named, said = as_frame(new)
    # What `read_frame` had to say about the file belongs to the same story.
    about_file = new.attrs.get("notes") if isinstance(new, pd.DataFrame) else None
    notes = [*(about_file if isinstance(about_file, tuple) else ()), *said]
    if not named:
        frame = _name_by_position(frame, schema)
    names = [str(label) for label in frame.columns]
    position = {name: j for j, name in enumerate(names)}
    lacking = [name for name in schema.names if name not in position]
    if lacking:
        near = did_you_mean(lacking[0], set(names).difference(schema.names))
        raise DataError(
            f"the new data lacks {columns_named(lacking)}.{near} It has: {listed(names)}"
        )
    known = {*schema.names, *schema.source_columns, schema.target}
    if extra := [name for name in names if name not in known]:
        notes.append(f"{columns_named(extra)} not among those trained on: ignored")
    values = {c.name: _column(frame.iloc[:, position[c.name]], c, notes) for c in schema.columns}
    return pd.DataFrame(values, columns=list(schema.names)), tuple(notes)


def _name_by_position(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    everything = list(schema.source_columns)
    without = [name for name in everything if name != schema.target]
    for names in (without, list(schema.names), everything):
        if len(names) == frame.shape[1]:
            return frame.set_axis(names, axis=1)
    raise DataError(
        f"the new data has {counted(frame.shape[1], 'column')} without names; the table trained"
        f" on had {len(without)} beside its target: give the same columns in the same order"
    )


def _column(column: pd.Series, to: Column, notes: list[str]) -> np.ndarray:
    column = column.rename(to.name)
    try:
        texts = (
            texts_of(column)
            if to.kind == "category" or not types.is_numeric_dtype(column.dtype)
            else None
        )
    except TypeError as error:  # what cannot be hashed: lists, dictionaries, arrays
        raise DataError(
            f"column {quoted(to.name)} holds lists or other objects: give one value in each row"
        ) from error
    absent = np.asarray(pd.isna(column if texts is None else texts))
    if to.kind == "category":
        assert texts is not None
        values = texts
        if not to.other:
            _say_unseen(values, to, notes)
    else:
        values = _parse(column, to)
        infinite = _infinite(values)
        if infinite.any():
            values = np.where(infinite, np.nan, values)
            total = counted(int(infinite.sum()), "infinite value")
            notes.append(f"{total} in column {quoted(to.name)}: treated as missing")
        wrong = pd.isna(values) & ~absent & ~infinite
        if wrong.any():
            _say_wrong(column, wrong, absent, to, notes)
    gone = pd.isna(values)
    if gone.any() and not to.missing:
        what = counted(int(gone.sum()), "missing value")
        fill = "the training rows' mean" if to.kind in ("number", "date") else "no level"
        notes.append(
            f"{what} in column {quoted(to.name)}, which lacked none when trained: taken as {fill}"
        )
    return values


def _parse(column: pd.Series, to: Column) -> np.ndarray:
    if to.kind == "number":
        return parse_numbers(column)
    if to.kind == "boolean":
        return parse_truths(column)
    return parse_dates(column, to.date_format)


def _infinite(values: np.ndarray) -> np.ndarray:
    return np.isinf(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)


def _say_wrong(
    column: pd.Series, wrong: np.ndarray, absent: np.ndarray, to: Column, notes: list[str]
) -> None:
    """Values of the wrong kind are missing, and said; a column of nothing else is an error."""
    kinds = {"number": "numbers", "boolean": "true or false", "date": "dates"}
    examples = listed(pd.unique(column[wrong].astype(str)), shown=3)
    if wrong.sum() == (~absent).sum():
        raise DataError(
            f"column {quoted(to.name)} held {kinds[to.kind]} when trained and now holds"
            f" {examples}: give values of the same kind"
        )
    notes.append(
        f"{counted(int(wrong.sum()), 'value')} in column {quoted(to.name)} ({examples}):"
        f" not {kinds[to.kind]}, treated as missing"
    )


def _say_unseen(values: np.ndarray, to: Column, notes: list[str]) -> None:
    present = [value for value in pd.unique(values) if value is not None]
    unseen = [value for value in present if value not in set(to.levels)]
    if unseen:
        notes.append(
            f"column {quoted(to.name)} holds {listed(unseen, shown=3)}, not seen when trained:"
            " taken as none of its levels"
        )
