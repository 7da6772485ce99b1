"""Where panels go: each in a cell of its own, in reading order, whatever the number."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from actscope.gallery._grid import grid, laid_out

sizes = st.lists(st.integers(1, 30), min_size=1, max_size=12)


@given(sizes, st.integers(1, 15))
def test_every_panel_has_its_own_cell_in_reading_order(families: list[int], columns: int) -> None:
    made = laid_out(families, columns)
    assert [s.family for s in made.spots] == [i for i, n in enumerate(families) for _ in range(n)]
    places = [(s.row, s.column) for s in made.spots]
    assert places == sorted(set(places))
    assert max(column for _, column in places) < columns
    assert max(row for row, _ in places) == made.rows - 1
    rows = {row for row, _ in places}
    assert rows == set(range(made.rows))


@given(sizes, st.integers(2, 15))
def test_no_family_begins_with_a_single_panel_at_the_edge(
    families: list[int], columns: int
) -> None:
    for family, group in itertools.groupby(laid_out(families, columns).spots, lambda s: s.family):
        spots = list(group)
        if families[family] > 1:
            assert spots[0].row == spots[1].row


@given(sizes)
def test_panels_are_as_large_as_they_can_be(families: list[int]) -> None:
    def side(columns: int, rows: int) -> float:
        return min(1000 / columns - 15, 1.25 * (1400 / rows - 80))

    made = grid(families, 1000, 1400, (15, 80))
    others = (laid_out(families, c) for c in range(1, sum(families) + 1))
    assert side(made.columns, made.rows) >= max(side(o.columns, o.rows) for o in others) - 1e-9
