"""`actscope show`."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import _json as json_output

if TYPE_CHECKING:
    from ._card import Curve

_SPAN = 5.0  # the plots show x from -5 to 5
_COLUMNS, _ROWS = 38, 11  # of each plot, in characters; fewer columns on a narrow screen


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A name, an alias, a formula, or name(parameter=number)."
        ),
    ],
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Show the card of one activation.

    Formula, derivative, parameters, plots and facts.
    Facts are computed from the formula: `certified` ones are proven by interval arithmetic,
    `numerical` ones are measured.

    \b
    Example:
      actscope show silu
      actscope show "leaky_relu(negative_slope=0.2)"
    """
    from actscope import catalogue

    record = catalogue.get(name)
    if json:
        json_output.write({"schema": 1, **_document(record)})
        return
    _card(record)


def _document(r: Any) -> dict[str, Any]:
    kept = {f.name: getattr(r, f.name) for f in dataclasses.fields(r)}
    kept.pop("function", None)  # a vector's, code and not a fact
    if "gate" in kept:
        kept["gate"] = r.gate.label
    return {**kept, "kind": r.kind, "family": r.family}


def _card(r: Any) -> None:
    from actscope.render import Column, Line, console, line, table

    from . import _card as card

    screen = console()
    screen.print(line(r.label, "bold"))
    screen.print(line(f"{r.family} · {r.summary}"))
    said = card.formulas(r)
    width = max(len(left) for left, _ in said)
    screen.print(line("\n" + "\n".join(f"{left:<{width}} = {right}" for left, right in said)))
    for parameter in r.parameters.values():
        learned = ", learned in training" if parameter.learned else ""
        text = f"{parameter.name} = {parameter.value:g}{learned}: {parameter.meaning}"
        screen.print(line(f"  {text}"))
    columns = min(_COLUMNS, (screen.width - 17) // 2)
    if columns > 9 and screen.encoding.lower().startswith("utf"):
        drawn = [_plot(curve, columns) for curve in card.curves(r)]
        screen.print(line("\n" + "\n".join(_beside(drawn, columns + 9)), "bold"))
    heads = [Column("fact"), Column("value"), Column("known")]
    lines = [Line([words, value, card.known(r, key)]) for key, words, value in card.facts(r)]
    screen.print(table(heads, lines))
    for sentence in (card.depth(r), f"Where libraries differ: {r.differs}." if r.differs else ""):
        if sentence:
            screen.print(line(sentence))
    if r.aliases:
        screen.print(line(f"Also called: {', '.join(r.aliases)}", "dim"))
    if r.reference:
        screen.print(line(f"Reference: {r.reference}", "dim"))


def _plot(curve: Curve, columns: int) -> list[str]:
    """A plot with the scale written beside it."""
    from actscope.render import plot

    count = 8 * columns
    xs = [-_SPAN + 2 * _SPAN * i / (count - 1) for i in range(count)]
    points = [(x, float(curve.function(x))) for x in xs]
    window = _window([y for _, y in points if math.isfinite(y)])
    drawn = plot([points], x=(-_SPAN, _SPAN), y=window, columns=columns, rows=_ROWS)
    ends = {0: f"{window[1]:.3g}", _ROWS - 1: f"{window[0]:.3g}"}
    lines = [f"{ends.get(i, ''):>6} {text}" for i, text in enumerate(drawn)]
    foot = f"{'':>6} {-_SPAN:<{columns // 2}g}{_SPAN:>{columns // 2}g}"
    return [f"{'':>6} {curve.title[:columns]}", *lines, foot]


def _beside(blocks: list[list[str]], width: int) -> list[str]:
    return [
        "".join(f"{part:<{width}}" for part in row).rstrip() for row in zip(*blocks, strict=True)
    ]


def _window(ys: list[float]) -> tuple[float, float]:
    """The values shown: all, with a little air, but never more than x's own span."""
    low, high = max(min([*ys, 0.0]), -_SPAN), min(max([*ys, 0.0]), _SPAN)
    air = 0.08 * (high - low) or 1.0
    return low - air, high + air
