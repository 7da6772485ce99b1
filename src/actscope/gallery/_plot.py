"""`act.plot`: a few functions and their slopes, superimposed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from actscope import catalogue
from actscope.errors import SettingError
from actscope.render import FAINT, INK, PAPER, Look, label, looks, outline, sheet

from ._curve import Curve, asymptotes, clipped, slope_curve, span, value_curve, window
from ._files import check_path, save
from ._labels import Points, place

if TYPE_CHECKING:
    from actscope.catalogue import Record
    from actscope.render import Axes, Figure

MOST = 12  # more curves in one field cannot be told apart
_WIDTH, _HEIGHT = 900.0, 430.0
_FIELD = (385.0, 330.0)  # of each of the two fields, in points
_LEFT, _BOTTOM, _BETWEEN = 45.0, 42.0, 55.0
_REACH = 5.0
_SIZE = 14.0
_DPI = 200.0


def plot(
    names: str | Record | Iterable[str | Record], path: str | os.PathLike[str] | None = None
) -> Figure:
    """Activations and their slopes in one picture.

    Args:
        names: names, aliases, "name(parameter=number)" or records; one, or up to 12.
        path: where the picture is written: a .svg, .png or .pdf file.

    Returns:
        The matplotlib figure, f on the left and f' on the right.

    >>> figure = plot(["sigmoid", "tanh"])
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['f(x)', 'f′(x), its slope']

    Raises:
        UnknownActivation: a name that is not in the catalogue.
        SettingError: none or too many names, or a wrong ending.
        StoreError: a file that cannot be written.
    """
    records = chosen(names)
    where = None if path is None else check_path(path, "cousins.svg")
    fig = sheet(lambda blank: _draw(blank, records), _WIDTH, _HEIGHT)
    if where is not None:
        said = ", ".join(r.label for r in records)
        about = " ".join(f"{r.label}: {r.formula}." for r in records)
        save(fig, where, title=f"{said}: f and its slope", description=about, dpi=_DPI)
    return fig


def chosen(names: str | Record | Iterable[str | Record]) -> list[Record]:
    """The records to plot, each once, in the order given; a text may list several.

    >>> [record.label for record in chosen(["sigmoid, tanh", "logistic"])]
    ['sigmoid', 'tanh']
    """
    given = [names] if isinstance(names, str | catalogue.Record) else list(names)
    specs = [s for g in given for s in (catalogue.split(g) if isinstance(g, str) else [g])]
    records = list({r.label: r for r in map(catalogue.get, specs)}.values())
    for record in records:
        _require_one_number(record)
    if not records:
        raise SettingError("nothing to plot: name activations such as sigmoid tanh")
    if len(records) > MOST:
        raise SettingError(
            f"{len(records)} activations are too many for one plot: name at most {MOST}, "
            "or make the poster, which shows all"
        )
    return records


def _require_one_number(record: Any) -> None:
    if record.kind == "gated":
        raise SettingError(
            f"{record.label} takes two halves, a plot shows functions of one number: "
            f"plot its gate, {record.gate.label}"
        )
    if record.kind == "vector":
        raise SettingError(
            f"{record.label} takes a vector, a plot shows functions of one number: "
            f"see it with `actscope show {record.name}`"
        )


def _draw(fig: Figure, records: Sequence[Record]) -> None:
    reach = span(records, _REACH)
    styles = looks(r.label for r in records)
    fields = []
    for i, (title, make) in enumerate((("f(x)", value_curve), ("f′(x), its slope", slope_curve))):
        curves = {r.label: make(r, -reach, reach) for r in records}
        left = _LEFT + i * (_FIELD[0] + _BETWEEN)
        frame = (left / _WIDTH, _BOTTOM / _HEIGHT, _FIELD[0] / _WIDTH, _FIELD[1] / _HEIGHT)
        ax = fig.add_axes(frame)
        ax.set_title(title, pad=14)
        shown = window(np.concatenate([c.values for c in curves.values()]), reach)
        ax.set_xlim(-reach, reach)
        ax.set_ylim(*shown)
        ax.axhline(0, color=FAINT, linewidth=1, zorder=1)
        ax.axvline(0, color=FAINT, linewidth=1, zorder=1)
        for name, curve in curves.items():
            _curve(ax, curve, styles[name], name, filled=i == 0)
        fields.append((ax, curves, shown))
    _asymptotes(fields[0][0], records, styles, reach)
    places = [_places(curves, shown, reach) for _, curves, shown in fields]
    if all(p is not None for p in places):
        for (ax, curves, _), spots in zip(fields, places, strict=True):
            for name, (x, y) in zip(curves, spots or (), strict=True):
                _name(ax, x / _FIELD[0], y / _FIELD[1], name, styles[name].color)
    else:
        _legend(fig, records, styles)


def _curve(ax: Axes, curve: Curve, look: Look, name: str, *, filled: bool) -> None:
    for stroke in curve.strokes:
        ax.plot(stroke[:, 0], stroke[:, 1], color=look.color, linestyle=look.linestyle, gid=name)
    for end in curve.ends:
        face = look.color if end.closed and filled else PAPER
        ax.plot(
            [end.x], [end.y], "o", ms=6.5, mew=1.8, mec=look.color, mfc=face, zorder=3, gid="end"
        )


def _asymptotes(ax: Axes, records: Sequence[Record], styles: dict[str, Look], reach: float) -> None:
    for record in records:
        for line in asymptotes(record):
            xs = np.array([0.0, line.side * reach])
            ys = line.slope * xs + line.level
            if line.slope == 0 and line.level == 0:
                continue  # the axis itself
            color = styles[record.label].color
            ax.plot(xs, ys, color=color, lw=1, ls=(0, (2, 4)), alpha=0.7, gid="asymptote")


def _places(
    curves: dict[str, Curve], shown: tuple[float, float], reach: float
) -> list[tuple[float, float]] | None:
    """Where each name goes in its field, in points; None where they do not all find room."""
    sizes = [(outline(label(n), _SIZE).width + 2, _SIZE * 0.95) for n in curves]
    dense = [_dense(c, shown, reach) for c in curves.values()]
    zero = -shown[0] / (shown[1] - shown[0]) * _FIELD[1]
    spots = place(dense, sizes, *_FIELD, axes=(_FIELD[0] / 2, zero))
    return None if spots is None else [(s.x + 1, s.y + 0.25 * _SIZE) for s in spots]


def _dense(curve: Curve, shown: tuple[float, float], reach: float) -> Points:
    """Points of a curve in its field, in points of length, at most 3 of them apart."""
    low, high = shown
    found = [np.empty((0, 2))]
    for stroke in curve.strokes:
        for part in clipped(stroke, low, high):
            at = (part - [-reach, low]) / [2 * reach, high - low] * _FIELD
            steps = np.hypot(*np.diff(at, axis=0).T)
            along = np.concatenate([[0.0], np.cumsum(steps)])
            marks = np.linspace(0, along[-1], max(2, int(along[-1] / 3)))
            found.append(np.column_stack([np.interp(marks, along, at[:, k]) for k in (0, 1)]))
    return np.concatenate(found)


def _name(ax: Axes, x: float, y: float, name: str, color: str) -> None:
    ax.text(x, y, label(name), color=color, fontsize=_SIZE, transform=ax.transAxes)


def _legend(fig: Figure, records: Sequence[Record], styles: dict[str, Look]) -> None:
    """The names above both fields, where there is no room beside the curves."""
    from_axes: dict[str, Any] = {}
    for line in fig.axes[0].get_lines():
        from_axes.setdefault(str(line.get_gid()), line)
    handles = [from_axes[r.label] for r in records]
    columns = min(len(records), 6)
    extra = (24.0 * -(-len(records) // columns) - 10) / 72
    width, height = fig.get_size_inches()
    fig.set_size_inches(width, height + extra)
    for ax in fig.axes:
        box = ax.get_position()
        scale = height / (height + extra)
        ax.set_position((box.x0, box.y0 * scale, box.width, box.height * scale))
    fig.legend(
        handles,
        [label(r.label) for r in records],
        loc="upper left",
        bbox_to_anchor=((_LEFT - 6) / _WIDTH, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=_SIZE,
        labelcolor=INK,
        handlelength=2.6,
        columnspacing=1.6,
    )
