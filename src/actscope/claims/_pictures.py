"""Pictures of experiments as data, and how they are drawn: one small style for all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actscope.render import INK, MUTED, Look, file_bytes, looks, sheet

from ._numbers import Number, brief

if TYPE_CHECKING:
    from actscope.render import Axes, Figure

# Names in sentences, and whose colour and mark they have.
_NAMES = {"ReLU": "relu", "leaky ReLU": "leaky_relu", "parametric ReLU": "prelu"}
WIDTH = 560.0  # points; half a page, readable on a phone
_LEFT, _RIGHT = 62.0, 22.0
_TEXT = 11.5


@dataclass(frozen=True)
class Series:
    """A curve: at each x a number with its interval.

    plain: no marks and no interval. joined: with a line from mark to mark.
    """

    name: str
    xs: Sequence[float]
    numbers: Sequence[Number]
    plain: bool = False
    joined: bool = True


@dataclass(frozen=True)
class Level:
    """A thin line across the picture: where something would be."""

    value: float
    name: str
    below: bool = False  # where its name stands


@dataclass(frozen=True)
class Lines:
    """Curves over x with the 95% intervals as bands."""

    title: str
    about: str
    x: str
    y: str
    series: Sequence[Series]
    log_x: bool = False
    log_y: bool = False
    ticks: Sequence[tuple[float, str]] = ()
    levels: Sequence[Level] = ()


@dataclass(frozen=True)
class Row:
    """A line of a dot picture. look: whose colour and mark it has (its own name's if empty)."""

    name: str
    number: Number
    look: str = ""


@dataclass(frozen=True)
class Dots:
    """Numbers with their intervals, one below the other."""

    title: str
    about: str
    x: str
    rows: Sequence[Row]
    levels: Sequence[Level] = ()


Picture = Lines | Dots


def figure_of(picture: Picture) -> Figure:
    """The picture as a matplotlib figure."""
    if isinstance(picture, Lines):
        return sheet(lambda fig: _lines(fig, picture), WIDTH, 300)
    return sheet(lambda fig: _dots(fig, picture), WIDTH, _dots_height(picture))


def svg(picture: Picture) -> bytes:
    """The picture as an SVG file with a text for who cannot see it."""
    return file_bytes(figure_of(picture), ".svg", title=picture.title, description=spoken(picture))


def spoken(picture: Picture) -> str:
    """What the picture shows, in words and numbers."""
    if isinstance(picture, Dots):
        said = "; ".join(f"{r.name}: {r.number.shown} ({r.number.interval})" for r in picture.rows)
        return f"{picture.about} {said}."
    ends = []
    for s in picture.series:
        first, last = s.numbers[0], s.numbers[-1]
        ends.append(f"{s.name}: from {first.shown} to {last.shown}")
    return f"{picture.about} {'; '.join(ends)}."


def _lines(fig: Figure, picture: Lines) -> None:
    height = 300.0
    rows = 2 if sum(len(s.name) for s in picture.series) > 40 and len(picture.series) > 3 else 1
    top = 50.0 + 19.0 * rows
    ax = _axes(fig, picture.title, _LEFT, 46.0, top, height)
    styles = looks(_known(s.name) for s in picture.series)
    # The styles of our pictures show no formulas, which matplotlib's powers of ten would be.
    if picture.log_x:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(lambda value, _: brief(value))
    if picture.log_y:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(lambda value, _: brief(value))
    for series in picture.series:
        _curve(ax, series, styles[_known(series.name)])
    for level in picture.levels:
        ax.axhline(level.value, color=MUTED, lw=1.1, ls=(0, (4, 3)), zorder=1)
        ax.annotate(
            level.name,
            (1, level.value),
            xycoords=("axes fraction", "data"),
            xytext=(0, -4 if level.below else 3),
            textcoords="offset points",
            ha="right",
            va="top" if level.below else "bottom",
            fontsize=10,
            color=MUTED,
        )
    ax.set_xlabel(picture.x, fontsize=_TEXT)
    ax.set_ylabel(picture.y, fontsize=_TEXT)
    ax.minorticks_off()
    if picture.ticks:
        ax.set_xticks([t for t, _ in picture.ticks], [name for _, name in picture.ticks])
    handles, names = ax.get_legend_handles_labels()
    # Four stand in one line where they are short, else two and two: never three and one.
    short = sum(map(len, names)) <= 40
    columns = 4 if len(names) == 4 and short else 2 if len(names) == 4 else 3
    fig.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=((_LEFT - 8) / WIDTH, 1 - 33.0 / height),
        ncols=columns,
        frameon=False,
        fontsize=_TEXT,
        labelcolor=INK,
        handlelength=2.4,
        columnspacing=1.4,
        borderpad=0.2,
    )


