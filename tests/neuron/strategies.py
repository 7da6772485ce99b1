"""Numbers and neurons, for hypothesis."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

UNHURRIED = settings(deadline=None)  # no test of ours is about time

FINITE = st.floats(allow_nan=False, allow_infinity=False)
USUAL = st.floats(-100, 100, allow_subnormal=False)
# What people write: up to three digits after the point. Sums of them miss in binary.
WRITTEN = st.integers(-9999, 9999).map(lambda whole: whole / 1000)


@st.composite
def tables(
    draw: st.DrawFn, numbers: st.SearchStrategy[float], rows: int = 6, inputs: int = 4
) -> tuple[list[list[float]], list[float], float]:
    """(rows, weights, bias)."""
    count = draw(st.integers(1, inputs))
    row = st.lists(numbers, min_size=count, max_size=count)
    return draw(st.lists(row, min_size=1, max_size=rows)), draw(row), draw(numbers)
