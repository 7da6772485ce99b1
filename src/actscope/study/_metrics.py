"""Scores that a study ranks by; for all of them more is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope.errors import SettingError, did_you_mean

# The smallest class has fewer than half as many rows as an even share would give it:
# always answering the commonest class then scores well enough to hide a useless model.
IMBALANCED_SHARE = 0.5
# Cutoffs that are tried for two classes: every percent.
CUTOFFS: NDArray[np.float64] = np.arange(1, 100) / 100


@dataclass(frozen=True)
class Metric:
    """name: as in scikit-learn. task: what it is for."""

    name: str
    task: str


METRICS = {
    "accuracy": Metric("accuracy", "classification"),
    "balanced_accuracy": Metric("balanced_accuracy", "classification"),
    "r2": Metric("r2", "regression"),
}


def choose_metric(
    name: str | None, task: str, target: NDArray[Any], classes: tuple[str, ...]
) -> tuple[Metric, str | None]:
    """The metric asked for, or the task's default and a note that says why it is not plain.

    >>> import numpy as np
    >>> choose_metric(None, "classification", np.array([0, 1, 1, 0]), ("a", "b"))[0].name
    'accuracy'
    """
    allowed = [m.name for m in METRICS.values() if m.task == task]
    if name is not None:
        if name not in allowed:
            hint = did_you_mean(str(name), allowed)
            raise SettingError(
                f"metric for a {task} must be one of {', '.join(allowed)}, not {name!r}.{hint}"
            )
        return METRICS[name], None
    if task == "regression":
        return METRICS["r2"], None
    counts = np.bincount(target, minlength=len(classes))
    rare, common = int(counts.argmin()), int(counts.argmax())
    if counts[rare] < IMBALANCED_SHARE * len(target) / len(classes):
        note = (
            f"classes are imbalanced ({counts[common]} rows of {classes[common]!r}, "
            f"{counts[rare]} of {classes[rare]!r}): scored by balanced accuracy, the mean of "
            "each class's share of right answers; --metric accuracy to change"
        )
        return METRICS["balanced_accuracy"], note
    return METRICS["accuracy"], None


def score_labels(metric: Metric, truth: NDArray[np.int64], said: NDArray[np.int64]) -> float:
    """Accuracy, or balanced accuracy over the classes present in `truth`."""
    right = said == truth
    if metric.name == "accuracy":
        return float(right.mean())
    counts = np.bincount(truth)
    hits = np.bincount(truth, weights=right, minlength=len(counts))
    present = counts > 0
    return float((hits[present] / counts[present]).mean())


def score_values(truth: NDArray[np.float64], said: NDArray[np.float64]) -> float:
    """R2: 1 - residual sum of squares / total sum of squares.

    Of a constant truth, as in scikit-learn: 1 if it was hit exactly, else 0.
    """
    total = ((truth - truth.mean()) ** 2).sum()
    residual = ((truth - said) ** 2).sum()
    if total == 0:
        return float(residual == 0)
    return float(1 - residual / total)


def scores_by_cutoff(
    metric: Metric, truth: NDArray[np.int64], p_yes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The score at each of `CUTOFFS` when the second class is said above the cutoff."""
    said = p_yes[None, :] > CUTOFFS[:, None]
    yes = truth == 1
    true_yes = (said & yes).sum(1)
    true_no = (~said & ~yes).sum(1)
    if metric.name == "accuracy":
        return (true_yes + true_no) / len(truth)
    shares = []
    if yes.any():
        shares.append(true_yes / yes.sum())
    if (~yes).any():
        shares.append(true_no / (~yes).sum())
    return np.mean(shares, axis=0)


def choose_cutoff(
    metric: Metric, truth: NDArray[np.int64], p_yes: NDArray[np.float64]
) -> tuple[float, float]:
    """(cutoff, score): the best of `CUTOFFS`; of equals 1/2, else the middle of a run of them.

    A plateau's middle is safer on new rows than its edge; of several the one nearest 1/2.
    """
    scores = scores_by_cutoff(metric, truth, p_yes)
    best = np.flatnonzero(scores >= scores.max() - 1e-12)
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    middles = [run[len(run) // 2] for run in runs]
    chosen = min(middles, key=lambda i: abs(CUTOFFS[i] - 0.5))
    half = int(np.flatnonzero(CUTOFFS == 0.5)[0])
    if half in best:
        chosen = half
    return float(CUTOFFS[chosen]), float(scores[chosen])
