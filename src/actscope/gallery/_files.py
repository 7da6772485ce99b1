"""Pictures into files: the ending says the format, and a file appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from actscope.errors import SettingError, StoreError
from actscope.render import ENDINGS, file_bytes, write_all

if TYPE_CHECKING:
    from actscope.render import Figure


def check_path(path: str | os.PathLike[str], example: str) -> Path:
    """Say now, before drawing, that a file could not be written.

    Raises:
        SettingError: an ending that is not a picture's.
        StoreError: a folder that is not there or closed to us.
    """
    wanted = Path(path)
    shown = repr(str(wanted))
    if wanted.suffix.lower() not in ENDINGS:
        raise SettingError(
            f"a picture is a {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} file, not {shown}: "
            f"name one such as {example}"
        )
    try:
        if wanted.is_dir():
            raise StoreError(f"{shown} is a folder; name a file in it")
        if not wanted.parent.is_dir() or not os.access(wanted.parent, os.W_OK | os.X_OK):
            raise StoreError(f"cannot write {shown}: its folder is not there or not writable")
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"cannot write {shown}: {error.strerror or error}") from None
    return wanted


def save(fig: Figure, path: Path, *, title: str, description: str, dpi: float) -> None:
    """Write the figure in the format that the path's ending says.

    Raises:
        StoreError: as the system said it; the path is then as it was.
    """
    content = file_bytes(fig, path.suffix.lower(), title=title, description=description, dpi=dpi)
    try:
        write_all({path: content})
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or error
        raise StoreError(f"cannot write {str(path)!r}: {why}") from None
