"""The folder of a comparison in a user's own model: what it says of it, and whether it is this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actscope.errors import DataError, SettingError, StoreError
from actscope.study._order import VERSIONS, check_versions
from actscope.study.keeping._ledger import Ledger, Unkept, opened
from actscope.study.keeping._sealed import read_about
from actscope.study.models._plan import FUNCTIONS, KIND, ModelPlan, kept_settings

# What is shown of a line of code that changed.
_SHOWN = 60


@contextmanager
def kept_models(folder: Path | None, plan: ModelPlan, name: str) -> Iterator[Ledger | Unkept]:
    """The store, new or gone on with; one that keeps nothing without a folder.

    Raises:
        SettingError, DataError: the folder holds another study.
        StoreError: it cannot be written, or another process works in it.
    """
    if folder is None:
        yield Unkept()
        return
    about = {"plan": plan.to_dict(), "name": name, "versions": VERSIONS}
    with opened(folder, about) as ledger:
        _check_same(folder, ledger.about, plan)
        yield ledger


def settings_in(folder: Path) -> dict[str, Any]:
    """What a kept study was given, but for the functions and the example.

    Raises:
        StoreError: no study there. SettingError: one of a table.
    """
    about = read_about(folder)
    if about is None:
        raise StoreError(f"no study in {folder}: give the folder that was named as out")
    _check_kind(folder, about)
    return {**kept_settings(about["plan"]), "name": about["name"]}


def _check_kind(folder: Path, about: Mapping[str, Any]) -> None:
    if about["plan"].get("kind") != KIND:
        raise SettingError(
            f"the study in {folder} is of a table: go on with it by act.compare, or name another "
            "folder"
        )


def _check_same(folder: Path, about: Mapping[str, Any], plan: ModelPlan) -> None:
    _check_kind(folder, about)
    check_versions(folder, about)
    there, here = about["plan"], plan.to_dict()
    if there["hash"] == here["hash"]:
        return
    names = [n for n in {**there, **here} if n != "hash" and there.get(n) != here.get(n)]
    if names == ["example"]:
        raise DataError(
            f"what the model is called with is not what it was in the study in {folder}: give the "
            "same data, or name another folder"
        )
    said = "; ".join(
        _changed(n, there[n], here[n])
        if n in FUNCTIONS
        else f"{n} {_short(there.get(n))} there, {_short(here.get(n))} here"
        for n in names
    )
    raise SettingError(
        f"the study in {folder} has another plan ({said}): undo that to go on with it, or name "
        "another folder"
    )


def _changed(role: str, there: str, here: str) -> str:
    """The first line in which two texts of a function differ.

    >>> _changed("fit", "def fit(m):\\n    go(1)", "def fit(m):\\n    go(2)")
    "fit differs in line 2: 'go(1)' there, 'go(2)' here"
    """
    old, new = there.splitlines(), here.splitlines()
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    was, now = (
        repr(text[same].strip()[:_SHOWN]) if same < len(text) else "nothing" for text in (old, new)
    )
    return f"{role} differs in line {same + 1}: {was} there, {now} here"


def _short(value: Any) -> str:
    if isinstance(value, list):
        shown = ",".join(map(str, value[:8]))
        return shown + ",..." * (len(value) > 8) or "none"
    return "none" if value is None else str(value)
