"""How probable it is that a difference matters, and the one rule by which it is called.

A difference of scores, its mean d known with standard error se and n - 1 degrees of freedom, is
held against a region of practical equivalence, -rope to +rope: differences that would change
nobody's decision. Two readings of the same Student distribution:

- the *tests*: p_equivalent is the larger of the two one-sided p-values against the edges (TOST);
- the *probabilities*: with a flat prior the true difference is distributed as d + se t_{n-1}, so
  the areas above, inside and below the region are the probabilities that the first is better,
  practically the same, or worse (the Bayesian correlated t-test).

Tests, corrected for the number of pairs, decide; the probabilities are of each pair by itself and
say where an undecided one leans. They cannot contradict: a pair called the same has more than
0.90 inside the region, one called different more than 0.50 beyond it.

Sources: Corani & Benavoli, Machine Learning 100 (2015), 285-304; Benavoli, Corani, Demsar &
Zaffalon, JMLR 18(77) (2017); Schuirmann (1987) for the two one-sided tests.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr  # scipy.stats costs ten times more to import

ALPHA = 0.05  # the usual rate of error, for each of the two families of claims


class Probabilities(NamedTuple):
    """That the first is better by more than the rope, practically the same, or worse. (pair,)"""

    better: np.ndarray
    same: np.ndarray
    worse: np.ndarray


def equivalence_p(
    mean: np.ndarray, error: np.ndarray, seeds: int, rope: float, rounding: np.ndarray
) -> np.ndarray:
    """The larger p of the two one-sided tests; all (pair,). An error of 0 leaves no doubt."""
    margin = rope - np.abs(mean)  # to the nearer edge: there the larger p is
    certain = error == 0
    scale = np.where(certain, 1.0, error)
    return np.where(certain, margin <= rounding, stdtr(seeds - 1, -margin / scale))


def probabilities(
    mean: np.ndarray, error: np.ndarray, seeds: int, rope: float, rounding: np.ndarray
) -> Probabilities:
    """Areas of the posterior d + se t_{seeds-1} above, inside and below -rope to +rope.

    Args:
        mean, error: (pair,) mean difference and its standard error, overlap included.
        rounding: (pair,) differences this close to the edge lie on it, and so not inside.

    >>> at = probabilities(np.array([0.02]), np.array([0.01]), 10, 0.01, np.array([0.0]))
    >>> at.better.round(3), at.same.round(3), at.worse.round(3)
    (array([0.828]), array([0.164]), array([0.007]))
    """
    certain = error == 0
    scale = np.where(certain, 1.0, error)
    above = np.where(certain, mean > rope - rounding, stdtr(seeds - 1, (mean - rope) / scale))
    below = np.where(certain, mean < rounding - rope, stdtr(seeds - 1, (-rope - mean) / scale))
    return Probabilities(above, np.maximum(0.0, 1 - above - below), below)


def called(
    difference: np.ndarray | float,
    p_different: np.ndarray | float,
    p_equivalent: np.ndarray | float,
    rope: float,
    alpha: float = ALPHA,
) -> tuple[np.ndarray, np.ndarray]:
    """(same, clear): the rule of every verdict, for one pair or many; neither is undecided.

    same: p_equivalent < 0.05, even if the difference is sure: it is too small to matter.
    clear: not the same, p_different < alpha, and more likely than not beyond the rope (the
    posterior is symmetric about the difference seen): sure, and probably large enough to matter.

    >>> called(0.03, 0.001, 0.9, rope=0.01), called(0.008, 0.001, 0.2, rope=0.01)
    ((array(False), array(True)), (array(False), array(False)))
    """
    same = np.asarray(np.asarray(p_equivalent) < ALPHA)
    large = np.abs(difference) > rope
    return same, np.asarray(~same & (np.asarray(p_different) < alpha) & large)
