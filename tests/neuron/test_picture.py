"""Pictures of neurons and of learning: what they show, and to whom."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import actscope as act
from actscope import Neuron

NS = "{http://www.w3.org/2000/svg}"
MOVIE = Neuron([4, 2, 2], threshold=3, names=["marvel", "theatre", "company"])


def _texts(fig: Figure) -> list[str]:
    return [text.get_text() for text in fig.texts]


def _lines(fig: Figure) -> list[Line2D]:
    """All lines, in the order drawn; their points are in points of the page."""
    lines = [child for child in fig.get_children() if isinstance(child, Line2D)]
    return sorted(lines, key=lambda line: line.get_zorder())


def _weights(fig: Figure, count: int) -> list[Line2D]:
    """The lines from the inputs to the sum: the first that are drawn."""
    lines = _lines(fig)[:count]
    ends = {tuple(np.asarray(line.get_xydata())[-1]) for line in lines}
    assert len(ends) == 1
    return lines


def _svg_texts(svg: str) -> list[str]:
    return ["".join(e.itertext()).strip() for e in ET.fromstring(svg).iter(f"{NS}text")]


def test_names_weights_threshold_and_levels_are_written() -> None:
    shown = _texts(MOVIE.plot())
    for text in ("marvel", "theatre", "company", "4", "2", "Σ", "sum", "step", "threshold 3"):
        assert text in shown
    assert shown.count("2") == 2
    assert {"0", "1"} <= set(shown)  # the levels of a step
    assert "output" in shown
    assert "-1" not in shown


def test_a_row_goes_through() -> None:
    shown = _texts(MOVIE.plot([0, 1, 1]))
    assert "fires" in shown
    assert "4" in shown  # the sum; and the weight
    assert shown.count("4") == 2
    assert "Σ" not in shown
    assert "does not fire" in _texts(MOVIE.plot([0, 1, 0]))
    assert "0.731" in _texts(MOVIE.replace(activation="sigmoid").plot([1, 0, 0]))


def test_lines_tell_size_and_sign_without_colour() -> None:
    fig = Neuron([4, -2, 1]).plot()
    lines = _weights(fig, 3)
    widths = [line.get_linewidth() for line in lines]
    assert widths[0] / widths[1] == pytest.approx(2)
    assert widths[0] / widths[2] == pytest.approx(4)
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-"]
    assert "−2" in _texts(fig)
    assert len({line.get_color() for line in lines}) == 1
    quiet = [line.get_color() for line in _weights(Neuron([4, -2, 1]).plot([1, 0, 1]), 3)]
    assert quiet[0] == quiet[2] != quiet[1]  # what is not there adds nothing


def test_the_point_stands_on_the_curve() -> None:
    """The mark of a row is where the drawn curve is at that sum."""
    fig = MOVIE.replace(activation="sigmoid").plot([1, 0, 0])
    lines = _lines(fig)
    curve = max((np.asarray(line.get_xydata()) for line in lines), key=len)
    drop = np.asarray(lines[-1].get_xydata())  # from the axis up to the point
    height = np.interp(drop[-1, 0], curve[:, 0], curve[:, 1])
    assert drop[-1, 1] == pytest.approx(height, abs=0.5)


def test_many_inputs_and_long_names() -> None:
    shown = _texts(Neuron(range(1, 31), names=[f"{i} " + 30 * "x" for i in range(30)]).plot())
    assert "and 19 more" in shown
    assert max(map(len, shown)) <= 20
    assert "and 1 more" not in "".join(_texts(Neuron([1] * 12).plot()))


@pytest.mark.parametrize(
    "neuron",
    [
        Neuron([0, 0]),
        Neuron([1e308, 1e308]),
        Neuron([1e-320]),
        Neuron([1], threshold=1e308),
        Neuron([1000], activation="exponential"),
        Neuron([1e200], activation="x^3"),
    ],
)
def test_extreme_numbers_are_drawn(neuron: Neuron) -> None:
    row = [1] * len(neuron.weights)
    for fig in (neuron.plot(), neuron.plot(row)):
        points = np.concatenate([np.asarray(line.get_xydata()) for line in _lines(fig)])
        assert np.isfinite(points).all()
        assert points.min() >= 0
        assert points[:, 0].max() <= 720


@pytest.mark.parametrize("narrow", [False, True])
def test_inline_pictures_are_named_and_follow_the_page(narrow: bool) -> None:
    svg = MOVIE.picture([1, 0, 0], narrow=narrow)
    root = ET.fromstring(svg)
    assert root.get("viewBox", "").split()[2] == ("360" if narrow else "720")
    labelled = (root.get("aria-labelledby") or "").split()
    texts = {e.get("id"): e.text for e in root.iter() if e.get("id")}
    assert [texts[i] for i in labelled] == ["A neuron with 3 inputs", MOVIE.explain([1, 0, 0])]
    assert "var(--ink,#" in svg
    assert {"marvel", "fires", "threshold 3"} <= set(_svg_texts(svg))
    assert MOVIE.text in MOVIE.picture()


def test_a_users_names_are_text() -> None:
    name = "<script>$x$ & [b]"
    neuron = Neuron([1, 2], names=[name, "b"])
    assert "<script" not in neuron._repr_html_()
    assert "<script" not in neuron.picture()
    assert any(text.startswith("<script>$x$") for text in _svg_texts(neuron.picture()))


def test_a_notebook_shows_picture_and_table() -> None:
    html = MOVIE._repr_html_()
    assert MOVIE.text in html
    assert html.count("<tr") == 9  # a head and 8 cases
    assert "<table" not in Neuron([1] * 5)._repr_html_()
    cells = re.findall(r"<t[dh](?: [^>]*)?>([^<]*)</t[dh]>", html)
    assert cells[:10] == ["marvel", "theatre", "company", "sum", "output", "0", "0", "0", "0", "0"]
    assert cells[-5:] == ["1", "1", "1", "8", "1"]


@pytest.mark.parametrize("ending", [".svg", ".png", ".pdf"])
def test_files(tmp_path: Path, ending: str) -> None:
    first, second = tmp_path / f"a{ending}", tmp_path / f"b{ending}"
    MOVIE.plot([1, 0, 0], first)
    MOVIE.plot([1, 0, 0], path=str(second))
    assert first.read_bytes() == second.read_bytes()
    starts = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}
    assert first.read_bytes().startswith(starts[ending])


def test_the_svg_file_says_what_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    MOVIE.plot([1, 0, 0], path)
    texts = ["".join(e.itertext()) for e in ET.parse(path).iter()]
    assert "A neuron with 3 inputs" in texts
    assert MOVIE.explain([1, 0, 0]) in texts


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(act.SettingError, match=r"write path='a.svg'"):
        MOVIE.plot("a.svg")
    with pytest.raises(act.SettingError, match=r"not 'a.gif'"):
        MOVIE.plot(path="a.gif")
    with pytest.raises(act.DataError, match="one row of inputs, not 8"):
        MOVIE.plot(MOVIE.cases())
    with pytest.raises(act.StoreError, match="folder is not there"):
        MOVIE.plot(path=tmp_path / "no" / "a.svg")
    assert list(tmp_path.iterdir()) == []


def test_learning_is_drawn_as_it_went(tmp_path: Path) -> None:
    rows, wanted = MOVIE.cases(), MOVIE(MOVIE.cases())
    start = Neuron([0, 0, 0], names=MOVIE.names, activation="sigmoid")
    made = start.fit(rows, wanted, "gradient", steps=40)
    fig = made.plot(tmp_path / "learning.svg")
    left, right = fig.axes
    error = np.asarray(left.get_lines()[0].get_xydata())
    assert error[:-1, 1] == pytest.approx(made.history["error"].to_numpy())
    assert error[:-1, 0].tolist() == list(range(41))
    ends = sorted(float(np.asarray(line.get_xydata())[-1, 1]) for line in right.get_lines()[1:])
    assert ends == pytest.approx(sorted([*made.neuron.weights, made.neuron.bias]))
    texts = _svg_texts((tmp_path / "learning.svg").read_text())
    assert {"marvel", "theatre", "company", "bias", "Error", "step"} <= set(texts)
    looks = [(line.get_color(), line.get_linestyle()) for line in right.get_lines()[1:]]
    assert len(set(looks)) == 4
    heights = sorted(text.xy[1] for text in right.texts)  # pyright: ignore[reportAttributeAccessIssue]
    low, high = right.get_ylim()
    assert np.diff(heights).min() > 0.08 * (high - low)  # names do not lie on each other
    html = made._repr_html_()
    assert made.text in html
    assert "<svg" in html


def test_learning_with_many_weights_names_the_largest() -> None:
    rng = np.random.default_rng(0)
    weights = np.arange(1.0, 21)
    rows = rng.standard_normal((30, 20))
    teacher = Neuron(weights, activation="identity")
    fig = teacher.fit(rows, teacher(rows), "gradient", steps=2).plot()
    names = {text.get_text() for text in fig.axes[1].texts}
    assert names == {*(f"x{i}" for i in range(14, 21)), "bias"}
