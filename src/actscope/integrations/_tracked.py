"""A study as the runs of a tracking server: params, metrics, tags, files. Knows no server."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from actscope import study
from actscope._version import __version__
from actscope.study import Comparison, Comparisons, Interval, Row, Verdict

# The shortest limits among servers of all versions; results.json has everything in full.
PARAM, TAG = 500, 5000


@dataclass(frozen=True)
class Point:
    """One value of a metric; step: the epoch, for a curve."""

    key: str
    value: float
    step: int = 0


@dataclass(frozen=True)
class Tracked:
    """One run with those below it. files: by name, beside the run."""

    name: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: tuple[Point, ...]
    seconds: float = 0.0
    children: tuple[Tracked, ...] = ()
    files: Mapping[str, bytes] | None = None


def tracked(found: Comparison | Comparisons) -> Tracked:
    """The run of a study, with one below it for each activation; of several tables, for each."""
    return _one(found) if isinstance(found, Comparison) else _several(found)


def result_key(found: Comparison | Comparisons) -> str:
    """The same for the same result, however long it took, wherever it was kept.

    >>> c = study.compare("sklearn:iris", activations="relu,tanh", seeds=2, epochs=2, hidden=4,
    ...                   learning_rates=0.01, workers=1)
    >>> len(result_key(c)), result_key(c) == result_key(c)
    (16, True)
    """
    studies = (found,) if isinstance(found, Comparison) else found.studies
    said = [[one.plan.get("hash"), one.members_trained, *_document(one)] for one in studies]
    return hashlib.sha256(json.dumps([__version__, said]).encode()).hexdigest()[:16]


def _document(one: Comparison) -> list[Any]:
    """The numbers; times are no part of a result."""
    document = study.to_json(one)
    rows = [{k: v for k, v in row.items() if k != "cost"} for row in document["results"]]
    return [document["verdict"], document["baselines"], rows]


def _several(found: Comparisons) -> Tracked:
    ranking = found.ranking
    return Tracked(
        name=f"{len(found.studies)} data sets",
        params={
            "data": _cut(", ".join(ranking.data), PARAM),
            "activations": _cut(", ".join(ranking.average), PARAM),
        },
        tags=_tags(found.text, ranking.best),
        metrics=_points({f"average_rank/{n}": rank for n, rank in ranking.average.items()}),
        seconds=sum(one.seconds for one in found.studies),
        children=tuple(map(_one, found.studies)),
        files=found.files(),
    )


def _one(c: Comparison) -> Tracked:
    best = next((row for row in c.rows if row.activation == c.verdict.best), None)
    plan = {k: v for k, v in c.plan.items() if k != "hash" and v not in (None, [])}
    data = {"data": c.data.name, "rows": c.data.rows, "target": c.data.target, "task": c.data.task}
    return Tracked(
        name=c.data.name,
        params={name: _cut(_text(value), PARAM) for name, value in {**plan, **data}.items()},
        tags={
            **_tags(c.verdict.text, c.verdict.best),
            "actscope.plan": str(c.plan.get("hash", "")),
            "actscope.matters": str(c.verdict.matters),
        },
        metrics=_points(
            {
                "members_trained": c.members_trained,
                "seconds": c.seconds,
                **(_bounds(c.metric, best.score) if best is not None else {}),
                **{
                    key: value
                    for name, interval in c.baselines.items()
                    for key, value in _bounds(f"baseline/{name}", interval).items()
                },
            }
        ),
        seconds=c.seconds,
        children=tuple(_activation(c, row) for row in c.rows),
        files=study.files_of(c),
    )


def _activation(c: Comparison, row: Row) -> Tracked:
    rates = ", ".join(f"{rate:g}: {count}" for rate, count in row.learning_rates.items())
    formula = c.plan.get("definitions", {}).get(row.activation, {}).get("formula")
    numbers = {
        **_bounds(c.metric, row.score),
        **(_bounds(f"{c.metric}_at_half", row.score_at_half) if row.score_at_half else {}),
        "cutoff": row.cutoff,
        "dead_share": row.dead_share,
        "saturated_share": row.saturated_share,
        "sparsity": row.sparsity,
        "diverged": row.diverged,
        "cost": row.cost,
        "hidden_change": row.hidden_change,
        "seeds": row.seeds,
    }
    return Tracked(
        name=row.activation,
        params={
            "activation": _cut(row.activation, PARAM),
            "learning_rate": f"{row.learning_rate:g}",
            "learning_rates_chosen": _cut(rates, PARAM),
            **({"formula": _cut(formula, PARAM)} if formula else {}),
        },
        tags={"actscope.standing": _standing(c.verdict, row.activation)},
        metrics=(*_points(numbers), *_curves(c, row.activation)),
    )


def _standing(verdict: Verdict, name: str) -> str:
    """What the verdict says of one activation."""
    if name == verdict.best:
        return "best"
    lists = ("equivalent", "worse", "undecided")
    return next((word for word in lists if name in getattr(verdict, word)), "undecided")


def _curves(c: Comparison, name: str) -> Iterable[Point]:
    mine = c.curves[c.curves["activation"] == name]
    names = {"train_loss": "train_loss", "validation_loss": "validation_loss",
             "low": "validation_loss_low", "high": "validation_loss_high"}  # fmt: skip
    for column, key in names.items():
        for epoch, value in zip(mine["epoch"], mine[column], strict=True):
            yield from _points({key: value}, int(epoch))


def _bounds(key: str, interval: Interval) -> dict[str, float]:
    return {key: interval.mean, f"{key}_low": interval.low, f"{key}_high": interval.high}


def _points(values: Mapping[str, float | None], step: int = 0) -> tuple[Point, ...]:
    """What is no number is left out: servers disagree on NaN."""
    return tuple(
        Point(re.sub(r"[^\w\-. :/]", "_", key)[:250], float(value), step)
        for key, value in values.items()
        if value is not None and math.isfinite(value)
    )


def _tags(text: str, best: str) -> dict[str, str]:
    return {
        "mlflow.note.content": _cut(text, TAG),  # what the page of a run shows on top
        "mlflow.source.name": "actscope",
        "actscope.version": __version__,
        "actscope.verdict": _cut(text, TAG),
        "actscope.best": best,
    }


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return json.dumps(value) if isinstance(value, Mapping) else str(value)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
