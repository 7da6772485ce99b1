"""`actscope diagnose`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actscope.errors import SettingError

from . import _json as json_output
from . import _user_code as user_code
from . import _values as values

if TYPE_CHECKING:
    from actscope.diagnosis import HealthReport

SERIOUS = 1


def diagnose(
    factory: Annotated[
        str,
        typer.Argument(
            metavar="PKG.MODULE:FACTORY",
            help="A function or class of yours that returns the model; this folder is searched.",
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Inputs: .npz, .npy, .pt, .csv, .tsv or .parquet."),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Trained weights: .safetensors, or a state_dict in .pt."),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="PKG.MODULE:FUNCTION",
            help="loss(output, targets): gradients are looked at too.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COL", help="The targets: a column of a table, an array of an .npz."),
    ] = None,
    standardise: Annotated[
        bool, typer.Option("--standardise", help="Each column to mean 0, standard deviation 1.")
    ] = False,
    batch_size: Annotated[
        str, typer.Option(metavar="N", help="Rows that the model sees at a time.")
    ] = "256",
    device: Annotated[
        str, typer.Option(metavar="D", help="cpu, cuda ...; auto is a GPU where there is one.")
    ] = "auto",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page with pictures.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> int:
    """Say what is wrong with the units of a PyTorch model: dead, dormant, saturated ...

    Runs the model in evaluation mode on all rows of FILE. Your code is run; files are never
    unpickled. Exit code: 0 healthy, 1 something is serious or no unit was seen, 2 a mistake.

    \b
    Example:
      actscope diagnose my_model:build --data inputs.npy --weights model.safetensors
      actscope diagnose my_model:Net --data train.csv --target kind \\
          --loss torch.nn.functional:cross_entropy --out health.html
    """
    size = values.positive_integer("--batch-size", batch_size)
    if out is not None:
        values.check_file("--out", out, (".html",))
    if target is not None and loss is None and data.suffix.lower() in (".npy", ".pt", ".pth"):
        raise SettingError("--target is for tables, .npz files and --loss")
    make = user_code.named("PKG.MODULE:FACTORY", factory)

    import torch
    from torch import nn

    from actscope import diagnosis

    from . import _tensors as tensors
    from . import _weights

    torch.manual_seed(0)  # a model without --weights is then the same each time
    model = make
    if not isinstance(make, nn.Module):
        if not callable(make):
            raise SettingError(
                f"{factory!r} is a {type(make).__name__}: name a function that returns the model"
            )
        model = user_code.called("PKG.MODULE:FACTORY", factory, make)
    if not isinstance(model, nn.Module):
        raise SettingError(
            f"{factory!r} returned something of type {type(model).__name__}: it must return a "
            "torch.nn.Module"
        )
    loss_function = None if loss is None else _callable(loss, user_code.named("--loss", loss))
    notes = [] if weights is None else _weights.load_weights(model, weights)
    examples = tensors.read_examples(data, model, target, loss is not None, standardise)
    notes += examples.notes
    where = _device(device)
    with user_code.told(f"{factory} fails on rows of {_shapes(examples.inputs)}"):
        model.to(where)
        batches = examples.batches(size, where, paired=loss_function is not None)
        report = diagnosis.diagnose(model, batches, loss_function)
    if out is not None:
        report.to_html(out)
    if json:
        json_output.write(report.to_dict())
    else:
        _show(report, notes, out)
    for finding in report.findings:
        if finding.kind == "nothing_seen":
            print(f"actscope: {finding.text}; try: {finding.repair}", file=sys.stderr)
    return 0 if report.ok else SERIOUS


def _callable(text: str, found: Any) -> Any:
    if isinstance(found, type):  # such as torch.nn:CrossEntropyLoss
        found = user_code.called("--loss", text, found)
    if not callable(found):
        raise SettingError(f"--loss {text!r} is no function of output and targets")
    return found


def _device(name: str) -> Any:
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        where = torch.device(name)
        torch.empty(0, device=where)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise SettingError(f"--device {name!r} is not there; use cpu or auto") from None
    return where


def _shapes(inputs: Any) -> str:
    if isinstance(inputs, dict):
        return ", ".join(f"{name} {tuple(value.shape[1:])}" for name, value in inputs.items())
    each = inputs if isinstance(inputs, tuple) else (inputs,)
    return ", ".join(f"shape {tuple(value.shape[1:])}" for value in each)


def _show(report: HealthReport, notes: list[str], out: Path | None) -> None:
    from actscope.render import console, line

    screen = console()
    for note in notes:
        screen.print(line(f"- {note}", "dim"))
    screen.print(report)
    if out is not None:
        print(f"\nThe page with the pictures: {out}\n  {out.resolve().as_uri()}")
