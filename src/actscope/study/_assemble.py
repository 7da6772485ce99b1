"""From shards' numbers to a `Comparison`: tables, intervals, the verdict, the winner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from math import nan
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from actscope.catalogue import is_own, to_definition
from actscope.data import Dataset, Encoder
from actscope.study._plan import Plan
from actscope.study._result import Comparison, DataSummary, Interval, Row, Winner
from actscope.study._task import BaselineResult, Result
from actscope.study.scoring._cutoffs import CUTOFFS
from actscope.study.scoring._metrics import Metric, metric_named, smallest_step
from actscope.study.statistics._paired import score_interval
from actscope.study.training._candidate import Kept
from actscope.study.training._shard import ShardResult
from actscope.study.training._split import ratio_of_test, rows_tested, split
from actscope.study.verdict._verdict import decide, nothing_learned

Scores = dict[str, NDArray[np.float64]]
Rows = list[dict[str, Any]]  # of members, as in `Comparison.members`


def assemble(
    data: Dataset,
    plan: Plan,
    parts: Sequence[Result],
    *,
    notes: tuple[str, ...],
    origin: Mapping[str, Any],
    seconds: float,
) -> Comparison:
    """The whole result; `parts` in any order.

    Here scores turn from "more is better" into the metric's own numbers.

    origin: where the data came from, told along with the plan but no part of its hash.
    """
    results = [part for part in parts if isinstance(part, ShardResult)]
    baselines = [row for part in parts if isinstance(part, BaselineResult) for row in part.scores]
    ratio = ratio_of_test(data, plan.seeds)
    metric = metric_named(plan.metric)
    members = {name: _members(plan, results, name, metric.sign) for name in plan.activations}
    chosen = {name: _chosen(plan, rows) for name, rows in members.items()}
    scores = {name: _column(rows, "test_score") for name, rows in chosen.items()}
    base = _baseline_scores(plan, baselines, metric.sign)
    none_learned = all(result.kept is None for result in results)
    verdict = (
        nothing_learned(scores, plan.learning_rates, metric)
        if none_learned
        else decide(
            scores,
            test_ratio=ratio,
            metric=metric,
            rope=plan.rope,
            baselines=base,
            resolution=smallest_step(metric, rows_tested(data)),
            linear=[name for name in scores if plan.record(name).name == "identity"],
            step_like=[name for name in scores if plan.record(name).step_like],
            edge=_edges(plan, chosen),
            diverged=_diverged(members),
        )
    )
    order = sorted(
        scores, key=lambda n: (n != verdict.best, -metric.sign * float(scores[n].mean()))
    )
    costs = _costs(members)
    interval = partial(_interval, ratio=ratio, metric=metric)
    every = [row for rows in members.values() for row in rows]
    return Comparison(
        data=DataSummary(
            name=data.name,
            rows=len(data.target),
            columns=data.frame.shape[1],
            inputs=Encoder(data.schema).width,
            task=data.task,
            target=data.target_name,
            classes=data.classes,
            notes=(*data.notes, *notes),
            fingerprint=data.fingerprint,
        ),
        metric=plan.metric,
        plan={**plan.to_dict(), **origin},
        rows=tuple(
            _row(plan, name, members[name], chosen[name], interval, costs[name]) for name in order
        ),
        baselines={name: interval(values) for name, values in base.items()},
        verdict=verdict,
        members=pd.DataFrame(every),
        curves=_curves(results, order),
        by_rate=_by_rate(members, order, interval),
        dead_by_layer=_by_layer(results, order),
        cutoffs=_cutoffs(results, order),
        winner=_winner(data, plan, verdict.best, results, metric.sign),
        seconds=seconds,
        members_trained=len(every),
    )


def _members(plan: Plan, results: Sequence[ShardResult], name: str, sign: int) -> Rows:
    """One activation's members by learning rate, then seed in the plan's order."""
    place = {seed: i for i, seed in enumerate(plan.seeds)}
    turned = ("validation_score", "test_score", "test_score_at_half")
    rows = [
        {**row, **{score: sign * row[score] for score in turned}}
        for result in results
        if result.shard.activation == name
        for row in result.members
    ]
    return sorted(rows, key=lambda row: (row["learning_rate"], place[row["seed"]]))


def _chosen(plan: Plan, rows: Rows) -> Rows:
    """The member chosen for each seed, in the plan's order of seeds: what pairs them up."""
    by_seed = {row["seed"]: row for row in rows if row["chosen"]}
    return [by_seed[seed] for seed in plan.seeds]


