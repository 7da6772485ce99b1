"""Tables and targets as people give them, as numbers to train on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actscope.ensemble import _check
from actscope.errors import DataError


@dataclass(frozen=True)
class Targets:
    task: Any
    values: NDArray[Any]
    classes: tuple[Any, ...]
    outputs: int

    @classmethod
    def read(cls, y: ArrayLike, task: str | None, rows: int) -> Targets:
        array = np.asarray(y)
        if array.shape[:1] != (rows,) or array.ndim > 2:
            raise DataError(f"y must have one entry for each of the {rows} rows of X, not shape "
                            f"{array.shape}")  # fmt: skip
        if task is None:
            real = array.dtype.kind == "f" and not np.array_equal(array, np.round(array))
            task = "regression" if real or array.ndim == 2 else "classification"
        _check.one_of("task", task, ("classification", "regression"))
        if task == "classification":
            if array.ndim == 2:
                raise DataError("y for a classification must have one axis, not two")
            try:
                classes, codes = np.unique(array, return_inverse=True)
            except TypeError:
                raise DataError(
                    "y mixes values that have no order, such as text and None"
                ) from None
            if len(classes) < 2:
                raise DataError(
                    f"y has one class only ({str(classes[0])!r}); two or more are needed"
                )
            return cls(task, codes.astype(np.int64), tuple(classes.tolist()), len(classes))
        values = read_numbers(array, "y")
        values = values[:, None] if values.ndim == 1 else values
        return cls(task, values, (), values.shape[1])

    def encode(self, y: ArrayLike, rows: int) -> NDArray[Any]:
        array = np.asarray(y)
        if array.shape[:1] != (rows,):
            raise DataError(f"validation y must have {rows} entries, not shape {array.shape}")
        if self.task == "regression":
            values = read_numbers(array, "validation y").reshape(rows, -1)
            if values.shape[1] != self.outputs:
                raise DataError(f"validation y must have {self.outputs} outputs a row")
            return values
        code = {label: i for i, label in enumerate(self.classes)}
        unknown = sorted({str(v) for v in array.tolist() if v not in code})
        if unknown:
            raise DataError(f"validation y has classes that y has not: {', '.join(unknown[:5])}")
        return np.array([code[v] for v in array.tolist()], dtype=np.int64)


def read_numbers(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    try:
        values = array.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} must hold numbers, not {array.dtype}") from None
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise DataError(f"{name} has {count} NaN or infinite values: impute or drop them first")
    return values


def read_features(X: ArrayLike, name: str, width: int | None = None) -> NDArray[np.float64]:
    values = read_numbers(np.asarray(X), name)
    if values.ndim != 2 or 0 in values.shape:
        raise DataError(f"{name} must be a table (rows, features), not of shape {values.shape}")
    if width is not None and values.shape[1] != width:
        raise DataError(f"{name} must have {width} features, not {values.shape[1]}")
    return values
