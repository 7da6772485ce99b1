"""The names of a text file's columns: from its header, or by position where it has none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from actscope.data._dialect import Dialect
from actscope.data._parse import is_date, is_missing, is_number, unquoted
from actscope.data._say import counted, listed, quoted
from actscope.data._schema import Schema
from actscope.errors import DataError


def name_columns(
    path: Path,
    rows: Sequence[Sequence[str]],
    dialect: Dialect,
    like: Schema | None,
    notes: list[str],
) -> tuple[list[str], bool]:
    """The columns' names, and whether the file's first row holds them."""
    first = [unquoted(cell) for cell in rows[0]]
    known = set(like.names) if like is not None else set()
    if known and len(known.intersection(first)) >= len(known) / 2:
        header = True
    else:
        header = has_header(rows, dialect.decimal_comma)
    names = [name or f"column_{j}" for j, name in enumerate(first)]
    if not header:
        names = [f"column_{j}" for j in range(len(first))]
    if like is None:
        if not header:
            notes.append(
                f"the file has no header: its columns are called {quoted(names[0])}"
                f" to {quoted(names[-1])}"
            )
    elif not header or (not like.header and known.isdisjoint(names)):
        names = _like_names(path, like, len(first))
        if not header and like.header:
            notes.append("the file has no header: its columns are named by their order")
    check_names(names)
    return names, header


def _like_names(path: Path, like: Schema, width: int) -> list[str]:
    """The names of `width` columns given by position: with the target, without, or the used."""
    everything = list(like.source_columns)
    without = [name for name in everything if name != like.target]
    for names in (everything, without, list(like.names)):
        if len(names) == width:
            return names
    raise DataError(
        f"{quoted(path)} has {counted(width, 'column')} without the names trained on; the table"
        f" trained on had {len(without)} beside its target {quoted(like.target)}: give the same"
        " columns in the same order"
    )


def check_names(names: Sequence[str]) -> None:
    """DataError when two columns have the same name."""
    if len(set(names)) < len(names):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        raise DataError(f"more than one column is called {listed(twice)}: give each its own name")


def has_header(rows: Sequence[Sequence[str]], decimal_comma: bool) -> bool:
    """Whether the first row names the columns: it does not parse as the other rows do.

    >>> has_header([["a", "b"], ["1", "x"]], False), has_header([["2", "x"], ["1", "x"]], False)
    (True, False)
    """
    first, rest = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]

    def parses(cell: str) -> bool:
        return is_number(cell, decimal_comma) or is_date(cell)

    if not rest:
        return not any(parses(cell) for cell in first)
    columns = [[cell for cell in column if not is_missing(cell)] for column in zip(*rest)]  # noqa: B905
    numeric = [j for j, cells in enumerate(columns) if cells and all(map(parses, cells))]
    heads = [first[j] for j in numeric]
    if any(not is_missing(cell) and not parses(cell) for cell in heads):
        return True
    if _counts_up(heads) and not _counts_up([rest[0][j] for j in numeric], anywhere=True):
        # 0, 1, 2 ..., as pandas names an array's columns, or years; in data that happens to
        # begin so, these numbers occur further down as well.
        return sum(first[j] in columns[j] for j in numeric) < len(numeric) / 2
    if any(not is_missing(cell) for cell in heads):
        return False
    # Only text (or the numbers' first cells are missing): a name hardly ever occurs as a value.
    cells = [(cell, columns[j]) for j, cell in enumerate(first) if not is_missing(cell)]
    seen = sum(cell in column for cell, column in cells)
    return not cells or seen < len(cells) / 2


def _counts_up(cells: Sequence[str], anywhere: bool = False) -> bool:
    """Whether the cells are whole numbers one apart: from 0, a year, or from anywhere."""
    if len(cells) < 3 or not all(re.fullmatch(r"\d{1,9}", cell.strip(), re.A) for cell in cells):
        return False
    values = [int(cell) for cell in cells]
    begins = anywhere or values[0] == 0 or 1900 <= values[0] <= 2100
    return begins and values == list(range(values[0], values[0] + len(values)))
