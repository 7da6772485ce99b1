"""One writer to a folder: a lock that ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actscope.errors import StoreError

NAME = "study.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else is in here with the same folder.

    Raises:
        StoreError: somebody is, or the folder cannot be written.
    """
    path = folder / NAME
    handle = _taken(path)
    try:
        with contextlib.suppress(OSError):  # a full disk: who it is, is told to nobody
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        with contextlib.suppress(OSError):  # while it is still ours
            path.unlink()
        os.close(handle)


def _taken(path: Path) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(f"cannot write to {path.parent}: {reason}") from None
        try:
            _lock(handle)
        except OSError:
            other = ""
            with contextlib.suppress(OSError):  # Windows lets nobody read what is locked
                other = os.read(handle, 20).decode(errors="replace").strip()
            os.close(handle)
            who = f"process {other}" if other.isdigit() else "another process"
            raise StoreError(
                f"{who} is working on the study in {path.parent}: wait for it or end it, "
                "or name another folder"
            ) from None
        try:
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except FileNotFoundError:
            pass
        os.close(handle)  # its last owner took the file away meanwhile: it locks nothing


def _lock(handle: int) -> None:
    """Take the file or raise OSError at once."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
