"""`actscope plot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from actscope.errors import SettingError

from . import _json as json_output


def plot(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="Names, aliases, formulas, or name(parameter=number)."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A .svg, .png or .pdf file."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Draw activations and their slopes into one picture.

    Jumps are drawn as jumps, with the value that the function takes as a full dot; dotted lines
    are what a function comes close to far out.

    \b
    Example:
      actscope plot sigmoid tanh -o cousins.svg
      actscope plot relu "leaky_relu(negative_slope=0.2)" -o leaks.png
    """
    if output is None:
        raise SettingError(
            "say where the picture goes: -o FILE with a .svg, .png or .pdf file, "
            "such as -o cousins.svg"
        )
    from actscope import gallery

    records = gallery.chosen(names)
    gallery.plot(records, output)
    labels = [record.label for record in records]
    if json:
        json_output.write({"schema": 1, "file": str(output), "activations": labels})
        return
    from actscope.render import label

    print(f"{', '.join(label(each) for each in labels)}: drawn in {label(output, None)}")
