"""Looks: stable, distinct, and legible in both modes for people with colour blindness."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscope.render._style import NEUTRALS, SERIES, css_color, looks

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
SIGHT = {
    "usual": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)


def _linear(color: str) -> np.ndarray:
    c = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    t = TO_XYZ @ np.clip(linear, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _contrast(one: str, other: str) -> float:
    high, low = sorted((float(TO_XYZ[1] @ _linear(c)) for c in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_series_stand_out_from_the_paper(mode: int) -> None:
    for pair in SERIES:
        assert _contrast(pair[mode], NEUTRALS["paper"][mode]) >= 3.0  # WCAG 1.4.11


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "muted", "link"])
@pytest.mark.parametrize("ground", ["paper", "panel"])
def test_words_can_be_read(mode: int, text: str, ground: str) -> None:
    assert _contrast(NEUTRALS[text][mode], NEUTRALS[ground][mode]) >= 4.5  # WCAG 1.4.3


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_series_differ_for_every_eye(mode: int, sight: str) -> None:
    seen = [_lab(SIGHT[sight] @ _linear(pair[mode])) for pair in SERIES]
    nearest = min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2))
    assert nearest >= 15  # of CIE 1976; about 2 can just be told apart side by side


NAMES = st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=30)


@given(NAMES)
def test_each_name_has_its_own_look_whatever_the_order(names: list[str]) -> None:
    given_looks = looks(names)
    assert looks(reversed(names)) == given_looks
    seen = {(look.color, look.dash) for look in given_looks.values()}
    assert len(seen) == len(names)


@given(st.lists(st.text(min_size=1, max_size=6), unique=True, max_size=8))
def test_up_to_eight_names_have_eight_colours(names: list[str]) -> None:
    assert len({look.color for look in looks(names).values()}) == len(names)


def test_well_known_names_look_the_same_on_every_page() -> None:
    alone = looks(["relu"])["relu"]
    assert looks(["relu", "tanh", "aaa", "my_own"])["relu"] == alone


def test_same_colour_never_means_same_marker_or_dash() -> None:
    found = looks([f"name{i}" for i in range(16)])
    for one, other in combinations(found.values(), 2):
        if one.color == other.color:
            assert one.dash != other.dash
            assert one.marker != other.marker


def test_more_names_than_slots_still_have_a_look() -> None:
    assert len(looks([f"name{i}" for i in range(40)])) == 40


def test_css_color_follows_the_mode_only_for_the_palette() -> None:
    assert css_color(SERIES[0][0]) == f"var(--series-0,{SERIES[0][0]})"
    assert css_color("#123456") == "#123456"
