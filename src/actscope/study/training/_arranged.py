"""Splits of rows that are not like any other: groups stay whole, tests come after lessons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from actscope.errors import DataError

Rows = NDArray[np.int64]

MIN_GROUPS = 5
TRIES = 200
# Of all rows, of a group split: outside these a draw is thrown away.
TEST_RANGE, LEAST_TRAINING = (0.1, 0.4), 0.3
# Of a time split: a window of all rows in their order, and its last sixth, a tenth of all rows,
# tests. The windows of two seeds then share 23% of their test rows on average.
WINDOW, WINDOW_TEST = 0.6, 1 / 6
MIN_TIMED_ROWS = 50
LARGEST_RHO = 0.99  # tests that are nearly the same say nothing of others, but stay finite


class Parts(NamedTuple):
    """Row numbers, disjoint; of a time split not all rows."""

    train: Rows
    validation: Rows
    test: Rows


def group_split(
    groups: Rows, strata: Rows, rng: np.random.Generator, test_share: float, held_share: float
) -> Parts | None:
    """Whole groups at random, as near to the shares of rows as they come; every class in each part.

    groups, strata: of each row. None: no such split was found in 200 draws.
    """
    sizes = np.bincount(groups)
    rows = len(groups)
    for _ in range(TRIES):
        order = rng.permutation(len(sizes))
        test = _nearest(sizes[order], test_share * rows)
        tested = int(sizes[order[:test]].sum())
        held = _nearest(sizes[order[test:]], held_share * (rows - tested))
        part_of = np.full(len(sizes), 0)
        part_of[order[:test]], part_of[order[test : test + held]] = 2, 1
        which = part_of[groups]
        parts = Parts(*(np.flatnonzero(which == part) for part in range(3)))
        low, high = TEST_RANGE
        fair = low * rows <= tested <= high * rows and len(parts.train) >= LEAST_TRAINING * rows
        if fair and _complete(parts, strata):
            return Parts(*(rng.permutation(part) for part in parts))
    return None


def _nearest(sizes: Rows, wanted: float) -> int:
    """How many of the first come nearest to so many rows; 1 at least."""
    return int(np.abs(np.cumsum(sizes) - wanted).argmin()) + 1


def time_split(
    times: Rows, strata: Rows, rng: np.random.Generator, held_share: float
) -> Parts | None:
    """A window of time that begins at random; its last rows test, those strictly before teach.

    Of the rows to learn from the last ones are for validation, again strictly later. None: in no
    window tried is every class in each part.
    """
    order = np.argsort(times, kind="stable")
    rows = len(order)
    window, tested = int(WINDOW * rows), max(1, round(WINDOW * WINDOW_TEST * rows))
    for begin in rng.permutation(rows - window + 1)[:TRIES]:
        inside = order[begin : begin + window]
        test = inside[-tested:]
        before = inside[times[inside] < times[test[0]]]
        held = before[len(before) - max(1, round(held_share * len(before))) :]
        if not len(held):
            continue
        train = before[times[before] < times[held[0]]]
        parts = Parts(train, held, test)
        if 2 * len(train) >= (1 - held_share) * (window - tested) and _complete(parts, strata):
            return Parts(*(rng.permutation(part) for part in parts))
    return None


def _complete(parts: Parts, strata: Rows) -> bool:
    classes = int(strata.max()) + 1
    return all(len(np.unique(strata[part])) == classes for part in parts)


def check_arranged(kind: str, column: str, codes: Rows, unit: str) -> None:
    """Refuse what no seed could split."""
    different = int(codes.max()) + 1
    if kind == "group" and different < MIN_GROUPS:
        raise DataError(
            f"{column!r} has {different} groups; to test on groups that were not learned from at "
            f"least {MIN_GROUPS} are needed"
        )
    if kind == "time" and len(codes) < MIN_TIMED_ROWS:
        raise DataError(
            f"{unit} has {len(codes)} usable rows; a split by time needs at least {MIN_TIMED_ROWS}"
        )


def overlap_ratio(tests: Sequence[Rows], groups: Rows | None = None) -> float:
    """What stands for n_test / n_train in the corrected tests, for the splits of a study's seeds.

    If each row had its own independent luck, two scores would correlate by the cosine of the angle
    between the weights with which rows enter them: 1 for equal test sets, n / N for n random rows
    of N. With rho the mean correlation over all pairs of S seeds, var(mean) = E[s^2] (1/S + r),
    r = rho / (1 - rho), whatever the single correlations are. Where they are uneven (periods that
    are far apart share nothing), s^2 is known less well than S - 1 degrees of freedom say:
    Satterthwaite's nu = tr(HC)^2 / tr(HCHC), C the correlations and H the centring matrix. The
    ratio is raised so that the 95% interval is that of nu degrees of freedom.

    With groups the same for the luck of groups; the larger ratio is given, the safer one.

    >>> round(overlap_ratio([np.array([0, 1]), np.array([1, 2]), np.array([0, 2])]), 6)
    1.0

    Sources: Nadeau & Bengio (2003); Satterthwaite, Biometrics Bulletin 2 (1946), 110-114.
    """
    rows = max(int(test.max()) for test in tests) + 1
    units = [np.arange(rows)] if groups is None else [np.arange(rows), groups]
    return max(_ratio(_correlations(tests, unit)) for unit in units)


def _correlations(tests: Sequence[Rows], unit: Rows) -> NDArray[np.float64]:
    weights = np.stack([np.bincount(unit[test], minlength=unit.max() + 1) for test in tests])
    weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)
    return weights @ weights.T


def _ratio(correlations: NDArray[np.float64]) -> float:
    seeds = len(correlations)
    rho = min(float(correlations[np.triu_indices(seeds, k=1)].mean()), LARGEST_RHO)
    centred = correlations - correlations.mean(axis=0)  # HC
    freedom = np.trace(centred) ** 2 / np.trace(centred @ centred)
    wider = stdtrit(freedom, 0.975) / stdtrit(seeds - 1, 0.975)
    return float((1 / seeds + rho / (1 - rho)) * wider**2 - 1 / seeds)
