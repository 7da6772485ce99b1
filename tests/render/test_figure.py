"""Pictures: the same bytes each time, no trace in matplotlib, nothing that leaves the SVG."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from actscope.render import INK, Markup, element, figure_svg, looks, picture

NS = "{http://www.w3.org/2000/svg}"


def _draw(fig: Figure, name: str = "relu") -> None:
    ax = fig.add_subplot()
    ax.plot([0, 1], [0, 1], color=looks(["relu"])["relu"].color, marker="o")
    ax.set_yticks([0, 1], [name, "b"])
    ax.set_title(name)
    ax.text(0.2, 0.2, name, color=INK)


def _svg(name: str = "relu", title: str = "A picture") -> Markup:
    return picture(lambda f: _draw(f, name), 320, 200, title=title, description="It rises.")


def test_the_same_picture_is_the_same_bytes() -> None:
    assert _svg() == _svg()


def test_the_same_bytes_in_another_process() -> None:
    code = (
        "from actscope.render import picture\n"
        "def draw(fig):\n"
        "    fig.add_subplot().plot([0, 1], [0, 1], marker='o')\n"
        "print(picture(draw, 300, 200, title='a', description='b'))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1
    assert b"<svg" in runs.pop()


def test_it_is_well_formed_named_and_without_fixed_size() -> None:
    root = ET.fromstring(_svg(title="Rise & <fall>"))
    assert root.tag == f"{NS}svg"
    assert root.get("role") == "img"
    labelled = (root.get("aria-labelledby") or "").split()
    texts = {e.get("id"): e.text for e in root.iter() if e.get("id")}
    assert [texts[i] for i in labelled] == ["Rise & <fall>", "It rises."]
    assert root.get("width") is None
    assert root.get("viewBox") == "0 0 320 200"


def test_text_is_text_and_colours_follow_the_mode() -> None:
    svg = _svg()
    words = {e.text for e in ET.fromstring(svg).iter(f"{NS}text")}
    assert {"relu", "b"} <= words
    assert "var(--series-0,#0460ba)" in svg
    assert "var(--ink,#1b1e24)" in svg


def test_references_stay_inside_and_two_pictures_do_not_share_ids() -> None:
    one, two = _svg(), _svg("tanh")
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', one))
    assert used
    assert used <= ids[0]


def test_nothing_that_acts_on_the_page_around_it() -> None:
    svg = _svg()
    tags = {e.tag.removeprefix(NS) for e in ET.fromstring(svg).iter()}
    assert not tags & {"style", "script", "metadata", "image", "foreignObject"}
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=20))
def test_any_name_can_be_drawn_and_stays_text(name: str) -> None:
    from actscope.render import label

    svg = _svg(label(name))
    words = {e.text for e in ET.fromstring(svg).iter(f"{NS}text")}
    assert label(name) in words


@pytest.mark.parametrize("name", ["$\\frac{", "$x$", "<script>alert(1)</script>", "]]>", "活性化"])
def test_names_of_the_worst_kind(name: str) -> None:
    svg = _svg(name)
    assert name in {e.text for e in ET.fromstring(svg).iter(f"{NS}text")}
    assert "<script" not in svg


def test_settings_of_the_user_neither_matter_nor_change() -> None:
    expected = _svg()
    with matplotlib.rc_context({"lines.markersize": 20, "font.size": 30, "svg.fonttype": "path"}):
        before = dict(matplotlib.rcParams)
        assert _svg() == expected
        assert dict(matplotlib.rcParams) == before


def test_matplotlib_is_imported_late_and_pyplot_never() -> None:
    code = (
        "import sys, actscope.render as r\n"
        "assert 'matplotlib' not in sys.modules and 'rich' not in sys.modules\n"
        "r.picture(lambda f: f.add_subplot(), 200, 100, title='a', description='b')\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_figure_of_the_user_can_be_shown() -> None:
    fig = Figure()
    fig.add_subplot().plot([1, 2])
    svg = figure_svg(fig)
    assert element("p", svg).startswith("<p><svg")
