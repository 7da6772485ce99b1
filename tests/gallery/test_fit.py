"""Formulas fit where they must, by the mildest means."""

from __future__ import annotations

import numpy as np
import pytest

from actscope import catalogue
from actscope.gallery._fit import fitted
from actscope.render import formula


@pytest.mark.parametrize("name", catalogue.names("all"))
def test_every_formula_fits(name: str) -> None:
    record, width = catalogue.get(name), 80.0
    made = fitted(record.latex, record.formula, 11, width, 35)
    assert made.width <= width * 1.001
    assert made.ascent + made.descent <= 35.001
    box = made.path.get_extents()
    assert box.width <= width * 1.001
    assert box.height <= 35.001


def test_what_fits_stays_as_it_is() -> None:
    for latex in ("x", r"\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}"):
        plain = formula(latex, 11)
        made = fitted(latex, "", 11, plain.width + 1, 60)
        assert np.array_equal(made.path.vertices, plain.path.vertices)


def test_a_long_formula_takes_two_lines_before_it_gets_small() -> None:
    latex = r" + ".join("abcdefgh")
    whole = formula(latex, 11)
    made = fitted(latex, "", 11, 0.6 * whole.width, 60)
    assert made.ascent + made.descent > 1.8 * (whole.ascent + whole.descent)


def test_what_mathtext_cannot_set_is_shown_as_text() -> None:
    made = fitted(r"\nonsense{x}", "x^2", 11, 100, 30)
    assert 5 < made.width < 40
