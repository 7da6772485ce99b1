"""The poster: every function, nothing on top of anything else, nothing tiny."""

from __future__ import annotations

import itertools
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import actscope as act
from actscope import catalogue
from actscope.gallery import _poster

NS = "{http://www.w3.org/2000/svg}"
FEW = ["identity", "step", "sigmoid", "tanh", "relu", "gelu", "swiglu", "softmax"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Figure]:
    path = tmp_path_factory.mktemp("poster") / "poster.svg"
    return path, act.poster(path)


@pytest.fixture
def svg(made: tuple[Path, Figure]) -> Path:
    return made[0]


@pytest.fixture
def figure(made: tuple[Path, Figure]) -> Figure:
    return made[1]


def test_every_name_and_family_is_on_it(svg: Path) -> None:
    texts = {"".join(e.itertext()).strip() for e in ET.parse(svg).iter(f"{NS}text")}
    assert set(catalogue.names("all")) <= texts
    assert {catalogue.get(name).family.capitalize() for name in catalogue.names()} <= texts
    assert "Activation functions" in texts


def test_the_same_bytes_in_another_process(svg: Path, tmp_path: Path) -> None:
    code = f"import actscope; actscope.poster({str(tmp_path / 'b.svg')!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "b.svg").read_bytes() == svg.read_bytes()


def test_it_is_small_enough_to_send(svg: Path) -> None:
    assert svg.stat().st_size < 1_500_000


def _boxes(figure: Figure) -> list[tuple[str, np.ndarray]]:
    """Texts and formulas with their corners in points."""
    canvas = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in figure.texts if t.get_text()]
    boxes += [
        ("formula", p.get_window_extent(renderer))
        for p in figure.artists
        if p.get_gid() == "formula"
    ]
    return [(name, box.get_points() * 72 / figure.dpi) for name, box in boxes]


def test_no_text_lies_on_another_or_off_the_paper(figure: Figure) -> None:
    boxes = _boxes(figure)
    assert len(boxes) > 2 * len(catalogue.names("all"))
    width, height = 72 * figure.get_size_inches()
    for name, ((x0, y0), (x1, y1)) in boxes:
        assert x0 > 30, name
        assert x1 < width - 30, name
        assert y0 > 30, name
        assert y1 < height - 30, name
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        apart = (a[1] <= b[0] + 1.5).any() or (b[1] <= a[0] + 1.5).any()  # 1.5: empty descenders
        assert apart, (one, other)


def test_nothing_is_tiny(figure: Figure) -> None:
    assert min(float(text.get_fontsize()) for text in figure.texts) >= 8
    assert [t.get_fontsize() for t in figure.texts if t.get_text() == "relu"] == [12.5]


@pytest.mark.parametrize("count", [1, 3, 8])
def test_it_adapts_to_the_number(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_poster.catalogue, "names", lambda kind="elementwise": FEW[:count])
    figure = act.poster(tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    assert {t.get_text() for t in figure.texts} >= set(FEW[:count])
    width, height = 72 * figure.get_size_inches()
    for _, ((x0, y0), (x1, y1)) in _boxes(figure):
        assert 30 < x0 < x1 < width - 30
        assert 30 < y0 < y1 < height - 30


def test_png_is_a2_at_150_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_poster.catalogue, "names", lambda kind="elementwise": FEW)
    act.poster(tmp_path / "a.png")
    head = (tmp_path / "a.png").read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    sides = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    assert sides == (2480, 3507)


def test_mistakes_are_said_before_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_poster, "_draw", lambda *_: pytest.fail("drew"))
    with pytest.raises(act.SettingError, match=r"such as poster\.png"):
        act.poster(tmp_path / "a.jpg")
    with pytest.raises(act.StoreError, match="not there"):
        act.poster(tmp_path / "no" / "a.svg")
    assert list(tmp_path.iterdir()) == []
