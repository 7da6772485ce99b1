"""`actscope neuron`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actscope.errors import SettingError

from . import _json as json_output
from . import _values as values

if TYPE_CHECKING:
    from pandas import DataFrame

    from actscope.neuron import Neuron

_PRINTED = 6  # inputs whose cases are printed: 64 lines


def neuron(
    weights: Annotated[
        str, typer.Option("--weights", metavar="W,W", help="A number for each input.")
    ],
    threshold: Annotated[
        str | None,
        typer.Option("--threshold", metavar="T", help="What the weighted sum must exceed."),
    ] = None,
    bias: Annotated[
        str | None,
        typer.Option("--bias", metavar="B", help="The same as a threshold of -B. Without both: 0."),
    ] = None,
    activation: Annotated[
        str,
        typer.Option(
            "--activation",
            metavar="NAME",
            help="A name, an alias, a formula, or name(parameter=number).",
        ),
    ] = "step",
    names: Annotated[
        str | None, typer.Option("--names", metavar="NAME,NAME", help="What the inputs are called.")
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option("--input", metavar="X,X", help="One row of inputs, answered step by step."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="A picture of it: a .svg, .png or .pdf file."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Look at one neuron: its answer to every case of inputs 0 and 1.

    It multiplies each input by a weight and adds up. With the step as its activation it fires if
    that sum is more than the threshold. With another it gives f(sum - threshold).

    \b
    Example:
      actscope neuron --weights 4,2,2 --threshold 3 --names marvel,theatre,company
      actscope neuron --weights 4,2,2 --threshold 3 --input 0,1,1 -o movie.svg
      actscope neuron --weights 1,-1 --bias 0.5 --activation sigmoid
    """
    made = _made(weights, threshold, bias, activation, names)
    row = None if inputs is None else _row(inputs, made)
    few = len(made.weights) <= _most()
    if row is None and not few:
        raise SettingError(
            f"{len(made.weights)} inputs have more cases than can be listed (at most {_most()} "
            "inputs): ask for one with --input"
        )
    if output is not None:
        made.plot(row, output)
    if json:
        json_output.write(_document(made, row, output))
    else:
        _print(made, row, output)


def _made(
    weights: str, threshold: str | None, bias: str | None, activation: str, names: str | None
) -> Neuron:
    if threshold is not None and bias is not None:
        raise SettingError("both --threshold and --bias: give one of them (bias = -threshold)")
    numbers = values.numbers("--weights", weights)
    called = None if names is None else values.items("--names", names)
    if called is not None and len(called) != len(numbers):
        raise SettingError(
            f"{_count(len(called), 'name')} for {_count(len(numbers), 'weight')}: --names needs "
            "one for each of --weights"
        )
    from actscope.neuron import Neuron

    return Neuron(
        numbers,
        None if threshold is None else values.finite("--threshold", threshold),
        activation,
        called,
        bias=None if bias is None else values.finite("--bias", bias),
    )


def _row(text: str, made: Neuron) -> list[float]:
    row, needed = values.numbers("--input", text), len(made.weights)
    if len(row) != needed:
        raise SettingError(
            f"--input {text!r} has {_count(len(row), 'number')}, but there "
            f"{'is' if needed == 1 else 'are'} {_count(needed, 'weight')}: give one for each"
        )
    return row


def _most() -> int:
    from actscope.neuron import MOST_INPUTS

    return MOST_INPUTS


def _document(made: Neuron, row: list[float] | None, output: Path | None) -> dict[str, Any]:
    few = len(made.weights) <= _most()
    return {
        "schema": 1,
        "weights": made.weights,
        "threshold": made.threshold,
        "bias": made.bias,
        "activation": made.activation.label,
        "names": made.names,
        "cases": made.truth_table().to_dict("records") if few else None,
        "input": None if row is None else _answer(made, row),
        "file": None if output is None else str(output),
    }


def _answer(made: Neuron, row: list[float]) -> dict[str, Any]:
    return {
        "row": row,
        "sum": made.sum(row),
        "output": made(row),
        "text": made.explain(row),
    }


def _print(made: Neuron, row: list[float] | None, output: Path | None) -> None:
    from actscope.render import console, label

    if row is not None:
        print(label(made.explain(row), None))
    else:
        print(label(made.text, None))
        table = made.truth_table()
        if len(made.weights) <= _PRINTED:
            console().print(_cases(made, table))
        print(_summary(made, table))
    if output is not None:
        print(f"Drawn in {label(str(output), None)}")


def _cases(made: Neuron, table: DataFrame) -> Any:
    from actscope.render import Column, Line, label
    from actscope.render import table as drawn

    last = "fires" if made.decides else made.activation.label
    columns = [Column(label(name, 24), right=True) for name in (*made.names, "sum", last)]
    lines = []
    for *row, output in table.drop(columns="fires", errors="ignore").to_numpy().tolist():
        said = ("yes" if output == 1 else "no") if made.decides else f"{output:.3g}"
        lines.append(Line([*map(_short, row), said], strong=made.decides and output == 1))
    return drawn(columns, lines)


def _summary(made: Neuron, table: DataFrame) -> str:
    count = f"{len(table):,} cases"
    long = "" if len(made.weights) <= _PRINTED else " (too many to print: --json lists them)"
    outputs = table["output"].to_numpy()
    if made.decides:
        return f"It fires in {int(outputs.sum()):,} of {count}{long}."
    return f"Its answers to {count} go from {outputs.min():.3g} to {outputs.max():.3g}{long}."


def _short(value: float) -> str:
    return f"{value:.6g}"


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
