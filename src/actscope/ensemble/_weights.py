"""How much each row counts in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actscope.ensemble._targets import Targets, read_numbers
from actscope.errors import DataError, SettingError, did_you_mean


def row_weights(
    targets: Targets,
    sample_weight: ArrayLike | None,
    class_weight: Mapping[Any, float] | str | None,
) -> NDArray[np.float64] | None:
    """Float["row"] with a mean of 1: sample weight times the weight of the row's class.

    class_weight: "balanced" gives each class rows / (classes * rows of the class), so that
    all weigh the same, as scikit-learn; a mapping must name every class. None for both: None.

    Raises:
        DataError: sample weights of another length, negative, or all 0.
        SettingError: class weights that do not fit the classes.

    >>> row_weights(Targets.read(["a", "a", "a", "b"], None, 4), None, "balanced").round(3)
    array([0.667, 0.667, 0.667, 2.   ])
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = np.ones(len(targets.values))
    if sample_weight is not None:
        weights = weights * _of_samples(sample_weight, len(weights))
    if class_weight is not None:
        weights = weights * _of_classes(targets, class_weight)[targets.values]
    if not weights.any():
        raise DataError("sample_weight and class_weight together leave no row with a weight")
    weights = weights / weights.max()  # no sum overflows
    return weights / weights.mean()


def _of_samples(given: ArrayLike, rows: int) -> NDArray[np.float64]:
    values = read_numbers(given, "sample_weight")
    if values.shape not in ((rows,), (rows, 1)):
        raise DataError(
            f"sample_weight must have one number for each of the {rows} rows of X, not shape "
            f"{values.shape}"
        )
    if (values < 0).any():
        raise DataError(f"sample_weight must not be negative, but one is {values.min():g}")
    if not values.any():
        raise DataError("sample_weight is 0 for every row: give some row a weight")
    return values.reshape(rows)


def _of_classes(targets: Targets, given: Any) -> NDArray[np.float64]:
    """Float["class"]."""
    if targets.task != "classification":
        raise SettingError(
            f"class_weight is for classification, and this is {targets.task}: give sample_weight"
        )
    classes = targets.classes
    if isinstance(given, str) and given == "balanced":
        return len(targets.values) / (len(classes) * np.bincount(targets.values))
    if not isinstance(given, Mapping):
        hint = did_you_mean(given, ["balanced"]) if isinstance(given, str) else ""
        raise SettingError(
            f'class_weight must be "balanced" or a mapping from label to weight, not {given!r}.'
            f"{hint}"
        )
    unknown = [label for label in given if label not in classes]
    if unknown:
        raise SettingError(
            f"class_weight names {unknown[0]!r}, which is not in y; its labels are {_some(classes)}"
        )
    missing = [label for label in classes if label not in given]
    if missing:
        raise SettingError(
            f"class_weight has no weight for {_some(missing)}: 1 leaves a class as it is"
        )
    weights = read_numbers([given[label] for label in classes], "class_weight")
    if (weights < 0).any():
        raise SettingError(f"class_weight must not be negative, but one is {weights.min():g}")
    return weights


def _some(labels: Any) -> str:
    shown = [repr(label) for label in labels]
    return ", ".join(shown[:5]) + (", ..." if len(shown) > 5 else "")
