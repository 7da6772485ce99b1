"""A report's pictures of units: bars of shares, and every unit as a small cell.

No state is told by colour alone: bars have their numbers beside them, cells their own shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from actscope import render
from actscope.diagnosis._report import SiteHealth
from actscope.diagnosis._units_shown import AWAKE, STATES, counts, share, states, worst_first
from actscope.render import FAINT, INK, MUTED, Axes, Figure, Markup
from actscope.render._style import SERIES

COLORS = (SERIES[7][0], SERIES[1][0], SERIES[3][0], SERIES[0][0], FAINT)
# Rows of bars, and cells of one site and of all, that a page can hold and a person look at.
BARS, CELLS, ALL_CELLS = 40, 1024, 6000
# (cells in a row, pixels from cell to cell), on a wide page and on a phone
GRIDS = (64, 13), (32, 11)


@dataclass(frozen=True)
class Picture:
    """A picture and the sentence that says what to see."""

    caption: str
    picture: Markup


def wide_and_narrow(
    draw: Callable[[Figure, bool], None],
    heights: tuple[float, float],
    title: str,
    description: str,
    *,
    arrange: bool = True,
) -> Markup:
    """The same picture in two widths; the style sheet shows the one that fits."""
    made = [
        render.element(
            "div",
            render.picture(
                lambda fig, n=narrow: draw(fig, n), width, height,
                title=title, description=description, arrange=arrange,
            ),
            class_="narrow" if narrow else "wide",
        )
        for width, height, narrow in ((860.0, heights[0], False), (350.0, heights[1], True))
    ]  # fmt: skip
    return render.element("div", made)


def _words(site: SiteHealth, empty: str = "all awake") -> str:
    told = [
        f"{STATES[state].name} {share(count / (site.units or 1))}"
        for state, count in enumerate(counts(site)[:AWAKE])
        if count
    ]
    return ", ".join(told) or empty


def bars(sites: Sequence[SiteHealth]) -> Picture | None:
    """Share of units in each state, a bar for each site, in the model's order."""
    shown = worst_first(sites, BARS)
    if not shown:
        return None

    def draw(fig: Figure, narrow: bool) -> None:
        ax = fig.add_subplot()
        ax.grid(axis="y", visible=False)
        for y, site in enumerate(shown):
            _bar(ax, y, site, 0.45 if narrow else 0.6)
            _beside(ax, y, _words(site), narrow)
        labels = [render.label(site.name, 16 if narrow else 34) for site in shown]
        ax.set_yticks(range(len(shown)), labels)
        for tick in ax.get_yticklabels():
            tick.set_color(INK)
        ax.set_xlim(0, 1.0 if narrow else 1.45)
        ax.set_ylim(len(shown) - 0.3, -0.8 if narrow else -0.6)
        ax.set_xticks([0, 0.5, 1] if narrow else [0, 0.25, 0.5, 0.75, 1])
        ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        ax.set_xlabel("of the site's units")

    height = 60 + 24 * len(shown)
    spoken = "; ".join(f"{render.label(site.name)}: {_words(site)}" for site in shown)
    caption = "The share of each site's units that is in trouble: coloured, and named beside it."
    if len(shown) < len(sites):
        caption += f" The {len(shown)} of {len(sites)} sites most in trouble."
    picture = wide_and_narrow(
        draw, (height, 60 + 46 * len(shown)), "Units in trouble at each site", spoken
    )
    return Picture(caption, picture)


def _bar(ax: Axes, y: float, site: SiteHealth, thick: float) -> None:
    left = 0.0
    for state, count in enumerate(counts(site)):
        width = count / (site.units or 1)
        if width:
            height = thick / 2 if state == AWAKE else thick
            ax.barh(y, width, left=left, height=height, color=COLORS[state], linewidth=0)
        left += width


