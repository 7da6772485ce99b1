"""Probabilities against numerical integration and against baycomp's own numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from actscope.study.statistics._equivalence import ALPHA, called
from actscope.study.statistics._paired import compare_all, paired

FIRST = np.array([0.812, 0.845, 0.831, 0.790, 0.822, 0.857, 0.808, 0.839, 0.826, 0.815])
SECOND = np.array([0.801, 0.838, 0.826, 0.795, 0.806, 0.851, 0.802, 0.823, 0.829, 0.800])


def three(first: np.ndarray, second: np.ndarray, ratio: float, rope: float) -> tuple[float, ...]:
    (pair,) = compare_all({"a": first, "b": second}, ratio, rope)
    return pair.better, pair.same, pair.worse


# two_on_single(SECOND, FIRST, rope, runs) of baycomp 1.0.3: (left, rope, right). It takes 10
# scores in r runs to be r cross-validations of 10 / r folds, of which one is the test set.
@pytest.mark.parametrize(
    ("ratio", "rope", "expected"),
    [
        (1 / 9, 0.01, (0.23147873282315945, 0.7682115888173069, 0.00030967835953364604)),
        (1 / 9, 0.005, (0.7514532139010113, 0.24591291093780143, 0.002633875161187248)),
        (1 / 4, 0.01, (0.283132600372619, 0.7152750853143053, 0.0015923143130757316)),
        (1 / 4, 0.02, (0.009011682917450248, 0.99091563357904, 7.268350350980656e-05)),
    ],
)
def test_probabilities_are_baycomps(ratio: float, rope: float, expected: tuple[float, ...]) -> None:
    assert three(FIRST, SECOND, ratio, rope) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("ratio", [0.0, 1 / 3])
def test_probabilities_are_areas_of_the_posterior(ratio: float) -> None:
    """Corani & Benavoli (2015), equation by equation: the density written out and integrated."""
    d, n, rope = FIRST - SECOND, 10, 0.004
    rho = ratio / (1 + ratio)
    scale = np.sqrt((1 / n + rho / (1 - rho)) * ((d - d.mean()) ** 2).sum() / (n - 1))
    constant = special.gamma(n / 2) / (special.gamma((n - 1) / 2) * np.sqrt((n - 1) * np.pi))

    def density(x: float) -> float:
        z = (x - d.mean()) / scale
        return constant / scale * (1 + z**2 / (n - 1)) ** (-n / 2)

    ends = (d.mean() - 200 * scale, -rope, rope, d.mean() + 200 * scale)
    worse, same, better = (
        integrate.quad(density, a, b, limit=500)[0] for a, b in itertools.pairwise(ends)
    )
    assert three(FIRST, SECOND, ratio, rope) == pytest.approx((better, same, worse), abs=1e-6)


def test_without_spread_there_is_no_doubt() -> None:
    same = np.array([0.91, 0.93, 0.92])
    assert three(same, same, 0.25, 0.01) == (0.0, 1.0, 0.0)
    assert three(same, same - 0.02, 0.25, 0.01) == (1.0, 0.0, 0.0)
    assert three(same - 0.02, same, 0.25, 0.01) == (0.0, 0.0, 1.0)
    assert three(same, same - 0.01, 0.25, 0.01) == (1.0, 0.0, 0.0)  # at the edge: not inside


def test_one_seed_has_no_posterior() -> None:
    assert np.isnan(three(FIRST[:1], SECOND[:1], 0.25, 0.01)).all()


scores = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=12).map(
    lambda rows: np.array(rows) / 400
)


@given(scores, st.sampled_from((0.0, 1 / 3)), st.sampled_from((0.005, 0.01, 0.05)))
def test_what_is_called_never_contradicts_the_probabilities(
    rows: np.ndarray, ratio: float, rope: float
) -> None:
    first, second = rows.T
    pair = paired(first, second, ratio, rope)
    better, same, worse = three(first, second, ratio, rope)
    assert better + same + worse == pytest.approx(1)
    alike, clear = called(pair.difference, pair.p_different, pair.p_equivalent, rope)
    assert not (alike and clear)
    if alike:
        assert same > 1 - 2 * ALPHA
    if clear:
        assert max(better, worse) > 0.5


def test_a_sure_difference_that_is_probably_too_small_to_matter_is_left_open() -> None:
    gap = np.array([0.0085, 0.0095, 0.0075, 0.0105, 0.008, 0.0090])
    pair = paired(0.9 + gap, np.full(6, 0.9), 0.25, 0.01)
    assert pair.p_different < 0.001
    assert 0.05 < pair.p_equivalent < 0.5
    assert [bool(x) for x in called(pair.difference, *pair[:2], 0.01)] == [False, False]
    assert bool(called(pair.difference, *pair[:2], 0.007)[1])
