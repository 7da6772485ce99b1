"""Several data sets: which activations rank better over all of them, and by how much to tell.

On each data set the activations are ranked by their mean test scores (1 the best, ties share the
mean rank). Friedman's test asks whether the average ranks differ at all, in the form of Iman and
Davenport, which is less shy:

    chi2 = 12 N / (k (k + 1)) (sum_j R_j^2 - k (k + 1)^2 / 4)
    F = (N - 1) chi2 / (N (k - 1) - chi2),  with k - 1 and (k - 1)(N - 1) degrees of freedom;

with ties chi2 is divided by 1 - sum(t^3 - t) / (N (k^3 - k)). Two average ranks then differ if they
are further apart than Nemenyi's critical difference CD = q_0.05 sqrt(k (k + 1) / (6 N)), q the
studentized range (infinite degrees of freedom) over sqrt(2).

Only the N data sets are the sample here: more seeds make each rank surer, not N larger.

Source: Demsar, JMLR 7 (2006), 1-30.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from actscope.errors import SettingError
from actscope.study.statistics._equivalence import ALPHA

MIN_DATA_SETS = 2
# Two means closer than this share of them are the same up to rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Ranking:
    """data: the data sets' names. ranks: activation -> its rank on each, best average first.

    p: of Friedman's test; 1 where all ranks tie. difference: the critical difference of average
    ranks. groups: longest runs of activations within it, of two or more, each best first.
    """

    data: tuple[str, ...]
    ranks: Mapping[str, tuple[float, ...]]
    p: float
    difference: float
    groups: tuple[tuple[str, ...], ...]

    @property
    def average(self) -> dict[str, float]:
        """Average rank of each activation, best first."""
        return {name: float(np.mean(of)) for name, of in self.ranks.items()}

    @property
    def best(self) -> str:
        """Of the lowest average rank; the first of those that tie."""
        return next(iter(self.ranks))

    @property
    def worse(self) -> tuple[str, ...]:
        """Those that rank clearly behind the best: Friedman's test and the difference agree."""
        if self.p >= ALPHA:
            return ()
        lowest = self.average[self.best]
        return tuple(n for n, r in self.average.items() if r - lowest > self.difference)

    @property
    def table(self) -> pd.DataFrame:
        """One row per activation, best first: its average rank and the rank on each data set."""
        rows = [
            {"activation": name, "average_rank": self.average[name]}
            | {
                f"{i}: {data}": rank
                for i, (data, rank) in enumerate(zip(self.data, of, strict=True), 1)
            }
            for name, of in self.ranks.items()
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "data": list(self.data),
            "average_ranks": self.average,
            "ranks": {name: list(of) for name, of in self.ranks.items()},
            "friedman_p": self.p,
            "critical_difference": self.difference,
            "groups": [list(group) for group in self.groups],
            "best": self.best,
            "worse": list(self.worse),
            "text": ranking_text(self),
        }


def rank_all(means: Mapping[str, Mapping[str, float]]) -> Ranking:
    """Rank activations over data sets.

    Args:
        means: data set -> activation -> mean test score, more is better; the same activations.

    Raises:
        SettingError: fewer than two data sets or activations, or others on one of them.

    >>> found = rank_all({"a": {"relu": 0.9, "tanh": 0.8}, "b": {"relu": 0.7, "tanh": 0.7}})
    >>> found.average, found.best, found.worse
    ({'relu': 1.25, 'tanh': 1.75}, 'relu', ())
    """
    data = list(means)
    names = list(means[data[0]]) if data else []
    if len(data) < MIN_DATA_SETS or len(names) < 2:
        raise SettingError(
            f"a ranking needs two data sets and two activations, not {len(data)} and {len(names)}"
        )
    for each in data[1:]:
        if set(means[each]) != set(names):
            raise SettingError(f"{each} was studied with other activations than {data[0]}")
    table = np.array([[means[each][name] for name in names] for each in data])
    ranks = np.stack([_ranks(row) for row in table])
    average = ranks.mean(axis=0)
    order = sorted(range(len(names)), key=lambda j: (round(average[j], 9), j))
    difference = critical_difference(len(names), len(data))
    return Ranking(
        tuple(data),
        {names[j]: tuple(float(r) for r in ranks[:, j]) for j in order},
        friedman_p(ranks),
        difference,
        _groups([names[j] for j in order], average[order], difference),
    )


def friedman_p(ranks: np.ndarray) -> float:
    """Of Float["data activation"], in the form of Iman and Davenport."""
    n, k = ranks.shape
    average = ranks.mean(axis=0)
    chi2 = 12 * n / (k * (k + 1)) * ((average**2).sum() - k * (k + 1) ** 2 / 4)
    counts = [np.unique(row, return_counts=True)[1] for row in ranks]
    ties = sum(int((c**3 - c).sum()) for c in counts) / (n * (k**3 - k))
    if ties >= 1:
        return 1.0
    chi2 /= 1 - ties
    room = n * (k - 1) - chi2
    if room <= 1e-9 * n:  # every data set ranks alike
        return 0.0
    return float(fdtrc(k - 1, (k - 1) * (n - 1), max(0.0, (n - 1) * chi2 / room)))


def critical_difference(names: int, data: int) -> float:
    """Nemenyi's, at 0.05.

    >>> round(critical_difference(4, 14), 3)  # Demsar's example: 1.25
    1.254
    """
    from scipy.stats import studentized_range  # slow to import, and only needed here

    q = float(studentized_range.ppf(1 - ALPHA, names, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(names * (names + 1) / (6 * data)))


def _ranks(scores: np.ndarray) -> np.ndarray:
    """1 for the highest; those equal up to rounding share the mean of their ranks."""
    close = _ROUNDING * max(1.0, float(np.abs(scores).max()))
    ahead = (scores[None, :] > scores[:, None] + close).sum(axis=1)
    level = (np.abs(scores[None, :] - scores[:, None]) <= close).sum(axis=1)
    return ahead + (level + 1) / 2


def _groups(
    names: Sequence[str], average: np.ndarray, difference: float
) -> tuple[tuple[str, ...], ...]:
    """Longest runs of names, in order of average rank, whose ends are not further apart."""
    found: list[tuple[int, int]] = []
    for begin in range(len(names)):
        end = int(np.flatnonzero(average <= average[begin] + difference + 1e-9)[-1])
        if end > begin and not (found and end <= found[-1][1]):
            found.append((begin, end))
    return tuple(tuple(names[a : b + 1]) for a, b in found)


def ranking_text(r: Ranking) -> str:
    """In plain words, the answer first."""
    count, average = len(r.data), r.average
    led = f"{r.best} has the best average rank ({average[r.best]:.1f} of {len(average)})"
    if r.p >= ALPHA:
        answer = (
            f"Over {count} data sets no activation ranks clearly better than another "
            f"(Friedman's test, p = {r.p:.2g}); {led}."
        )
        more = " More data sets would tell more; more seeds would not." if count < 10 else ""
        return answer + more
    tail = f"average ranks further apart than {r.difference:.1f} differ clearly"
    if not r.worse:
        return f"Over {count} data sets {led}; none ranks clearly behind it ({tail})."
    losers = ", ".join(f"{name} ({average[name]:.1f})" for name in r.worse)
    return f"Over {count} data sets {led}. Clearly behind it: {losers} ({tail})."
