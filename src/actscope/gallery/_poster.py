"""`act.poster`: every activation of the catalogue on one sheet of A2."""

from __future__ import annotations

import colorsys
import itertools
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from actscope import catalogue
from actscope.catalogue import formula as language
from actscope.render import Canvas, formula, outline, sheet

from ._content import content, heading
from ._files import check_path, save
from ._fit import fitted
from ._grid import Spot, grid
from ._legend import COLUMN, legend
from ._panel import INK, PAPER, SOFT, Frame, Tone, panel

if TYPE_CHECKING:
    from actscope.catalogue import Record
    from actscope.render import Figure

WIDTH, HEIGHT = 1190.6, 1683.8  # A2 upright, in points
_DPI = 150.0
_MARGIN, _GAP = 60.0, 17.0
_TOP, _FOOT = 176.0, 30.0
_HEADING, _NAME, _FORMULA = 29.0, 17.0, 43.0
_REACH, _SIZE = 4.0, 11.0


def poster(path: str | os.PathLike[str] | None = None) -> Figure:
    """Every activation on one sheet: f strong, its slope light, families by colour.

    Args:
        path: where the picture is written: a .svg, .png or .pdf file.

    Returns:
        The matplotlib figure, A2 upright.

    Raises:
        SettingError: a wrong ending.
        StoreError: a file that cannot be written.
    """
    where = None if path is None else check_path(path, "poster.png")
    records = [catalogue.get(name) for name in catalogue.names("all")]
    fig = sheet(lambda blank: _draw(blank, records), WIDTH, HEIGHT)
    if where is not None:
        about = f"{len(records)} functions by family: {', '.join(r.name for r in records)}."
        save(fig, where, title="Activation functions", description=about, dpi=_DPI)
    return fig


def _draw(fig: Figure, records: Sequence[Record]) -> None:
    fig.set_facecolor(PAPER)
    canvas = Canvas(fig)
    families = [list(group) for _, group in itertools.groupby(records, key=lambda r: r.family)]
    tones = [_tone(i, len(families)) for i in range(len(families))]
    _title(canvas, len(records))
    width, height = WIDTH - 2 * _MARGIN + _GAP, HEIGHT - _TOP - _FOOT - _MARGIN
    plan = grid([len(f) for f in families], width, height, (_GAP, _HEADING + _NAME + _FORMULA))
    cell, row = width / plan.columns, height / plan.rows
    for record, spot in zip(itertools.chain(*families), plan.spots, strict=True):
        x, top = _MARGIN + spot.column * cell, HEIGHT - _TOP - spot.row * row
        _cell(canvas, record, tones[spot.family], x, top, cell - _GAP, row)
    _headings(canvas, families, tones, plan.spots, cell, row)
    legend(canvas, WIDTH - _MARGIN - 2 * COLUMN, HEIGHT - _MARGIN)


def _headings(
    canvas: Canvas,
    families: Sequence[Sequence[Record]],
    tones: Sequence[Tone],
    spots: Sequence[Spot],
    cell: float,
    row: float,
) -> None:
    """A rule over the panels of each family, with its name where it begins."""
    for (family, line), group in itertools.groupby(spots, key=lambda s: (s.family, s.row)):
        columns = [spot.column for spot in group]
        y = HEIGHT - _TOP - line * row - _HEADING + 7
        start = _MARGIN + columns[0] * cell
        end = _MARGIN + (columns[-1] + 1) * cell - _GAP
        canvas.line((start, end), (y, y), tones[family].deep, 1.6, flat=True)
        if line == min(s.row for s in spots if s.family == family):
            name, note = heading(families[family][0])
            canvas.text(start, y + 6, name, 14, tones[family].deep, weight="bold")
            after = start + outline(name, 14, "bold").width + 12
            canvas.text(after, y + 6, note, 12, SOFT, style="italic")


def _cell(
    canvas: Canvas, record: Record, tone: Tone, x: float, top: float, width: float, row: float
) -> None:
    name = top - _HEADING - _NAME + 5
    bottom = top - row + _FORMULA
    canvas.text(x, name, record.name, _fit(record.name, 12.5, width), INK, weight="bold")
    _parameters(canvas, record, x, name, width)
    frame = Frame(x, bottom, width, name - 6 - bottom)
    panel(canvas, frame, content(record, _REACH), tone)
    made = fitted(record.latex, record.formula, _SIZE, width + 0.4 * _GAP, _FORMULA - 9)
    canvas.outline(x, bottom - 7 - max(made.ascent, 0.75 * _SIZE), made, INK)


def _parameters(canvas: Canvas, record: Record, x: float, y: float, width: float) -> None:
    """The values drawn, beside the name, where there is room for them."""
    if not record.parameters:
        return
    symbols = {name: p.symbol for name, p in record.parameters.items() if p.symbol}
    said = [
        f"{language.latex(language.parse(name, (name,)), symbols)} = {p.value:.3g}"
        for name, p in record.parameters.items()
    ]
    made = formula(r",\, ".join(said), 10)
    if made.width + outline(record.name, 12.5, "bold").width + 8 <= width:
        canvas.outline(x + width - made.width, y, made, SOFT)


def _fit(text: str, size: float, width: float) -> float:
    return size * min(1.0, 0.97 * width / outline(text, size, "bold").width)


def _title(canvas: Canvas, count: int) -> None:
    y = HEIGHT - _MARGIN - 42
    canvas.text(_MARGIN - 3, y, "Activation functions", 58, INK)
    said = f"{count} ways for a neuron to answer, each with its slope"
    canvas.text(_MARGIN, y - 34, said, 18, SOFT, style="italic")
    canvas.text(
        _MARGIN,
        _MARGIN - 12,
        "Each panel is drawn from one formula, its parameters at their defaults; slopes, dead "
        "regions, kinks and asymptotes are computed from it.   actscope",
        11,
        SOFT,
    )


@lru_cache(maxsize=64)
def _tone(index: int, count: int) -> Tone:
    """Hues around the circle, alike in lightness and strength."""
    hue = (0.60 + index / count) % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, 0.34, 0.54)
    deep = (red, green, blue)
    return Tone(_mix(deep, 1.0), _mix(deep, 0.5), _mix(deep, 0.09), _mix(deep, 0.2))


def _mix(color: tuple[float, float, float], share: float) -> str:
    """So much of a colour on the paper."""
    paper = [int(PAPER[i : i + 2], 16) for i in (1, 3, 5)]
    mixed = [round(share * 255 * c + (1 - share) * p) for c, p in zip(color, paper, strict=True)]
    return "#" + "".join(f"{c:02x}" for c in mixed)
