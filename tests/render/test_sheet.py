"""Figures as files: fonts that every reader has, titles, our style whatever the user's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib
import pytest
from matplotlib.figure import Figure

from actscope.render import ENDINGS, Canvas, file_bytes, formula, sheet

NS = "{http://www.w3.org/2000/svg}"


def _draw(fig: Figure) -> None:
    canvas = Canvas(fig)
    canvas.box(10, 10, 50, 20, "#ff0000")
    canvas.box(10, 10, 50, 20, "#ff0000", round_=3)
    canvas.line((0, 72), (0, 36), "#00ff00", 2, dash=(1, 2))
    canvas.dot(30, 20, 4, "#0000ff", "#000000", 1)
    canvas.text(5, 40, "a $5 <b>", 12, weight="bold")
    canvas.outline(5, 5, formula("x^2", 10))


def _svg(title: str = "A & b") -> ET.Element:
    return ET.fromstring(file_bytes(sheet(_draw, 144, 72), ".svg", title=title, description="Two."))


def test_svg_has_real_text_a_title_and_fallback_fonts() -> None:
    root = _svg()
    assert root.get("viewBox") == "0 0 144 72"
    (text,) = root.iter(f"{NS}text")
    assert "".join(text.itertext()) == "a $5 <b>"
    assert re.search(r"STIXGeneral, .*Times", text.get("style") or "")
    labelled = (root.get("aria-labelledby") or "").split()
    texts = {e.get("id"): e.text for e in root.iter() if e.get("id")}
    assert [texts[i] for i in labelled] == ["A & b", "Two."]
    assert root.find(f"{NS}metadata") is None


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_bytes_whatever_the_users_settings(ending: str) -> None:
    first = file_bytes(sheet(_draw, 144, 72), ending, title="t")
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "x", "text.parse_math": True}):
        assert file_bytes(sheet(_draw, 144, 72), ending, title="t") == first


def test_points_are_points() -> None:
    fig = sheet(_draw, 144, 72)
    canvas = Canvas(fig)
    assert (canvas.width, canvas.height) == (144, 72)
    line = next(a for a in fig.artists if hasattr(a, "get_xydata"))
    corners = line.get_transform().transform([(0, 0), (72, 36)])
    assert corners.tolist() == [[0, 0], [72, 36]]  # at 72 dots per inch
    fig.dpi = 144
    assert line.get_transform().transform((72, 36)).tolist() == [144, 72]


def test_later_marks_lie_on_top() -> None:
    layers = [a.get_zorder() for a in sheet(_draw, 144, 72).artists]
    assert layers == sorted(set(layers))


def test_png_has_the_dots_asked_for() -> None:
    head = file_bytes(sheet(_draw, 144, 72), ".png", title="t", dpi=100)[:24]
    assert int.from_bytes(head[16:20], "big") == 200
