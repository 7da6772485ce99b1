"""From shards' numbers to a `Comparison`: tables, intervals, the verdict, the winner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import nan
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from actscope.catalogue import is_own, to_definition
from actscope.data import Dataset, Encoder
from actscope.study import _frames as frames
from actscope.study._course import Course
from actscope.study._frames import Rows, column
from actscope.study._plan import Plan
from actscope.study._result import (
    Comparison,
    DataSummary,
    Interval,
    Race,
    Row,
    TimeLimit,
    Winner,
)
from actscope.study._task import BaselineResult, Result
from actscope.study.scoring._metrics import Metric, metric_named, smallest_step
from actscope.study.statistics._paired import score_interval
from actscope.study.training._candidate import Kept
from actscope.study.training._shard import ShardResult
from actscope.study.training._split import ratio_of_test, rows_tested, split
from actscope.study.verdict._verdict import decide, nothing_learned

Scores = dict[str, NDArray[np.float64]]


def assemble(
    data: Dataset,
    plan: Plan,
    course: Course,
    *,
    notes: tuple[str, ...],
    origin: Mapping[str, Any],
    seconds: float,
    allowed: float | None = None,
) -> Comparison:
    """The whole result of what was done.

    Here scores turn from "more is better" into the metric's own numbers.

    origin: where the data came from, told along with the plan but no part of its hash.
    allowed: seconds that the study might take.
    """
    whole, plan = plan, replace(plan, seeds=plan.seeds[: course.seeds])
    # A block of seeds that time cut short is kept, for later, and not told: who is further than
    # others would be judged on other seeds.
    parts = [part for part in course.parts if set(_seeds(part)) <= set(plan.seeds)]
    results = [part for part in parts if isinstance(part, ShardResult)]
    baselines = [row for part in parts if isinstance(part, BaselineResult) for row in part.scores]
    ratio = ratio_of_test(data, plan.seeds)
    raced = None
    if course.race is not None and course.state is not None:
        raced = course.state.final(course.race)
    stopped = _stopped(whole, course, allowed)
    metric = metric_named(plan.metric)
    members = {name: _members(plan, results, name, metric.sign) for name in plan.activations}
    chosen = {name: _chosen(plan, rows) for name, rows in members.items()}
    scores = {name: column(rows, "test_score") for name, rows in chosen.items()}
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
            raced=raced,
            stopped=stopped,
        )
    )
    dropped = {} if raced is None else raced.dropped

    def place(name: str) -> tuple[bool, bool, float]:
        return name != verdict.best, name in dropped, -metric.sign * float(scores[name].mean())

    order = sorted(scores, key=place)
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
        plan={**whole.to_dict(), **origin},
        rows=tuple(
            _row(plan, name, members[name], chosen[name], interval, costs[name]) for name in order
        ),
        baselines={name: interval(values) for name, values in base.items()},
        verdict=verdict,
        members=pd.DataFrame(every),
        curves=frames.curves(results, order),
        by_rate=frames.by_rate(members, order, interval),
        dead_by_layer=frames.by_layer(results, order),
        cutoffs=frames.cutoffs(results, order),
        winner=_winner(data, plan, verdict.best, results, metric.sign),
        seconds=seconds,
        members_trained=len(every),
        race=_race(whole, course, members),
        stopped=stopped,
    )


def _seeds(part: Result) -> tuple[int, ...]:
    if isinstance(part, ShardResult):
        return part.shard.seeds
    assert isinstance(part, BaselineResult)
    return part.task.seeds


def _stopped(plan: Plan, course: Course, allowed: float | None) -> TimeLimit | None:
    if course.more_seconds is None or allowed is None:
        return None
    return TimeLimit(allowed, course.seeds, len(plan.seeds), course.more_seconds)


def _race(plan: Plan, course: Course, members: Mapping[str, Rows]) -> Race | None:
    """What the race saved, were each network that was not trained as slow as its like."""
    if course.race is None or course.state is None:
        return None
    trained = {name: float(column(rows, "seconds").sum()) for name, rows in members.items()}
    cells = len(plan.learning_rates) * len(plan.seeds)
    full = sum(seconds * cells / len(members[name]) for name, seconds in trained.items())
    return Race(
        looks=course.race.looks,
        dropped={
            name: {"seeds": drop.seeds, "behind": drop.behind}
            for name, drop in course.state.dropped.items()
        },
        networks=plan.networks,
        saved=1 - sum(trained.values()) / full if course.more_seconds is None else nan,
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
    return [by_seed[seed] for seed in plan.seeds if seed in by_seed]


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
        rates = column(rows, "learning_rate")
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
        name: float(column(rows, "seconds").sum() / column(rows, "epochs").sum())
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
    cutoffs = column(chosen, "cutoff")
    cutoffs = cutoffs[np.isfinite(cutoffs)]
    return Row(
        activation=name,
        score=interval(column(chosen, "test_score")),
        learning_rate=commonest,
        learning_rates={rate: counts[rate] for rate in sorted(counts)},
        seeds=len(chosen),
        dead_share=None if step_like else float(column(chosen, "dead_share").mean()),
        sparsity=float(column(chosen, "sparsity").mean()),
        saturated_share=None if step_like else float(column(chosen, "saturated_share").mean()),
        diverged=sum(row["diverged"] for row in members),
        cost=cost,
        hidden_change=float(column(chosen, "hidden_change").mean()),
        score_at_half=interval(column(chosen, "test_score_at_half")) if len(cutoffs) else None,
        cutoff=float(np.median(cutoffs)) if len(cutoffs) else None,
    )


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
