"""The probability above which a classifier says yes, chosen for a metric of labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actscope.study.scoring._metrics import Metric

# Cutoffs that are tried for two classes: every percent.
CUTOFFS: NDArray[np.float64] = np.arange(1, 100) / 100


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
    if metric.name == "f1":
        return 2 * true_yes / np.maximum(said.sum(1) + yes.sum(), 1)
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