def _column(rows: Rows, name: str) -> NDArray[np.float64]:
    return np.array([row[name] for row in rows], dtype=np.float64)


def _baseline_scores(plan: Plan, baselines: Sequence[Mapping[str, float]], sign: int) -> Scores:
    by_seed = {int(row["seed"]): row for row in baselines}
    names = [name for name in by_seed[plan.seeds[0]] if name != "seed"]
    return {name: sign * np.array([by_seed[s][name] for s in plan.seeds]) for name in names}


def _interval(values: NDArray[np.float64], ratio: float, metric: Metric) -> Interval:
    """With bounds no further out than the metric goes."""
    raw = score_interval(values, ratio)
    return Interval(raw.mean, max(raw.low, metric.floor), min(raw.high, metric.ceiling))


def _edges(plan: Plan, chosen: Mapping[str, Rows]) -> dict[str, Literal["low", "high"]]:
    """Activations whose rate was, in most seeds, the smallest or the largest tried."""
    edges: dict[str, Literal["low", "high"]] = {}
    if len(plan.learning_rates) < 2:
        return edges
    for name, rows in chosen.items():
        if plan.record(name).step_like:
            continue  # its hidden layers learn at no rate
        rates = _column(rows, "learning_rate")
        if (rates == plan.learning_rates[0]).mean() > 0.5:
            edges[name] = "low"
        elif (rates == plan.learning_rates[-1]).mean() > 0.5:
            edges[name] = "high"
    return edges


def _diverged(members: Mapping[str, Rows]) -> dict[str, tuple[int, int]]:
    counts = {
        name: (sum(row["diverged"] for row in rows), len(rows)) for name, rows in members.items()
    }
    return {name: count for name, count in counts.items() if count[0]}


def _costs(members: Mapping[str, Rows]) -> dict[str, float]:
    """Training seconds per network and epoch, relative to the cheapest activation."""
    per_epoch = {
        name: float(_column(rows, "seconds").sum() / _column(rows, "epochs").sum())
        for name, rows in members.items()
    }
    cheapest = min(per_epoch.values())
    return {name: seconds / cheapest for name, seconds in per_epoch.items()}


def _row(
    plan: Plan,
    name: str,
    members: Rows,
    chosen: Rows,
    interval: Callable[[NDArray[np.float64]], Interval],
    cost: float,
) -> Row:
    counts = Counter(row["learning_rate"] for row in chosen)
    commonest = min(counts, key=lambda rate: (-counts[rate], rate))
    step_like = plan.record(name).step_like
    cutoffs = _column(chosen, "cutoff")
    cutoffs = cutoffs[np.isfinite(cutoffs)]
    return Row(
        activation=name,
        score=interval(_column(chosen, "test_score")),
        learning_rate=commonest,
        learning_rates={rate: counts[rate] for rate in sorted(counts)},
        seeds=len(chosen),
        dead_share=None if step_like else float(_column(chosen, "dead_share").mean()),
        sparsity=float(_column(chosen, "sparsity").mean()),
        saturated_share=None if step_like else float(_column(chosen, "saturated_share").mean()),
        diverged=sum(row["diverged"] for row in members),
        cost=cost,
        hidden_change=float(_column(chosen, "hidden_change").mean()),
        score_at_half=interval(_column(chosen, "test_score_at_half")) if len(cutoffs) else None,
        cutoff=float(np.median(cutoffs)) if len(cutoffs) else None,
    )


