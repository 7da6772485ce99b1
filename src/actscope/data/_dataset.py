"""A table ready for a study: features that are used, target, and what was done to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from actscope.data._arrangement import Arrangement, read_groups, read_times
from actscope.data._columns import choose
from actscope.data._say import columns_named, listed, one_of, quoted
from actscope.data._schema import Schema
from actscope.data._sources import Table, as_target, open_source
from actscope.data._target import Target, Task, read_target
from actscope.errors import DataError


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of features and a target, as `load` gives it.

    name: "digits", the file's stem, or "data" for frames and arrays.
    frame: (row, column), the columns that are used: float64 (numbers; booleans as 0 and 1),
        object (texts, None where missing) or datetime64 (dates); rows numbered from 0.
    target: (row,) int64 class codes, or float64 values.
    classes: the text of each class in order of its code; () for regression.
    class_values: the same classes as the source has them (7, True, "setosa").
    schema: what each column becomes.
    notes: one plain sentence for each thing that was done or left out.
    fingerprint: SHA-256 of features, target, schema and arrangement: the same for the same
        content.
    arrangement: which rows belong together, or when they were; None: any row like any other.
    """

    name: str
    frame: pd.DataFrame = field(repr=False)
    target: np.ndarray = field(repr=False)
    target_name: str
    task: Task
    classes: tuple[str, ...]
    class_values: tuple[object, ...] = field(repr=False)
    schema: Schema = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)
    fingerprint: str
    arrangement: Arrangement | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.target)

    @property
    def class_counts(self) -> Mapping[str, int]:
        """How many rows each class has; {} for regression."""
        counts = np.bincount(self.target, minlength=len(self.classes)) if self.classes else ()
        return dict(zip(self.classes, map(int, counts), strict=True))


def load(
    source: Any,
    target: Any = None,
    *,
    task: str | None = None,
    drop: Iterable[str | int] | str | int = (),
    keep: Iterable[str | int] | str | int = (),
    name: str | None = None,
    group: str | int | None = None,
    time: str | int | None = None,
) -> Dataset:
    """The features and the target of a table, typed, with everything said that was done to it.

    source: path of a .csv, .tsv, .txt or .parquet file; "sklearn:digits" (iris, wine,
        breast_cancer, diabetes, linnerud); a pandas or polars frame; an array (row, column).
    target: a column's name, else its zero-based position (-1 is the last); or the values
        themselves, one for each row.
    task: "classification" or "regression"; guessed from the target, and said, when None.
    drop, keep: columns never used; columns used although they look like identifiers,
        free text or constants.
    group: column whose equal values mark rows that belong together, such as a patient's.
    time: column of numbers or dates by which the rows came. Neither is an input of a network
        unless it is in keep.

    Raises DataError, one line, for whatever cannot be used as it is.

    >>> data = load([[0.5, 1.0], [1.5, 3.0], [2.5, 2.0]], ["no", "yes", "no"])
    >>> data.task, data.classes, data.target.tolist(), data.schema.inputs
    ('classification', ('no', 'yes'), [0, 1, 0], ('column_0', 'column_1'))
    """
    table = open_source(source)
    names = tuple(str(label) for label in table.frame.columns)
    notes = list(table.notes)
    column, target_name = _target_column(table, target, names)
    dropped = _several(drop, names, "drop")
    kept = _several(keep, names, "keep")
    _check_choice(target_name, dropped, kept, names)
    known = table.task if target is None or target_name in (table.target, *table.beside) else None
    read = read_target(column, target_name, task or known)
    notes.extend(read.notes)
    beside = [b for b in table.beside if b != target_name and b not in kept | dropped]
    if beside:
        notes.append(f"{columns_named(beside)}: other targets of this data set: not used")
    arranged = _arranged(table, group, time, target_name, read.present, names)
    aside = {arranged.column} - kept if arranged else set()
    if aside:
        notes.append(
            f"{columns_named(sorted(aside))}: the rows' {arranged.kind if arranged else ''}, "
            "no input of the networks (keep= or --keep makes it one)"
        )
    unused = {target_name, *dropped, *beside, *aside}
    features = table.frame.drop(columns=[n for n in names if n in unused])
    if not read.present.all():
        features = features.loc[read.present].reset_index(drop=True)
    if dropped:
        notes.append(f"{columns_named(sorted(dropped, key=names.index))}: left out as asked")
    chosen = choose(features, kept, named=table.header)
    source_columns = names if target_name in names else (*names, target_name)
    schema = Schema(tuple(chosen.columns), target_name, source_columns, table.header)
    return Dataset(
        name=name or table.name,
        frame=chosen.frame,
        target=read.values,
        target_name=target_name,
        task=read.task,
        classes=read.classes,
        class_values=read.class_values,
        schema=schema,
        notes=(*notes, *chosen.notes),
        fingerprint=_fingerprint(chosen.frame, read, schema, arranged),
        arrangement=arranged,
    )


