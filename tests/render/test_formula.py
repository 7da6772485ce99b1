"""LaTeX as outlines: cases set as rows, fractions legible, everything of the catalogue known."""

from __future__ import annotations

import numpy as np
import pytest

from actscope import catalogue
from actscope.render import formula, outline, scaled, stacked

CASES = r"\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}"


@pytest.mark.parametrize("name", catalogue.names("all"))
def test_every_formula_of_the_catalogue_can_be_set(name: str) -> None:
    made = formula(catalogue.get(name).latex, 12)
    box = made.path.get_extents()
    assert box.width > 1
    assert made.width == pytest.approx(box.width, abs=0.5)
    assert made.ascent == pytest.approx(box.y1, abs=0.5)
    assert made.descent == pytest.approx(-box.y0, abs=0.5)


def test_outlines_are_those_of_matplotlib() -> None:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(family="STIXGeneral", math_fontfamily="stix")
    theirs = TextPath((0, 0), r"$x + \tanh(x)$", size=12, prop=font).get_extents()
    ours = formula(r"x + \tanh(x)", 12)
    assert (ours.width, ours.ascent) == pytest.approx((theirs.width, theirs.y1))


def test_sizes_scale() -> None:
    small, large = formula(CASES, 10), formula(CASES, 20)
    assert large.width == pytest.approx(2 * small.width, rel=1e-6)
    assert scaled(small, 2).width == pytest.approx(2 * small.width)


def test_a_row_of_cases_adds_height_and_nested_cases_are_read() -> None:
    three = CASES.replace(r"\\ 0", r"\\ 1 & x < -1 \\ 0")
    nested = rf"\begin{{cases}} {CASES} & x < 1 \\ 2 & \text{{otherwise}} \end{{cases}}"
    heights = [sum((m.ascent, m.descent)) for m in (formula(t, 10) for t in (CASES, three, nested))]
    assert heights[0] < heights[1]
    assert heights[0] < heights[2]
    wider = [formula(t, 10).width for t in (CASES, f"2 {CASES}", f"2 {CASES} + b")]
    assert wider == sorted(set(wider))


def test_cases_have_their_brace_left_and_conditions_in_one_column() -> None:
    import matplotlib.path as mpath

    made = formula(CASES, 10)
    alone = formula("x", 10)
    # the brace is as high as both rows together
    assert made.ascent + made.descent > 2.5 * (alone.ascent + alone.descent)
    wide = formula(CASES.replace("x &", "x + 1000 &"), 10)
    extra = formula("x + 1000", 10).width - alone.width
    assert wide.width == pytest.approx(made.width + extra, abs=0.5)
    assert isinstance(made.path, mpath.Path)


@pytest.mark.parametrize(
    ("latex", "same_as"),
    [
        (r"\left|x\right|", "|x|"),
        (r"x \le 1", r"x \leq 1"),
        (r"\ln\left(1 + -x\right)", r"\ln\left(1 - x\right)"),
        (r"\frac{x}{2}", r"\dfrac{x}{2}"),
    ],
)
def test_spellings_that_mathtext_lacks(latex: str, same_as: str) -> None:
    one, other = formula(latex, 10), formula(same_as, 10)
    assert np.array_equal(one.path.vertices, other.path.vertices)


@pytest.mark.parametrize("latex", [r"\nonsense", r"\frac{x}{", rf"\frac{{{CASES}}}{{2}}"])
def test_what_cannot_be_set_is_a_value_error(latex: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        formula(latex, 10)


def test_a_dollar_is_a_dollar_in_plain_text() -> None:
    assert outline("$x$", 10).width > 2 * outline("x", 10).width
    assert outline("", 10).width == 0


def test_stacked_lines_do_not_touch() -> None:
    line = formula(r"\frac{x}{2}", 10)
    both = stacked([line, line], 4)
    assert both.ascent + both.descent == pytest.approx(2 * (line.ascent + line.descent) + 4)
    assert both.width == line.width
