"""From a network's raw outputs to its score, by task and metric."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope.ensemble import softmax
from actscope.study.scoring._cutoffs import choose_cutoff, scores_by_cutoff
from actscope.study.scoring._metrics import Metric, score_labels, score_probabilities, score_values
from actscope.study.training._seed import SeedData

Outputs = NDArray[np.float64]  # Float["output row"]: logits, or scaled values


@dataclass(frozen=True)
class Judge:
    """Scores are `metric.sign` times the metric's own number: more is better.

    classes: how many; 0 for regression.
    """

    metric: Metric
    classes: int

    @property
    def picks_cutoff(self) -> bool:
        """Whether the score depends on a cutoff: labels of two classes."""
        return self.classes == 2 and self.metric.reads == "cutoff"

    def choose(self, seed: SeedData, outputs: Outputs) -> tuple[float | None, float]:
        """(cutoff, score) on validation rows; a cutoff is chosen for labels of two classes."""
        truth = seed.targets["validation"]
        if self.picks_cutoff:
            return choose_cutoff(self.metric, truth, p_yes(outputs))
        return None, self._score(seed, truth, outputs)

    def test(self, seed: SeedData, outputs: Outputs, cutoff: float | None) -> tuple[float, float]:
        """(score, score at cutoff 1/2) on test rows; the second is NaN where none is chosen."""
        truth = seed.targets["test"]
        if cutoff is None:
            return self._score(seed, truth, outputs), nan
        p = p_yes(outputs)
        at = [score_labels(self.metric, truth, (p > c).astype(np.int64)) for c in (cutoff, 0.5)]
        return at[0], at[1]

    def _score(self, seed: SeedData, truth: NDArray[Any], outputs: Outputs) -> float:
        if not self.classes:
            score = score_values(self.metric, truth, values(seed, outputs))
        elif self.metric.reads == "probabilities":
            score = score_probabilities(self.metric, truth, softmax(outputs.T))
        else:
            score = score_labels(self.metric, truth, outputs.argmax(0))
        return self.metric.sign * score

    def test_without_network(self, seed: SeedData) -> tuple[float, float]:
        """The score of a network that learned nothing: `constant_score`."""
        score = constant_score(self.metric, seed, self.classes)
        return score, score if self.picks_cutoff else nan

    def test_by_cutoff(self, seed: SeedData, outputs: Outputs) -> NDArray[np.float64]:
        """Float["cutoff"]: the test score at each of `CUTOFFS` (two classes)."""
        return scores_by_cutoff(self.metric, seed.targets["test"], p_yes(outputs))


def constant_score(metric: Metric, seed: SeedData, classes: int) -> float:
    """On test rows, of one answer for every row, more is better.

    The training rows' mean; their commonest class; or, for a metric that reads probabilities,
    the classes' shares.
    """
    known, truth = seed.targets["train"], seed.targets["test"]
    if not classes:
        score = score_values(metric, truth, np.full(len(truth), known.mean()))
    elif metric.reads == "probabilities":
        shares = np.bincount(known, minlength=classes) / len(known)
        score = score_probabilities(metric, truth, np.tile(shares, (len(truth), 1)))
    else:
        score = score_labels(metric, truth, np.full(len(truth), np.bincount(known).argmax()))
    return metric.sign * score


def p_yes(outputs: Outputs) -> NDArray[np.float64]:
    """Probability of the second class."""
    return softmax(outputs.T)[:, 1]


def values(seed: SeedData, outputs: Outputs) -> NDArray[np.float64]:
    """Predictions in the target's own units."""
    return outputs[0] * seed.target_scale + seed.target_mean
