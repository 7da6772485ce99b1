"""Drawing in points on a figure: for pictures that lay out everything themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from ._formula import Outline
from ._style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Canvas:
    """Marks on a figure in points (1/72 inch), y upward from its lower left corner."""

    def __init__(self, fig: Figure) -> None:
        from matplotlib.transforms import Affine2D

        self.figure = fig
        self.width, self.height = (72 * inches for inches in fig.get_size_inches())
        self._layer = 0
        self._points = Affine2D().scale(1 / 72) + fig.dpi_scale_trans

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        color: str,
        width: float,
        *,
        dash: tuple[float, ...] = (),
        flat: bool = False,
    ) -> None:
        """A polyline with round ends, or flat ones where it must not reach over."""
        from matplotlib.lines import Line2D

        self._add(
            Line2D(
                xs,
                ys,
                color=color,
                linewidth=width,
                linestyle=(0, dash) if dash else "-",
                solid_capstyle="butt" if flat else "round",
                solid_joinstyle="round",
            )
        )

    def box(
        self, x: float, y: float, width: float, height: float, color: str, *, round_: float = 0
    ) -> None:
        """A filled rectangle, its lower left corner at (x, y)."""
        from matplotlib.patches import FancyBboxPatch, Rectangle

        if round_:
            style = f"round,pad=0,rounding_size={round_}"
            self._add(FancyBboxPatch((x, y), width, height, boxstyle=style, fc=color, lw=0))
        else:
            self._add(Rectangle((x, y), width, height, facecolor=color, linewidth=0))

    def dot(
        self, x: float, y: float, radius: float, fill: str, edge: str = "none", width: float = 0
    ) -> None:
        """A round mark; an open one is filled with the paper's colour."""
        from matplotlib.patches import Circle

        self._add(Circle((x, y), radius, facecolor=fill, edgecolor=edge, linewidth=width))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        color: str = INK,
        *,
        weight: Literal["normal", "bold"] = "normal",
        style: Literal["normal", "italic"] = "normal",
        align: Literal["left", "center", "right"] = "left",
    ) -> None:
        """A line of text on the baseline y."""
        self._layer += 1  # over what is drawn already, as any other mark
        self.figure.text(
            x,
            y,
            text,
            fontsize=size,
            color=color,
            fontweight=weight,
            fontstyle=style,
            ha=align,
            va="baseline",
            transform=self._points,
            zorder=self._layer,
        )

    def outline(self, x: float, y: float, made: Outline, color: str = INK) -> None:
        """A formula, the left end of its baseline at (x, y)."""
        from matplotlib.patches import PathPatch
        from matplotlib.transforms import Affine2D

        moved = made.path.transformed(Affine2D().translate(x, y))
        self._add(PathPatch(moved, facecolor=color, linewidth=0, gid="formula"))

    def _add(self, artist: Any) -> None:
        artist.set_transform(self._points)
        self._layer += 1  # what is drawn later lies on top, whatever it is
        artist.set_zorder(self._layer)
        self.figure.add_artist(artist)
