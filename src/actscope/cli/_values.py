"""Option texts into numbers and lists, and where results may be written."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

from actscope.errors import SettingError, StoreError


def items(option: str, text: str) -> list[str]:
    """The parts of a list with commas; a name that has a comma stands in double quotes.

    >>> items("--drop", 'a, "b,c"')
    ['a', 'b,c']
    """
    parts = [p.strip() for p in next(csv.reader([text], skipinitialspace=True), [])]
    if not parts or "" in parts:
        raise SettingError(f"{option} {text!r} has an empty item; give names like a,b,c")
    return parts


def positive_numbers(option: str, text: str) -> list[float]:
    """Numbers above 0, with commas between.

    >>> positive_numbers("--learning-rates", "0.001,3e-3")
    [0.001, 0.003]
    """
    values = [_number(part) for part in items(option, text)]
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise SettingError(f"{option} {text!r} must be numbers above 0, such as 0.001,0.003")
    return values


def positive_integers(option: str, text: str) -> list[int]:
    """Whole numbers above 0, with commas between.

    >>> positive_integers("--hidden", "64,32")
    [64, 32]
    """
    parts = items(option, text)
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise SettingError(f"{option} {text!r} must be whole numbers above 0, such as 64,64")
    return [int(part) for part in parts]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def positive_integer(option: str, text: str) -> int:
    """One whole number above 0.

    >>> positive_integer("--seeds", "20")
    20
    """
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise SettingError(f"{option} {text!r} must be a whole number above 0")
    return int(text)


def number(option: str, text: str) -> float:
    """One number, 0 or more.

    >>> number("--l2", "1e-4")
    0.0001
    """
    value = _number(text)
    if not (math.isfinite(value) and value >= 0):
        raise SettingError(f"{option} {text!r} must be a number, 0 or more, such as 0.0001")
    return value


def finite(option: str, text: str) -> float:
    """One number of any sign.

    >>> finite("--bias", "-3")
    -3.0
    """
    value = _number(text)
    if not math.isfinite(value):
        raise SettingError(f"{option} {text!r} must be a number, such as 3 or -0.5")
    return value


def numbers(option: str, text: str) -> list[float]:
    """Numbers of any sign, with commas between.

    >>> numbers("--weights", "4,-2,.5")
    [4.0, -2.0, 0.5]
    """
    found = [_number(part) for part in text.split(",")]
    if not all(map(math.isfinite, found)):
        raise SettingError(f"{option} {text!r} must be numbers with commas between, such as 4,2,2")
    return found


def check_folder(option: str, folder: Path) -> None:
    """Say now, before minutes of training, that results could not be written to `folder`."""
    shown = repr(str(folder))
    try:
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{option} {shown} is a file; name a folder for the results")
        if (folder / "index.html").exists() and not (folder / "results.json").exists():
            raise StoreError(
                f"{option} {shown} has an index.html that is not from actscope; name another folder"
            )
        existing = folder
        while not existing.exists() and existing.parent != existing:
            existing = existing.parent
        check_writable(option, existing, shown)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{option} {shown}: {error.strerror or error}") from None


def check_writable(option: str, folder: Path, shown: str) -> None:
    """Say now that nothing can be made in `folder`."""
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"cannot write to {shown}; name another folder with {option}")


def check_file(option: str, path: Path, endings: tuple[str, ...]) -> None:
    """Say now that a file could not be written, or in which format."""
    if path.suffix.lower() not in endings:
        allowed = ", ".join(endings)
        raise SettingError(f"{option} {str(path)!r} must end in one of: {allowed}")
    try:
        if path.is_dir():
            raise StoreError(f"{option} {str(path)!r} is a folder; name a file")
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
            raise StoreError(f"cannot write {str(path)!r}: its folder is not there or not writable")
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{option} {str(path)!r}: {error.strerror or error}") from None


def duration(seconds: float) -> str:
    """For people.

    >>> duration(0.2), duration(600), duration(9000)
    ('1 s', '10 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
