"""Texts as values: what stands for missing, for a number, a truth value, a date."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

# "None" is not among them: it is a class or category of its own in real tables (for example
# "None" against "Insomnia"), and a missing target would lose the row.
MISSING = frozenset(
    ["", "?", "NA", "N/A", "na", "n/a", "#NA", "#N/A", "<NA>", "NULL", "null", "Null",
     "NaN", "nan", "NAN", "-NaN", "-nan"]
)  # fmt: skip

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.I | re.A)
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*)(?:,\d+)?(?:[eE][+-]?\d+)?", re.A)
_THOUSANDS_COMMA = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.A)
_DATE = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d{4}/\d{1,2}/\d{1,2}"
    r"|\d{1,2}[./]\d{1,2}[./]\d{4}(?: \d{1,2}:\d{2}(?::\d{2})?)?",
    re.A,
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
ISO = "ISO8601"
# Month first comes before day first; when both fit, the choice is said.
_FORMATS = (ISO, "%Y/%m/%d", *(day + clock for day in ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y")
                               for clock in _CLOCKS))  # fmt: skip
_TRUTH = {"true": 1.0, "false": 0.0}


def is_number(text: str, decimal_comma: bool = False) -> bool:
    """Whether a text is one number, as a CSV file writes numbers (no underscores, no hex).

    >>> is_number("-1.5e3"), is_number("3,14"), is_number("3,14", decimal_comma=True)
    (True, False, True)
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return True
    return decimal_comma and "," in text and _DECIMAL_COMMA.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Whether a text is written like a date (it need not exist: 2020-13-45 is)."""
    return _DATE.fullmatch(text.strip()) is not None


def is_missing(text: str) -> bool:
    """Whether a text stands for a value that is not there."""
    return text.strip() in MISSING


def unquoted(text: str) -> str:
    """Without spaces around it, nor a pair of single quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].strip()
    return text


def numbers(texts: Sequence[str]) -> np.ndarray:
    """Each text as a float64; NaN where it is not a number or stands for missing."""
    return np.array(
        [float(text) if _NUMBER.fullmatch(text.strip()) else np.nan for text in texts],
        dtype=np.float64,
    )


def decimal_commas(texts: Sequence[str]) -> np.ndarray | None:
    """Numbers written "3,14" or "1.234,5", where every text is one and some has a comma."""
    plain = [text.strip() for text in texts]
    if not any("," in text for text in plain):
        return None
    if not all(any(c.isdigit() for c in t) and _DECIMAL_COMMA.fullmatch(t) for t in plain):
        return None
    return np.array([float(t.replace(".", "").replace(",", ".")) for t in plain])


def thousands_commas(texts: Sequence[str]) -> np.ndarray | None:
    """Numbers written "1,234,567.8", where every text is a number and some has a comma."""
    plain = [text.strip() for text in texts]
    if not any("," in text for text in plain):
        return None
    if not all(_NUMBER.fullmatch(t) or _THOUSANDS_COMMA.fullmatch(t) for t in plain):
        return None
    return np.array([float(t.replace(",", "")) for t in plain])


def truths(texts: Sequence[str]) -> np.ndarray | None:
    """1.0 for true and 0.0 for false in any case, or None when another text is among them."""
    found = [_TRUTH.get(text.strip().lower()) for text in texts]
    if any(value is None for value in found):
        return None
    return np.array(found, dtype=np.float64)


def dates(texts: Sequence[str], date_format: str) -> np.ndarray:
    """Each text as datetime64[us] in UTC; NaT where it does not fit the format."""
    parsed = pd.to_datetime(
        pd.Series(list(texts), dtype=object), format=date_format, errors="coerce", utc=True
    )
    return parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def date_formats(texts: Sequence[str]) -> list[str]:
    """The formats that read every one of the texts, best first; [] when they are no dates."""
    if not texts or not all(is_date(text) for text in texts):
        return []
    stripped = [text.strip() for text in texts]
    return [f for f in _FORMATS if not np.isnat(dates(stripped[:50], f)).any()
            and not np.isnat(dates(stripped, f)).any()]  # fmt: skip
