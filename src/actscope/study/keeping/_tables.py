"""A folder of several studies: which tables they are of, and what is asked of each.

It says what is needed to begin a study that the tables before it have not let begin yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from actscope.catalogue import from_definition, get, is_own, to_definition
from actscope.ensemble import _check
from actscope.errors import DataError, SettingError, StoreError
from actscope.render import write_all
from actscope.study._order import VERSIONS, Order

TABLES = "tables.json"
SCHEMA = 1
# How a study is run is told anew each time; the rest is the study.
_RUN = ("workers", "progress", "engine", "address", "budget", "out", "resume")


@dataclass(frozen=True)
class Tables:
    """sources, paths: as given and where the file was; None for a table in memory.

    plans: the hash of each table's plan. settings: JSON-ready arguments of `compare`.
    """

    sources: tuple[str | None, ...]
    paths: tuple[str | None, ...]
    plans: tuple[str, ...]
    target: str | int | None
    settings: Mapping[str, Any]

    def folder(self, base: Path, number: int) -> Path:
        """Of one table, counted from 0."""
        return base / str(number + 1)

    def arguments(self) -> dict[str, Any]:
        """As they were given to `compare`."""
        known = dict(self.settings)
        own = known.pop("definitions", {})
        if "activations" in known:
            known["activations"] = [
                from_definition(own[label]) if label in own else get(label)
                for label in known["activations"]
            ]
        return known

    def found(self, folder: Path) -> list[str]:
        """The data, wherever the command is given now.

        Raises:
            SettingError: one was a table in memory.
            DataError: a file is not there any more.
        """
        where = []
        for source, path in zip(self.sources, self.paths, strict=True):
            if source is None:
                raise SettingError(
                    f"the studies in {folder} were made of tables in memory: give the same tables "
                    "again"
                )
            there = [each for each in (path, source) if each and Path(each).is_file()]
            if path is not None and not there:
                raise DataError(
                    f"{path}, a table of the studies in {folder}, is not there: say where all are"
                )
            where.append(there[0] if there else source)
        return where


def describe(orders: Sequence[Order], target: Any, settings: Mapping[str, Any]) -> Tables:
    """What is to be kept of several studies; settings: of `compare`, as given."""
    given = {name: value for name, value in settings.items() if name not in _RUN}
    if given.get("activations") is not None:
        records = _check.activations(given["activations"])
        given["activations"] = [record.label for record in records]
        given["definitions"] = {r.label: to_definition(r) for r in records if is_own(r)}
    plain = json.loads(json.dumps(given, default=_plain))
    return Tables(
        sources=tuple(order.origin["source"] for order in orders),
        paths=tuple(order.origin["path"] for order in orders),
        plans=tuple(order.plan.to_dict()["hash"] for order in orders),
        target=target if isinstance(target, str | int) else None,
        settings={name: value for name, value in plain.items() if value not in (None, [], {})},
    )


def begin(base: Path, tables: Tables) -> None:
    """Keep it, before the first study begins; what is there must be the same.

    Raises:
        SettingError: other studies are kept there.
        StoreError: it cannot be written.
    """
    there = read(base)
    if there is not None:
        if len(there.plans) != len(tables.plans):
            raise SettingError(
                f"the studies in {base} are of {len(there.plans)} tables, and these are "
                f"{len(tables.plans)}: give the same, or name another folder"
            )
        if _identity(there) == _identity(tables):
            return  # with the places where its files were
    document = {"schema": SCHEMA, "versions": VERSIONS, **_document(tables)}
    try:
        base.mkdir(parents=True, exist_ok=True)
        write_all({base / TABLES: (json.dumps(document, indent=1) + "\n").encode()})
    except OSError as error:
        raise StoreError(f"cannot write to {base}: {error.strerror or error}") from None


def read(base: Path) -> Tables | None:
    """What `begin` kept; None where there is nothing.

    Raises:
        StoreError: it is damaged, or of another version.
    """
    path = base / TABLES
    try:
        document = json.loads(path.read_bytes())
        if document["schema"] != SCHEMA:
            raise StoreError(f"{path} is of another version of actscope: name another folder")
        found = Tables(
            sources=tuple(document["sources"]),
            paths=tuple(document["paths"]),
            plans=tuple(document["plans"]),
            target=document["target"],
            settings=dict(document["settings"]),
        )
        if not len(found.sources) == len(found.paths) == len(found.plans):
            raise ValueError("tables of different numbers")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} is damaged ({error}): give the same command again after deleting it, or name "
            "another folder"
        ) from None
    return found


def unused(stem: str, tables: Tables) -> Path:
    """./stem, or a numbered sibling where other studies are kept there."""
    number = 1
    while True:
        folder = Path(stem if number == 1 else f"{stem}-{number}")
        if not folder.exists() or _holds(folder, tables):
            return folder
        number += 1


def _holds(folder: Path, tables: Tables) -> bool:
    try:
        there = read(folder)
    except StoreError:
        return False
    return there is not None and _identity(there) == _identity(tables)


def _identity(tables: Tables) -> str:
    text = json.dumps([tables.plans, tables.settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _document(tables: Tables) -> dict[str, Any]:
    return {field.name: getattr(tables, field.name) for field in fields(Tables)}


def _plain(value: Any) -> Any:
    """A range, a path, a number of NumPy, as JSON has them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return list(value) if isinstance(value, range | set | frozenset) else str(value)
