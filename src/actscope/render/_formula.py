"""LaTeX as outlines: what matplotlib's mathtext knows, and cases, which it does not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from matplotlib.path import Path

Weight: TypeAlias = Literal["normal", "bold"]
Style: TypeAlias = Literal["normal", "italic"]
FAMILY = "STIXGeneral"  # comes with matplotlib; its widths are those of Times, which all have
_Part: TypeAlias = str | list[list[str]]  # a text for mathtext, or the rows of cases
_OPEN, _CLOSE = r"\begin{cases}", r"\end{cases}"
_SPELLINGS = {  # mathtext lacks some names, and its stretched bars are too small
    r"\\text\b": r"\\mathrm",
    r"\\le\b": r"\\leq",
    r"\\ge\b": r"\\geq",
    r"\\(left|right)\|": "|",
    r"\+ -(?=\S)": "- ",
}
_GAP, _LEADING, _COLUMN = 0.16, 0.27, 0.7  # in units of the size: beside and between rows
_BRACES = (FAMILY, *(f"STIXSize{n}Sym" for n in ("One", "Two", "Three", "Four")))


@dataclass(frozen=True)
class Outline:
    """A text or formula as one closed path, its origin at the left end of the baseline.

    width, ascent, descent: in points; both heights are measured from the baseline, upward
        and downward.
    """

    path: Path
    width: float
    ascent: float
    descent: float


def formula(latex: str, size: float) -> Outline:
    """A formula of the catalogue's LaTeX (mathtext plus `cases`) as an outline.

    >>> short = formula("x", 10)
    >>> cases = formula(r"\\begin{cases} x & x > 0 \\\\ 0 & \\text{otherwise} \\end{cases}", 10)
    >>> cases.width > short.width, cases.descent > 0
    (True, True)

    Raises:
        ValueError: LaTeX that mathtext cannot set (cases inside a fraction, say).
    """
    return _row(_parts(latex.strip()), size)


def outline(text: str, size: float, weight: Weight = "normal", style: Style = "normal") -> Outline:
    """A plain text as an outline; also the way to measure one."""
    return _measured(_glyphs(text, size, weight, style))


def _parts(latex: str) -> list[_Part]:
    """The LaTeX in order: texts for mathtext, and cases as rows of cells."""
    start = latex.find(_OPEN)
    if start < 0:
        return [latex] if latex.strip() else []
    depth, end = 0, start
    for found in re.finditer(re.escape(_OPEN) + "|" + re.escape(_CLOSE), latex):
        depth += 1 if found[0] == _OPEN else -1
        if depth == 0:
            end = found.end()
            break
    inside = latex[start + len(_OPEN) : end - len(_CLOSE)]
    rows = [_top_level(row, "&") for row in _top_level(inside, r"\\")]
    before = [latex[:start]] if latex[:start].strip() else []
    return [*before, rows, *_parts(latex[end:])]


def _top_level(latex: str, separator: str) -> list[str]:
    """Split where no inner cases are open."""
    pieces, depth = [""], 0
    pattern = f"({re.escape(_OPEN)}|{re.escape(_CLOSE)}|{re.escape(separator)})"
    for part in re.split(pattern, latex):
        depth += (part == _OPEN) - (part == _CLOSE)
        if part == separator and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += part
    return [piece.strip() for piece in pieces]


def _row(parts: Sequence[_Part], size: float, large: bool = True) -> Outline:
    made = [_math(p, size, large) if isinstance(p, str) else _cases(p, size) for p in parts]
    placed, x, gap = [], 0.0, 0.0
    for part, piece in zip(parts, made, strict=True):
        placed.append(_moved(piece, x, 0.0))
        # after the last condition of cases a "+ b" needs more air than a factor before a brace
        gap = (_GAP if isinstance(part, str) else 3 * _GAP) * size
        x += piece.width + gap
    return _joined(placed, x - gap) if placed else _math("", size, large)


def _cases(rows: list[list[str]], size: float) -> Outline:
    cells = [[_row(_parts(cell), size, large=False) for cell in row] for row in rows]
    wide = max(row[0].width for row in cells)
    tall = [
        (max(c.ascent for c in row), max(max(c.descent for c in row), 0.2 * size)) for row in cells
    ]
    height = sum(a + d for a, d in tall) + _LEADING * size * (len(rows) - 1)
    middle = 0.25 * size  # where fractions and minus signs sit
    brace = _brace(height + 0.2 * size, size)
    placed = [_moved(brace, 0.0, middle - (brace.ascent - brace.descent) / 2)]
    left = brace.width + 0.75 * _GAP * size
    top, width = middle + height / 2, 0.0
    for row, (ascent, descent) in zip(cells, tall, strict=True):
        base = top - ascent
        placed.append(_moved(row[0], left, base))
        for cell in row[1:]:
            placed.append(_moved(cell, left + wide + _COLUMN * size, base))
            width = max(width, left + wide + _COLUMN * size + cell.width)
        top = base - descent - _LEADING * size
    return _joined(placed, max(width, left + wide))


def _brace(height: float, size: float) -> Outline:
    """The smallest left brace that is high enough, stretched the rest of the way."""
    from matplotlib.transforms import Affine2D

    made = [_measured(_glyphs("{", size, family=family)) for family in _BRACES]
    heights = [brace.ascent + brace.descent for brace in made]
    best = next((i for i, h in enumerate(heights) if h >= 0.8 * height), len(made) - 1)
    return _measured(made[best].path.transformed(Affine2D().scale(1.0, height / heights[best])))


def _math(latex: str, size: float, large: bool) -> Outline:
    for pattern, known in _SPELLINGS.items():
        latex = re.sub(pattern, known, latex)
    if latex.startswith(("+ ", "- ")):
        latex = "{} " + latex  # a sign between two terms, not of one
    # several rows leave no room for fractions, and small ones cannot be read
    set_ = _large_fractions(latex) if large else _slashed(latex)
    return _measured(_glyphs(set_, size, math=True))


def _large_fractions(latex: str) -> str:
    r"""Fractions at full size, but on one line in exponents.

    >>> print(_large_fractions(r"\frac{x}{2} + e^{\frac{x}{2}}"))
    \dfrac{x}{2} + e^{x/2}
    """
    made, rest = "", latex
    while (start := rest.find("^{")) >= 0:
        end = _closing(rest, start + 1)
        made += rest[: start + 2] + _slashed(rest[start + 2 : end])
        rest = rest[end:]
    return (made + rest).replace(r"\frac", r"\dfrac")


def _slashed(latex: str) -> str:
    r"""Fractions on one line.

    >>> print(_slashed(r"\frac{x + 1}{2 \, b} + e^{\frac{x}{2}}"))
    (x + 1)/(2 \, b) + e^{x/2}
    >>> print(_slashed(r"\frac{a}{b} \, x"))
    (a/b) \, x
    """
    start = latex.find(r"\frac{")
    if start < 0:
        return latex
    middle = _closing(latex, start + 5)
    end = _closing(latex, middle + 1)
    top, bottom = _slashed(latex[start + 6 : middle]), _slashed(latex[middle + 2 : end])
    if re.search(r" [+-] ", _outside(top)):
        top = f"({top})"
    if " " in _outside(bottom):
        bottom = f"({bottom})"
    whole, after = f"{top}/{bottom}", _slashed(latex[end + 1 :])
    if re.match(r" \\(,|cdot)", after):  # a/b x would be read as a/(b x)
        whole = f"({whole})"
    return f"{latex[:start]}{whole}{after}"


def _outside(latex: str) -> str:
    """What stands in no brackets or braces."""
    while (inner := re.sub(r"[({][^(){}]*[)}]", "", latex)) != latex:
        latex = inner
    return latex


def _closing(latex: str, at: int) -> int:
    """Where the brace that opens at a place closes."""
    depth = 0
    for i in range(at, len(latex)):
        depth += (latex[i] == "{") - (latex[i] == "}")
        if depth == 0:
            return i
    raise ValueError(f"a brace is not closed in {latex!r}")


@lru_cache(maxsize=4096)
def _glyphs(
    text: str,
    size: float,
    weight: Weight = "normal",
    style: Style = "normal",
    math: bool = False,
    family: str = FAMILY,
) -> Path:
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=family, weight=weight, style=style, math_fontfamily="stix")
    # not TextPath: whether that reads "$" depends on the settings of the moment
    vertices, codes = text_to_path.get_text_path(font, f"${text}$" if math else text, ismath=math)
    scaled = np.asarray(vertices, dtype=float).reshape(-1, 2) * (size / text_to_path.FONT_SCALE)
    return Path(scaled, codes)


def _measured(path: Path) -> Outline:
    if not np.size(path.vertices):
        return Outline(path, 0.0, 0.0, 0.0)
    box = path.get_extents()
    from matplotlib.transforms import Affine2D

    flush = path.transformed(Affine2D().translate(-box.x0, 0))
    return Outline(flush, float(box.width), float(box.y1), float(-box.y0))


def _moved(piece: Outline, x: float, y: float) -> Outline:
    from matplotlib.transforms import Affine2D

    path = piece.path.transformed(Affine2D().translate(x, y))
    return Outline(path, piece.width, piece.ascent + y, piece.descent - y)


def scaled(made: Outline, factor: float) -> Outline:
    """The outline in another size."""
    from matplotlib.transforms import Affine2D

    return _measured(made.path.transformed(Affine2D().scale(factor)))


def _joined(pieces: Sequence[Outline], width: float) -> Outline:
    from matplotlib.path import Path

    # make_compound_path would drop the closing of each glyph
    vertices = np.concatenate([p.path.vertices for p in pieces])
    codes = np.concatenate([p.path.codes for p in pieces if p.path.codes is not None])
    return Outline(
        Path(vertices, codes), width, max(p.ascent for p in pieces), max(p.descent for p in pieces)
    )


def stacked(lines: Sequence[Outline], leading: float) -> Outline:
    """Outlines one below the other, `leading` points apart; the first one's baseline counts."""
    placed, y = [lines[0]], 0.0
    for above, line in itertools.pairwise(lines):
        y -= above.descent + leading + line.ascent
        placed.append(_moved(line, 0.0, y))
    return _joined(placed, max(line.width for line in lines))
