"""A table of one's own, as points of a plane: two numeric columns and a target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from actscope.data import read_frame
from actscope.errors import DataError, did_you_mean
from actscope.web._config import Refused, shown
from actscope.web._data2d import DOMAIN, Plane, Task

MAX_ROWS = 5_000
LEAST_ROWS = 4
# Of a numeric target: with more different values it is a quantity, else a class.
CLASSES = 10
# What a column's smallest and largest values become.
EDGE = 2.7


@dataclass(frozen=True, eq=False)
class Table:
    """Points made of a table, and what to say of them (as "ready" has it)."""

    plane: Plane
    data: dict[str, Any]


def points_of(inputs: NDArray[np.float64], targets: NDArray[np.float64]) -> Plane:
    """Points that were clicked: two values are two classes, more are quantities.

    Raises:
        Refused: of different lengths, or nothing to tell apart.
    """
    if len(inputs) != len(targets):
        raise Refused(
            f"there are {len(inputs):,} inputs and {len(targets):,} targets: give one for each",
            "targets",
        )
    edge = max(DOMAIN[1], 1.05 * float(np.abs(inputs).max()))
    values = np.unique(targets)
    if len(values) == 1:
        raise Refused("all points have the same target: add some of another", "targets")
    if len(values) == 2:
        target = (targets == values[1]).astype(float)
        return Plane(inputs, target, "classification", (-edge, edge))
    return Plane(inputs, targets, "regression", (-edge, edge))


def read_table(text: str, target: str | None, inputs: tuple[str, str] | None) -> Table:
    """The points in the text of a CSV file; without names: the last column and the first two.

    Raises:
        Refused: it is no such table, or has no such columns; one line.
    """
    frame = _frame(text)
    columns = [str(name) for name in frame.columns]
    wanted = _column("target", target, columns) if target is not None else columns[-1]
    numeric = [
        name for name in columns
        if pd.api.types.is_numeric_dtype(frame[name]) and pd.Series(frame[name]).nunique() > 1
    ]  # fmt: skip
    free = [name for name in numeric if name != wanted]
    if inputs is None and len(free) < 2:
        raise Refused(
            f"the table has {len(free)} numeric columns besides the target {shown(wanted)}: "
            "two are needed",
            "inputs",
        )
    first, second = inputs or (free[0], free[1])
    for name in (first, second):
        _column("inputs", name, numeric)
    if wanted in (first, second):
        raise Refused(f"{shown(wanted)} is both input and target: choose another column", "target")
    used = frame[list(dict.fromkeys((first, second, wanted)))]
    kept = used.replace([np.inf, -np.inf], np.nan).dropna()
    notes = (
        []
        if len(kept) == len(frame)
        else [f"{len(frame) - len(kept):,} left out for a missing value"]
    )
    if len(kept) > MAX_ROWS:
        notes.append(f"{MAX_ROWS:,} of {len(kept):,} rows, drawn at random")
        kept = kept.sample(MAX_ROWS, random_state=0)
    if len(kept) < LEAST_ROWS:
        raise Refused(f"the table has {len(kept)} complete rows: {LEAST_ROWS} are needed", "text")
    task, values, classes, note = _target(pd.Series(kept[wanted]), wanted)
    notes += [note] if note else []
    points = np.column_stack([_spread(pd.Series(kept[name])) for name in (first, second)])
    return Table(
        Plane(points, values, task),
        {
            "columns": columns,
            "numeric": numeric,
            "inputs": [first, second],
            "target": wanted,
            "rows": len(kept),
            "classes": classes,
            "note": "; ".join(notes) or None,
        },
    )


def _frame(text: str) -> pd.DataFrame:
    if not text.strip():
        raise Refused("the table is empty", "text")
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.csv")
        path.write_bytes(text.encode(errors="replace"))
        try:
            return read_frame(path)
        except DataError as error:
            said = str(error)
            for name in (f"'{path}'", f'"{path}"', str(path)):
                said = said.replace(name, "the table")
            raise Refused(" ".join(said.split()), "text") from None


def _column(field: str, name: str, columns: list[str]) -> str:
    if name in columns:
        return name
    what = "columns" if field == "target" else "numeric columns"
    hint = did_you_mean(name[:100], columns) or f" There are {', '.join(columns)[:200]}."
    raise Refused(f"{shown(name)} is not among the table's {what}.{hint}", field)


def _target(
    column: pd.Series, name: str
) -> tuple[Task, NDArray[np.float64], list[str] | None, str | None]:
    """The task, the numbers to learn, what 0 and 1 stand for, and what to say about it."""
    counts = column.value_counts()
    if len(counts) < 2:
        raise Refused(f"the target {shown(name)} has the same value in every row", "target")
    if pd.api.types.is_numeric_dtype(column) and len(counts) > CLASSES:
        values = column.to_numpy(float)
        spread = values.std()
        said = f"{name} in standard deviations"
        return "regression", (values - values.mean()) / spread, None, said
    if len(counts) > len(column) / 2 and len(counts) > 2:
        raise Refused(
            f"the target {shown(name)} has {len(counts):,} different values in {len(column):,} "
            "rows: choose a column of numbers, or of a few classes",
            "target",
        )
    if len(counts) == 2:
        zero, one = sorted(counts.index, key=str)
        return "classification", (column == one).to_numpy(float), [str(zero), str(one)], None
    one, others = counts.index[0], f"{len(counts) - 1} others"
    note = f"{name} is {one}, against {others}"
    return "classification", (column == one).to_numpy(float), [others, str(one)], note


def _spread(column: pd.Series) -> NDArray[np.float64]:
    values = column.to_numpy(float)
    low, high = values.min(), values.max()
    # Halved first: the span of the largest doubles would overflow.
    share = (values / 2 - low / 2) / max(high / 2 - low / 2, np.finfo(float).tiny)
    return np.asarray(EDGE * (2 * share - 1))
