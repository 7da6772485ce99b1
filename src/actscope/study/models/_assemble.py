"""From trials to a `Comparison`: scores by seed, intervals, the verdict, what is said with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite, nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from actscope.study._result import Comparison, DataSummary, Interval, Row, Verdict
from actscope.study.models._plan import ModelPlan, metric_name
from actscope.study.models._said import cautions, none_trained, notes
from actscope.study.models._trial import TrialResult
from actscope.study.scoring._metrics import Metric
from actscope.study.statistics._paired import score_interval
from actscope.study.verdict._phrases import UNTRAINED
from actscope.study.verdict._verdict import decide

Scores = dict[str, NDArray[np.float64]]
_SHARES = ("dead_share", "saturated_share", "sparsity")
_NO_CURVES = ["activation", "epoch", "train_loss", "validation_loss", "low", "high"]


def assemble_models(
    plan: ModelPlan, results: Sequence[TrialResult], *, name: str, seconds: float
) -> Comparison:
    """The whole result; `results` in any order.

    A network that diverged counts as its seed's untrained one or as the worst score of the study,
    whichever is worse: it learned nothing, and what "nothing" scores is known there.
    """
    metric = plan.scored()
    trained = {(r.trial.activation, r.trial.seed, r.trial.rate): r for r in results}
    untrained = np.array([trained[None, s, None].scores["score"] for s in plan.seeds])
    chosen = {
        label: [_chosen(plan, metric, trained, label, seed) for seed in plan.seeds]
        for label in plan.activations
    }
    raw = {n: np.array([r.scores["score"] for r in own]) for n, own in chosen.items()}
    scores = _filled(raw, untrained, metric)
    members = {n: [r for r in results if r.trial.activation == n] for n in plan.activations}
    base = {UNTRAINED: untrained} if np.isfinite(untrained).all() else {}
    verdict = _verdict(plan, metric, scores, base, members, chosen)
    order = sorted(scores, key=lambda n: (n != verdict.best, -metric.sign * scores[n].mean()))
    costs = _costs(members)
    return Comparison(
        data=DataSummary(
            name=name,
            rows=0,
            columns=0,
            inputs=0,
            task="model",
            target="",
            classes=(),
            notes=notes(plan, chosen),
            fingerprint=plan.example,
        ),
        metric=metric_name(plan.metric, plan.lower),
        plan=plan.to_dict(),
        rows=tuple(
            _row(n, members[n], chosen[n], _interval(plan, metric, scores[n]), costs[n])
            for n in order
        ),
        baselines={n: _interval(plan, metric, values) for n, values in base.items()},
        verdict=verdict,
        members=_members(plan, members, chosen),
        curves=pd.DataFrame(columns=_NO_CURVES),
        by_rate=_by_rate(plan, metric, members, order),
        dead_by_layer=_by_layer(chosen, order),
        cutoffs=pd.DataFrame(columns=["activation", "cutoff", "score"]),
        winner=None,
        seconds=seconds,
        members_trained=sum(map(len, members.values())),
    )


def _chosen(
    plan: ModelPlan,
    metric: Metric,
    trained: Mapping[tuple[str | None, int, float | None], TrialResult],
    label: str,
    seed: int,
) -> TrialResult:
    """Of one activation and seed the rate that `validate` likes best; the smallest of equals."""
    found = [trained[label, seed, rate] for rate in plan.rates]

    def liked(result: TrialResult) -> float:
        validation = result.scores["validation_score"]
        return metric.sign * validation if isfinite(validation) else -np.inf

    return max(found, key=liked)


def _filled(raw: Scores, untrained: NDArray[np.float64], metric: Metric) -> Scores:
    finite = np.concatenate([values[np.isfinite(values)] for values in raw.values()])
    if not len(finite):
        return raw
    worst = metric.sign * (metric.sign * finite).min()
    floor = np.where(
        np.isfinite(untrained),
        metric.sign * np.fmin(metric.sign * untrained, metric.sign * worst),
        worst,
    )
    return {name: np.where(np.isfinite(values), values, floor) for name, values in raw.items()}


def _verdict(
    plan: ModelPlan,
    metric: Metric,
    scores: Scores,
    base: Scores,
    members: Mapping[str, Sequence[TrialResult]],
    chosen: Mapping[str, Sequence[TrialResult]],
) -> Verdict:
    if not all(np.isfinite(values).all() for values in scores.values()):
        best, *others = scores
        return Verdict(best, (), (), tuple(others), False, none_trained(plan), ())
    counts = {n: (sum(r.diverged for r in own), len(own)) for n, own in members.items()}
    verdict = decide(
        scores,
        test_ratio=plan.overlap,
        metric=metric,
        rope=plan.rope,
        baselines=base,
        edge=_edges(plan, chosen),
        diverged={name: count for name, count in counts.items() if count[0]},
    )
    return replace(verdict, text="\n".join([verdict.text, *cautions(plan, chosen)]))


def _edges(plan: ModelPlan, chosen: Mapping[str, Sequence[TrialResult]]) -> dict[str, Any]:
    """Activations whose rate was, in most seeds, the smallest or the largest tried."""
    edges: dict[str, Any] = {}
    if len(plan.learning_rates) < 2:
        return edges
    for name, own in chosen.items():
        rates = np.array([r.trial.rate for r in own], dtype=np.float64)
        if (rates == plan.learning_rates[0]).mean() > 0.5:
            edges[name] = "low"
        elif (rates == plan.learning_rates[-1]).mean() > 0.5:
            edges[name] = "high"
    return edges


def _interval(plan: ModelPlan, metric: Metric, values: NDArray[np.float64]) -> Interval:
    if not np.isfinite(values).all():
        return Interval(nan, nan, nan)
    raw = score_interval(values, plan.overlap)
    return Interval(raw.mean, max(raw.low, metric.floor), min(raw.high, metric.ceiling))


def _costs(members: Mapping[str, Sequence[TrialResult]]) -> dict[str, float]:
    """Seconds in `fit` of those that did not diverge, relative to the cheapest."""
    means = {}
    for name, own in members.items():
        took = [r.scores["seconds"] for r in own if not r.diverged]
        means[name] = float(np.mean(took)) if took else nan
    cheapest = min((m for m in means.values() if m > 0), default=nan)
    return {name: seconds / cheapest for name, seconds in means.items()}


def _row(
    name: str,
    members: Sequence[TrialResult],
    chosen: Sequence[TrialResult],
    score: Interval,
    cost: float,
) -> Row:
    rates = [r.trial.rate for r in chosen if r.trial.rate is not None]
    counts = Counter(rates)
    layers = [_shares(r.layers) for r in chosen if r.layers]
    dead, saturated, sparsity = (_mean([shares[k] for shares in layers]) for k in _SHARES)
    return Row(
        activation=name,
        score=score,
        learning_rate=min(counts, key=lambda rate: (-counts[rate], rate), default=nan),
        learning_rates={rate: counts[rate] for rate in sorted(counts)},
        seeds=len(chosen),
        dead_share=dead,
        sparsity=sparsity,
        saturated_share=saturated,
        diverged=sum(r.diverged for r in members),
        cost=cost,
        hidden_change=_mean([r.scores["moved"] for r in chosen]),
    )


def _shares(layers: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Over the units of all sites."""
    units = np.array([row["units"] for row in layers], np.float64)
    return {
        share: float(np.average([row[share] for row in layers], weights=units)) for share in _SHARES
    }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if isfinite(value)]
    return float(np.mean(known)) if known else nan