def _beside(ax: Axes, y: float, words: str, narrow: bool) -> None:
    x, dy = (0.0, 0.42) if narrow else (1.02, 0.0)
    ax.annotate(
        words, (x, y - dy), color=MUTED, fontsize=10.5, va="center",
        xytext=(0 if narrow else 6, 0), textcoords="offset points",
    )  # fmt: skip


# --- every unit


def raster(sites: Sequence[SiteHealth]) -> Picture | None:
    """Every unit of the sites most in trouble."""
    shown: list[tuple[SiteHealth, list[int], int]] = []
    room = ALL_CELLS
    for site in worst_first(sites, BARS):
        cells, each = _cells(states(site))
        if len(cells) <= room and any(cell != AWAKE for cell in cells):
            room -= len(cells)
            shown.append((site, cells, each))
    if not shown:
        return None

    def rows(narrow: bool) -> Iterator[tuple[SiteHealth, list[int], float]]:
        """(site, cells, top of its cells)."""
        (columns, pitch), top = GRIDS[narrow], 0.0
        for site, cells, _ in shown:
            yield site, cells, top + 22
            top += 22 + pitch * -(-len(cells) // columns) + 12

    def height(narrow: bool) -> float:
        _, cells, top = list(rows(narrow))[-1]
        columns, pitch = GRIDS[narrow]
        return top + pitch * -(-len(cells) // columns) + 4

    def draw(fig: Figure, narrow: bool) -> None:
        width, (columns, pitch) = 350.0 if narrow else 860.0, GRIDS[narrow]
        ax = fig.add_axes((0, 0, 1, 1))
        ax.set_axis_off()
        ax.set_xlim(0, width)
        ax.set_ylim(height(narrow), 0)
        for site, cells, top in rows(narrow):
            label = f"{render.label(site.name, 24 if narrow else 60)}  {_words(site)}"
            ax.text(0, top - 7, label, color=INK, fontsize=10.5, va="baseline")
            for state in range(len(STATES)):
                at = [n for n, cell in enumerate(cells) if cell == state]
                if at:
                    places = [(pitch * (n % columns), top + pitch * (n // columns)) for n in at]
                    _shapes(ax, state, places, pitch / 10)

    most = max(each for _, _, each in shown)
    caption = "Each cell is a unit; " + "; ".join(
        f"{shape}: {STATES[state].name}" for state, (shape, _) in enumerate(_SHAPES)
    )
    caption += "."
    if most > 1:
        caption += f" Where a site has many units, a cell is the worst of up to {most} neighbours."
    spoken = "; ".join(f"{render.label(site.name)}: {_words(site)}" for site, _, _ in shown)
    picture = wide_and_narrow(
        draw, (height(False), height(True)), "Every unit", spoken, arrange=False
    )
    return Picture(caption, picture)


def _cells(units: Sequence[int]) -> tuple[list[int], int]:
    """(one state a cell, units a cell)."""
    each = -(-len(units) // CELLS)
    return [min(units[n : n + each]) for n in range(0, len(units), each)], each


# Corners in a cell of 10: full square, triangle, diamond, bar, dot.
_SHAPES: tuple[tuple[str, tuple[tuple[float, float], ...]], ...] = (
    ("a full square", ((1, 1), (9, 1), (9, 9), (1, 9))),
    ("a triangle", ((1, 1), (9, 1), (5, 9))),
    ("a diamond", ((5, 0.5), (9.5, 5), (5, 9.5), (0.5, 5))),
    ("a bar", ((1, 3.5), (9, 3.5), (9, 6.5), (1, 6.5))),
    ("a dot", ((3.5, 3.5), (6.5, 3.5), (6.5, 6.5), (3.5, 6.5))),
)


def _shapes(ax: Axes, state: int, places: Sequence[tuple[float, float]], size: float) -> None:
    """All cells of one state as one path."""
    corners = _SHAPES[state][1]
    render.filled(
        ax,
        [[(x + size * dx, y + size * dy) for dx, dy in corners] for x, y in places],
        COLORS[state],
    )
