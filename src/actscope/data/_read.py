"""Files into raw frames: text files in whatever dialect, and Parquet."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from actscope.data._dialect import Dialect, sniff
from actscope.data._files import check_file, encoding_of, head_of, parquet_file
from actscope.data._header import check_names, name_columns
from actscope.data._parse import MISSING, decimal_commas, is_missing, thousands_commas, unquoted
from actscope.data._say import columns_named, counted, listed, quoted
from actscope.data._schema import Schema
from actscope.errors import DataError

_SAMPLE = 1 << 20
_OWN = {".csv": ",", ".tsv": "\t"}
# Decimal numbers become the nearest double, as Python's float() gives: pandas needed to be
# asked for that until 3.1, and since then warns when it is.
_EXACT: Mapping[str, Any] = (
    {"float_precision": "round_trip"}
    if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1)
    else {}
)
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True)
class RawTable:
    """A table as its source has it: named columns, values typed as far as the source does."""

    frame: pd.DataFrame
    notes: tuple[str, ...]
    header: bool


def read_frame(path: str | Path, like: Schema | None = None) -> pd.DataFrame:
    """The raw table in a .csv, .tsv, .txt or .parquet file; notes in `.attrs["notes"]`.

    like: the schema of the table that a network was trained on. The new file may then lack
        the target, and a file without a header gets that table's names by position.

    Raises DataError when the file is not there, not text, ragged, too large for memory ...

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "new.csv").write_text("width;kind\\n3,14;a\\n2,72;b\\n")
    ...     frame = read_frame(Path(folder, "new.csv"))
    >>> frame["width"].tolist()
    [3.14, 2.72]
    """
    table = read_table(Path(path), like)
    table.frame.attrs["notes"] = table.notes
    return table.frame


def read_table(path: Path, like: Schema | None = None) -> RawTable:
    """`read_frame` with its notes, and whether the file named its columns."""
    check_file(path)
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    encoding, sample, whole, notes = _decode(path)
    dialect, rows = sniff(sample, _OWN.get(path.suffix.lower()), whole)
    if not rows:
        raise DataError(f"{quoted(path)} is empty: it holds no rows")
    names, header = name_columns(path, rows, dialect, like, notes)
    count = _check_rows(path, dialect, encoding)
    if header and count == 1:
        raise DataError(f"{quoted(path)} holds only a header ({listed(names)}) and no rows")
    own = _OWN.get(path.suffix.lower(), dialect.delimiter)
    if dialect.delimiter != own and len(names) > 1:
        notes.append(f"the values are separated by {_NAMES[dialect.delimiter]}")
    frame = _parse(path, dialect, encoding, names, header, like)
    return RawTable(_clean(frame, dialect, notes), tuple(notes), header)


def _read_parquet(path: Path) -> RawTable:
    with parquet_file(path) as file:
        check_names(file.schema_arrow.names)
        try:
            frame = file.read().to_pandas()
        except (pa.ArrowException, OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(f"{quoted(path)} cannot be read as Parquet: {reason}") from error
    # A named index that pandas wrote beside the columns is a column for everybody else.
    frame = frame.reset_index(drop=frame.index.names == [None])
    frame.columns = [str(name) for name in frame.columns]
    check_names(list(frame.columns))
    if frame.empty:
        raise DataError(f"{quoted(path)} holds {counted(frame.shape[1], 'column')} and no rows")
    return RawTable(frame, (), True)


def _decode(path: Path) -> tuple[str, str, bool, list[str]]:
    """The encoding, the start of the text, whether that is all of it, and what to say."""
    encoding = encoding_of(head_of(path))
    try:
        return encoding, *_sample(path, encoding), []
    except UnicodeError:
        pass
    if encoding == "utf-16":
        raise DataError(f"{quoted(path)} is not valid UTF-16: save it as UTF-8")
    try:
        sample, whole = _sample(path, "cp1252")
    except UnicodeError as error:
        raise DataError(
            f"{quoted(path)} is neither UTF-8 nor Windows-1252 text (byte"
            f" {error.start if isinstance(error, UnicodeDecodeError) else '?'}):"
            " save it as UTF-8"
        ) from error
    note = "the file is not UTF-8: read as Windows-1252 (Western European); save it as UTF-8"
    return "cp1252", sample, whole, [f"{note} if letters look wrong"]


def _sample(path: Path, encoding: str) -> tuple[str, bool]:
    """The first MiB or first two lines, whichever is more; decodes the rest to check it."""
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(_SAMPLE)
        while sample.count("\n") < 2 and (more := file.read(_SAMPLE)):
            sample += more
        whole = True
        while file.read(_SAMPLE):
            whole = False
        return sample, whole


def _check_rows(path: Path, dialect: Dialect, encoding: str) -> int:
    """How many rows there are; DataError where one has more or fewer values than the first.

    pandas would fill a short row with missing values without a word.
    """
    count, width = 0, 0
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(
            file,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            escapechar=dialect.escape,
            skipinitialspace=True,
        )
        try:
            for row in reader:
                if len(row) == width:
                    count += 1
                elif not row or (len(row) == 1 and not row[0].strip()):
                    continue
                elif width == 0:
                    count, width = 1, len(row)
                else:
                    raise DataError(
                        f"{quoted(path)} is ragged: line {reader.line_num} has"
                        f" {counted(len(row), 'value')} and the first row has {width}"
                    )
        except csv.Error as error:
            raise DataError(
                f"{quoted(path)} cannot be read at line {reader.line_num}: {error}"
                " (is a quote left open?)"
            ) from error
    return count


def _parse(
    path: Path,
    dialect: Dialect,
    encoding: str,
    names: list[str],
    header: bool,
    like: Schema | None,
) -> pd.DataFrame:
    texts = {c.name for c in like.columns if c.kind == "category"} if like is not None else set()
    try:
        return pd.read_csv(
            path,
            sep=dialect.delimiter,
            quotechar=dialect.quote,
            escapechar=dialect.escape,
            encoding=encoding,
            header=0 if header else None,
            names=names,
            # Levels such as "01" stay the texts they were when the network was trained.
            dtype={name: object for name in names if name in texts},
            skipinitialspace=True,
            na_values=sorted(MISSING),
            keep_default_na=False,
            **_EXACT,
            low_memory=False,  # one type per column, not per chunk
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{quoted(path)} cannot be read as a table: {reason}") from error


def _clean(frame: pd.DataFrame, dialect: Dialect, notes: list[str]) -> pd.DataFrame:
    """Text columns without stray spaces and quotes; decimal and thousands commas as numbers."""
    clean: dict[str, pd.Series] = {}
    commas: dict[str, list[str]] = {"decimal": [], "thousands": []}
    for name in map(str, frame.columns):
        column: pd.Series = frame[name]  # pyright: ignore[reportAssignmentType]
        if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype)):
            continue
        codes, unique = pd.factorize(column.astype(object))
        stripped = [unquoted(value) if isinstance(value, str) else value for value in unique]
        present = [s for s in stripped if isinstance(s, str) and not is_missing(s)]
        kind, values = "decimal", decimal_commas(present) if dialect.decimal_comma else None
        if values is None:
            kind, values = "thousands", thousands_commas(present)
        if values is not None:
            commas[kind].append(name)
            number_of = dict(zip(present, values, strict=True))
            stripped = [number_of.get(s, np.nan) for s in stripped]
        elif stripped == list(unique):
            continue
        else:
            stripped = [np.nan if isinstance(s, str) and is_missing(s) else s for s in stripped]
        table = np.array([*stripped, np.nan], dtype=object if values is None else np.float64)
        clean[name] = pd.Series(table[codes])  # code -1, of a missing value, is the last entry
    for kind, names in commas.items():
        if names:
            notes.append(f"{columns_named(names)}: numbers written with {kind} commas")
    return frame.assign(**clean) if clean else frame
