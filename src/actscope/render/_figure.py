"""Matplotlib to inline SVG: no global state, the same bytes each time, light and dark."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ._html import Markup
from ._style import GRID, INK, MUTED, variable_of
from ._text import label

if TYPE_CHECKING:  # matplotlib takes most of a second to import: only who draws pays
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure
else:
    Axes = Figure = Any

_SETTINGS: dict[str, Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "figure.dpi": 72,  # one SVG unit is one CSS pixel
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so the layout is the same everywhere
    "font.size": 12,
    "text.color": INK,
    "text.parse_math": False,  # a user's "$" is a dollar, not a formula
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 2,
    "svg.fonttype": "none",  # real text: sharp, selectable, read aloud, in the page's own font
    "svg.hashsalt": "actscope",
}
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"


@contextlib.contextmanager
def _style() -> Iterator[None]:
    """Our settings on matplotlib's defaults, whatever the user has set; theirs come back."""
    import matplotlib.style

    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        # A name in a script that our font lacks is measured wrongly but shown by the browser.
        warnings.filterwarnings("ignore", message=r".*(Glyph .*missing|not currently supported).*")
        yield


def picture(
    draw: Callable[[Figure], object],
    width: float,
    height: float,
    *,
    title: str,
    description: str,
    arrange: bool = True,
) -> Markup:
    """A picture as self-contained inline SVG.

    Args:
        draw: puts axes and marks on the empty figure that it is given.
        width, height: in CSS pixels at full size; the picture shrinks to its container.
        title: what it shows, in a few words; read aloud in place of the picture.
        description: the same in a sentence or two, with the numbers that matter.
        arrange: fit axes to their labels; False (twice as fast) when `draw` places them.
    """
    with _style():
        from matplotlib.figure import Figure

        fig = Figure(figsize=(width / 72, height / 72), layout="constrained" if arrange else None)
        draw(fig)
        return figure_svg(fig, title=title, description=description)


def figure_svg(fig: Figure, *, title: str = "", description: str = "") -> Markup:
    """A matplotlib figure as self-contained inline SVG, deterministic, without fixed size.

    Colours of the palette become CSS variables with themselves as fallback, so the picture
    follows light and dark; text stays text. `title` and `description` are for who cannot see.
    """
    buffer = io.StringIO()
    with _style():
        from matplotlib.backends.backend_svg import FigureCanvasSVG

        # savefig would draw everything twice, to settle layouts that are settled in one drawing
        FigureCanvasSVG(fig).print_svg(buffer, metadata={"Date": None})
    return _inline(buffer.getvalue(), label(title or "Picture", None), description)


def filled(ax: Axes, shapes: Sequence[Sequence[tuple[float, float]]], color: str) -> None:
    """Many small closed shapes, given by their corners, as one mark."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    paths = [Path([*shape, shape[0]], closed=True) for shape in shapes]
    ax.add_patch(PathPatch(Path.make_compound_path(*paths), facecolor=color, linewidth=0))


def _inline(source: str, title: str, description: str) -> Markup:
    """Matplotlib's document as an element: no prologue, no metadata, no style for the page."""
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", source, count=1))
    # Several pictures share one page: their ids must differ, and the same picture keeps its own.
    prefix = f"a{zlib.crc32((title + source).encode('utf-8', 'replace')):08x}"
    colors = variable_of()
    referenced = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', source))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.tail = None
        if element.tag != "text":
            element.text = None
        attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        element.attrib.clear()
        for key, value in attributes.items():
            if (key == "id" and value not in referenced) or value.startswith("rotate(-0 "):
                continue
            element.set(key, _rewrite(key, value, prefix, colors))
    _prune(root)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    width, height = root.attrib["viewBox"].split()[2:]
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.set(
        "style", f"width:100%;max-width:{width}px;aspect-ratio:{width}/{height};font-family:{_FONT}"
    )
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-t {prefix}-d" if description else f"{prefix}-t")
    if description:
        _text_element(root, "desc", f"{prefix}-d", label(description, None))
    _text_element(root, "title", f"{prefix}-t", title)
    return Markup(ET.tostring(root, encoding="unicode", short_empty_elements=False))


def _text_element(root: ET.Element, tag: str, identity: str, text: str) -> None:
    element = ET.Element(tag, {"id": identity})
    element.text = text
    root.insert(0, element)


def _prune(element: ET.Element) -> None:
    """Drop metadata, style sheets (they would apply to the whole page) and empty groups."""
    for child in list(element):
        _prune(child)
        empty = child.tag in ("g", "defs") and len(child) == 0
        if child.tag in ("metadata", "style") or empty:
            element.remove(child)


def _rewrite(key: str, value: str, prefix: str, colors: dict[str, str]) -> str:
    if key == "id":
        return f"{prefix}-{value}"
    if key == "href" and value.startswith("#"):
        return f"#{prefix}-{value[1:]}"
    if key == "clip-path":
        return value.replace("url(#", f"url(#{prefix}-")
    if key == "d":
        return _shorten(value)
    if key == "style":
        value = re.sub(r"font-family:[^;]*;? ?", "", value)  # the root's is inherited
        return re.sub(r"#[0-9a-f]{6}", lambda m: colors.get(m[0], m[0]), value)
    return value


def _shorten(path: str) -> str:
    """A path with two decimals: a hundredth of a pixel is enough, and a third of the bytes."""
    rounded = re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), path)
    return " ".join(rounded.split())
