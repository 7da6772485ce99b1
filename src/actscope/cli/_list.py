"""`actscope list`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

import typer

from actscope.errors import SettingError, did_you_mean

from . import _json as json_output

if TYPE_CHECKING:
    from actscope.catalogue import GatedRecord, Record, VectorRecord

    AnyRecord = Record | GatedRecord | VectorRecord

_KEPT = ("name", "kind", "aliases", "family", "formula", "summary")


def list_(
    family: Annotated[
        str | None, typer.Option("--family", metavar="NAME", help="Only this family.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """List every activation of the catalogue, family by family.

    \b
    Example:
      actscope list
      actscope list --family sigmoidal
    """
    from actscope import catalogue

    records = [catalogue.get(name) for name in catalogue.names("all")]
    if family is not None:
        records = _of_family(records, family)
    if json:
        listed = [{key: getattr(record, key) for key in _KEPT} for record in records]
        json_output.write({"schema": 1, "activations": listed})
        return
    _print(records)


def _of_family(records: list[AnyRecord], family: str) -> list[AnyRecord]:
    kept = [record for record in records if record.family == family.strip().lower()]
    if not kept:
        known = list(dict.fromkeys(record.family for record in records))
        hint = did_you_mean(family, known) or f" Known: {', '.join(known)}."
        raise SettingError(f"no family {family!r}.{hint}")
    return kept


def _print(records: list[AnyRecord]) -> None:
    from actscope.render import Column, Line, console, label, table

    screen = console()
    room = max(screen.width - max(len(record.name) for record in records) - 5, 12)
    lines = []
    for family, group in itertools.groupby(records, key=lambda record: record.family):
        if lines:
            lines.append(Line(["", "", ""]))
        lines.append(Line([family.upper(), "", ""], strong=True))
        for record in group:
            formula = label(record.formula, room)
            lines.append(Line([record.name, formula, ", ".join(record.aliases)]))
    columns = [Column("activation"), Column("formula"), Column("other names", spare=True)]
    screen.print(table(columns, lines))
    print(f"{len(records)} activations; `actscope show NAME` tells the facts of one.")
