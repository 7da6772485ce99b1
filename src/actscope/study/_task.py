"""The parts that a study is cut into: what an engine is given, and what it gives back.

A job is what the parts have in common; `job.run(task)` does one, in whatever process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol

from threadpoolctl import threadpool_limits

from actscope.data import Dataset
from actscope.study._plan import Plan
from actscope.study.models._trial import Trial, TrialResult
from actscope.study.training._baselines import baseline_scores
from actscope.study.training._shard import Shard, ShardResult, cut_shards, run_shard


@dataclass(frozen=True)
class Baseline:
    """The baselines on the splits of a block of seeds."""

    seeds: tuple[int, ...]


@dataclass(frozen=True)
class BaselineResult:
    """scores: {"seed", name: test score, ...} for each seed."""

    task: Baseline
    scores: list[dict[str, float]]


TablePart = Shard | Baseline
Task = TablePart | Trial  # a trial: of a user's own model (`models`)
Result = ShardResult | BaselineResult | TrialResult
Parts = Generator[tuple[int, Result], None, None]  # a task's number and its result, as they end


def cut_tasks(data: Dataset, plan: Plan, cuts: Sequence[int] = ()) -> list[TablePart]:
    """All parts of a study, the same list for the same arguments; cuts: see `cut_shards`."""
    shards = cut_shards(data, plan, cuts)
    blocks = dict.fromkeys(shard.seeds for shard in shards)
    return [*map(Baseline, blocks), *shards]


class Job(Protocol):
    """What is the same for all parts of a study; an engine sends it to its workers, pickled."""

    def run(self, task: Task, on_step: Callable[[int], None] | None = None) -> Result:
        """One part; on_step(n) is called after each n units of `size`.

        The result follows from job and task alone, whatever process runs it.
        """
        ...

    def size(self, task: Task) -> int:
        """How much there is to do, if nothing stops early: what progress is counted in."""
        ...


@dataclass(frozen=True)
class TableJob:
    """A study of a table. Progress is counted in networks times epochs."""

    data: Dataset
    plan: Plan

    def run(self, task: Task, on_step: Callable[[int], None] | None = None) -> Result:
        if isinstance(task, Shard):
            return run_shard(self.data, self.plan, task, on_step)
        assert isinstance(task, Baseline)
        with threadpool_limits(1):  # as the networks, so that the last digit is the same anywhere
            return BaselineResult(task, baseline_scores(self.data, self.plan.metric, task.seeds))

    def size(self, task: Task) -> int:
        if not isinstance(task, Shard):
            return 0
        return len(task.seeds) * len(self.plan.learning_rates) * self.plan.epochs


def key_of(task: Task) -> str:
    """What a part is called in a store.

    >>> key_of(Shard("relu", (0, 1)))
    '["relu", [0, 1]]'
    >>> key_of(Baseline((0, 1)))
    '[null, [0, 1]]'
    >>> key_of(Trial("relu", 3, 0.01))
    '["model", "relu", 3, 0.01]'
    """
    if isinstance(task, Trial):
        return json.dumps(["model", task.activation, task.seed, task.rate])
    name = task.activation if isinstance(task, Shard) else None
    return json.dumps([name, list(task.seeds)])
