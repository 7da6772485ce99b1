"""`actscope predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscope.errors import StoreError

from . import _json as json_output
from . import _values as values

if TYPE_CHECKING:
    import pandas as pd

_ENDINGS = (".csv", ".tsv", ".parquet")


def predict(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder that `actscope compare` made.")
    ],
    data: Annotated[
        Path, typer.Argument(metavar="NEW_DATA", help="A table with the same columns.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="A .csv, .tsv or .parquet file.")
    ],
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Predict new rows with the best network that a comparison kept.

    FILE gets one row for each row of NEW_DATA, in its order: the column `prediction` and, for
    classes, a column `probability_<class>` each.

    \b
    Example:
      actscope predict actscope-churn new_customers.csv -o answers.csv
    """
    values.check_file("-o", output, _ENDINGS)
    if output.exists() and data.exists() and output.samefile(data):
        raise StoreError(f"-o {str(output)!r} is NEW_DATA itself; name another file")

    from actscope import study
    from actscope.data import read_frame

    winner = study.load_winner(folder)
    frame = read_frame(data, like=winner.encoder.schema)
    read_notes = tuple(frame.attrs.get("notes", ()))
    answers = winner.predict(frame)
    _write(answers, output)
    notes = [*read_notes, *winner.notes]
    if json:
        json_output.write({"schema": 1, "rows": len(answers), "file": str(output), "notes": notes})
        return
    from actscope.render import console, line

    screen = console()
    for note in notes:
        screen.print(line(f"- {note}", "dim"))
    screen.print(
        line(f"{len(answers):,} prediction{'s are' if len(answers) != 1 else ' is'} in {output}")
    )


def _write(answers: pd.DataFrame, output: Path) -> None:
    """Whole or not at all."""
    from actscope import study

    ending = output.suffix.lower()
    if ending == ".parquet":
        content = answers.to_parquet(None, index=False)
    else:
        content = answers.to_csv(index=False, sep="\t" if ending == ".tsv" else ",").encode()
    assert isinstance(content, bytes)
    try:
        study.write_all({output: content})
    except OSError as error:
        raise StoreError(f"cannot write {str(output)!r}: {error.strerror or error}") from None
