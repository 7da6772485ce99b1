"""One raw column as numbers, truth values, texts or dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api import types

from actscope.data._parse import (
    ISO,
    date_formats,
    dates,
    is_missing,
    is_number,
    numbers,
    truths,
)
from actscope.data._say import counted, listed
from actscope.data._schema import Kind

# A column of numbers may hold a word or two for "not known"; with more words than that, or
# more often than that, it is a column of codes ("250", "V45", "E11").
_STRAY_WORDS = 2
_STRAY_SHARE = 0.05


@dataclass(frozen=True)
class Typed:
    """A column's values in the type that they will be used in.

    values: float64 (number; boolean as 0 and 1), object with str or None (category), or
        datetime64[us] (date). Infinities are NaN. None: of no use, and `notes` says why.
    """

    values: np.ndarray | None
    kind: Kind
    infinite: int = 0
    date_format: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def absent(self) -> np.ndarray:
        """Where there is no value."""
        assert self.values is not None
        return np.asarray(pd.isna(self.values))


def type_column(column: pd.Series) -> Typed:
    """The values of one raw column, and what they are.

    >>> type_column(pd.Series(["1", "?", "2.5"])).values
    array([1. , nan, 2.5])
    """
    name = str(column.name)
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):  # a category because its owner says so
        return Typed(texts_of(column), "category")
    if types.is_bool_dtype(dtype):
        return Typed(_floats(column), "boolean")
    if types.is_complex_dtype(dtype):
        return _unusable(f"column {name!r} holds complex numbers: not used")
    if types.is_numeric_dtype(dtype):
        return _number(_floats(column))
    if isinstance(dtype, pd.PeriodDtype):
        return _date(column.dt.to_timestamp())
    if types.is_datetime64_any_dtype(dtype):
        return _date(column)
    if types.is_timedelta64_dtype(dtype):
        return _number((column / pd.Timedelta(days=1)).to_numpy(np.float64, na_value=np.nan))
    return _type_objects(column.astype(object), name)


def texts_of(column: pd.Series) -> np.ndarray:
    """Each value as a text without spaces around it, None where it is missing."""
    codes, unique = pd.factorize(column.astype(object).to_numpy())
    texts = [as_text(value) for value in unique]
    table = np.array([*(None if is_missing(t) else t for t in texts), None], dtype=object)
    return table[codes]  # code -1, of a missing value, is the last entry


def as_text(value: object) -> str:
    """A value as a category's text; whole numbers without a point, so that 1.0 equals 1."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def parse_numbers(column: pd.Series) -> np.ndarray:
    """A column that ought to hold numbers as float64; NaN where a value is none."""
    if types.is_numeric_dtype(column.dtype) or types.is_bool_dtype(column.dtype):
        return _floats(column)
    if types.is_timedelta64_dtype(column.dtype):
        return (column / pd.Timedelta(days=1)).to_numpy(np.float64, na_value=np.nan)
    texts = texts_of(column)
    return _by_unique(texts, numbers, np.float64(np.nan))


def parse_dates(column: pd.Series, date_format: str | None) -> np.ndarray:
    """A column that ought to hold dates as datetime64[us]; NaT where a value is none."""
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if types.is_datetime64_any_dtype(column.dtype):
        return _utc(column)
    form = date_format or ISO
    return _by_unique(texts_of(column), lambda t: dates(t, form), np.datetime64("NaT", "us"))


def parse_truths(column: pd.Series) -> np.ndarray:
    """A column that ought to hold true and false (or 1 and 0) as 1.0, 0.0 and NaN."""
    if types.is_bool_dtype(column.dtype) or types.is_numeric_dtype(column.dtype):
        values = _floats(column)
        return np.where(np.isin(values, (0.0, 1.0)), values, np.nan)
    known = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
    return np.array([known.get((t or "").lower(), np.nan) for t in texts_of(column)], np.float64)


def _type_objects(column: pd.Series, name: str) -> Typed:
    inferred = types.infer_dtype(column, skipna=True)
    if inferred == "boolean":
        return Typed(_floats(column), "boolean")
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal"):
        return _number(_floats(column))
    if inferred in ("datetime", "date", "datetime64"):
        return _date(pd.to_datetime(column, utc=True, errors="coerce"))
    if inferred in ("timedelta", "timedelta64"):
        return type_column(pd.to_timedelta(column).rename(column.name))
    try:
        texts = texts_of(column)
    except TypeError:  # what cannot be hashed: lists, dictionaries, arrays
        return _unusable(f"column {name!r} holds lists or other objects: not used")
    return _type_texts(texts, name)


def _type_texts(texts: np.ndarray, name: str) -> Typed:
    unique = [text for text in pd.unique(texts) if text is not None]
    words = [text for text in unique if not is_number(text)]
    if unique and not words:
        return _number(_by_unique(texts, numbers, np.float64(np.nan)))
    if unique and truths(unique) is not None:
        values = _by_unique(texts, lambda t: _known(truths(t)), np.float64(np.nan))
        return Typed(values, "boolean")
    if formats := date_formats(unique):
        values = _by_unique(texts, lambda t: dates(t, formats[0]), np.datetime64("NaT", "us"))
        notes = ()
        if formats[0].startswith("%m") and len(formats) > 1:
            notes = (f"column {name!r}: dates such as {unique[0]!r} are read month first",)
        return Typed(values, "date", date_format=formats[0], notes=notes)
    if words and len(words) <= _STRAY_WORDS < len(unique) - len(words):
        stray = np.isin(texts.astype(str), words) & np.array([t is not None for t in texts])
        if stray.sum() <= _STRAY_SHARE * len(texts):
            note = (
                f"column {name!r} holds numbers and {counted(int(stray.sum()), 'other text')}"
                f" ({listed(words)}): those are treated as missing"
            )
            return _number(_by_unique(texts, numbers, np.float64(np.nan)), (note,))
    return Typed(texts, "category")


def _known(values: np.ndarray | None) -> np.ndarray:
    assert values is not None
    return values


def _by_unique(
    texts: np.ndarray,
    parse: Callable[[Sequence[str]], np.ndarray],
    absent: np.float64 | np.datetime64,
) -> np.ndarray:
    """`parse` applied to each different text once; `absent` where there is None."""
    codes, unique = pd.factorize(texts)
    table = np.append(parse(list(unique)), absent) if len(unique) else np.array([absent])
    return table[codes]  # code -1, of a missing text, is the last entry


def _floats(column: pd.Series) -> np.ndarray:
    if column.dtype == object:
        values = [np.nan if pd.isna(value) else _float(value) for value in column]
        return np.array(values, dtype=np.float64)
    return column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)


def _float(value: object) -> float:
    try:
        return float(value)  # pyright: ignore[reportArgumentType]  # numbers, infer_dtype says
    except OverflowError:  # a whole number of more than 308 digits
        return np.inf if value > 0 else -np.inf  # pyright: ignore[reportOperatorIssue]


def _number(values: np.ndarray, notes: Sequence[str] = ()) -> Typed:
    infinite = np.isinf(values)
    if infinite.any():
        values = np.where(infinite, np.nan, values)
    return Typed(values, "number", infinite=int(infinite.sum()), notes=tuple(notes))


def _date(column: pd.Series) -> Typed:
    return Typed(_utc(column), "date")


def _utc(column: pd.Series) -> np.ndarray:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.to_numpy().astype("datetime64[us]")


def _unusable(note: str) -> Typed:
    return Typed(None, "category", notes=(note,))
