"""Which rows train, choose and test, for one seed, and how much the tests of two seeds share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from actscope.data import Dataset
from actscope.errors import DataError
from actscope.study.training._arranged import check_arranged, group_split, overlap_ratio, time_split

TEST_SHARE = 0.25
VALIDATION_SHARE = 0.2  # of the rows that are not test rows
# One row of each class in training, validation and test, with the shares above: a class of
# five gives one to the test rows, one to validation, three to training.
MIN_CLASS_ROWS = 5
MIN_ROWS = 20
# Of a regression target: squares of smaller or larger differences leave the range of floats.
SMALLEST_TARGET, LARGEST_TARGET = 1e-100, 1e100
# Splits by group or time differ in size; what they share is measured on so many of them.
MEASURED = 40
FEW_SEEDS = 5


@dataclass(frozen=True)
class Split:
    """Row numbers, disjoint; together all rows but in a split by time."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def check_splittable(data: Dataset) -> None:
    """Refuse tables from which no fair split can be made."""
    rows = len(data.target)
    if rows < MIN_ROWS:
        raise DataError(f"{data.name} has {rows} usable rows; a study needs at least {MIN_ROWS}")
    arranged = data.arrangement
    if arranged is not None:
        check_arranged(arranged.kind, arranged.column, arranged.codes, data.name)
        split(data, 0)  # refuses here rather than in a worker
    if data.task != "classification":
        size = float(np.abs(data.target).max())
        if not SMALLEST_TARGET <= float(np.ptp(data.target / size)) * size <= LARGEST_TARGET:
            raise DataError(
                f"the target's values spread over {np.ptp(data.target / size) * size:.3g}; rescale "
                f"it so that they spread over {SMALLEST_TARGET:g} to {LARGEST_TARGET:g}"
            )
        return
    counts = np.bincount(data.target, minlength=len(data.classes))
    few = [i for i in np.argsort(counts, kind="stable") if counts[i] < MIN_CLASS_ROWS]
    if few:
        said = ", ".join(f"{data.classes[i]!r} has {counts[i]}" for i in few[:3])
        more = f" and {len(few) - 3} more" if len(few) > 3 else ""
        numbers = all(isinstance(value, int | float) for value in data.class_values)
        numeric = ", or use --task regression" if numbers else ""
        raise DataError(
            f"each class needs at least {MIN_CLASS_ROWS} rows to stand in training, validation "
            f"and test, but {said}{more}: merge or drop such classes{numeric}"
        )


def split(data: Dataset, seed: int) -> Split:
    """60% training, 15% validation, 25% test rows; every class in each, in proportion.

    With groups: whole groups, about so many rows. With times: of a window of 60% of the rows,
    which begins at a random one, the last sixth tests what was learned from those before.

    Not scikit-learn's `train_test_split`: its stratification leaves a small class out of a
    part now and then (classes of 5, 5, 5 and 29 rows: in 143 of 200 seeds).
    """
    rng = np.random.default_rng([seed, 2])
    strata = data.target if data.task == "classification" else np.zeros(len(data.target), int)
    if data.arrangement is not None:
        return _arranged(data, strata, rng)
    test_rows, held_rows = part_sizes(data)
    parts: tuple[list[NDArray[np.int64]], ...] = ([], [], [])
    for code, (test, held) in enumerate(zip(test_rows, held_rows, strict=True)):
        mine = rng.permutation(np.flatnonzero(strata == code))
        for part, rows in zip(parts, np.split(mine, [test, test + held]), strict=True):
            part.append(rows)
    test, validation, train = (rng.permutation(np.concatenate(part)) for part in parts)
    return Split(train, validation, test)


def _arranged(data: Dataset, strata: NDArray[np.int64], rng: np.random.Generator) -> Split:
    by = data.arrangement
    assert by is not None
    if by.kind == "group":
        parts = group_split(by.codes, strata, rng, TEST_SHARE, VALIDATION_SHARE)
    else:
        parts = time_split(by.codes, strata, rng, VALIDATION_SHARE)
    if parts is None:
        classes = ", each with every class" if data.task == "classification" else ""
        uneven = "groups of more even size" if by.kind == "group" else "more different times"
        raise DataError(
            f"{by.column!r} leaves no split into training, validation and test rows{classes}: "
            f"give {uneven}, merge rare classes, or leave out {by.kind}"
        )
    return Split(*parts)


def rows_tested(data: Dataset) -> NDArray[np.int64]:
    """Int["class"], of one seed's test rows: how many there are at the least."""
    if data.arrangement is None:
        return part_sizes(data)[0]
    codes = data.target if data.task == "classification" else np.zeros(len(data.target), int)
    counts = [np.bincount(codes[split(data, s).test]) for s in range(MEASURED)]
    return np.min([np.pad(c, (0, codes.max() + 1 - len(c))) for c in counts], axis=0)


def part_sizes(data: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Test and validation rows of each class (of all rows, for regression): at every seed."""
    if data.task == "classification":
        counts = np.bincount(data.target, minlength=len(data.classes))
    else:
        counts = np.array([len(data.target)])
    test = _shared_out(counts, TEST_SHARE)
    return test, _shared_out(counts - test, VALIDATION_SHARE)


def _shared_out(counts: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """About `share` of each count, at least 1, together `share` of all: largest remainders."""
    wanted = counts * share
    taken = np.maximum(np.floor(wanted).astype(np.int64), 1)
    missing = round(share * int(counts.sum())) - int(taken.sum())
    if missing > 0:
        taken[np.argsort(taken - wanted, kind="stable")[:missing]] += 1
    return taken


def ratio_of_test(data: Dataset, seeds: Sequence[int] = ()) -> float:
    """rho / (1 - rho), rho the share of test rows that two seeds have in common.

    Of rows drawn at random rho = n_test / n, so that this is test rows over the rows learned
    from, validation rows included (they choose learning rate, epoch and cutoff, and so take part
    in the learning): Nadeau-Bengio's n2/n1. With groups or times: `overlap_ratio` of these seeds.
    """
    by = data.arrangement
    if by is not None:
        # Fewer seeds have no average of their own to speak of.
        known = seeds if len(seeds) >= FEW_SEEDS else range(MEASURED)
        tests = [split(data, seed).test for seed in known]
        return overlap_ratio(tests, by.codes if by.kind == "group" else None)
    test_rows = int(part_sizes(data)[0].sum())
    return test_rows / (len(data.target) - test_rows)
