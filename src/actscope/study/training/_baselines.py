"""What has to be beaten: the commonest class or the mean, and a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from actscope.data import Dataset
from actscope.study.scoring._cutoffs import choose_cutoff
from actscope.study.scoring._metrics import (
    Metric,
    metric_named,
    score_labels,
    score_probabilities,
    score_values,
)
from actscope.study.training._judge import constant_score
from actscope.study.training._seed import Block, Part, SeedData, encode

# Strengths of the L2 penalty that are tried, chosen on the validation rows like the networks'
# learning rates. C is the inverse strength for scikit-learn's LogisticRegression.
LOGISTIC_C = (0.01, 0.1, 1.0)
RIDGE_ALPHA = (0.1, 10.0, 1000.0)

_PARTS: tuple[Part, ...] = ("train", "validation", "test")
Features = dict[Part, NDArray[np.float32]]


def baseline_scores(
    data: Dataset, metric_name: str, seeds: Sequence[int]
) -> list[dict[str, float]]:
    """{"seed", name: test score, ...} for each seed, on the very splits of the networks.

    Scores are `Metric.sign` times the metric's own number, as everywhere before `assemble`.
    """
    metric = metric_named(metric_name)
    score = _regression if data.task == "regression" else _classification
    block = encode(data, seeds)
    return [
        {"seed": number, **score(data, metric, seed, _features(block, i))}
        for i, (number, seed) in enumerate(zip(seeds, block.seeds, strict=True))
    ]


def _features(block: Block, index: int) -> Features:
    return {part: block.features(index, part) for part in _PARTS}


def _classification(data: Dataset, metric: Metric, seed: SeedData, X: Features) -> dict[str, float]:
    train, held, test = (seed.targets[part] for part in _PARTS)
    classes = len(data.classes)
    best, score = -np.inf, np.nan
    for C in LOGISTIC_C:
        with warnings.catch_warnings():
            # Not converged after so many steps is still a linear model, judged as it is.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LogisticRegression(C=C, max_iter=300).fit(X["train"], train)
        p_held, p_test = (_all_classes(model, X[part], classes) for part in ("validation", "test"))
        cutoff, held_score = _choose(metric, held, p_held)
        if held_score > best:
            best, score = held_score, _score(metric, test, p_test, cutoff)
    trivial = "class shares" if metric.reads == "probabilities" else "majority class"
    return {trivial: constant_score(metric, seed, classes), "linear model": score}


def _all_classes(
    model: LogisticRegression, rows: NDArray[np.float32], classes: int
) -> NDArray[np.float64]:
    """Float["row class"]: 0 for a class that no training row has."""
    p = np.zeros((len(rows), classes))
    p[:, model.classes_] = model.predict_proba(rows)
    return p


def _choose(
    metric: Metric, truth: NDArray[Any], p: NDArray[np.float64]
) -> tuple[float | None, float]:
    if p.shape[1] == 2 and metric.reads == "cutoff":
        return choose_cutoff(metric, truth, p[:, 1])
    return None, _score(metric, truth, p, None)


def _score(
    metric: Metric, truth: NDArray[Any], p: NDArray[np.float64], cutoff: float | None
) -> float:
    if metric.reads == "probabilities":
        return metric.sign * score_probabilities(metric, truth, p)
    said = p.argmax(1) if cutoff is None else (p[:, 1] > cutoff).astype(np.int64)
    return metric.sign * score_labels(metric, truth, said)


def _regression(data: Dataset, metric: Metric, seed: SeedData, X: Features) -> dict[str, float]:
    train, held, test = (seed.targets[part] for part in _PARTS)
    best, score = -np.inf, np.nan
    for alpha in RIDGE_ALPHA:
        model = Ridge(alpha=alpha).fit(X["train"].astype(np.float64), train)
        held_score, test_score = (
            metric.sign * score_values(metric, truth, model.predict(X[part]))
            for part, truth in zip(_PARTS[1:], (held, test), strict=True)
        )
        if held_score > best:
            best, score = held_score, test_score
    return {"mean": constant_score(metric, seed, 0), "linear model": score}
