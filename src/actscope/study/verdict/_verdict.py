"""What the evidence of a study supports: the best, its equals, the worse and the undecided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from actscope.study._result import Pair, TimeLimit, Verdict
from actscope.study.scoring._metrics import Metric
from actscope.study.statistics._equivalence import ALPHA, called
from actscope.study.statistics._forecast import seeds_to_decide
from actscope.study.statistics._paired import compare_all, highest, holm, paired
from actscope.study.statistics._racing import Dropped, Raced
from actscope.study.verdict._phrases import Evidence, Standing
from actscope.study.verdict._words import verdict_text


def decide(
    scores: Mapping[str, np.ndarray],
    *,
    test_ratio: float,
    metric: Metric,
    rope: float,
    baselines: Mapping[str, np.ndarray],
    resolution: float = 0.0,
    linear: Collection[str] = (),
    step_like: Collection[str] = (),
    edge: Mapping[str, Literal["low", "high"]] | None = None,
    diverged: Mapping[str, tuple[int, int]] | None = None,
    raced: Raced | None = None,
    stopped: TimeLimit | None = None,
) -> Verdict:
    """Say which activation is best, which are as good, which are worse, and what stays open.

    The best has the best mean test score (of those that tie, the first). `_equivalence.called` is
    the rule: another one is equivalent if the Holm-adjusted p_equivalent is below 0.05 (a sure
    difference may be too small to matter); worse if p_different is below 0.05 and the difference
    is more likely than not beyond the rope; else undecided. `matters`: at least one is worse.

    Args:
        scores: activation -> (seed,) finite test scores on the same splits, as the metric gives
            them (which way is better, the metric says).
        test_ratio: test rows / training rows of one split.
        metric: what the scores are.
        rope: differences below this do not matter.
        baselines: "linear model", "majority class", "mean", ... -> (seed,) scores, same splits.
        resolution: smallest step of a score, 1 / test rows for accuracy (see `paired`).
        linear, step_like: activations that keep a network linear, or whose derivative is 0
            everywhere, so that hidden layers do not train; others among `scores` are neither.
        edge: activations whose chosen learning rate was, in most seeds, the end of those tried.
        diverged: activation -> (networks that diverged, networks trained).
        raced: of a race (see `_racing`); its dropped ones are worse, whatever the scores of their
            fewer seeds say now, and the others are tested at the error that is left.
        stopped: where the time allowed ended the study.

    Raises:
        SettingError: scores that are missing or not finite, a rope of 0 or less.

    >>> scores = {"relu": np.array([0.9, 0.8, 0.9, 0.8]), "step": np.array([0.3, 0.2, 0.3, 0.3])}
    >>> linear = {"linear model": np.array([0.6, 0.6, 0.7, 0.6])}
    >>> from actscope.study.scoring._metrics import METRICS
    >>> verdict = decide(scores, test_ratio=0.25, metric=METRICS["accuracy"], rope=0.01,
    ...                  baselines=linear)
    >>> verdict.best, verdict.worse, verdict.matters
    ('relu', ('step',), True)
    """
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    scores = {name: metric.sign * np.asarray(values) for name, values in scores.items()}
    every = scores
    raced = raced or Raced({}, frozenset(), len(scores) * (len(scores) - 1) // 2, ALPHA)
    scores = {name: values for name, values in scores.items() if name not in raced.dropped}
    pairs = compare_all(
        scores,
        test_ratio,
        rope,
        resolution,
        family=raced.pairs - len(raced.rejected),
        family_equivalent=raced.pairs,
    )
    best = highest(scores)
    ranked = [best, *sorted((n for n in scores if n != best), key=lambda n: -scores[n].mean())]
    gaps = {name: _oriented(pairs, best, name) for name in ranked[1:]}

    relations = {n: _relation(gap, rope, raced.level) for n, gap in gaps.items()}
    equivalent = tuple(n for n, relation in relations.items() if relation == "same")
    worse = tuple(n for n, relation in relations.items() if relation == "clear")
    undecided = tuple(n for n, relation in relations.items() if relation == "open")
    lost = {
        n: _lost(every, n, drop, test_ratio, rope, resolution) for n, drop in raced.dropped.items()
    }
    worse = (*worse, *sorted(lost, key=lambda n: -float(every[n].mean())))
    gaps.update(lost)
    pairs = (*pairs, *lost.values())

    needed = seeds_to_decide(scores, best, test_ratio, rope, resolution) if undecided else {}
    standings = tuple(
        _standing(
            name, metric.sign * values, metric.sign, scores, best, test_ratio, rope, resolution
        )
        for name, values in baselines.items()
    )
    evidence = Evidence(
        metric=metric,
        rope=rope,
        seeds=len(scores[best]),
        means=means,
        best=best,
        equivalent=equivalent,
        worse=worse,
        undecided=undecided,
        gaps=gaps,
        between=_between(pairs, {best, *worse}, rope, raced.level),
        dropped=raced.dropped,
        needed={n: needed[n] for n in undecided if n in needed},
        baselines=standings,
        linear=frozenset(linear) & set(every),
        step_like=frozenset(step_like) & set(every),
        edge=edge or {},
        diverged=diverged or {},
        overlap=test_ratio > 0,
        stopped=stopped,
    )
    text = verdict_text(evidence)
    shown = tuple(_in_metric(pair, metric.sign) for pair in pairs)
    return Verdict(best, equivalent, worse, undecided, bool(worse), text, shown)


def nothing_learned(
    scores: Mapping[str, np.ndarray], rates: Sequence[float], metric: Metric
) -> Verdict:
    """The verdict of a study in which no network ended better than it began."""
    best, *others = sorted(scores, key=lambda name: -metric.sign * float(np.mean(scores[name])))
    text = (
        "No network learned anything: every one diverged or ended no better than it began, so "
        "nothing can be said of the activation functions. Learning rates tried: "
        f"{', '.join(f'{rate:g}' for rate in rates)}; try ones that are ten times smaller."
    )
    return Verdict(best, (), (), tuple(others), False, text, ())


def _oriented(pairs: tuple[Pair, ...], best: str, other: str) -> Pair:
    """The pair as `best` minus `other`."""
    pair = next(p for p in pairs if {p.first, p.second} == {best, other})
    if pair.first == best:
        return pair
    turned = _in_metric(pair, -1)
    return replace(turned, first=best, second=other, better=pair.worse, worse=pair.better)


def _in_metric(pair: Pair, sign: int) -> Pair:
    """The difference and its interval times `sign`; which of the two is better stays."""
    low, high = sorted((sign * pair.low, sign * pair.high))
    return replace(pair, difference=sign * pair.difference, low=low, high=high)


def _lost(
    scores: Mapping[str, np.ndarray],
    name: str,
    drop: Dropped,
    test_ratio: float,
    rope: float,
    resolution: float,
) -> Pair:
    """The one it lost to minus it, over the seeds of the look at which it was dropped."""
    both = {n: np.asarray(scores[n])[: drop.seeds] for n in (drop.behind, name)}
    (pair,) = compare_all(both, test_ratio, rope, resolution)
    return replace(pair, p_different=drop.p, p_equivalent=1.0)


def _relation(pair: Pair, rope: float, level: float) -> Literal["same", "clear", "open"]:
    same, clear = called(pair.difference, pair.p_different, pair.p_equivalent, rope, level)
    return "same" if same else "clear" if clear else "open"


def _between(
    pairs: tuple[Pair, ...], settled: set[str], rope: float, level: float
) -> tuple[tuple[str, str], ...]:
    """(better, lesser) of the clear differences that do not involve the best or the worse.

    An uneven best can leave both of two others undecided although these differ clearly.
    """
    clear = (
        p
        for p in pairs
        if not settled & {p.first, p.second} and _relation(p, rope, level) == "clear"
    )
    return tuple((p.first, p.second) if p.difference > 0 else (p.second, p.first) for p in clear)


def _standing(
    name: str,
    values: np.ndarray,
    sign: int,
    scores: Mapping[str, np.ndarray],
    best: str,
    test_ratio: float,
    rope: float,
    resolution: float,
) -> Standing:
    """A baseline against all networks, Holm-adjusted over them: the best was picked from many."""
    tests = [paired(own, values, test_ratio, rope, resolution) for own in scores.values()]
    different = holm([t.p_different for t in tests])
    equal = holm([t.p_equivalent for t in tests])
    same, clear = called(np.array([t.difference for t in tests]), different, equal, rope)
    mine = list(scores).index(best)
    if any(c and t.difference > 0 for c, t in zip(clear, tests, strict=True)):
        relation = "beaten"
    elif same[mine]:
        relation = "level"
    elif clear[mine]:
        relation = "ahead"
    else:
        relation = "open"
    return Standing(name, sign * float(np.mean(values)), relation)
