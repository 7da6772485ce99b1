"""Tables and targets as people give them, as numbers to train on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from actscope.ensemble import _check
from actscope.ensemble._loss import Task
from actscope.errors import DataError

TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")


@dataclass(frozen=True)
class Targets:
    """What a network is to answer for each row.

    values: Int["row"] class codes; Float["row output"] of 0 and 1 for multilabel, of numbers
    for regression. classes: the labels, sorted; for multilabel the names of the columns, or
    their numbers; empty for regression. outputs: of a network; two for two classes.
    """

    task: Task
    values: NDArray[Any]
    classes: tuple[Any, ...]
    outputs: int

    @classmethod
    def read(cls, y: ArrayLike, task: str | None, rows: int) -> Targets:
        """Targets of `rows` rows, their task guessed where it is None.

        Guessed as scikit-learn does: several columns of nothing but 0 and 1 are labels that
        do not exclude each other (multilabel), other columns are regression, and so are
        numbers that are not all whole; everything else is classification. A table of one
        column is taken as that column.

        Raises:
            SettingError: a task that there is not.
            DataError: what the task cannot be trained on.

        >>> Targets.read(["b", "a", "b"], None, 3).values
        array([1, 0, 1])
        >>> Targets.read([[1, 0], [1, 1], [0, 0]], None, 3).task
        'multilabel'
        """
        array = _table(y, "y", rows, keep_column=task == "multilabel")
        kind = _guess(array) if task is None else _check.one_of("task", task, TASKS)
        if kind == "classification":
            labels = _labels(array, "y")
            try:
                classes, codes = np.unique(labels, return_inverse=True)
            except TypeError:
                raise DataError(
                    "y mixes values that have no order, such as text and numbers: give one type"
                ) from None
            if len(classes) < 2:
                only = str(classes[0])
                raise DataError(f"y has one class only ({only!r}); two or more are needed")
            return cls(kind, codes.astype(np.int64), tuple(classes.tolist()), len(classes))
        if kind == "multilabel":
            values = _zeros_and_ones(array, "y")
            names = tuple(y.columns) if isinstance(y, pd.DataFrame) else range(values.shape[1])
            return cls(kind, values, tuple(names), values.shape[1])
        values = _columns(read_numbers(array, "y"))
        return cls("regression", values, (), values.shape[1])

    def encode(self, y: ArrayLike, rows: int, name: str = "validation y") -> NDArray[Any]:
        """Further targets of the same kind, as `values`."""
        array = _table(y, name, rows, keep_column=self.task == "multilabel")
        if self.task == "classification":
            given = _labels(array, name).tolist()
            code = {label: i for i, label in enumerate(self.classes)}
            unknown = sorted({str(label) for label in given if label not in code})
            if unknown:
                raise DataError(f"{name} has classes that y has not: {', '.join(unknown[:5])}")
            return np.array([code[label] for label in given], dtype=np.int64)
        if self.task == "multilabel":
            values = _zeros_and_ones(array, name)
        else:
            values = _columns(read_numbers(array, name))
        if values.shape[1] != self.outputs:
            raise DataError(f"{name} must have {self.outputs} columns, not {values.shape[1]}")
        return values


def as_floats(values: NDArray[Any], name: str, device: torch.device, dtype: torch.dtype) -> Tensor:
    """["1 row ..."] of the dtype; whole numbers stay whole.

    Raises:
        DataError: numbers that the dtype cannot hold.
    """
    tensor = torch.from_numpy(values)[None]
    if values.dtype.kind != "f":
        return tensor.to(device)
    if values.size and np.abs(values).max() > torch.finfo(dtype).max:
        raise DataError(
            f"{name} has {np.abs(values).max():.3g}, too large for {str(dtype)[6:]}: bring it to a "
            'scale near 1, or train with dtype="float64"'
        )
    return tensor.to(device, dtype)


def read_features(X: ArrayLike, name: str, width: int | None = None) -> NDArray[np.float64]:
    """Float64["row feature"], finite."""
    values = read_numbers(X, name)
    if values.ndim != 2 or 0 in values.shape:
        raise DataError(f"{name} must be a table (rows, features), not of shape {values.shape}")
    if width is not None and values.shape[1] != width:
        raise DataError(f"{name} must have {width} features, not {values.shape[1]}")
    return values


def read_numbers(array: ArrayLike, name: str) -> NDArray[np.float64]:
    """Finite numbers of any shape."""
    given = _array(array, name)
    try:
        if given.dtype.kind in "cmM":  # complex numbers and times would be cut to floats
            raise TypeError
        values = given.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} must hold numbers, not {_not_numbers(array, given)}") from None
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise DataError(f"{name} has {count} NaN or infinite values: impute or drop them first")
    return values


def _not_numbers(given: Any, array: NDArray[Any]) -> str:
    if isinstance(given, pd.DataFrame):
        for column, kind in given.dtypes.items():
            if not pd.api.types.is_numeric_dtype(kind):
                return f"{kind} as its column {column!r}: encode or drop it first"
    return str(array.dtype)


def _guess(array: NDArray[Any]) -> Task:
    if array.ndim == 2:
        yes_or_no = array.dtype.kind in "biuf" and bool(np.isin(array, (0, 1)).all())
        return "multilabel" if yes_or_no else "regression"
    if array.dtype.kind == "f":
        finite = array[np.isfinite(array)]
        if not np.array_equal(finite, np.round(finite)):
            return "regression"
    return "classification"


def _table(y: Any, name: str, rows: int, *, keep_column: bool) -> NDArray[Any]:
    """An array of one or two axes, `rows` long; a single column as one axis."""
    array = _array(y, name)
    if array.shape[:1] != (rows,) or array.ndim > 2 or 0 in array.shape:
        raise DataError(
            f"{name} must have one entry for each of the {rows} rows of X, not shape {array.shape}"
        )
    if array.ndim == 2 and array.shape[1] == 1 and not keep_column:
        return _inferred(array[:, 0])
    return array


def _labels(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.ndim == 2:
        raise DataError(
            f"{name} for a classification must have one axis, not two; several labels a row are "
            'task="multilabel"'
        )
    missing = int(np.sum(pd.isna(array)))
    if missing:
        raise DataError(f"{name} has {missing} missing values: drop those rows first")
    return array


def _zeros_and_ones(array: NDArray[Any], name: str) -> NDArray[np.float64]:
    if array.ndim != 2:
        raise DataError(
            f"{name} for multilabel must be a table (rows, labels) of 0 and 1, not of shape "
            f"{array.shape}"
        )
    values = read_numbers(array, name)
    other = values[~np.isin(values, (0, 1))]
    if len(other):
        raise DataError(f"{name} for multilabel must hold 0 and 1 only, not {other[0]:g}")
    return values


def _columns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[:, None] if values.ndim == 1 else values


def _array(values: Any, name: str) -> NDArray[Any]:
    """A plain array of an array, lists, a Series or a frame."""
    if isinstance(values, pd.DataFrame):
        columns = [_series(values.iloc[:, i]) for i in range(values.shape[1])]
        if columns and all(column.dtype.kind in "biuf" for column in columns):
            return np.stack(columns, 1)
        return values.to_numpy(dtype=object)
    if isinstance(values, pd.Series | pd.Index):
        return _series(pd.Series(values))
    if isinstance(values, Tensor):
        if values.layout is not torch.strided or values.device.type == "meta":
            raise DataError(f"{name} must be a dense tensor with values: give an array of it")
        plain = values.detach().cpu()
        return (plain.float() if plain.dtype is torch.bfloat16 else plain).numpy()
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise DataError(f"{name} has masked values: impute or drop them first")
    if hasattr(values, "toarray"):
        raise DataError(f"{name} is a sparse matrix, which is not read: give {name}.toarray()")
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"{name} has rows of different lengths") from None
    return _inferred(array) if array.ndim == 1 else array


def _inferred(array: NDArray[Any]) -> NDArray[Any]:
    """Python objects that are all numbers, as numbers."""
    return _series(pd.Series(array, dtype=object)) if array.dtype == object else array


def _series(column: pd.Series) -> NDArray[Any]:
    column = column.infer_objects()
    kind = pd.api.types
    if not isinstance(column.dtype, np.dtype) and kind.is_numeric_dtype(column.dtype):
        # Nullable columns would come out as Python objects.
        if bool(column.isna().any()) or kind.is_float_dtype(column.dtype):
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        return column.to_numpy(dtype=bool if kind.is_bool_dtype(column.dtype) else np.int64)
    return column.to_numpy()
