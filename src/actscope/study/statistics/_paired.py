"""Paired statistics for scores that come from resampled splits of one table.

The seeds of a study draw their training and test rows from the same table, so their scores are
not independent and the plain variance of a mean, s^2 / S, is too small. Nadeau & Bengio (2003),
"Inference for the generalization error": take two splits to be correlated by
rho = n_test / (n_test + n_train); then E[s^2] = (1 - rho) sigma^2, and

    var(mean) = sigma^2 (rho + (1 - rho) / S) = E[s^2] (1 / S + n_test / n_train).

The second term does not fall with S: past some point only more rows help, not more seeds.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit  # scipy.stats costs ten times more to import

from actscope.errors import SettingError
from actscope.study._result import Interval, Pair
from actscope.study.statistics._equivalence import (
    ALPHA,
    Probabilities,
    equivalence_p,
    probabilities,
)

# Differences of scores below this share of the scores themselves are rounding, not evidence.
_ROUNDING = 1e-12


class Paired(NamedTuple):
    """The outcome of `paired`: two p-values, and the mean difference with its 95% interval."""

    p_different: float
    p_equivalent: float
    difference: float
    low: float
    high: float


def score_interval(scores: np.ndarray | Sequence[float], test_ratio: float) -> Interval:
    """Mean over seeds with its 95% interval, corrected for the overlap of resampled splits.

    mean +- t_{0.975, S-1} s sqrt(1/S + n_test/n_train). The bounds are NaN for one seed. They are
    not clipped to what the score can reach: near 100% the interval may end above it.

    Args:
        scores: (seed,) finite.
        test_ratio: n_test / n_train.

    Raises:
        SettingError: no scores, a score that is not finite, a ratio below 0.

    >>> score_interval([0.25, 0.50, 0.75], test_ratio=0.25)
    Interval(mean=0.5, low=-0.321..., high=1.321...)

    Source: Nadeau & Bengio, Machine Learning 52 (2003), 239-281.
    """
    values = score_table({"these": scores})[0]
    _check_ratio(test_ratio)
    mean = float(values.mean())
    if values.size == 1:
        return Interval(mean, float("nan"), float("nan"))
    half = float(_half_width(values.std(ddof=1), values.size, test_ratio))
    return Interval(mean, mean - half, mean + half)


def paired(
    first: np.ndarray | Sequence[float],
    second: np.ndarray | Sequence[float],
    test_ratio: float,
    rope: float,
    resolution: float = 0.0,
) -> Paired:
    """Are two activations different, or practically the same, on the same seeds?

    With d the mean and s the standard deviation of the S differences, se = s sqrt(1/S + r):
    p_different = 2 P(T > |d| / se); p_equivalent is the larger of the two one-sided tests
    (TOST) against -rope and +rope. T has S - 1 degrees of freedom. Equal scores throughout:
    p_different = 1, p_equivalent = 0. One seed decides nothing: both are 1, the bounds NaN.

    Args:
        first, second: (seed,) finite scores on the same splits.
        test_ratio: r = n_test / n_train.
        rope: differences below this do not matter in practice (region of practical equivalence).
        resolution: the smallest step of a score (1 / test rows for accuracy). Few test rows can
            give equal scores by luck; the spread is then taken to be at least
            resolution sqrt(1/S + r), as if one more row had gone the other way.

    Raises:
        SettingError: lengths that differ, scores that are not finite, a rope of 0 or less.

    >>> paired([0.93, 0.95, 0.94, 0.96], [0.90, 0.91, 0.91, 0.92], test_ratio=0.25, rope=0.01)
    Paired(p_different=0.00..., p_equivalent=0.99..., difference=0.03..., low=0.02..., high=0.04...)

    Sources: Nadeau & Bengio (2003); for the two one-sided tests see `_equivalence`.
    """
    table = score_table({"first": first, "second": second})
    _check_ratio(test_ratio)
    _check_rope(rope)
    index = np.array([0]), np.array([1])
    gaps = gaps_of(table, *index)
    found = pair_tests(gaps, table.shape[1], test_ratio, rope, resolution)
    mean, half = float(gaps.mean[0]), float(found.half[0])
    p_different, p_equivalent = float(found.p_different[0]), float(found.p_equivalent[0])
    return Paired(p_different, p_equivalent, mean, mean - half, mean + half)


def holm(p_values: np.ndarray | Sequence[float], family: int | None = None) -> np.ndarray:
    """Holm's adjusted p-values: rejecting those below alpha keeps any false claim below alpha.

    In ascending order, adjusted_i = max_{j <= i} min(1, (m - j) p_j) with j counted from 0.
    family: m, where more claims belong to the family than are tested now; else all given.

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]

    Source: Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1.0, ((family or p.size) - np.arange(p.size)) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(stepped)
    return adjusted