def _members(
    plan: ModelPlan,
    members: Mapping[str, Sequence[TrialResult]],
    chosen: Mapping[str, Sequence[TrialResult]],
) -> pd.DataFrame:
    place = {seed: i for i, seed in enumerate(plan.seeds)}
    rows = []
    for name, own in members.items():
        for r in sorted(own, key=lambda r: (r.trial.rate or 0.0, place[r.trial.seed])):
            none: dict[str, float] = dict.fromkeys(_SHARES, nan)
            shares = _shares(r.layers) if r.layers else none
            rows.append(
                {
                    "activation": name,
                    "learning_rate": nan if r.trial.rate is None else r.trial.rate,
                    "seed": r.trial.seed,
                    "chosen": r in chosen[name],
                    "diverged": r.diverged,
                    "validation_score": r.scores["validation_score"],
                    "test_score": r.scores["score"],
                    **shares,
                    "hidden_change": r.scores["moved"],
                    "seconds": r.scores["seconds"],
                }
            )
    return pd.DataFrame(rows)


def _by_rate(
    plan: ModelPlan,
    metric: Metric,
    members: Mapping[str, Sequence[TrialResult]],
    order: Sequence[str],
) -> pd.DataFrame:
    rows = []
    for name in order:
        for rate in plan.learning_rates:
            found = [r.scores["validation_score"] for r in members[name] if r.trial.rate == rate]
            values = np.array([value for value in found if isfinite(value)])
            of = _interval(plan, metric, values) if len(values) else Interval(nan, nan, nan)
            rows.append((name, rate, of.mean, of.low, of.high))
    return pd.DataFrame(rows, columns=["activation", "learning_rate", "mean", "low", "high"])


def _by_layer(chosen: Mapping[str, Sequence[TrialResult]], order: Sequence[str]) -> pd.DataFrame:
    """A site is a layer here, counted in the order of the calls."""
    rows = []
    for name in order:
        sites = [layers for r in chosen[name] if (layers := r.layers)]
        for i in range(min(map(len, sites), default=0)):
            shares = {k: _mean([layers[i][k] for layers in sites]) for k in _SHARES}
            if isfinite(shares["sparsity"]):
                units = sites[0][i]["units"]
                rows.append({"activation": name, "layer": i + 1, "units": units, **shares})
    return pd.DataFrame(rows, columns=["activation", "layer", "units", *_SHARES])
