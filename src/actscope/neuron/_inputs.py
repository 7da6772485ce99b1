"""What people hand to a neuron, as numbers, or one line that says what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from actscope.errors import DataError, SettingError

from ._decimals import Floats

if TYPE_CHECKING:
    from actscope.catalogue import Record

# The columns of truth tables and of a learning history; an input of such a name would hide one.
RESERVED = (
    *("sum", "output", "fires", "step", "bias", "threshold"),
    *("error", "accuracy", "accepted"),
)


def weights_of(given: Any) -> tuple[float, ...]:
    """The weights as finite floats."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise SettingError(
            f"weights is {given!r}: give a list with one number for each input, such as [4, 2, 2]"
        )
    found = tuple(number("a weight", value) for value in _plain(given))
    if not found:
        raise SettingError("weights is empty: a neuron needs a weight for at least one input")
    return found


def number(what: str, given: Any) -> float:
    """One finite number."""
    try:
        value = math.nan if isinstance(given, (str, bytes)) else float(_plain(given))
    except (TypeError, ValueError, OverflowError, RuntimeError):
        value = math.nan
    if not math.isfinite(value):
        raise SettingError(f"{what} is {_short(given)}: it must be a finite number, such as 0.5")
    return value + 0.0  # no minus zero


def of_one_number(record: Any) -> Record:
    """An activation that a neuron can have: not one of vectors, nor a gate with two inputs."""
    if record.kind == "elementwise":
        return record
    other = f"its gate, {record.gate.label}" if record.kind == "gated" else "one such as sigmoid"
    raise SettingError(
        f"{record.label} is not a function of one number, which is what a neuron has: "
        f"choose {other}"
    )


def names_of(given: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """The names of the inputs; x1, x2, ... where none are given."""
    if given is None:
        return tuple(f"x{i}" for i in range(1, count + 1))
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise SettingError(f"names is {given!r}: give a list with one name for each input")
    found = tuple(str(name) for name in given)
    if len(found) != count:
        raise SettingError(
            f"{_count(len(found), 'name')} for {_count(count, 'weight')}: "
            "give one name for each weight, or none"
        )
    for name in found:
        if not name.strip():
            raise SettingError("a name is empty: give each input a name, or give no names")
        if name in RESERVED:
            raise SettingError(
                f"an input cannot be called {name!r}, which is a column of the tables: "
                f"choose another name"
            )
        if found.count(name) > 1:
            raise SettingError(f"two inputs are called {name!r}: give each a name of its own")
    return found


def rows_of(given: Any, names: Sequence[str], named: bool) -> tuple[Floats, bool]:
    """(row, input) as floats, and whether a single row came.

    A frame gives its columns, a series its entries by the names of the inputs; in order if the
    inputs have no names of their own and x1, x2, ... are not there. With one input a bare number
    is a row.
    """
    labels = labels_of(given)
    if labels is not None and (named or set(names) <= set(labels)):
        missing = [name for name in names if name not in labels]
        if missing:
            raise DataError(
                f"the table has no column {missing[0]!r}: it needs {', '.join(names)}; "
                f"it has {', '.join(map(str, labels))}"
            )
        given = given[list(names)]
    if isinstance(given, dict):
        given = _from_mapping(given, names)
    found = floats(given, "inputs are numbers, one for each weight in each row")
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        at = tuple(bad[0])
        where = f" in row {at[0] + 1}" if len(at) > 1 else ""
        raise DataError(f"an input{where} is {found[at]}: give finite numbers")
    single = found.ndim < 2
    if found.ndim == 0 and len(names) == 1:
        found = found.reshape(1, 1)
    elif found.ndim == 1:
        found = found.reshape(1, -1)
    if found.ndim != 2 or found.shape[1] != len(names):
        raise DataError(
            f"the neuron has {_count(len(names), 'input')}, but came {_shape(found, single)}: "
            f"give {len(names)} to a row, such as {[1] + [0] * (len(names) - 1)}"
        )
    return found, single


def _from_mapping(given: dict[Any, Any], names: Sequence[str]) -> list[Any]:
    wrong = [key for key in given if key not in names] + [n for n in names if n not in given]
    if wrong:
        raise DataError(
            f"the inputs are {', '.join(names)}: give each of them a number, and no others "
            f"(look at {wrong[0]!r})"
        )
    return [given[name] for name in names]


def labels_of(given: Any) -> list[Any] | None:
    """The columns of a frame, or the labels of a series that has words for labels."""
    if (columns := getattr(given, "columns", None)) is not None:
        return list(columns)
    index = getattr(given, "index", None)
    if callable(index) or index is None:  # a list or a tuple has a method of that name
        return None
    labels = list(index)
    return labels if labels and all(isinstance(each, str) for each in labels) else None


def floats(given: Any, rule: str) -> Floats:
    """Numbers of any kind as floats. rule: what is said of all others."""
    try:
        found = np.asarray(_plain(given))
        # NumPy would read "1" as 1, a date as days, None as nan, and half of a complex number.
        if found.dtype.kind not in "biufO" or (
            found.dtype.kind == "O" and any(v is None or isinstance(v, str) for v in found.flat)
        ):
            raise TypeError
        found = found.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{rule}; {_short(given)} is not") from None
    return found + 0.0


def _plain(given: Any) -> Any:
    """A tensor without its gradient, anything else as it is."""
    detach = getattr(given, "detach", None)
    return given if detach is None else detach().cpu()


def _shape(found: Floats, single: bool) -> str:
    if found.ndim > 2:
        return f"an array of {found.ndim} dimensions"
    if single:
        return _count(found.size, "number")
    return f"rows of {_count(found.shape[1], 'number')}"


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else text[:39] + "…"
