"""Inline SVG written by hand: a picture of the lesson is made anew at each touch of a slider.

Matplotlib needs 25 to 60 ms for such a picture, this 1 ms. Colours are classes of lesson.css, so
a picture follows light and dark; words are real text.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from actscope.render import Markup, element

# The colours of lesson.css by the number of the series in `render`: safe for the colour-blind.
BLUE, ORANGE, GREEN, PURPLE = "c0", "c1", "c2", "c3"
INK, MUTED, FAINT, GRID = "ink", "muted", "faint", "grid"


class Drawing:
    """Marks on a field of `width` x `height` units, y downward from the upper left corner.

    >>> drawing = Drawing(100, 20)
    >>> drawing.text(5, 15, "a < b")
    >>> drawing.svg("A sum", "a and b.").count("a &lt; b")
    1
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._marks: list[Markup] = []

    def line(
        self,
        points: Iterable[Sequence[float]],
        tone: str = INK,
        width: float = 2,
        *,
        dash: str | None = None,
    ) -> None:
        """A polyline in the colour `tone`; `dash` as SVG has it, "5 3"."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add("polyline", f"line {tone}", points=path, stroke_width=width, dash=dash)

    def area(self, points: Iterable[Sequence[float]], tone: str, opacity: float = 0.15) -> None:
        """A filled polygon without an edge."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add("polygon", f"fill {tone}", points=path, fill_opacity=opacity)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        tone: str,
        *,
        opacity: float = 1,
        round_: float = 0,
        edge: bool = False,
    ) -> None:
        """A rectangle: filled, or with an edge alone."""
        kind = "line" if edge else "fill"
        self._add(
            "rect",
            f"{kind} {tone}",
            x=f"{x:.1f}",
            y=f"{y:.1f}",
            width=f"{max(width, 0):.1f}",
            height=f"{max(height, 0):.1f}",
            rx=round_ or None,
            fill_opacity=None if edge else f"{opacity:.3g}",
            stroke_width=2 if edge else None,
        )

    def dot(
        self, x: float, y: float, radius: float, tone: str = INK, *, opacity: float = 1
    ) -> None:
        """A filled circle."""
        place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:.1f}"}
        self._add("circle", f"fill {tone}", **place, fill_opacity=f"{opacity:.3g}")

    def ring(self, x: float, y: float, radius: float, tone: str = INK, width: float = 2) -> None:
        """A circle filled with the paper."""
        place = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{radius:.1f}"}
        self._add("circle", f"ring {tone}", **place, stroke_width=width)

    def cross(self, x: float, y: float, size: float, tone: str = INK, width: float = 2) -> None:
        """An upright x: the mark of what is dead."""
        self.line([(x - size, y - size), (x + size, y + size)], tone, width)
        self.line([(x - size, y + size), (x + size, y - size)], tone, width)

    def text(
        self,
        x: float,
        y: float,
        said: object,
        tone: str = INK,
        *,
        size: float = 14,
        align: str = "start",
        bold: bool = False,
        halo: bool = False,
    ) -> None:
        """A line of text on the baseline y; align: start, middle or end; halo: over lines."""
        classes = f"text {tone}{' bold' if bold else ''}{' halo' if halo else ''}"
        place = {"x": f"{x:.1f}", "y": f"{y:.1f}"}
        self._marks.append(
            element("text", str(said), class_=classes, **place, font_size=size, text_anchor=align)
        )

    def svg(self, title: str, description: str) -> Markup:
        """The picture: `title` names it, `description` says what is seen, with its numbers."""
        # Several pictures share a page; the same place keeps its id, so that a reader of the
        # screen is not thrown back at each touch of a slider.
        key = f"p{zlib.crc32(title.encode()):08x}"
        return Markup(
            f'<svg class="picture" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-labelledby="{key}-t" aria-describedby="{key}-d">'
            f"{element('title', title, id=f'{key}-t')}{element('desc', description, id=f'{key}-d')}"
            f"{''.join(self._marks)}</svg>"
        )

    def _add(self, name: str, classes: str, dash: str | None = None, **attributes: object) -> None:
        self._marks.append(element(name, class_=classes, stroke_dasharray=dash, **attributes))
