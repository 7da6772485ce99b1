"""How a text file separates and quotes its values."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actscope.data._parse import is_missing, is_number

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 200
_CONSISTENT = 0.8

# A cell in single quotes, from delimiter to delimiter, as ARFF files write 'a b'.
_SINGLE = re.compile(r"(?:^|[,;\t|])[ ]*'[^'\n]*(?:\\'[^'\n]*)*'[ ]*(?=[,;\t|\r\n]|\Z)", re.M)


@dataclass(frozen=True)
class Dialect:
    """How to read the rows of a text file."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None

    @property
    def decimal_comma(self) -> bool:
        """Whether "3,14" can be one value, hence a number."""
        return self.delimiter != ","

    def rows(self, lines: Iterable[str]) -> Iterable[list[str]]:
        """The rows that are not blank, as lists of texts; csv.Error when they cannot be read."""
        for row in csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape,
            skipinitialspace=True,
        ):
            if row and not (len(row) == 1 and not row[0].strip()):
                yield row


def sniff(sample: str, own: str | None, whole: bool) -> tuple[Dialect, list[list[str]]]:
    """The dialect that fits the start of a file best, and the sample's rows in it.

    own: the delimiter that the file's extension promises; it wins a tie.
    whole: the sample is the whole file, so that its last line is complete.
    """
    best: tuple[tuple[float, ...], Dialect, list[list[str]]] | None = None
    escape = "\\" if "\\'" in sample else None
    quotes = [('"', None), ("'", escape)] if _SINGLE.search(sample) else [('"', None)]
    for (quote, escaped), delimiter in itertools.product(quotes, DELIMITERS):
        dialect = Dialect(delimiter, quote, escaped)
        rows = _sample_rows(dialect, sample, whole)
        score = _score(rows, dialect, own)
        if score is not None and (best is None or score > best[0]):
            best = (score, dialect, rows)
    if best is not None:
        return best[1], best[2]
    single = Dialect(own or ",")
    return single, _sample_rows(single, sample, whole)


def _sample_rows(dialect: Dialect, sample: str, whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in dialect.rows(io.StringIO(sample, newline="")):
            rows.append(row)
            if len(rows) > SAMPLE_ROWS:
                return rows[:-1]
    except csv.Error:  # a quote left open, or a value beyond csv's limit: keep what was read
        return rows
    return rows if whole or len(rows) < 2 else rows[:-1]


def _score(
    rows: Sequence[Sequence[str]], dialect: Dialect, own: str | None
) -> tuple[float, ...] | None:
    """Larger is better; None where this delimiter separates nothing."""
    if not rows:
        return None
    widths = [len(row) for row in rows]
    modal = max(set(widths), key=lambda width: (widths.count(width), width))
    if modal == 1:
        return None
    share = widths.count(modal) / len(widths)
    cells = [cell for row in rows[:50] for cell in row]
    plain = sum(is_number(cell, dialect.decimal_comma) or is_missing(cell) for cell in cells)
    own_delimiter, single = dialect.delimiter == own, dialect.quote == "'"
    return (share == 1, share >= _CONSISTENT, plain / len(cells), own_delimiter, modal, single)