def _known(name: str) -> str:
    return _NAMES.get(name, name)


def _curve(ax: Axes, series: Series, look: Look) -> None:
    xs = list(series.xs)
    ax.plot(
        xs,
        [n.value for n in series.numbers],
        color=look.color,
        linestyle=look.linestyle if series.joined else "none",
        marker="" if series.plain else look.marker,
        ms=6,
        lw=2,
        label=series.name,
    )
    if not series.plain:
        lows, highs = ([getattr(n, side) for n in series.numbers] for side in ("low", "high"))
        ax.fill_between(xs, lows, highs, color=look.color, alpha=0.18, lw=0)


def _dots_height(picture: Dots) -> float:
    return 96.0 + 25.0 * len(picture.rows) + (14.0 if picture.levels else 0.0)


def _dots(fig: Figure, picture: Dots) -> None:
    from actscope.render import outline

    height = _dots_height(picture)
    left = 24.0 + max(outline(r.name, _TEXT).width for r in picture.rows)
    numbers = [f"{r.number.shown}" for r in picture.rows]
    right = 20.0 + max(outline(n, _TEXT).width for n in numbers)
    top = 40.0 + (14.0 if picture.levels else 0.0)
    ax = _axes(fig, picture.title, left, 46.0, top, height, right=right)
    ax.grid(axis="y", visible=False)
    styles = looks(_known(r.look or r.name) for r in picture.rows)
    for y, row in enumerate(picture.rows):
        look, of = styles[_known(row.look or row.name)], row.number
        if math.isfinite(of.low) and math.isfinite(of.high):
            ax.plot([of.low, of.high], [y, y], color=look.color, lw=2.6)
        ax.plot([of.value], [y], color=look.color, marker=look.marker, ms=7.5, lw=0)
        ax.text(
            1.02,
            y,
            numbers[y],
            transform=ax.get_yaxis_transform(),
            va="center",
            color=INK,
            fontsize=_TEXT,
        )
    for level in picture.levels:
        ax.axvline(level.value, color=MUTED, lw=1.1, ls=(0, (4, 3)), zorder=1)
        ax.annotate(
            level.name,
            (level.value, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=10,
            color=MUTED,
        )
    ax.set_yticks(range(len(picture.rows)), [r.name for r in picture.rows], fontsize=_TEXT)
    ax.tick_params(axis="y", colors=INK)
    ax.set_ylim(len(picture.rows) - 0.4, -0.6)
    ax.margins(x=0.08)
    ax.set_xlabel(picture.x, fontsize=_TEXT)


def _axes(
    fig: Figure,
    title: str,
    left: float,
    bottom: float,
    top: float,
    height: float,
    right: float = _RIGHT,
) -> Axes:
    frame = (
        left / WIDTH,
        bottom / height,
        (WIDTH - left - right) / WIDTH,
        (height - bottom - top) / height,
    )
    ax = fig.add_axes(frame)
    fig.text(10 / WIDTH, 1 - 20 / height, title, fontsize=13.5, color=INK, va="baseline")
    ax.tick_params(labelsize=10.5)
    return ax