def compare_all(
    scores: Mapping[str, np.ndarray],
    test_ratio: float,
    rope: float,
    resolution: float = 0.0,
    family: int | None = None,
    family_equivalent: int | None = None,
) -> tuple[Pair, ...]:
    """Every pair of activations by `paired`, Holm-adjusted over all pairs, each family by itself.

    The probabilities are of each pair alone: a posterior needs no correction, and decides nothing.

    All pairs count, not only those with the best: the best is picked by looking at the scores.

    Args:
        scores: activation -> (seed,) scores on the same splits.
        test_ratio, rope, resolution: as in `paired`.
        family, family_equivalent: as in `holm`, of claims that two differ and are the same.

    >>> pair, = compare_all({"a": [0.9, 0.8], "b": [0.9, 0.8]}, test_ratio=0.25, rope=0.01)
    >>> pair.first, pair.second, pair.p_different, pair.p_equivalent
    ('a', 'b', 1.0, 0.0)
    """
    names = list(scores)
    table = score_table(scores)
    _check_ratio(test_ratio)
    _check_rope(rope)
    i, j = np.triu_indices(len(names), k=1)
    gaps = gaps_of(table, i, j)
    found = pair_tests(gaps, table.shape[1], test_ratio, rope, resolution)
    columns = (gaps.mean, gaps.mean - found.half, gaps.mean + found.half)
    adjusted = holm(found.p_different, family), holm(found.p_equivalent, family_equivalent)
    families = (*adjusted, *found.probabilities)
    return tuple(
        Pair(first, second, *map(float, numbers))
        for (first, second), *numbers in zip(
            itertools.combinations(names, 2), *columns, *families, strict=True
        )
    )


def highest(scores: Mapping[str, np.ndarray]) -> str:
    """The name with the highest mean; the first of those that tie (up to rounding)."""
    table = score_table(scores)
    means = table.mean(axis=1)
    top = int(np.argmax(means))
    return list(scores)[int(np.argmax(means >= means[top] - _rounding(table[top])))]


class Gaps(NamedTuple):
    """Paired differences, all (pair,): mean and standard deviation over seeds, rounding error."""

    mean: np.ndarray
    spread: np.ndarray
    rounding: np.ndarray


def gaps_of(table: np.ndarray, i: np.ndarray, j: np.ndarray) -> Gaps:
    """The rows `i` of (name, seed) minus the rows `j`."""
    gaps = table[i] - table[j]
    mean = gaps.mean(axis=1)
    spread = gaps.std(axis=1, ddof=1) if table.shape[1] > 1 else np.zeros_like(mean)
    # For each pair by itself: one network's R2 of minus a billion must not blur the others.
    rounding = np.maximum(_rounding(table[i]), _rounding(table[j]))
    return Gaps(
        np.where(np.abs(mean) <= rounding, 0.0, mean),
        np.where(spread <= rounding, 0.0, spread),
        rounding,
    )


class PairTests(NamedTuple):
    """All (pair,), unadjusted. half: half the width of the 95% interval."""

    p_different: np.ndarray
    p_equivalent: np.ndarray
    half: np.ndarray
    probabilities: Probabilities


def pair_tests(
    gaps: Gaps, seeds: int, test_ratio: float, rope: float, resolution: float
) -> PairTests:
    """Each pair by itself, as `paired` says."""
    if seeds == 1:
        ones, none = np.ones_like(gaps.mean), np.full_like(gaps.mean, np.nan)
        return PairTests(ones, ones, none, Probabilities(none, none, none))
    overlap = np.sqrt(1 / seeds + test_ratio)
    spread = np.maximum(gaps.spread, resolution * overlap)
    error = spread * overlap
    certain = error == 0
    distance = np.abs(gaps.mean)
    t = distance / np.where(certain, 1.0, error)
    return PairTests(
        np.where(certain, distance == 0, 2 * stdtr(seeds - 1, -t)),
        equivalence_p(gaps.mean, error, seeds, rope, gaps.rounding),
        _half_width(spread, seeds, test_ratio),
        probabilities(gaps.mean, error, seeds, rope, gaps.rounding),
    )


def _half_width(spread: np.ndarray | float, seeds: int, test_ratio: float) -> np.ndarray:
    quantile = stdtrit(seeds - 1, 1 - ALPHA / 2)
    return np.asarray(quantile * spread * np.sqrt(1 / seeds + test_ratio))


def _rounding(table: np.ndarray) -> np.ndarray:
    """What the last digits of scores of this size can do; over the last axis."""
    return _ROUNDING * np.maximum(1.0, np.abs(table).max(axis=-1))


def score_table(scores: Mapping[str, np.ndarray | Sequence[float]]) -> np.ndarray:
    """The scores as (name, seed), or one clear line about what is wrong with them."""
    if not scores:
        raise SettingError("No scores were given: at least one activation is needed.")
    rows = {name: np.asarray(values, dtype=float).ravel() for name, values in scores.items()}
    lengths = {name: row.size for name, row in rows.items()}
    if len(set(lengths.values())) > 1 or not min(lengths.values()):
        raise SettingError(f"Every activation needs one score for each seed; counts: {lengths}.")
    table = np.stack(list(rows.values()))
    if not np.isfinite(table).all():
        bad = next(name for name, row in rows.items() if not np.isfinite(row).all())
        raise SettingError(
            f"A score of {bad!r} is not finite: give a network that diverged a finite score."
        )
    return table


def _check_ratio(test_ratio: float) -> None:
    if not (np.isfinite(test_ratio) and test_ratio >= 0):
        raise SettingError(
            f"test_ratio is {test_ratio}, must be test rows / training rows, 0 or more."
        )


def _check_rope(rope: float) -> None:
    if not (np.isfinite(rope) and rope > 0):
        raise SettingError(f"rope is {rope}, must be above 0: the difference that matters to you.")
