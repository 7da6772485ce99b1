"""Pictures as files: one typeface, the same bytes each time, SVG, PNG and PDF."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ._formula import FAMILY
from ._style import FAINT, GRID, INK, MUTED
from ._text import label

if TYPE_CHECKING:  # matplotlib takes most of a second to import: only who draws pays
    from matplotlib.figure import Figure

ENDINGS = (".svg", ".png", ".pdf")
_SVG = "http://www.w3.org/2000/svg"
_FALLBACK = f"{FAMILY}, 'STIX Two Text', 'Times New Roman', Times, serif"
_SETTINGS: dict[str, Any] = {
    "figure.facecolor": "#ffffff",
    "axes.facecolor": "none",
    "figure.dpi": 72,
    "font.family": [FAMILY],
    "mathtext.fontset": "stix",
    "font.size": 13,
    "text.color": INK,
    "text.parse_math": False,  # a user's "$" is a dollar, not a formula
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 15,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.spines.bottom": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 2.4,
    "lines.solid_capstyle": "round",
    "lines.solid_joinstyle": "round",
    "svg.fonttype": "none",  # real text: sharp, searchable, and every reader has Times
    "svg.hashsalt": "actscope",
    "pdf.fonttype": 42,
}


@contextlib.contextmanager
def _style() -> Iterator[None]:
    """Our settings on matplotlib's defaults, whatever the user has set; theirs come back."""
    import matplotlib.style

    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        # A name in a script that our font lacks is measured wrongly but shown by the browser.
        warnings.filterwarnings("ignore", message=r".*(Glyph .*missing|not currently supported).*")
        yield


def sheet(draw: Callable[[Figure], object], width: float, height: float) -> Figure:
    """A matplotlib figure that `draw` has filled, in the style of our files.

    It belongs to nobody's list of open figures, so there is nothing to close.

    Args:
        draw: puts axes and marks on the empty figure that it is given.
        width, height: in points (1/72 inch).
    """
    with _style():
        from ._picture import Picture

        fig = Picture(figsize=(width / 72, height / 72))
        draw(fig)
        return fig


def file_bytes(
    fig: Figure, ending: str, *, title: str, description: str = "", dpi: float = 200
) -> bytes:
    """A figure as the content of a file, the same bytes each time.

    Args:
        ending: one of `ENDINGS`.
        title, description: what the picture shows, for who cannot see it (SVG) and for lists
            of documents (PDF).
        dpi: pixels per inch of a PNG.
    """
    buffer = io.BytesIO()
    with _style():
        face = fig.get_facecolor()
        if ending == ".svg":
            fig.savefig(buffer, format="svg", facecolor=face)
            return _accessible(buffer.getvalue().decode(), title, description)
        if ending == ".pdf":
            about = {"Title": title, "CreationDate": None, "Creator": "actscope", "Producer": None}
            fig.savefig(buffer, format="pdf", facecolor=face, metadata=about)
        else:
            about = {"Title": title, "Software": "actscope"}
            fig.savefig(buffer, format="png", dpi=dpi, facecolor=face, metadata=about)
    return buffer.getvalue()


def _accessible(source: str, title: str, description: str) -> bytes:
    """Matplotlib's SVG with a title, fonts that every reader has, short numbers and no date."""
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", source, count=1))
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    for element in root.iter():
        for key in ("d", "transform", "x", "y"):
            if key in element.attrib:
                element.set(key, _shorten(element.attrib[key], 2 if key == "d" else 4))
        style = element.get("style", "")
        if FAMILY in style:
            element.set("style", re.sub(f"'?{FAMILY}'?", _FALLBACK, style))
    root.set("role", "img")
    root.set("aria-labelledby", "title description")
    for tag, text in (("desc", description or title), ("title", title)):
        element = ET.Element(
            f"{{{_SVG}}}{tag}", {"id": "title" if tag == "title" else "description"}
        )
        element.text = label(text, None)
        root.insert(0, element)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _shorten(numbers: str, digits: int) -> str:
    """A hundredth of a point is enough, and a third of the bytes."""
    rounded = re.sub(
        r"-?\d+\.\d+", lambda m: f"{float(m[0]):.{digits}f}".rstrip("0").rstrip("."), numbers
    )
    return " ".join(rounded.split())
