"""`act.plot`: the figure itself, and the files."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import actscope as act
from actscope import catalogue
from actscope.gallery import chosen
from actscope.gallery._plot import MOST

NS = "{http://www.w3.org/2000/svg}"


def _texts(path: Path) -> set[str]:
    return {"".join(e.itertext()).strip() for e in ET.parse(path).iter(f"{NS}text")}


def _lines(axes: Axes, name: str) -> list[np.ndarray]:
    return [np.asarray(li.get_xydata()) for li in axes.get_lines() if li.get_gid() == name]


def test_a_step_is_not_a_slanted_line() -> None:
    figure = act.plot("step")
    strokes = _lines(figure.axes[0], "step")
    assert len(strokes) == 2
    assert [np.ptp(stroke[:, 1]) for stroke in strokes] == [0, 0]
    ends = [li for li in figure.axes[0].get_lines() if li.get_gid() == "end"]
    filled = {li.get_xydata()[0][1]: li.get_markerfacecolor() != "#ffffff" for li in ends}  # pyright: ignore
    assert filled == {0.0: True, 1.0: False}


def test_f_and_its_slope() -> None:
    figure = act.plot(["tanh"])
    f, slope = (_lines(axes, "tanh")[0] for axes in figure.axes)
    assert f[:, 1] == pytest.approx(np.tanh(f[:, 0]))
    assert slope[:, 1] == pytest.approx(1 / np.cosh(slope[:, 0]) ** 2)
    asymptotes = _lines(figure.axes[0], "asymptote")
    assert {line[0, 1] for line in asymptotes} == {-1, 1}


@pytest.mark.parametrize("first", range(0, len(catalogue.names()), MOST))
def test_every_activation_is_drawn_in_a_window_that_holds_it(first: int) -> None:
    names = catalogue.names()[first : first + MOST]
    figure = act.plot(names)
    for axes in figure.axes:
        low, high = axes.get_ylim()
        assert low <= 0 <= high
        for name in names:
            ys = np.concatenate([stroke[:, 1] for stroke in _lines(axes, name)])
            assert ((ys >= low) & (ys <= high)).mean() > 0.2


def test_names_stand_beside_the_curves_where_there_is_room() -> None:
    figure = act.plot(["sigmoid", "tanh"])
    assert not figure.legends
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == ["sigmoid", "tanh"]


def test_a_legend_where_there_is_none() -> None:
    figure = act.plot(["relu", "gelu", "silu", "mish"])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["relu", "gelu", "silu", "mish"]
    assert not figure.axes[0].texts
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    for axes in figure.axes:
        assert axes.title.get_window_extent().y1 < legend.y1
        assert axes._left_title.get_window_extent().y1 <= legend.y0  # pyright: ignore


def test_svg_is_xml_with_every_name(tmp_path: Path) -> None:
    path = tmp_path / "cousins.svg"
    act.plot(["sigmoid", "leaky_relu(negative_slope=0.2)", "x*tanh(exp(x))"], path)
    texts = _texts(path)
    own = catalogue.get("x*tanh(exp(x))").label
    assert {"sigmoid", "leaky_relu(negative_slope=0.2)", own} <= texts
    root = ET.parse(path).getroot()
    titles = [e.text or "" for e in root.iter(f"{NS}title")]
    assert titles[0].startswith("sigmoid, leaky_relu")


def test_a_notebook_shows_it() -> None:
    shown = ET.fromstring(act.plot("relu")._repr_svg_())  # pyright: ignore
    assert "relu" in {"".join(e.itertext()).strip() for e in shown.iter(f"{NS}text")}


def test_png_and_pdf(tmp_path: Path) -> None:
    act.plot("relu", tmp_path / "a.png")
    head = (tmp_path / "a.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(head[16:20], "big") == 2500
    act.plot("relu", str(tmp_path / "a.PDF"))
    assert (tmp_path / "a.PDF").read_bytes().startswith(b"%PDF-")


def test_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = "import actscope\n"
    for ending in ("svg", "png", "pdf"):
        act.plot(["step", "gelu"], tmp_path / f"a.{ending}")
        code += f"actscope.plot(['step', 'gelu'], {str(tmp_path / f'b.{ending}')!r})\n"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    for ending in ("svg", "png", "pdf"):
        a, b = ((tmp_path / f"{name}.{ending}").read_bytes() for name in "ab")
        assert a == b, ending


def test_no_figure_stays_behind_and_settings_are_the_users(tmp_path: Path) -> None:
    def alive() -> int:
        gc.collect()
        return sum(issubclass(type(thing), Figure) for thing in gc.get_objects())

    before = dict(plt.rcParams)
    act.plot("relu", tmp_path / "a.svg")
    count = alive()
    for _ in range(3):
        act.plot("relu", tmp_path / "a.svg")
    assert alive() == count
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def test_mistakes_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for names, path, expected in (
        (["relu"], "a.gif", "a picture is a .svg, .png or .pdf"),
        (["relu"], "a", "such as cousins.svg"),
        (["gelo"], "a.svg", "Did you mean 'gelu'"),
        ([], "a.svg", "nothing to plot"),
        (catalogue.names(), "a.svg", "are too many for one plot"),
        (["swiglu"], "a.svg", "plot its gate, silu"),
        (["softmax"], "a.svg", "takes a vector"),
        (["relu"], "no/a.svg", "its folder is not there"),
        (["relu"], "a\0.svg", "cannot write"),
    ):
        with pytest.raises(act.ActscopeError, match=expected) as caught:
            act.plot(names, os.path.join(tmp_path, path))
        assert "\n" not in str(caught.value)
    (tmp_path / "d.svg").mkdir()
    with pytest.raises(act.StoreError, match="is a folder"):
        act.plot("relu", tmp_path / "d.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["d.svg"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("actscope.render._files.os.replace", full)
    with pytest.raises(act.StoreError, match="No space left"):
        act.plot("relu", path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_activation_twice_is_one_curve() -> None:
    assert [r.label for r in chosen(["sigmoid", "logistic", catalogue.get("sigmoid")])] == [
        "sigmoid"
    ]
