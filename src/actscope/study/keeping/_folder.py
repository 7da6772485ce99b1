"""Which folder keeps a study."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actscope.errors import StoreError
from actscope.study._order import VERSIONS, Order, check_same
from actscope.study.keeping._ledger import Ledger, Unkept, opened
from actscope.study.keeping._sealed import LEDGER, read_about
from actscope.study.keeping._store import RESULTS


def folder_for(order: Order, out: str | Path | bool) -> Path | None:
    """Where the study is to be kept: `out`, or ./actscope-<name> for True; None for False.

    For True another study's folder is left alone, and this one gets a numbered sibling.
    """
    return named_folder(order.data.name, order.plan.to_dict()["hash"], out)


def named_folder(name: str, digest: str, out: str | Path | bool) -> Path | None:
    """As `folder_for`, of a study called `name` whose plan has the hash `digest`."""
    if isinstance(out, bool):
        return _by_name(name, digest) if out else None
    if not str(out):
        raise StoreError("the folder's name is empty; name a folder for the results")
    return Path(out)


def _by_name(name: str, digest: str) -> Path:
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"
    number = 1
    while True:
        folder = Path(f"actscope-{stem}" if number == 1 else f"actscope-{stem}-{number}")
        if not folder.exists() or _holds(folder, digest):
            return folder
        number += 1


def _holds(folder: Path, wanted: str) -> bool:
    """Is this study there, or its results without what they were made of?"""
    if (folder / LEDGER).exists():
        about = read_about(folder)
        return (
            about is not None and about["plan"]["hash"] == wanted and about["versions"] == VERSIONS
        )
    try:
        return json.loads((folder / RESULTS).read_bytes())["plan"]["hash"] == wanted
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def kept_in(folder: Path | None, order: Order) -> Iterator[Ledger | Unkept]:
    """The store of the study, new or gone on with; one that keeps nothing without a folder.

    Raises:
        SettingError: the folder holds another study.
        StoreError: it cannot be written, or another process works in it.
    """
    if folder is None:
        yield Unkept()
        return
    with opened(folder, order.about()) as ledger:
        check_same(folder, ledger.about, order)
        yield ledger
