"""What a store says: of its study, sealed with a checksum; of what is wrong, in one line."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actscope.errors import StoreError

LEDGER = "study.sqlite"
BUSY_SECONDS = 10.0  # for a reader, such as a backup, that looks on
_REMEDIES = {
    **dict.fromkeys(
        (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR), "make room, or name another folder"
    ),
    **dict.fromkeys(
        (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        "make it writable or name another folder",
    ),
    **dict.fromkeys(
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        "another program reads it: end that, or name another folder",
    ),
}


def read_about(folder: Path) -> dict[str, Any] | None:
    """What the store in `folder` says about its study, without opening it to write.

    None where there is none, or none that can be read.
    """
    path = folder / LEDGER
    if not path.is_file():
        return None
    uri = f"{path.resolve().as_uri()}?mode=ro"
    if not os.access(folder, os.W_OK) and not path.with_name(f"{LEDGER}-wal").exists():
        uri += "&immutable=1"  # nobody writes, and SQLite cannot make its files beside it
    try:
        db = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
        try:
            return unsealed(db.execute("SELECT about FROM study").fetchone()[0])
        finally:
            db.close()
    except (sqlite3.Error, ValueError, TypeError, AttributeError):
        return None


def no_study(folder: Path) -> StoreError:
    """What to say where `read_about` finds none."""
    if (folder / LEDGER).is_file():
        return damaged(folder, "it does not say what was planned")
    return StoreError(f"no study in {folder}: give the folder that `actscope compare` named")


def sealed(about: Mapping[str, Any]) -> str:
    """As a text that shows whether it was changed."""
    text = json.dumps(dict(about))
    return f"{hashlib.sha256(text.encode()).hexdigest()} {text}"


def unsealed(sealed: str) -> dict[str, Any]:
    """What `_sealed` was given.

    Raises:
        ValueError, TypeError: it is damaged.
    """
    digest, _, text = sealed.partition(" ")
    if digest != hashlib.sha256(text.encode()).hexdigest():
        raise ValueError("not what was written")
    return json.loads(text)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """SQLite's complaints in one line that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # 0: text that is none, say
        do = _REMEDIES.get(code)
        if do is None:
            raise damaged(folder, str(error)) from None
        raise StoreError(f"cannot write to {folder / LEDGER}: {error}; {do}") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # quotes what is damaged
        raise damaged(folder, str(error)) from None


def damaged(folder: Path, why: str) -> StoreError:
    """One line, whatever SQLite quotes."""
    said = " ".join(why.split())
    return StoreError(
        f"{folder / LEDGER} is damaged ({said}): delete it to begin again, or name another folder"
    )
