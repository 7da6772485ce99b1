"""Which rows train, choose and test, for one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from actscope.data import Dataset
from actscope.errors import DataError

TEST_SHARE = 0.25
VALIDATION_SHARE = 0.2  # of the rows that are not test rows
# One row of each class in training, validation and test, with the shares above: a class of
# five gives one to the test rows, one to validation, three to training.
MIN_CLASS_ROWS = 5
MIN_ROWS = 20


@dataclass(frozen=True)
class Split:
    """Row numbers, disjoint, together all rows."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def check_splittable(data: Dataset) -> None:
    """Refuse tables from which no fair split can be made."""
    rows = len(data.target)
    if rows < MIN_ROWS:
        raise DataError(f"{data.name} has {rows} usable rows; a study needs at least {MIN_ROWS}")
    if data.task != "classification":
        return
    counts = np.bincount(data.target, minlength=len(data.classes))
    few = [i for i in np.argsort(counts, kind="stable") if counts[i] < MIN_CLASS_ROWS]
    if few:
        said = ", ".join(f"{data.classes[i]!r} has {counts[i]}" for i in few[:3])
        more = f" and {len(few) - 3} more" if len(few) > 3 else ""
        raise DataError(
            f"each class needs at least {MIN_CLASS_ROWS} rows to stand in training, validation "
            f"and test, but {said}{more}: merge or drop such classes, or use --task regression"
        )


def split(data: Dataset, seed: int) -> Split:
    """60% training, 15% validation, 25% test rows; classes in proportion."""
    rows = np.arange(len(data.target))
    strata = data.target if data.task == "classification" else None
    state = np.random.default_rng([seed, 2]).integers(2**31, size=2)
    classes = len(data.classes)
    test_rows = max(round(TEST_SHARE * len(rows)), classes)
    learn, test = train_test_split(
        rows, test_size=test_rows, stratify=strata, random_state=int(state[0])
    )
    held = max(round(VALIDATION_SHARE * len(learn)), classes)
    train, validation = train_test_split(
        learn,
        test_size=held,
        stratify=None if strata is None else strata[np.asarray(learn)],
        random_state=int(state[1]),
    )
    return Split(np.asarray(train), np.asarray(validation), np.asarray(test))


def ratio_of_test(rows: int, classes: int) -> float:
    """Test rows over the rows learned from (training and validation): Nadeau-Bengio's n2/n1."""
    test_rows = max(round(TEST_SHARE * rows), classes)
    return test_rows / (rows - test_rows)
