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
from actscope.study._metrics import METRICS, Metric, choose_cutoff, score_labels, score_values
from actscope.study._seed import Block, Part, SeedData, encode

# Strengths of the L2 penalty that are tried, chosen on the validation rows like the networks'
# learning rates. C is the inverse strength for scikit-learn's LogisticRegression.
LOGISTIC_C = (0.01, 0.1, 1.0)
RIDGE_ALPHA = (0.1, 10.0, 1000.0)

_PARTS: tuple[Part, ...] = ("train", "validation", "test")
Features = dict[Part, NDArray[np.float32]]


def baseline_scores(
    data: Dataset, metric_name: str, seeds: Sequence[int]
) -> list[dict[str, float]]:
    """{"seed", name: test score, ...} for each seed, on the very splits of the networks."""
    metric = METRICS[metric_name]
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
    common = np.full(len(test), np.bincount(train).argmax())
    best, score = -np.inf, np.nan
    for C in LOGISTIC_C:
        with warnings.catch_warnings():
            # Not converged after so many steps is still a linear model, judged as it is.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = LogisticRegression(C=C, max_iter=300).fit(X["train"], train)
        p_held, p_test = (model.predict_proba(rows) for rows in (X["validation"], X["test"]))
        cutoff, held_score = _choose(metric, held, p_held, len(data.classes))
        if held_score > best:
            best = held_score
            score = score_labels(metric, test, _labels(p_test, cutoff))
    return {"majority class": score_labels(metric, test, common), "linear model": score}


def _choose(
    metric: Metric, truth: NDArray[Any], p: NDArray[np.float64], classes: int
) -> tuple[float | None, float]:
    if classes == 2:
        return choose_cutoff(metric, truth, p[:, 1])
    return None, score_labels(metric, truth, p.argmax(1))


def _labels(p: NDArray[np.float64], cutoff: float | None) -> NDArray[np.int64]:
    return p.argmax(1) if cutoff is None else (p[:, 1] > cutoff).astype(np.int64)


def _regression(data: Dataset, metric: Metric, seed: SeedData, X: Features) -> dict[str, float]:
    train, held, test = (seed.targets[part] for part in _PARTS)
    best, score = -np.inf, np.nan
    for alpha in RIDGE_ALPHA:
        model = Ridge(alpha=alpha).fit(X["train"].astype(np.float64), train)
        held_score = score_values(held, model.predict(X["validation"]))
        if held_score > best:
            best, score = held_score, score_values(test, model.predict(X["test"]))
    return {"mean": score_values(test, np.full(len(test), train.mean())), "linear model": score}
