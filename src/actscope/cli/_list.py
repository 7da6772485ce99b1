"""`actscope list`."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _json as json_output


def list_(
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """List every activation of the catalogue.

    \b
    Example:
      actscope list
    """
    from actscope import catalogue

    records = [catalogue.get(name) for name in catalogue.names()]
    if json:
        kept = ("name", "aliases", "family", "formula", "summary")
        listed = [{key: getattr(record, key) for key in kept} for record in records]
        json_output.write({"schema": 1, "activations": listed})
        return
    from actscope.render import Column, Line, console, table

    columns = [Column("activation"), Column("formula"), Column("other names")]
    lines = [Line([r.name, r.formula, ", ".join(r.aliases)]) for r in records]
    screen = console()
    screen.print(table(columns, lines))
    print(f"{len(records)} activations; `actscope show NAME` tells the facts of one.")
