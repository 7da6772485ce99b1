"""What a verdict's sentences are made of: the evidence, and how its numbers and names read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from actscope.study._result import Pair, TimeLimit
from actscope.study.scoring._metrics import Metric
from actscope.study.statistics._racing import Dropped

FEW_SEEDS = 5  # below this the spread itself is a guess (its own error exceeds a third)
FEW_NAMES = 3  # in a headline; the full lists follow below it
LINEAR_BASELINE = "linear model"
UNTRAINED = "untrained network"
# How the other baselines read in a sentence; a name that is not here is quoted.
TRIVIAL = {
    "majority class": "always answering with the commonest class",
    "class shares": "always answering with the shares of the classes",
    "mean": "always answering with the mean",
    UNTRAINED: "the same network before training",
}


@dataclass(frozen=True)
class Standing:
    """A baseline against the networks.

    relation: "beaten" by at least one network, "level" with the best, "ahead" of the best, or
        "open".
    """

    name: str
    mean: float
    relation: Literal["beaten", "level", "ahead", "open"]


@dataclass(frozen=True)
class Evidence:
    """All that the words need.

    means: in the metric's own numbers. gaps: each activation's pair with the best, its
    differences by how much the best is better, whichever way is better; of one dropped in a
    race, its pair with the one it was behind. overlap: the seeds' splits draw on the same rows.
    """

    metric: Metric
    rope: float
    seeds: int
    means: Mapping[str, float]
    best: str
    equivalent: Sequence[str]
    worse: Sequence[str]
    undecided: Sequence[str]
    gaps: Mapping[str, Pair]
    between: Sequence[tuple[str, str]]
    needed: Mapping[str, int | None]
    baselines: Sequence[Standing]
    linear: Collection[str]
    step_like: Collection[str]
    edge: Mapping[str, Literal["low", "high"]]
    diverged: Mapping[str, tuple[int, int]]
    overlap: bool = True
    dropped: Mapping[str, Dropped] = field(default_factory=dict)
    stopped: TimeLimit | None = None


def phrase(baseline: str) -> str:
    if baseline == LINEAR_BASELINE:
        return "a linear model"
    return TRIVIAL.get(baseline, f"the baseline {baseline!r}")


def versus(e: Evidence, baseline: Standing) -> str:
    return f"{value(e, e.means[e.best])} against {value(e, baseline.mean)}"


def weakness(e: Evidence, name: str) -> str:
    if name in e.step_like:
        return "its hidden layers cannot train"
    return "linear" if name in e.linear else ""


def lead(e: Evidence, first: float, second: float) -> float:
    """How much better the first mean is."""
    return e.metric.sign * (first - second)


def metric_name(e: Evidence) -> str:
    return e.metric.words


def percent(probability: float) -> str:
    """A probability that never claims to be sure.

    >>> percent(0.634), percent(0.9999), percent(0.0)
    ('63%', 'over 99%', 'under 1%')
    """
    if probability > 0.99:
        return "over 99%"
    return "under 1%" if probability < 0.01 else f"{100 * probability:.0f}%"


def within(e: Evidence) -> str:
    if e.metric.percent and e.rope == 0.01:
        return "within one percentage point"
    if e.metric.percent:
        return f"within {100 * e.rope:g} percentage points"
    return f"within {e.rope:.3g} of {metric_name(e)}"


def value(e: Evidence, score: float) -> str:
    return number(e, score) + ("%" if e.metric.percent else "")


def number(e: Evidence, x: float) -> str:
    if e.metric.percent:
        return f"{round(100 * x, 1) + 0.0:.1f}"  # + 0.0 turns -0.0 into 0.0
    return plain(e.metric, x)


def plain(metric: Metric, x: float) -> str:
    """Three decimals; a score in the target's unit, which may be any size, four digits.

    >>> from actscope.study.scoring._metrics import METRICS
    >>> plain(METRICS["r2"], 0.98765), plain(METRICS["rmse"], 0.000123456)
    ('0.988', '0.0001235')
    """
    if metric.unit != "1":
        return f"{x + 0.0:#.4g}".rstrip(".")
    # A diverged regression can have an R2 of minus millions: then its size is all that counts.
    return f"{round(x, 3) + 0.0:.3f}" if abs(x) < 1000 else f"{x:.3g}"


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(4.2), duration(75), duration(1000), duration(9000)
    ('4.2 seconds', '75 seconds', '17 minutes', '2.5 hours')
    """
    if seconds < 10:
        return f"{seconds:.1f} seconds"
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def join(names: Sequence[str], word: str = "and") -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def them(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def fall(names: Sequence[str]) -> str:
    return "falls behind" if len(names) == 1 else "fall behind"


def lost_to(e: Evidence, baseline: Standing) -> bool:
    """No network is clearly better, and the best does not even look better by what matters."""
    if e.seeds == 1 or baseline.relation == "beaten":
        return False
    return baseline.relation != "open" or lead(e, e.means[e.best], baseline.mean) <= e.rope
