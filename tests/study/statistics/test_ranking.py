"""Ranks over data sets against Demsar's own example, scipy, and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from actscope.errors import SettingError
from actscope.study.statistics._ranking import (
    critical_difference,
    friedman_p,
    rank_all,
    ranking_text,
)

# Demsar (2006), table 6: AUC of C4.5, with m, with cf, with both, on 14 UCI data sets.
# (voting's 0.975 and 0.975 he ranks 2 and 3: they differ beyond the digits he prints.)
DEMSAR = np.array([
    [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
    [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
    [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
    [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
    [0.972, 0.981, 0.9751, 0.9749], [0.957, 0.978, 0.946, 0.970],
])  # fmt: skip
NAMES = ("C4.5", "+m", "+cf", "+m+cf")


def means(table: np.ndarray, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    return {f"d{i}": dict(zip(names, row, strict=True)) for i, row in enumerate(table)}


def test_demsars_example() -> None:
    """His average ranks, F = 3.69 (without the correction for ties) and CD = 1.25."""
    found = rank_all(means(DEMSAR, NAMES))
    expected = {"C4.5": 3.143, "+m": 2.000, "+cf": 2.893, "+m+cf": 1.964}
    assert found.average == pytest.approx(expected, abs=5e-4)
    assert found.best == "+m+cf"
    assert found.difference == pytest.approx(1.25, abs=0.005)
    assert found.p < 0.05  # he rejects: F(3, 39) = 2.85 at 0.05
    # "the post-hoc test is not powerful enough": the largest gap, 1.179, is below 1.25
    assert found.groups == (("+m+cf", "+m", "+cf", "C4.5"),)
    assert found.worse == ()
    assert "none ranks clearly behind" in ranking_text(found)


# Demsar, table 5(a): q_0.05 for the two-tailed Nemenyi test.
@pytest.mark.parametrize(
    ("names", "q"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (6, 2.850), (7, 2.949), (8, 3.031), (9, 3.102),
     (10, 3.164)],
)  # fmt: skip
def test_critical_values_are_those_of_the_paper(names: int, q: float) -> None:
    ours = critical_difference(names, 6) / np.sqrt(names * (names + 1) / 36)
    assert ours == pytest.approx(q, abs=1e-3)


small = st.integers(2, 6).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 5), min_size=k, max_size=k), min_size=3, max_size=12)
)


@given(small)
def test_ranks_and_friedman_are_scipys(rows: list[list[int]]) -> None:
    table = np.array(rows) / 10
    k = table.shape[1]
    found = rank_all(means(table, tuple("abcdef"[:k])))
    ranks = np.stack([stats.rankdata(-row) for row in table])
    assert [found.average[n] for n in "abcdef"[:k]] == pytest.approx(ranks.mean(axis=0))
    if k < 3 or (table.max(axis=1) == table.min(axis=1)).all():
        return
    chi2 = stats.friedmanchisquare(*table.T).statistic
    n = len(table)
    room = n * (k - 1) - chi2
    if room > 1e-6:
        f = (n - 1) * chi2 / room
        expected = stats.f(k - 1, (k - 1) * (n - 1)).sf(f)
        assert friedman_p(ranks) == pytest.approx(expected, abs=1e-9)


def test_perfect_agreement_and_none() -> None:
    same = rank_all(means(np.tile([0.9, 0.8, 0.7], (12, 1)), ("a", "b", "c")))
    assert (same.p, same.best) == (0.0, "a")
    assert same.worse == ("b", "c")  # 1 and 2 apart, CD = 2.343 sqrt(3 x 4 / (6 x 12)) = 0.957
    assert same.groups == ()
    assert "Clearly behind it: b (2.0), c (3.0)" in ranking_text(same)
    tied = rank_all(means(np.full((4, 3), 0.5), ("a", "b", "c")))
    assert (tied.p, tied.worse, tied.groups) == (1.0, (), (("a", "b", "c"),))
    assert "More data sets would tell more" in ranking_text(tied)


def test_groups_are_the_longest_runs_within_the_critical_difference() -> None:
    rng = np.random.default_rng(0)
    base = np.array([0.9, 0.88, 0.86, 0.84])
    found = rank_all(means(base + rng.normal(0, 0.008, (20, 4)), ("a", "b", "c", "d")))
    average, names = found.average, list(found.average)
    runs = [
        tuple(names[i : j + 1])
        for i in range(4)
        for j in range(i + 1, 4)
        if average[names[j]] - average[names[i]] <= found.difference
    ]
    longest = [r for r in runs if not any(set(r) < set(other) for other in runs)]
    assert list(found.groups) == longest
    assert len(longest) > 1  # runs that overlap


def test_equals_are_rarely_ranked_apart() -> None:
    rng, count = np.random.default_rng(1), 400
    names = tuple("abcde")
    called = [bool(rank_all(means(rng.random((8, 5)), names)).worse) for _ in range(count)]
    assert np.mean(called) <= stats.binom.ppf(0.999, count, 0.05) / count


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"a": {"relu": 0.9, "tanh": 0.8}}, "two data sets and two activations, not 1 and 2"),
        ({"a": {"relu": 0.9}, "b": {"relu": 0.8}}, "not 2 and 1"),
        ({"a": {"relu": 1, "tanh": 0}, "b": {"relu": 1, "elu": 0}}, "b was studied with other"),
    ],
)
def test_what_cannot_be_ranked_is_refused(table: dict[str, dict[str, float]], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        rank_all(table)
