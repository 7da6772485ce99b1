"""`actscope compare`."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actscope.errors import SettingError

from . import _compare_shown as shown
from . import _json as json_output
from . import _track as track
from . import _values as values
from ._compare_several import compare_several, estimate_several
from ._stopped import Stopped

if TYPE_CHECKING:
    from actscope.study._budget import Allowed


STARTED = monotonic()  # the time allowed begins here, before what is heavy is loaded


def compare(
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DATA...",
            help="A .csv, .tsv or .parquet file, or sklearn:digits and the like; several are "
            "ranked over all.",
        ),
    ] = None,
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
        typer.Option(
            metavar="M",
            help="accuracy, balanced_accuracy, f1, roc_auc, average_precision, log_loss; r2, rmse, "
            "mae; or a scikit-learn scorer's name.",
        ),
    ] = None,
    rope: Annotated[
        str | None,
        typer.Option(metavar="X", help="Smallest difference in the metric that matters to you."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Rows of one group are never on both sides of a split."),
    ] = None,
    time: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL|5m",
            help="A column: tests are later than what was learned from. Or a time: as --budget.",
        ),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Which to compare: names (`actscope list` shows all) or formulas in x.",
        ),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="N", help="Splits and initial weights for each; else 20.")
    ] = None,
    learning_rates: Annotated[
        str | None,
        typer.Option(metavar="X,Y", help="Tried for each activation; the best is chosen."),
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(metavar="N,M", help="Units of each hidden layer; else 64,64.")
    ] = None,
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
    optimizer: Annotated[
        str | None, typer.Option(metavar="O", help="adam, adamw or sgd; else adam.")
    ] = None,
    l2: Annotated[
        str | None, typer.Option(metavar="X", help="Strength of the L2 penalty; else 0.")
    ] = None,
    race: Annotated[
        bool | None,
        typer.Option(
            "--race/--no-race",
            help="Stop early what has clearly lost; else only where that saves minutes.",
            show_default=False,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="5m", help="The time to take (s, m, h); says what more time would settle."
        ),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(metavar="N", help="Processes; the result does not depend on it."),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder of the study; else ./actscope-<data name>."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Go on with the study kept in there; needs no DATA."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be done, and how long it takes; keep none."),
    ] = False,
    no_save: Annotated[bool, typer.Option("--no-save", help="Keep nothing.")] = False,
    engine: Annotated[str, typer.Option(metavar="E", help="local, or ray: a cluster.")] = ("local"),
    address: Annotated[
        str | None, typer.Option(metavar="A", help="Of the Ray cluster; else this machine alone.")
    ] = None,
    mlflow: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Log the study there when it is done: http://host:port."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> Stopped | None:
    """Say which activation function suits a table of data.

    Trains many networks with each, on many splits of the rows, and says what the results
    support: the best, those as good, those clearly worse, and what stays open.

    What is finished is kept at once: the same command, or --resume, goes on after a stop.

    \b
    Example:
      actscope compare sklearn:digits
      actscope compare churn.csv --target churned
      actscope compare prices.parquet --target price --task regression \\
          --activations "relu,tanh,leaky_relu(negative_slope=0.2)" --seeds 40 --hidden 128,64
      actscope compare churn.csv --target churned --activations "relu,x*tanh(exp(x))"
      actscope compare a.csv b.csv c.csv --target y
      actscope compare churn.csv --target churned --budget 5m
      actscope compare --resume actscope-churn
    """
    data = tables[0] if tables else None
    settings: dict[str, Any] = {
        "optimizer": optimizer,
        "drop": [name for text in drop or () for name in values.items("--drop", text)],
        "keep": [name for text in keep or () for name in values.items("--keep", text)],
    }
    column, allowed = _times(time or [], budget)
    named = {"group": group, "time": column, "race": race, "budget": allowed}
    settings |= {name: value for name, value in named.items() if value is not None}
    if rope is not None:
        settings["rope"] = values.number("--rope", rope)
    if hidden is not None:
        settings["hidden"] = values.positive_integers("--hidden", hidden)
    if l2 is not None:
        settings["l2"] = values.number("--l2", l2)
    if learning_rates is not None:
        settings["learning_rates"] = values.positive_numbers("--learning-rates", learning_rates)
    counts = {"seeds": seeds, "epochs": epochs, "batch_size": batch_size, "workers": workers}
    for name, text in counts.items():
        if text is not None:
            settings[name] = values.positive_integer(f"--{name.replace('_', '-')}", text)
    if dry_run and resume is not None:
        raise SettingError("--dry-run is about a new study and --resume about a kept one")
    if not dry_run or data is None:  # which writes nothing
        _check_folders(data, out, resume, no_save)
    if activations is not None:  # before the heavy imports: a misspelt name is said at once
        settings["activations"] = _activations(activations)

    track.check(mlflow)

    from actscope import study

    several = len(tables or ()) > 1 or (not tables and resume and study.holds_several(resume))
    if dry_run and several:
        return estimate_several(tables or [], target, json, task=task, metric=metric, **settings)
    if dry_run:
        found = study.estimate(data, target, task=task, metric=metric, **settings)
        json_output.write(found.to_dict()) if json else shown.say(found)
        return None
    keep_in = False if no_save or resume else out or True
    if several:
        return compare_several(
            tables or [], target, task=task, metric=metric, engine=engine, address=address,
            out=keep_in, resume=resume, json=json, mlflow=mlflow, **settings,
        )  # fmt: skip
    try:
        result = study.compare(
            data, target, task=task, metric=metric, engine=engine, address=address, out=keep_in,
            resume=resume, **settings,
        )  # fmt: skip
    except study.Interrupted as stop:
        return shown.how_to_go_on(stop, json)
    if json:
        folder = result.folder
        document = {**study.to_json(result), "folder": folder and str(folder)}
        track.print_json(document, result, mlflow)
    else:
        shown.show(result)
        track.log(result, mlflow)
    return None


def _times(given: list[str], budget: str | None) -> tuple[str | None, Allowed | None]:
    """What --time says, a column or a time allowed or both, and --budget: (column, time).

    A column that is called like a time can be given by its position.
    """
    if not given and budget is None:
        return None, None
    from actscope.study._budget import Allowed, is_duration, seconds_of

    columns = [text for text in given if not is_duration(text)]
    times = [text for text in (*given, budget) if text is not None and text not in columns]
    if len(columns) > 1:
        raise SettingError(f"--time names {len(columns)} columns, {', '.join(columns)}: give one")
    if len(times) > 1:
        raise SettingError(f"{len(times)} times are allowed, {', '.join(times)}: give one")
    allowed = [Allowed(seconds_of(text), STARTED) for text in times]
    return next(iter(columns), None), next(iter(allowed), None)


def _check_folders(data: str | None, out: str | None, resume: str | None, no_save: bool) -> None:
    if resume is not None:
        if out is not None or no_save:
            other = "--no-save" if no_save else "--out"
            raise SettingError(
                f"--resume and {other} contradict each other: a study goes on in its own folder"
            )
        if not resume.strip():
            raise SettingError("--resume is empty; name the folder of a study")
        return
    if data is None:
        raise SettingError("no DATA given: name a file, or a kept study with --resume DIR")
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
