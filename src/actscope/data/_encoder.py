"""A frame of typed columns as the float32 inputs of a network.

Plain NumPy instead of scikit-learn's ColumnTransformer of imputers, scalers and encoders: the
whole fitted state is two numbers per column, which JSON holds exactly; theirs would need
pickle, or as many lines again to take apart and rebuild; and a fit takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from actscope.data._conform import conform
from actscope.data._say import columns_named
from actscope.data._schema import Column, Schema
from actscope.errors import DataError

# Among n training rows no standardised value exceeds sqrt(n - 1), so this bound touches only
# values of other rows that are wild beyond any training row; it keeps float32 products finite.
_LIMIT = 1e6
_MICROSECONDS_PER_DAY = 86_400e6
_STANDARDISED = ("number", "date")


class Encoder:
    """Typed columns to network inputs: standardised numbers, one-hot categories, indicators.

    number -> (x - mean) / scale over the rows given to `fit`, missing -> 0 (the mean);
    boolean -> 0 or 1; category -> one input per level (one input for two levels), missing or
    unseen -> all 0; date -> days, standardised, and month and weekday as sine and cosine.
    A column that lacks values anywhere in the table has a further 0/1 input saying where.

    Attributes: schema, width (inputs), names (of the inputs), fitted.

    >>> from actscope.data import load
    >>> data = load([[1.0], [3.0], [5.0]], ["a", "b", "a"])
    >>> Encoder(data.schema).fit(data.frame.iloc[:2]).transform(data.frame).tolist()
    [[-1.0], [1.0], [3.0]]
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.names = schema.inputs
        self.width = len(self.names)
        self._columns = [c for c in schema.columns if c.kind in _STANDARDISED]
        self._others = [c for c in schema.columns if c.kind not in _STANDARDISED]
        starts = np.cumsum([0, *(column.width for column in schema.columns)])
        self._start = {c.name: int(s) for c, s in zip(schema.columns, starts, strict=False)}
        self._levels = {
            c.name: pd.Index(c.levels, dtype=object) for c in schema.columns if c.levels
        }
        self._mean: np.ndarray | None = None  # (standardised column,)
        self._scale: np.ndarray | None = None  # 0: no value among the training rows

    @property
    def fitted(self) -> bool:
        """Whether `fit` has been called (or the state came from `from_dict`)."""
        return self._mean is not None

    def fit(self, frame: pd.DataFrame) -> Encoder:
        """Takes means and scales from these rows and no others; returns itself."""
        if len(frame) == 0:
            raise DataError("an encoder needs at least one row to fit on; the frame has none")
        self._mean, self._scale = _moments(self._values(frame))
        return self

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """(row, input) float32, always finite; each row depends on itself and `fit` alone."""
        if self._mean is None or self._scale is None:
            raise DataError("the encoder has not seen training rows: call fit first")
        out = np.zeros((len(frame), self.width), dtype=np.float32)
        values = self._values(frame)
        absent = np.isnan(values)
        scale = np.where(self._scale == 0, 1.0, self._scale)
        with np.errstate(over="ignore"):  # an overflow is beyond the limit anyway
            z = (values - self._mean[:, None]) / scale[:, None]
        z[absent | (self._scale == 0)[:, None]] = 0.0
        np.clip(z, -_LIMIT, _LIMIT, out=z)
        starts = [self._start[column.name] for column in self._columns]
        out[:, starts] = z.T
        for column, gone in zip(self._columns, absent, strict=True):
            if column.kind == "date":
                start = self._start[column.name] + 1
                out[:, start : start + 4] = _circles(_datetimes(frame, column.name))
            if column.missing:
                out[:, self._start[column.name] + column.width - 1] = gone
        for column in self._others:
            self._encode(column, frame[column.name].to_numpy(), out)
        return out

    def fit_transform(self, frame: pd.DataFrame) -> np.ndarray:
        """`fit` and `transform` of the same rows."""
        return self.fit(frame).transform(frame)

    def conform(self, frame: Any) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """New data as a typed frame that `transform` takes, and what to say about it.

        Raises DataError where a column is missing or holds nothing of its kind.
        """
        return conform(frame, self.schema)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: schema, mean and scale of each standardised column."""
        if self._mean is None or self._scale is None:
            raise DataError("the encoder has not seen training rows: call fit first")
        return {
            "schema": self.schema.to_dict(),
            "mean": self._mean.tolist(),
            "scale": self._scale.tolist(),
        }

    @staticmethod
    def from_dict(state: Mapping[str, Any]) -> Encoder:
        """The encoder that `to_dict` described: its transform is bit-identical."""
        if not isinstance(state, Mapping) or not {"schema", "mean", "scale"} <= state.keys():
            raise DataError("this is not a saved encoder: expected schema, mean and scale")
        encoder = Encoder(Schema.from_dict(state["schema"]))
        try:
            mean = np.array(state["mean"], dtype=np.float64)
            scale = np.array(state["scale"], dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(f"a saved encoder's mean or scale is no number: {error}") from error
        shape = (len(encoder._columns),)
        if mean.shape != shape or scale.shape != shape:
            raise DataError(
                f"a saved encoder has {mean.size} means and {scale.size} scales; its schema has"
                f" {shape[0]} columns with one of each"
            )
        if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale >= 0).all()):
            raise DataError("a saved encoder's means must be finite and its scales not negative")
        encoder._mean, encoder._scale = mean, scale
        return encoder

    def _values(self, frame: pd.DataFrame) -> np.ndarray:
        """(standardised column, row) float64, NaN where missing."""
        lacking = [name for name in self._start if name not in frame.columns]
        if lacking:
            raise DataError(f"the frame lacks {columns_named(lacking)}")
        try:
            return self._read(frame)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"the frame's columns are not typed as the schema says ({error}):"
                " call conform first"
            ) from error

    def _read(self, frame: pd.DataFrame) -> np.ndarray:
        values = np.empty((len(self._columns), len(frame)))
        numbers = [j for j, column in enumerate(self._columns) if column.kind == "number"]
        if numbers:
            names = [self._columns[j].name for j in numbers]
            # One row of memory for each column: sums do not depend on its neighbours.
            values[numbers] = frame[names].to_numpy(dtype=np.float64, na_value=np.nan).T
        for j, column in enumerate(self._columns):
            if column.kind == "date":
                moments = _datetimes(frame, column.name)
                days = moments.astype(np.int64) / _MICROSECONDS_PER_DAY
                values[j] = np.where(np.isnat(moments), np.nan, days)
        values[np.isinf(values)] = np.nan
        return values

    def _encode(self, column: Column, values: np.ndarray, out: np.ndarray) -> None:
        start = self._start[column.name]
        absent = np.asarray(pd.isna(values))
        if column.kind == "boolean":
            out[:, start] = np.where(absent, 0.0, values.astype(np.float64))
        else:
            codes = self._levels[column.name].get_indexer(pd.Index(values, dtype=object))
            if column.other:
                codes[(codes < 0) & ~absent] = len(column.levels)
            codes = codes - (len(column.levels) - len(column.shown_levels))
            rows = np.flatnonzero((codes >= 0) & ~absent)
            out[rows, start + codes[rows]] = 1.0
        if column.missing:
            out[:, start + column.width - 1] = absent


def _datetimes(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy().astype("datetime64[us]")


def _circles(moments: np.ndarray) -> np.ndarray:
    """(row, 4): sine and cosine of month and of weekday, so that December is near January."""
    gone = np.isnat(moments)
    months = moments.astype("datetime64[M]").astype(np.int64) % 12
    # 1970-01-01 was a Thursday, day 3 of a week that begins on Monday.
    weekdays = (moments.astype("datetime64[D]").astype(np.int64) + 3) % 7
    angles = 2 * np.pi * np.stack([months / 12, months / 12, weekdays / 7, weekdays / 7], axis=1)
    circles = np.where([True, False, True, False], np.sin(angles), np.cos(angles))
    circles[gone] = 0.0
    return circles


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and population standard deviation of each row of `values`, NaN left out.

    The scale is 1 for a constant, and 0 where there is no value at all. Each column is first
    divided by a power of two near its largest value, which is exact, so that squares neither
    overflow nor vanish.
    """
    present = ~np.isnan(values)
    count = present.sum(axis=1)
    _, exponent = np.frexp(np.max(np.abs(values), axis=1, where=present, initial=0.0))
    units = np.ldexp(np.where(present, values, 0.0), -exponent[:, None])
    some = np.maximum(count, 1)
    mean = units.sum(axis=1) / some
    away = np.where(present, units - mean[:, None], 0.0)
    # The mean once more, of what is left: rounding of the first sum is gone.
    mean = mean + away.sum(axis=1) / some
    away = np.where(present, units - mean[:, None], 0.0)
    scale = np.ldexp(np.sqrt((away**2).sum(axis=1) / some), exponent)
    low = np.min(values, axis=1, where=present, initial=np.inf)
    high = np.max(values, axis=1, where=present, initial=-np.inf)
    constant = (low == high) | (scale < np.finfo(np.float64).tiny)
    mean = np.ldexp(mean, exponent)
    scale = np.where(constant, 1.0, scale)
    nothing = count == 0
    return np.where(nothing, 0.0, mean), np.where(nothing, 0.0, scale)
