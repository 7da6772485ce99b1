"""Which columns are used, what each becomes, and what is said about it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from actscope.data._say import columns_named, counted, listed, quoted
from actscope.data._schema import Column
from actscope.data._types import Typed, type_column
from actscope.errors import DataError

MAX_LEVELS = 100

# Text is free text when it is long and hardly ever occurs twice.
_LONG_TEXT = 25  # letters on average: names of categories are shorter, sentences longer
_FREE_SHARE = 0.5
# Short text that hardly ever occurs twice tells rows apart (a person's name), nothing more.
_NEARLY_ALL = 0.95
# Fewer rows than this can well differ in all their values by chance.
_FEW_ROWS = 10

# The last word of a name that numbers rows: "PassengerId", "customer_id", "row nr".
_ID_WORDS = frozenset(
    ["id", "ids", "idx", "index", "key", "guid", "uuid", "no", "nr", "number", "row", "unnamed"]
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass
class Chosen:
    """The columns that are used and their values, as they are collected."""

    columns: list[Column] = field(default_factory=list)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def frame(self) -> pd.DataFrame:
        """The values as a frame, rows numbered from 0."""
        return pd.DataFrame(self.values, columns=[column.name for column in self.columns])


def choose(frame: pd.DataFrame, keep: Collection[str], named: bool) -> Chosen:
    """Types every column of a frame of features, and leaves out those of no use.

    keep: names to be used although they look like identifiers, free text or constants.
    named: the columns have names of their own; an array's have not, and its whole numbers
        are features because its owner put them there.
    """
    chosen = Chosen()
    empty: list[str] = []
    constant: list[str] = []
    infinite: dict[str, int] = {}
    missing: dict[str, int] = {}
    for position, label in enumerate(frame.columns):
        name, column = str(label), frame.iloc[:, position]
        typed = type_column(column)
        chosen.notes.extend(typed.notes)
        if typed.values is None:
            chosen.left_out.append(name)
            continue
        if typed.infinite:
            infinite[name] = typed.infinite
        absent = typed.absent
        present = typed.values[~absent]
        lacking = len(absent) - len(present)
        if not len(present):
            empty.append(name)
            chosen.left_out.append(name)
            continue
        if name not in keep:
            if not lacking and _all_same(present):
                constant.append(name)
                chosen.left_out.append(name)
                continue
            if reason := _no_feature(name, typed, present, column, named):
                chosen.notes.append(f"{reason}: not used; name it in keep= to use it")
                chosen.left_out.append(name)
                continue
        if lacking:
            missing[name] = lacking
        chosen.columns.append(_column(name, typed, present, lacking > 0, chosen.notes))
        chosen.values[name] = typed.values
    _say(chosen.notes, empty, constant, infinite, missing)
    if not chosen.columns:
        _complain(frame, empty, constant, chosen.left_out)
    return chosen


def _column(
    name: str, typed: Typed, present: np.ndarray, missing: bool, notes: list[str]
) -> Column:
    if typed.kind == "date":
        notes.append(
            f"column {quoted(name)} holds dates: used as days, with month and weekday as"
            " positions on a circle"
        )
    if typed.kind != "category":
        return Column(name, typed.kind, missing, date_format=typed.date_format)
    codes, unique = pd.factorize(present)
    order = sorted(range(len(unique)), key=unique.__getitem__)
    levels = [str(unique[i]) for i in order]
    if len(levels) <= MAX_LEVELS:
        return Column(name, "category", missing, levels=tuple(levels))
    # The commonest; among equally common ones the first in the alphabet.
    counts = np.bincount(codes)[order]
    commonest = np.sort(np.argsort(-counts, kind="stable")[:MAX_LEVELS])
    notes.append(
        f"column {quoted(name)} has {len(levels):,} different texts: the {MAX_LEVELS}"
        " commonest are used, the rest are one level 'other'"
    )
    return Column(name, "category", missing, tuple(levels[i] for i in commonest), other=True)


def _all_same(present: np.ndarray) -> bool:
    return bool((present == present[0]).all())


def _no_feature(
    name: str, typed: Typed, present: np.ndarray, column: pd.Series, named: bool
) -> str | None:
    """Why a column is an identifier or free text, or None when it is a feature."""
    if typed.kind == "number":
        if named and _numbers_rows(name, present):
            return _identifier(name, len(present), len(column))
        return None
    if typed.kind != "category" or isinstance(column.dtype, pd.CategoricalDtype):
        return None
    different, total = len(pd.unique(present)), len(present)
    if different < _FREE_SHARE * total:
        return None
    if different == total > 1:
        return _identifier(name, different, len(column))
    if total < _FEW_ROWS:
        return None
    length = sum(map(len, present)) / total
    if length >= _LONG_TEXT:
        return (
            f"column {quoted(name)} looks like free text ({different:,} different texts in"
            f" {total:,} rows, {length:.0f} letters on average)"
        )
    if different >= _NEARLY_ALL * total:
        return _identifier(name, different, len(column))
    return None


def _numbers_rows(name: str, present: np.ndarray) -> bool:
    """Whether whole numbers, all different, are a run (1, 2, 3 ...) or are named like an id."""
    total = len(present)
    if total < 2 or present[0] != np.floor(present[0]):
        return False
    run = present.max() - present.min() == total - 1 and total >= _FEW_ROWS
    if not run and not _named_like_an_id(name):
        return False
    return bool((present == np.floor(present)).all()) and len(np.unique(present)) == total


def _named_like_an_id(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    return bool(words) and (words[-1] in _ID_WORDS or words[0] == "id")


def _identifier(name: str, different: int, rows: int) -> str:
    return (
        f"column {quoted(name)} looks like an identifier ({different:,} different values in"
        f" {counted(rows, 'row')})"
    )


def _say(
    notes: list[str],
    empty: list[str],
    constant: list[str],
    infinite: dict[str, int],
    missing: dict[str, int],
) -> None:
    if empty:
        notes.append(f"{columns_named(empty)}: no values at all: not used")
    if constant:
        notes.append(f"{columns_named(constant)}: the same value in every row: not used")
    if infinite:
        total = counted(sum(infinite.values()), "infinite value")
        notes.append(f"{total} in {columns_named(list(infinite))}: treated as missing")
    if missing:
        total = counted(sum(missing.values()), "missing value")
        notes.append(
            f"{total} in {columns_named(list(missing))}: filled (numbers with the training"
            " rows' mean), and a 0/1 input for each column says where"
        )


def _complain(
    frame: pd.DataFrame, empty: list[str], constant: list[str], left_out: list[str]
) -> None:
    if frame.shape[1] == 0:
        raise DataError("no columns are left beside the target: there is nothing to learn from")
    if len(constant) + len(empty) == frame.shape[1]:
        raise DataError(
            f"every feature is constant or empty ({listed(left_out)}): there is nothing to"
            " learn from; give columns whose values differ"
        )
    raise DataError(
        f"no column is left to learn from: {listed(left_out)} left out as identifiers, free"
        " text, constants or empty; name those to use in keep="
    )