def _curves(results: Sequence[ShardResult], order: Sequence[str]) -> pd.DataFrame:
    """Mean losses over the chosen members; a stopped member keeps its last value.

    Carrying it on keeps the mean over the same members at every epoch: otherwise the curve
    would jump whenever a good one stops.
    """
    parts = []
    for name in order:
        chosen = [c for r in results if r.shard.activation == name for c in r.curves]
        last = max(len(c.valid_loss) for c in chosen)
        train = np.stack([_carried(c.train_loss, last) for c in chosen])
        valid = np.stack([_carried(c.valid_loss, last) for c in chosen])
        low, high = np.percentile(valid, [2.5, 97.5], axis=0)
        parts.append(
            pd.DataFrame({
                "activation": name,
                "epoch": np.arange(1, last + 1),
                "train_loss": train.mean(0),
                "validation_loss": valid.mean(0),
                "low": low,
                "high": high,
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _carried(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The last finite value carried on to `length`."""
    return (
        pd.Series(np.pad(values, (0, length - len(values)), constant_values=np.nan))
        .ffill()
        .to_numpy()
    )


def _by_rate(
    members: Mapping[str, Rows],
    order: Sequence[str],
    interval: Callable[[NDArray[np.float64]], Interval],
) -> pd.DataFrame:
    table: Rows = []
    for name in order:
        for rate in sorted({row["learning_rate"] for row in members[name]}):
            rows = [row for row in members[name] if row["learning_rate"] == rate]
            scores = _column(rows, "validation_score")
            scores = scores[np.isfinite(scores)]
            found = interval(scores) if len(scores) else Interval(nan, nan, nan)
            table.append({"activation": name, "learning_rate": rate, **asdict(found)})
    return pd.DataFrame(table)


def _by_layer(results: Sequence[ShardResult], order: Sequence[str]) -> pd.DataFrame:
    table: Rows = []
    for name in order:
        rows = [row for r in results if r.shard.activation == name for row in r.layers]
        for layer in sorted({row["layer"] for row in rows}):
            mine = [row for row in rows if row["layer"] == layer]
            shares = ("dead_share", "saturated_share", "sparsity")
            table.append(
                {
                    "activation": name,
                    "layer": layer,
                    "units": mine[0]["units"],
                    **{share: float(_column(mine, share).mean()) for share in shares},
                }
            )
    return pd.DataFrame(table)


def _cutoffs(results: Sequence[ShardResult], order: Sequence[str]) -> pd.DataFrame:
    parts = []
    for name in order:
        scores = [
            s for r in results if r.shard.activation == name for s in r.cutoff_scores.values()
        ]
        if scores:
            mean = np.mean(scores, axis=0)
            parts.append(pd.DataFrame({"activation": name, "cutoff": CUTOFFS, "score": mean}))
    if not parts:
        return pd.DataFrame(columns=["activation", "cutoff", "score"])
    return pd.concat(parts, ignore_index=True)


def _winner(
    data: Dataset, plan: Plan, best: str, results: Sequence[ShardResult], sign: int
) -> Winner | None:
    """Of the best activation's chosen members the one with the best validation score."""
    kept = [r.kept for r in results if r.shard.activation == best and r.kept is not None]
    if not kept:
        return None
    top: Kept = max(kept, key=lambda k: (k.validation_score, -k.seed))
    record = plan.record(best)
    encoder = Encoder(data.schema).fit(data.frame.iloc[split(data, top.seed).train])
    return Winner(
        activation=best,
        seed=top.seed,
        learning_rate=top.learning_rate,
        score=sign * top.validation_score,
        cutoff=0.5 if top.cutoff is None and len(data.classes) == 2 else top.cutoff,
        target_mean=top.target_mean,
        target_scale=top.target_scale,
        tensors=top.tensors,
        encoder=encoder.to_dict(),
        definition=to_definition(record) if is_own(record) else None,
    )
