"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_all(files: Mapping[Path, bytes]) -> None:
    """All files or, where the disk is full or the folder closed to us, none of them.

    Each is written into a hidden neighbour first, then renamed; one that is replaced keeps its
    permissions.

    Raises:
        OSError: as the system said it.
    """
    staged: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
            staged[path] = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(name, path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        for path, ready in staged.items():
            os.replace(ready, path)
    except BaseException:
        for ready in staged.values():
            ready.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
