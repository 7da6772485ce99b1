"""The target: classes as codes or values, and which of the two it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pandas.api import types

from actscope.data._say import counted, quoted
from actscope.data._types import as_text, texts_of, type_column
from actscope.errors import DataError

Task = Literal["classification", "regression"]
TASKS: tuple[Task, ...] = ("classification", "regression")

# Whole numbers are taken as classes when there are at most MAX_CLASSES different ones, and
# at most FEW of them or CLASS_SHARE of the rows: a count or a price soon has more.
MAX_CLASSES = 20
FEW = 4
CLASS_SHARE = 0.05
_LEFT_OUT = " without a target: left out"


@dataclass(frozen=True)
class Target:
    """The target of the rows that have one.

    values: int64 class codes, or float64.
    present: for every row of the table whether it has a target; `values` are of those.
    """

    values: np.ndarray
    task: Task
    classes: tuple[str, ...]
    class_values: tuple[object, ...]
    present: np.ndarray
    notes: tuple[str, ...]


def read_target(column: pd.Series, name: str, task: str | None) -> Target:
    """The target of a study, its task guessed from its values unless `task` says it.

    Raises DataError: unknown task, no values, one class, text for regression, dates,
    many different decimal numbers for classification.
    """
    if task is not None and task not in TASKS:
        raise DataError(f"task {quoted(task)} is unknown; allowed: {' or '.join(TASKS)}")
    if task == "classification" and isinstance(column.dtype, pd.CategoricalDtype):
        return _classes(column, name, ())
    typed = type_column(column.rename(name))
    if typed.values is None:
        raise DataError(f"the target {quoted(name)} holds neither numbers nor texts")
    if typed.kind == "date":
        raise DataError(
            f"the target {quoted(name)} holds dates: give classes, or numbers to predict"
        )
    present = ~typed.absent
    if not present.any():
        raise DataError(f"the target {quoted(name)} has no values: every row lacks one")
    notes = _left_out(typed.infinite, present)
    if typed.kind == "category" and task == "regression":
        raise DataError(
            f"the target {quoted(name)} holds text such as {quoted(_first_text(column))}, which"
            " regression cannot predict: use classification, or a target of numbers"
        )
    if task != "regression" and (typed.kind != "number" or _names_classes(column, task)):
        holds = "true and false" if typed.kind == "boolean" else "text"
        return _classes(column, name, tuple(_guess(name, holds, task)))
    notes = [*typed.notes, *notes]
    values = typed.values[present]
    unique = np.unique(values)
    whole = bool((unique == np.floor(unique)).all())
    if task is None:
        classes = whole and len(unique) <= min(MAX_CLASSES, max(FEW, CLASS_SHARE * len(values)))
        kind = "whole numbers" if whole else "different numbers"
        seen = "classification" if classes else "regression"
        notes += _guess(name, f"{len(unique):,} {'different ' if whole else ''}{kind}", None, seen)
        task = seen
    if task == "classification":
        if not whole and len(unique) > MAX_CLASSES:
            raise DataError(
                f"the target {quoted(name)} holds {len(unique):,} different decimal numbers such"
                f" as {unique[0]:g}, too many for classes: use regression (--task regression),"
                " or put them into classes first"
            )
        return _classes(column.where(present), name, tuple(notes))
    if len(unique) == 1:
        raise DataError(
            f"the target {quoted(name)} is {unique[0]:g} in every row: there is nothing to learn"
        )
    return Target(values, "regression", (), (), present, tuple(notes))


def _classes(column: pd.Series, name: str, notes: tuple[str, ...]) -> Target:
    numeric = types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype)
    texts = texts_of(column)
    present = np.array([text is not None for text in texts])
    if not present.any():
        raise DataError(f"the target {quoted(name)} has no values: every row lacks one")
    kept = texts[present]
    originals = column.loc[present]
    if numeric and not present.all() and not types.is_object_dtype(originals.dtype):
        # Whole numbers are floats only because some were missing: 1.0 was 1 in the table.
        floats = np.asarray(originals, dtype=np.float64)
        if (floats == np.floor(floats)).all():
            originals = pd.Series(floats.astype(np.int64))
    value_of = dict(zip(kept, originals.astype(object).to_numpy(), strict=True))
    # Numbers sort as numbers (9 before 10), texts as texts.
    sortable = all(isinstance(v, int | float | np.number) for v in value_of.values())
    order = sorted(value_of, key=value_of.__getitem__ if sortable else str)
    if len(order) < 2:
        raise DataError(
            f"the target {quoted(name)} has one class only ({quoted(order[0])}): classification"
            " needs two or more"
        )
    code_of = {text: code for code, text in enumerate(order)}
    codes = np.array([code_of[text] for text in kept], dtype=np.int64)
    values = tuple(_plain(value_of[text], text) for text in order)
    said = (*notes, *_left_out(0, present)) if not _said_left_out(notes) else notes
    return Target(codes, "classification", tuple(order), values, present, said)


def _plain(value: object, text: str) -> object:
    """A class as a plain Python value; texts as they are shown, without spaces around them."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | bytes):
        return text
    return value


def _names_classes(column: pd.Series, task: str | None) -> bool:
    """Whether numbers are somebody's texts ("1", "2"): classes, unless there are too many."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return True
    if types.is_numeric_dtype(column.dtype) or types.is_timedelta64_dtype(column.dtype):
        return False
    if types.infer_dtype(column, skipna=True) != "string":
        return False
    return task == "classification" or column.nunique() <= MAX_CLASSES


def _first_text(column: pd.Series) -> str:
    return next(as_text(value) for value in column.dropna())


def _left_out(infinite: int, present: np.ndarray) -> list[str]:
    notes = []
    if infinite:
        notes.append(f"{counted(infinite, 'infinite target')}: treated as missing")
    lacking = int((~present).sum())
    if lacking:
        notes.append(f"{counted(lacking, 'row')}{_LEFT_OUT}")
    return notes


def _said_left_out(notes: tuple[str, ...]) -> bool:
    return any(note.endswith(_LEFT_OUT) for note in notes)


def _guess(name: str, holds: str, task: str | None, seen: Task = "classification") -> list[str]:
    if task is not None:
        return []
    other = "regression" if seen == "classification" else "classification"
    return [
        f"the target {quoted(name)} holds {holds}: taken as {seen}"
        + (f" (task= or --task {other} says otherwise)" if "number" in holds else "")
    ]
