"""`actscope compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscope.errors import SettingError

from . import _json as json_output
from . import _values as values

if TYPE_CHECKING:
    from actscope.study import Comparison


def compare(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="A .csv, .tsv or .parquet file, or sklearn:digits and the like."
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option(
            metavar="COL", help="Column to predict: its name, else its position (-1 is the last)."
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(metavar="T", help="classification or regression, when the guess is wrong."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(metavar="M", help="accuracy, balanced_accuracy or r2."),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Which to compare: names (`actscope list` shows all) or formulas in x.",
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(metavar="N", help="Splits and initial weights for each.")
    ] = "20",
    learning_rates: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="Tried for each activation; the best is chosen."),
    ] = None,
    hidden: Annotated[str, typer.Option(metavar="N,M", help="Units of each hidden layer.")] = (
        "64,64"
    ),
    drop: Annotated[
        list[str] | None, typer.Option(metavar="COL,COL", help="Columns that are not used.")
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COL,COL", help="Columns that are used though they look useless."),
    ] = None,
    epochs: Annotated[
        str | None, typer.Option(metavar="N", help="At most so many passes over the data.")
    ] = None,
    batch_size: Annotated[
        str | None, typer.Option(metavar="N", help="Rows in one training step.")
    ] = None,
    optimizer: Annotated[str, typer.Option(metavar="O", help="adam, adamw or sgd.")] = "adam",
    l2: Annotated[str, typer.Option(metavar="X", help="Strength of the L2 penalty.")] = "0",
    workers: Annotated[
        str | None,
        typer.Option(metavar="N", help="Processes; the result does not depend on it."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the results; else ./actscope-<data name>."),
    ] = None,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep nothing.")] = False,
    engine: Annotated[str, typer.Option(metavar="E", help="local.")] = "local",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Say which activation function suits a table of data.

    Trains many networks with each, on many splits of the rows, and says what the results
    support: the best, those as good, those clearly worse, and what stays open.

    \b
    Example:
      actscope compare sklearn:digits
      actscope compare churn.csv --target churned
      actscope compare prices.parquet --target price --task regression \\
          --activations "relu,tanh,leaky_relu(negative_slope=0.2)" --seeds 40 --hidden 128,64
      actscope compare churn.csv --target churned --activations "relu,x*tanh(exp(x))"
    """
    settings = {
        "seeds": values.positive_integer("--seeds", seeds),
        "hidden": values.positive_integers("--hidden", hidden),
        "optimizer": optimizer,
        "l2": values.number("--l2", l2),
        "drop": [name for text in drop or () for name in values.items("--drop", text)],
        "keep": [name for text in keep or () for name in values.items("--keep", text)],
    }
    if learning_rates is not None:
        settings["learning_rates"] = values.positive_numbers("--learning-rates", learning_rates)
    for name, text in (("epochs", epochs), ("batch_size", batch_size), ("workers", workers)):
        if text is not None:
            settings[name] = values.positive_integer(f"--{name.replace('_', '-')}", text)
    _check_out(out, no_save)
    if activations is not None:  # before the heavy imports: a misspelt name is said at once
        settings["activations"] = _activations(activations)

    from actscope import study

    result = study.compare(data, target, task=task, metric=metric, engine=engine, **settings)
    folder = None
    if not no_save:
        folder = study.save(
            result, Path(out) if out else study.study_folder(result.data.name, result)
        )
    if json:
        json_output.write({**study.to_json(result), "folder": folder and str(folder)})
    else:
        _show(result, folder)


def _check_out(out: str | None, no_save: bool) -> None:
    if no_save and out is not None:
        raise SettingError("--out and --no-save contradict each other: give one of them")
    if out is not None and not out.strip():
        raise SettingError("--out is empty; name a folder for the results")
    if out is not None:
        values.check_folder("--out", Path(out))
    elif not no_save:
        values.check_writable("--out", Path(), "the current folder")


def _activations(text: str) -> list[str]:
    from actscope import catalogue

    specs = catalogue.split(text)
    for spec in specs:  # a formula is analysed here, once
        catalogue.get(spec)
    return specs


def _show(result: Comparison, folder: Path | None) -> None:
    from actscope.render import console, line
    from actscope.study import _terminal

    screen = console()
    for note in (*result.data.notes, *result.warnings):
        screen.print(line(f"- {note}", "dim"))
    screen.print(_terminal.table(result))
    first, _, rest = _terminal.text(result).partition("\n")
    screen.print(line(first, "bold"))
    if rest:
        screen.print(line(rest))
    if folder is not None:
        page = folder / "index.html"
        print(f"\nThe page with the pictures: {page}\n  {page.resolve().as_uri()}")
        if result.winner is None:
            return
        print(f"Predict with the best network: actscope predict {folder} NEW_DATA -o FILE.csv")
