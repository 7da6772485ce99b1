"""`actscope poster`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscope.errors import SettingError

from . import _json as json_output


def poster(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A .svg, .png or .pdf file."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Draw every activation of the catalogue on one sheet of A2.

    \b
    Example:
      actscope poster -o poster.pdf
    """
    if output is None:
        raise SettingError(
            "say where the poster goes: -o FILE with a .svg, .png or .pdf file, "
            "such as -o poster.pdf"
        )
    from actscope import catalogue, gallery

    gallery.poster(output)
    shown = catalogue.names("all")
    if json:
        json_output.write({"schema": 1, "file": str(output), "activations": shown})
        return
    from actscope.render import label

    print(f"{len(shown)} activations: drawn in {label(output, None)}")
