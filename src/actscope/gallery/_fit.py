"""Formulas made to fit a small place, by the mildest means that is enough."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from actscope.render import Outline, formula, outline, scaled, stacked

_SCALES = (1.0, 0.93, 0.86, 0.8)
_LEADING = 4.0
_BREAKS = re.compile(r" (?=\+ |- |\\, |\\cdot )")


def fitted(latex: str, text: str, size: float, width: float, height: float) -> Outline:
    """A formula at most so wide and high.

    Tried in this order: as it is; shorter words and numbers; a little smaller; two lines; as
    small as it must be. What mathtext cannot set is shown as `text`.
    """
    made: list[Outline] = []
    for scales, ways in ((_SCALES[:3], _whole), (_SCALES, _in_two), (_SCALES, _whole)):
        for scale in scales:
            for one in ways(latex, text, size * scale):
                if _excess(one, width, height) <= 1:
                    return one
                made.append(one)
    best = min(made, key=lambda one: _excess(one, width, height))
    return scaled(best, 1 / _excess(best, width, height))


def _excess(made: Outline, width: float, height: float) -> float:
    return max(made.width / width, (made.ascent + made.descent) / height)


def _whole(latex: str, text: str, size: float) -> Iterator[Outline]:
    """From the fullest to the tersest form."""
    try:
        for one in dict.fromkeys((latex, _shorter_words(latex), _short(latex))):
            yield formula(one, size)
    except ValueError:  # what mathtext cannot set
        yield outline(text, size, style="italic")


def _in_two(latex: str, text: str, size: float) -> Iterator[Outline]:
    for first, second in _broken(_short(latex)):
        with contextlib.suppress(ValueError):
            yield stacked([formula(first, size), formula(second, size)], _LEADING)


def _shorter_words(latex: str) -> str:
    return latex.replace("{otherwise}", "{else}")


def _short(latex: str) -> str:
    """With two decimals where not all digits stand anyway."""
    return re.sub(r"(\d\.\d\d)\d+(\\ldots)", r"\1\2", _shorter_words(latex))


def _broken(latex: str) -> list[tuple[str, str]]:
    """The formula as two lines, broken at a sign or factor: outside brackets, or inside."""
    if r"\begin" in latex:
        return []
    plain = re.sub(r"\\(left|right)(?=[()])", "", latex)  # a pair must not be torn
    pairs = [(text[: at.start()], text[at.end() :], text) for text in dict.fromkeys((latex, plain))
             for at in _BREAKS.finditer(text)]  # fmt: skip
    found = [
        (before, re.sub(r"^\\, ", "", after))
        for before, after, text in pairs
        if _level(before) == 0 and (text is plain or before.count("(") == before.count(")"))
    ]
    return sorted(found, key=lambda pair: max(map(len, pair)))


def _level(latex: str) -> int:
    """How many braces and stretched brackets are open at the end."""
    opened = len(re.findall(r"(?<!\\)\{|\\left\b", latex))
    return opened - len(re.findall(r"(?<!\\)\}|\\right\b", latex))
