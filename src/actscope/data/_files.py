"""Whether a file can be read at all: said before any of it is held in memory."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from actscope.data._say import quoted
from actscope.errors import DataError, did_you_mean

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_HEAD = 1 << 16

# Peak use while a table is read, typed and encoded, counted on real files: the text itself
# once, and each value as float64 about three times (the parser's column, the typed column,
# the encoded inputs with their copies).
_BYTES_PER_VALUE = 24

# A text file holds no control characters other than white space and escape.
_CONTROL = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27})
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def check_file(path: Path) -> None:
    """DataError unless `path` is a readable file of a known kind that fits into memory."""
    _check_exists(path)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"{quoted(path)} ends in {quoted(path.suffix)}: actscope reads"
            f" {', '.join(SUFFIXES)}; save the table as one of these"
        )
    try:
        size = path.stat().st_size
        head = _head(path)
    except OSError as error:
        raise DataError(f"{quoted(path)} cannot be opened: {error.strerror}") from error
    if size == 0:
        raise DataError(f"{quoted(path)} is empty: expected a table with a header and rows")
    if path.suffix.lower() == ".parquet":
        _check_memory(path, _parquet_bytes(path))
        return
    _check_memory(path, _text_bytes(size, head))
    if encoding_of(head) != "utf-16" and head.translate(None, _CONTROL) != head:
        kind = "a zip archive or an Excel workbook" if head[:2] == b"PK" else "binary data"
        raise DataError(f"{quoted(path)} is {kind}, not text: save the table as CSV or Parquet")
    if not head.strip(b" \t\r\n\xef\xbb\xbf") and size <= _HEAD:
        raise DataError(f"{quoted(path)} is empty: it holds nothing but blank lines")


def encoding_of(head: bytes) -> str:
    """'utf-16' when the byte order mark says so, else 'utf-8-sig' (UTF-8, marked or not)."""
    return "utf-16" if head.startswith(_UTF16) else "utf-8-sig"


def head_of(path: Path) -> bytes:
    """The first bytes of a file that `check_file` has seen."""
    try:
        return _head(path)
    except OSError as error:
        raise DataError(f"{quoted(path)} cannot be opened: {error.strerror}") from error


def parquet_file(path: Path) -> pq.ParquetFile:
    """The opened Parquet file (its footer is read, its columns are not)."""
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{quoted(path)} is not a readable Parquet file: {reason}") from error


def available_memory() -> int | None:
    """Bytes that this process can still use, or None where the system does not tell."""
    limits = [_meminfo(), _cgroup()]
    known = [limit for limit in limits if limit is not None]
    return min(known) if known else _physical()


def _check_exists(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"there is no file {quoted(path)}: check the path.{_near(path)}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise DataError(f"{quoted(path)} cannot be opened: {error}") from error
    if stat.S_ISDIR(mode):
        tables = sorted(p.name for p in _entries(path) if p.suffix.lower() in SUFFIXES)
        there = f"; it holds {', '.join(map(quoted, tables[:3]))}" if tables else ""
        raise DataError(f"{quoted(path)} is a directory: name one file of data{there}")
    if not stat.S_ISREG(mode):
        raise DataError(f"{quoted(path)} is not a regular file: save its content to one first")


def _near(path: Path) -> str:
    files = [entry.name for entry in _entries(path.parent) if entry.suffix.lower() in SUFFIXES]
    return did_you_mean(path.name, files)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # a suggestion is a courtesy: none where the folder cannot be listed
        return []


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _text_bytes(size: int, head: bytes) -> int:
    """The file itself plus its values, their number taken from how dense the start is."""
    separators = max(head.count(mark) for mark in (b",", b";", b"\t", b"|"))
    values = (separators + head.count(b"\n")) / max(len(head), 1) * size
    return int(size + _BYTES_PER_VALUE * values)


def _parquet_bytes(path: Path) -> int:
    with parquet_file(path) as file:
        meta = file.metadata
        groups = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        return groups + _BYTES_PER_VALUE * meta.num_rows * meta.num_columns


def _check_memory(path: Path, needed: int) -> None:
    available = available_memory()
    if available is not None and needed > available:
        raise DataError(
            f"{quoted(path)} is too large for memory: reading it needs about {_gb(needed)} and"
            f" {_gb(available)} are free; give a part of its rows or columns"
        )


def _gb(number: int) -> str:
    return f"{number / 1e9:,.1f} GB" if number >= 1e8 else f"{number / 1e6:,.1f} MB"


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _cgroup() -> int | None:
    """What a container may still use: its limit, less what it holds beyond file cache."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
        stats = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if not limit.isdecimal():  # "max": no limit
        return None
    cache = int(stats.get("inactive_file", 0)) + int(stats.get("active_file", 0))
    return max(int(limit) - used + cache, 0)


def _physical() -> int | None:
    if sys.platform == "win32":
        return None
    import os  # sysconf exists on POSIX systems only

    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None