def _arranged(
    table: Table,
    group: str | int | None,
    time: str | int | None,
    target: str,
    present: np.ndarray,
    names: tuple[str, ...],
) -> Arrangement | None:
    """The arrangement of the rows that have a target."""
    if group is not None and time is not None:
        raise DataError("group and time cannot both be given: rows are parted by one of them")
    if group is None and time is None:
        return None
    what = "time" if group is None else "group"
    column = one_of(time if group is None else group, names, what)
    if column == target:
        raise DataError(f"{quoted(column)} is the target: it cannot be the {what} as well")
    values = table.frame.iloc[:, names.index(column)].loc[present].reset_index(drop=True)
    return read_times(values, column) if group is None else read_groups(values, column)


def _target_column(table: Table, target: Any, names: tuple[str, ...]) -> tuple[pd.Series, str]:
    """The target's values in every row of the table, and its name."""
    if target is None:
        if table.target is None:
            lacks = "no target given"
            if table.beside:
                lacks = f"{quoted(table.name)} has several targets"
            raise DataError(
                f"{lacks}: name the column to predict (target=, --target), one of:"
                f" {listed(table.beside or names)}"
            )
        target = table.target
    if isinstance(target, str | int | np.integer) and not isinstance(target, bool):
        chosen = one_of(target, names, "target")
        return table.frame.iloc[:, names.index(chosen)], chosen
    if isinstance(target, Path | float | bool):
        raise DataError(f"target {quoted(target)} is neither a column's name nor a position")
    column = as_target(target, len(table.frame))
    name = str(column.name)
    while name in names:
        name += "_"  # a feature has this name already
    return column.rename(name), name


def _several(
    given: Iterable[str | int] | str | int, names: tuple[str, ...], what: str
) -> frozenset[str]:
    """The columns that `drop` or `keep` mean; one text may hold several, with commas."""
    if isinstance(given, str) and given not in names:
        given = [part for part in given.split(",") if part.strip()]
    if isinstance(given, str | int | np.integer):
        given = [given]
    return frozenset(one_of(one, names, what) for one in given)


def _check_choice(
    target: str, dropped: frozenset[str], kept: frozenset[str], names: tuple[str, ...]
) -> None:
    if target in dropped | kept and target in names:
        what = "drop" if target in dropped else "keep"
        raise DataError(f"{quoted(target)} is the target: it cannot be in {what} as well")
    if both := dropped & kept:
        raise DataError(f"{columns_named(sorted(both))} cannot be in drop and in keep")


def _fingerprint(
    frame: pd.DataFrame, read: Target, schema: Schema, arranged: Arrangement | None
) -> str:
    """SHA-256 over content alone: neither the file's name nor columns left out change it."""
    digest = hashlib.sha256()
    state = schema.to_dict()
    about = [state["columns"], state["target"], list(read.classes), len(frame)]
    digest.update(json.dumps(about).encode())
    digest.update(read.values.astype("<i8" if read.classes else "<f8").tobytes())
    if arranged is not None:
        digest.update(arranged.kind.encode() + arranged.codes.astype("<i8").tobytes())
    for name in frame.columns:
        values = frame[name].to_numpy()
        if values.dtype == object:
            digest.update(json.dumps(values.tolist()).encode())
        elif values.dtype.kind == "M":
            digest.update(values.astype("datetime64[us]").astype("<i8").tobytes())
        else:
            # One NaN and one zero: their bits differ between sources, their meaning does not.
            plain = np.where(np.isnan(values), np.nan, values + 0.0)
            digest.update(plain.astype("<f8").tobytes())
    return digest.hexdigest()
