"""`actscope show`."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Annotated

import typer

from . import _json as json_output

if TYPE_CHECKING:
    from actscope.catalogue import Record

_SPAN = 5.0  # the plots show x from -5 to 5
_COLUMNS, _ROWS = 38, 11  # of each plot, in characters; fewer columns on a narrow screen


def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A name, an alias, or name(parameter=number).")
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
        kept = {f.name: getattr(record, f.name) for f in dataclasses.fields(record)}
        json_output.write({"schema": 1, **kept})
        return
    _card(record)


def _card(r: Record) -> None:
    from actscope.render import Column, Line, console, line, table

    screen = console()
    screen.print(line(r.label, "bold"))
    screen.print(line(r.summary))
    screen.print(line(f"\nf(x)  = {r.formula}\nf'(x) = {r.derivative}"))
    for parameter in r.parameters.values():
        learned = ", learned in training" if parameter.learned else ""
        text = f"{parameter.name} = {parameter.value:g}{learned}: {parameter.meaning}"
        screen.print(line(f"  {text}"))
    columns = min(_COLUMNS, (screen.width - 17) // 2)
    if columns > 9 and screen.encoding.lower().startswith("utf"):
        screen.print(line("\n" + "\n".join(_plots(r, columns)), "bold"))
    heads = [Column("fact"), Column("value"), Column("known")]
    lines = [Line([words, value, _known(r, key)]) for key, words, value in _facts(r)]
    screen.print(table(heads, lines))
    if r.aliases:
        screen.print(line(f"Also called: {', '.join(r.aliases)}", "dim"))
    screen.print(line(f"Reference: {r.reference}", "dim"))


def _known(r: Record, fact: str) -> str:
    if fact not in r.certified:
        return ""
    return "certified" if r.certified[fact] else "numerical"


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.6g}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _facts(r: Record) -> list[tuple[str, str, str]]:
    dead = " and ".join(f"{_number(a)} to {_number(b)}" for a, b in r.dead_region)
    nowhere = "everywhere (no gradient passes at all)" if r.step_like else "none"
    kinks = ", ".join(_number(k) for k in r.kinks)
    return [
        ("range", "range", f"{_number(r.range[0])} to {_number(r.range[1])}"),
        ("monotonic", "monotonic", _yes(r.monotonic)),
        ("symmetry", "symmetry", r.symmetry or "none"),
        ("zero_centred", "zero-centred (standard normal inputs)", _yes(r.zero_centred)),
        ("mean", "mean output (same inputs)", _number(r.mean)),
        ("lipschitz", "Lipschitz constant", _number(r.lipschitz)),
        ("gain", "gain for initial weights", _number(r.gain)),
        ("dead_region", "slope exactly 0 on", dead or nowhere),
        ("kinks", "no derivative at", kinks or "(no such point)"),
        ("saturates", "saturates", ", ".join(r.saturates) or "no"),
        ("zero_share", "share of zeros (same inputs)", f"{100 * r.zero_share:.3g}%"),
    ]


def _plots(r: Record, columns: int) -> list[str]:
    """f and f' side by side, with the scale written beside them."""
    from actscope.render import plot

    count = 8 * columns
    xs = [-_SPAN + 2 * _SPAN * i / (count - 1) for i in range(count)]
    blocks = []
    for title, function in (("f(x)", r), ("slope f'(x)", r.slope)):
        points = [(x, float(function(x))) for x in xs]
        window = _window([y for _, y in points if math.isfinite(y)])
        drawn = plot([points], x=(-_SPAN, _SPAN), y=window, columns=columns, rows=_ROWS)
        ends = {0: f"{window[1]:.3g}", _ROWS - 1: f"{window[0]:.3g}"}
        lines = [f"{ends.get(i, ''):>6} {text}" for i, text in enumerate(drawn)]
        foot = f"{'':>6} {-_SPAN:<{columns // 2}g}{_SPAN:>{columns // 2}g}"
        blocks.append([f"{'':>6} {title}", *lines, foot])
    width = columns + 9
    return [f"{left:<{width}}{right}".rstrip() for left, right in zip(*blocks, strict=True)]


def _window(ys: list[float]) -> tuple[float, float]:
    """The values shown: all, with a little air, but never more than x's own span."""
    low, high = max(min([*ys, 0.0]), -_SPAN), min(max([*ys, 0.0]), _SPAN)
    air = 0.08 * (high - low) or 1.0
    return low - air, high + air
