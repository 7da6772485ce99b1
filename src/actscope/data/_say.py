"""How columns, values and counts are put into one line of plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from actscope.errors import DataError, did_you_mean

_SHOWN = 6
_LONGEST = 60


def quoted(value: object) -> str:
    """The repr of a value, cut to a length that fits in a sentence; a path is never cut."""
    text = repr(str(value))
    if isinstance(value, Path):  # its end matters most
        return text
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]}...'"


def listed(values: Iterable[object], shown: int = _SHOWN) -> str:
    """A few of the values, and how many more there are.

    >>> listed(["a", "b", "c"], shown=2)
    "'a', 'b' and 1 more"
    """
    values = list(values)
    text = ", ".join(quoted(value) for value in values[:shown])
    rest = len(values) - shown
    return f"{text} and {rest:,} more" if rest > 0 else text


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: '1 row', '2,000 rows'."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def columns_named(names: Sequence[object]) -> str:
    """`column 'a'` or `columns 'a', 'b'`."""
    return f"{'column' if len(names) == 1 else 'columns'} {listed(names)}"


def one_of(name: object, names: Sequence[str], what: str) -> str:
    """The column that `name` means: a name, else a zero-based position (-1 is the last).

    Raises DataError with the nearest names, and a few of those that there are.

    >>> one_of("-1", ["a", "b"], "target")
    'b'
    """
    text = str(name).strip()
    if str(name) in names:
        return str(name)
    if text in names:
        return text
    if text.lstrip("+-").isdecimal() and text.lstrip("+-").isascii():
        position = int(text)
        if -len(names) <= position < len(names):
            return names[position]
        raise DataError(
            f"{what} {text} is no column: positions go from 0 to {len(names) - 1}"
            f" (or -1, the last, to -{len(names)})"
        )
    raise DataError(
        f"{what} {quoted(name)} is no column.{did_you_mean(text, names)}"
        f" There {'is' if len(names) == 1 else 'are'}: {listed(names)}"
    )
