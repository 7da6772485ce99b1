"""Names beside curves: on no curve, on no other name, next to their own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actscope.gallery._labels import Points, place

FIELD = (300.0, 200.0)


def _line(start: float, end: float) -> Points:
    xs = np.linspace(0, FIELD[0], 151)
    return np.column_stack([xs, start + (end - start) * xs / FIELD[0]])


heights = st.floats(0, FIELD[1], allow_nan=False)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(heights, heights), min_size=1, max_size=5))
def test_labels_are_clear_of_everything_and_beside_their_curve(
    lines: list[tuple[float, float]],
) -> None:
    curves = [_line(*ends) for ends in lines]
    sizes = [(30.0 + 5 * i, 12.0) for i in range(len(curves))]
    placed = place(curves, sizes, *FIELD)
    if placed is None:
        assert len(curves) > 1  # a single straight line always has room
        return
    boxes = [(p.x, p.y, p.x + w, p.y + h) for p, (w, h) in zip(placed, sizes, strict=True)]
    for box, curve in itertools.product(boxes, curves):
        inside = (curve >= box[:2]).all(axis=1) & (curve <= box[2:]).all(axis=1)
        assert not inside.any()
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for i, (left, bottom, right, top) in enumerate(boxes):
        assert 0 <= left < right <= FIELD[0]
        assert 0 <= bottom < top <= FIELD[1]
        gaps = [
            np.hypot(c[:, 0] - np.clip(c[:, 0], left, right),
                     c[:, 1] - np.clip(c[:, 1], bottom, top)).min() for c in curves
        ]  # fmt: skip
        assert int(np.argmin(gaps)) == i


def test_curves_on_top_of_each_other_get_no_labels() -> None:
    assert place([_line(50, 150), _line(50, 150)], [(30, 12), (30, 12)], *FIELD) is None


def test_a_curve_outside_the_field_gets_no_label() -> None:
    assert place([np.empty((0, 2))], [(30, 12)], *FIELD) is None


@pytest.mark.parametrize(("axis", "above"), [(92.0, True), (112.0, False)])
def test_a_label_avoids_the_axes_where_it_can(axis: float, above: bool) -> None:
    placed = place([_line(100, 104)], [(30, 12)], *FIELD, axes=(150.0, axis))
    assert placed is not None
    assert (placed[0].y > 100) == above
