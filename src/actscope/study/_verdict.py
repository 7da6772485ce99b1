"""What the evidence of a study supports: the best, its equals, the worse and the undecided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import numpy as np

from actscope.errors import SettingError
from actscope.study._phrases import Evidence, Standing
from actscope.study._result import Pair, Verdict
from actscope.study._statistics import (
    ALPHA,
    compare_all,
    highest,
    holm,
    paired,
    seeds_to_decide,
)
from actscope.study._words import verdict_text

# Regions of practical equivalence: a difference below this would change nobody's decision.
# One percentage point: one more right answer in a hundred, the usual choice for classifiers
# (Benavoli, Corani, Demsar & Zaffalon 2017, JMLR 18(77)).
ROPE_ACCURACY = 0.01
ROPE_BALANCED_ACCURACY = 0.01
# One hundredth of the target's variance explained: the same size of step on a scale that also
# ends at 1.
ROPE_R2 = 0.01
ROPES: Mapping[str, float] = {
    "accuracy": ROPE_ACCURACY,
    "balanced_accuracy": ROPE_BALANCED_ACCURACY,
    "r2": ROPE_R2,
}


def decide(
    scores: Mapping[str, np.ndarray],
    *,
    test_ratio: float,
    metric: str,
    baselines: Mapping[str, np.ndarray],
    rope: float | None = None,
    resolution: float = 0.0,
    linear: Collection[str] = (),
    step_like: Collection[str] = (),
    edge: Mapping[str, Literal["low", "high"]] | None = None,
    diverged: Mapping[str, tuple[int, int]] | None = None,
) -> Verdict:
    """Say which activation is best, which are as good, which are worse, and what stays open.

    The best has the highest mean test score (of those that tie, the first). Another one is
    equivalent to it if the Holm-adjusted p_equivalent is below 0.05 (this takes precedence: a
    sure difference may be too small to matter), worse if p_different is below 0.05, else
    undecided. `matters` is true if at least one is worse.

    Args:
        scores: activation -> (seed,) finite test scores on the same splits, higher is better.
        test_ratio: test rows / training rows of one split.
        metric: "accuracy", "balanced_accuracy" or "r2" (any other needs a rope).
        baselines: "linear model", "majority class", "mean", ... -> (seed,) scores, same splits.
        rope: differences below this do not matter; the default is ROPES[metric].
        resolution: smallest step of a score, 1 / test rows for accuracy (see `paired`).
        linear, step_like: activations that keep a network linear, or whose derivative is 0
            everywhere, so that hidden layers do not train; others among `scores` are neither.
        edge: activations whose chosen learning rate was, in most seeds, the end of those tried.
        diverged: activation -> (networks that diverged, networks trained).

    Raises:
        SettingError: scores that are missing or not finite, or a metric without a rope.

    >>> scores = {"relu": np.array([0.9, 0.8, 0.9, 0.8]), "step": np.array([0.3, 0.2, 0.3, 0.3])}
    >>> linear = {"linear model": np.array([0.6, 0.6, 0.7, 0.6])}
    >>> verdict = decide(scores, test_ratio=0.25, metric="accuracy", baselines=linear)
    >>> verdict.best, verdict.worse, verdict.matters
    ('relu', ('step',), True)
    """
    rope = _rope(metric, rope)
    pairs = compare_all(scores, test_ratio, rope, resolution)
    best = highest(scores)
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    ranked = [best, *sorted((n for n in scores if n != best), key=lambda n: -means[n])]
    gaps = {name: _oriented(pairs, best, name) for name in ranked[1:]}

    equivalent = tuple(n for n, gap in gaps.items() if gap.p_equivalent < ALPHA)
    rest = {n: gap for n, gap in gaps.items() if n not in equivalent}
    worse = tuple(n for n, gap in rest.items() if gap.p_different < ALPHA)
    undecided = tuple(n for n in rest if n not in worse)

    needed = seeds_to_decide(scores, best, test_ratio, rope, resolution) if undecided else {}
    standings = tuple(
        _standing(name, values, scores, best, test_ratio, rope, resolution)
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
        between=_between(pairs, {best, *worse}),
        needed={n: needed[n] for n in undecided if n in needed},
        baselines=standings,
        linear=frozenset(linear) & set(scores),
        step_like=frozenset(step_like) & set(scores),
        edge=edge or {},
        diverged=diverged or {},
    )
    text = verdict_text(evidence)
    return Verdict(best, equivalent, worse, undecided, bool(worse), text, pairs)


def nothing_learned(scores: Mapping[str, np.ndarray], rates: Sequence[float]) -> Verdict:
    """The verdict of a study in which no network ended better than it began."""
    best, *others = sorted(scores, key=lambda name: -float(np.mean(scores[name])))
    text = (
        "No network learned anything: every one diverged or ended no better than it began, so "
        "nothing can be said of the activation functions. Learning rates tried: "
        f"{', '.join(f'{rate:g}' for rate in rates)}; try ones that are ten times smaller."
    )
    return Verdict(best, (), (), tuple(others), False, text, ())


def _rope(metric: str, rope: float | None) -> float:
    if rope is not None:
        return rope
    if metric not in ROPES:
        raise SettingError(
            f"No difference that matters is known for the metric {metric!r}: use one of "
            f"{', '.join(ROPES)}, or give `rope`."
        )
    return ROPES[metric]


def _oriented(pairs: tuple[Pair, ...], best: str, other: str) -> Pair:
    """The pair as `best` minus `other`."""
    pair = next(p for p in pairs if {p.first, p.second} == {best, other})
    if pair.first == best:
        return pair
    return Pair(
        best, other, -pair.difference, -pair.high, -pair.low, pair.p_different, pair.p_equivalent
    )


def _between(pairs: tuple[Pair, ...], settled: set[str]) -> tuple[tuple[str, str], ...]:
    """(better, lesser) of the clear differences that do not involve the best or the worse.

    An uneven best can leave both of two others undecided although these differ clearly.
    """
    clear = (
        p
        for p in pairs
        if p.p_different < ALPHA <= p.p_equivalent and not settled & {p.first, p.second}
    )
    return tuple((p.first, p.second) if p.difference > 0 else (p.second, p.first) for p in clear)


def _standing(
    name: str,
    values: np.ndarray,
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
    clear = (different < ALPHA) & (equal >= ALPHA)
    mine = list(scores).index(best)
    if any(c and t.difference > 0 for c, t in zip(clear, tests, strict=True)):
        relation = "beaten"
    elif equal[mine] < ALPHA:
        relation = "level"
    elif clear[mine]:
        relation = "ahead"
    else:
        relation = "open"
    return Standing(name, float(np.mean(values)), relation)
