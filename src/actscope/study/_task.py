"""The parts that a study is cut into: what an engine is given, and what it gives back."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from actscope.data import Dataset
from actscope.study._baselines import baseline_scores
from actscope.study._plan import Plan
from actscope.study._shard import Shard, ShardResult, cut_shards, run_shard


@dataclass(frozen=True)
class Baseline:
    """The baselines on the splits of a block of seeds."""

    seeds: tuple[int, ...]


@dataclass(frozen=True)
class BaselineResult:
    """scores: {"seed", name: test score, ...} for each seed."""

    task: Baseline
    scores: list[dict[str, float]]


Task = Shard | Baseline
Result = ShardResult | BaselineResult
Parts = Generator[tuple[int, Result], None, None]  # a task's number and its result, as they end


def cut_tasks(data: Dataset, plan: Plan) -> list[Task]:
    """All parts of a study, the same list for the same plan and data."""
    shards = cut_shards(data, plan)
    blocks = dict.fromkeys(shard.seeds for shard in shards)
    return [*map(Baseline, blocks), *shards]


def run_task(
    data: Dataset, plan: Plan, task: Task, on_epoch: Callable[[int], None] | None = None
) -> Result:
    """One part; on_epoch(n) is called after each epoch of n members.

    The result follows from the arguments alone, whatever process runs it.
    """
    if isinstance(task, Shard):
        return run_shard(data, plan, task, on_epoch)
    with threadpool_limits(1):  # as the networks, so that the last digit is the same anywhere
        return BaselineResult(task, baseline_scores(data, plan.metric, task.seeds))


def key_of(task: Task) -> str:
    """What a part is called in a store.

    >>> key_of(Shard("relu", (0, 1)))
    '["relu", [0, 1]]'
    >>> key_of(Baseline((0, 1)))
    '[null, [0, 1]]'
    """
    name = task.activation if isinstance(task, Shard) else None
    return json.dumps([name, list(task.seeds)])


def member_epochs(plan: Plan, task: Task) -> int:
    """How much there is to train: networks times epochs, if none stops early."""
    if isinstance(task, Baseline):
        return 0
    return len(task.seeds) * len(plan.learning_rates) * plan.epochs
