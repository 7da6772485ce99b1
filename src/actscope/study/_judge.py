"""From a network's raw outputs to its score, by task and metric."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from actscope.ensemble import softmax
from actscope.study._metrics import (
    Metric,
    choose_cutoff,
    score_labels,
    score_values,
    scores_by_cutoff,
)
from actscope.study._seed import SeedData

Outputs = NDArray[np.float64]  # Float["output row"]: logits, or scaled values


@dataclass(frozen=True)
class Judge:
    """classes: how many; 0 for regression."""

    metric: Metric
    classes: int

    def choose(self, seed: SeedData, outputs: Outputs) -> tuple[float | None, float]:
        """(cutoff, score) on validation rows; a cutoff is chosen for two classes only."""
        truth = seed.targets["validation"]
        if self.classes == 2:
            return choose_cutoff(self.metric, truth, p_yes(outputs))
        if self.classes:
            return None, score_labels(self.metric, truth, outputs.argmax(0))
        return None, score_values(truth, values(seed, outputs))

    def test(self, seed: SeedData, outputs: Outputs, cutoff: float | None) -> tuple[float, float]:
        """(score, score at cutoff 1/2) on test rows; the second is NaN but for two classes."""
        truth = seed.targets["test"]
        if not self.classes:
            return score_values(truth, values(seed, outputs)), nan
        if cutoff is None:
            return score_labels(self.metric, truth, outputs.argmax(0)), nan
        p = p_yes(outputs)
        at = [score_labels(self.metric, truth, (p > c).astype(np.int64)) for c in (cutoff, 0.5)]
        return at[0], at[1]

    def test_without_network(self, seed: SeedData) -> tuple[float, float]:
        """The score of a network that learned nothing: the commonest class, or the mean."""
        known, truth = seed.targets["train"], seed.targets["test"]
        if not self.classes:
            constant = np.full(len(truth), known.mean())
            return score_values(truth, constant), nan
        common = np.full(len(truth), np.bincount(known).argmax())
        score = score_labels(self.metric, truth, common)
        return score, score if self.classes == 2 else nan

    def test_by_cutoff(self, seed: SeedData, outputs: Outputs) -> NDArray[np.float64]:
        """Float["cutoff"]: the test score at each of `CUTOFFS` (two classes)."""
        return scores_by_cutoff(self.metric, seed.targets["test"], p_yes(outputs))


def p_yes(outputs: Outputs) -> NDArray[np.float64]:
    """Probability of the second class."""
    return softmax(outputs.T)[:, 1]


def values(seed: SeedData, outputs: Outputs) -> NDArray[np.float64]:
    """Predictions in the target's own units."""
    return outputs[0] * seed.target_scale + seed.target_mean
