"""The store of a study that goes on: its plan, and each part's result from when it ended.

One SQLite file in the study's folder, with a write-ahead log: a part is in it whole or not at
all, whatever kills the process. One process at a time opens it (see `_lock`).
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actscope.errors import StoreError
from actscope.study._task import Result, Task, key_of
from actscope.study.keeping._codec import Encoded, decode, encode
from actscope.study.keeping._lock import locked
from actscope.study.keeping._sealed import (
    BUSY_SECONDS,
    LEDGER,
    damaged,
    no_study,
    sealed,
    told,
    unsealed,
)

SCHEMA = 1
_APPLICATION = 0x61637473  # "acts": whose file it is

_TABLES = """
CREATE TABLE study (about TEXT NOT NULL);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, seconds REAL NOT NULL DEFAULT 0
);
CREATE TABLE attempts (
    session INTEGER NOT NULL REFERENCES sessions, part TEXT NOT NULL,
    PRIMARY KEY (session, part)
);
CREATE TABLE parts (
    part TEXT PRIMARY KEY, session INTEGER NOT NULL REFERENCES sessions, finished TEXT NOT NULL,
    facts TEXT NOT NULL, tensors BLOB NOT NULL, checksum TEXT NOT NULL
);
"""


@dataclass
class Ledger:
    """An open store. attempts: what each session set out to do; parts: what was finished.

    folder: None when somebody took it away: nothing is kept any more.
    """

    folder: Path | None
    about: Mapping[str, Any]
    _db: sqlite3.Connection
    _file: tuple[int, int] | None
    _session: int = 0
    _before: float = 0.0
    _started: float = 0.0

    @property
    def seconds(self) -> float:
        """What all sessions took, up to their last finished part, and this one until now."""
        running = time.perf_counter() - self._started if self._session else 0.0
        return self._before + running

    def finished(self) -> dict[str, Result]:
        """Each finished part's result, by the key of its task.

        Raises:
            StoreError: one is damaged.
        """
        found: dict[str, Result] = {}
        folder = self._there()
        with told(folder):
            rows = self._db.execute("SELECT part, facts, tensors, checksum FROM parts").fetchall()
        for part, facts, tensors, checksum in rows:
            if checksum != _checksum(part, facts, tensors):
                raise damaged(folder, f"part {part} is not what was written")
            try:
                found[part] = decode(Encoded(facts, tensors))
            except ValueError as error:
                raise damaged(folder, str(error)) from None
        return found

    def begin(self, tasks: Sequence[Task]) -> None:
        """A session starts that sets out to do `tasks`; none where there is nothing to do."""
        with told(self._there()), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            (self._before,) = self._db.execute("SELECT total(seconds) FROM sessions").fetchone()
            if not tasks:
                return
            row = self._db.execute("INSERT INTO sessions (started) VALUES (?)", (_now(),))
            assert row.lastrowid is not None
            self._session = row.lastrowid
            pairs = [(self._session, key_of(task)) for task in tasks]
            self._db.executemany("INSERT INTO attempts VALUES (?, ?)", pairs)
        self._started = time.perf_counter()

    def commit(self, task: Task, result: Result) -> None:
        """`result` is on the disk when this returns.

        Raises:
            StoreError: the disk is full, or not there any more.
        """
        part, (facts, tensors) = key_of(task), encode(result)
        checksum = _checksum(part, facts, tensors)
        values = (part, self._session, _now(), facts, tensors, checksum)
        took = time.perf_counter() - self._started
        with told(self._there()), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)", values)
            self._db.execute("UPDATE sessions SET seconds = ? WHERE id = ?", (took, self._session))

    def _there(self) -> Path:
        """The folder, if the file in it is still the one that was opened."""
        folder = self.folder
        if folder is not None and _identity(folder) == self._file:
            return folder
        self.folder = None
        raise StoreError(
            f"{folder or 'the folder'} was removed or replaced while the study went on, and with "
            "it all finished parts: begin again in a folder that stays"
        )


@dataclass
class Unkept:
    """In the place of a store where nothing is to be kept."""

    folder: None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    _started: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def finished(self) -> dict[str, Result]:
        return {}

    def begin(self, tasks: Sequence[Task]) -> None: ...

    def commit(self, task: Task, result: Result) -> None: ...


@contextmanager
def opened(folder: Path, about: Mapping[str, Any] | None = None) -> Iterator[Ledger]:
    """The store in `folder`, to write: this process's alone until it is closed.

    about: what a new store says about its study (JSON-ready); None: there must be one already.

    Raises:
        StoreError: another process has it, it is damaged or not a store, there is none, or the
            folder cannot be made or written.
    """
    path = folder / LEDGER
    if about is None and not path.is_file():
        raise no_study(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror or error}") from None
    with locked(folder):
        with told(folder):
            db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with told(folder):
                # Every commit reaches the disk: they are few, and hours may hang on each.
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                kept = _about(db, folder, about)
            yield Ledger(folder, kept, db, _identity(folder))
        finally:
            db.close()


def _about(
    db: sqlite3.Connection, folder: Path, about: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """What a store says about its study; written now where it is new."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    if empty and about is not None:
        with db:
            db.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, _TABLES.split(";")):
                db.execute(statement)
            db.execute("INSERT INTO study VALUES (?)", (sealed(about),))
            db.execute(f"PRAGMA application_id = {_APPLICATION}")
            db.execute(f"PRAGMA user_version = {SCHEMA}")
        return about
    if application != _APPLICATION:
        raise StoreError(f"{folder / LEDGER} is not a study of actscope: name another folder")
    if version != SCHEMA:
        raise StoreError(
            f"{folder / LEDGER} has schema {version} and this actscope writes {SCHEMA}: "
            "go on with the version that began it, or name another folder"
        )
    if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise damaged(folder, "it fails SQLite's own check")
    row = db.execute("SELECT about FROM study").fetchone()
    try:
        return unsealed(row[0])
    except (TypeError, ValueError, AttributeError):
        raise damaged(folder, "it does not say what was planned") from None


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = (folder / LEDGER).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _checksum(part: str, facts: str, tensors: bytes) -> str:
    return hashlib.sha256(b"\0".join([part.encode(), facts.encode(), tensors])).hexdigest()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
