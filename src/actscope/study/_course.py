"""The course of a study of a table: all at once, or seed by seed, as a race or within a time.

Seeds are done in blocks, and in a block every activation that still runs, so that at any stop
all are equally far. A race looks at the scores after planned numbers of seeds; a time allowed is
looked at after each block. When a study stops does not depend on what it found (only on the
clock), so its error rate holds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actscope.data import Dataset
from actscope.study._drive import Drive
from actscope.study._plan import Plan
from actscope.study._task import Result, TablePart
from actscope.study.scoring._metrics import metric_named, smallest_step
from actscope.study.statistics._racing import Race, State, look, plan_race, start
from actscope.study.training._shard import Shard, ShardResult
from actscope.study.training._split import ratio_of_test, rows_tested

# Seconds that the verdict, the page and its pictures take after the last network.
FINISH_SECONDS = 4.0


@dataclass(frozen=True)
class Course:
    """What was done. seeds: how many, by all that still run; race, state: of a race.

    more_seconds: what the seeds that time left undone would take; None: none were left.
    """

    parts: tuple[Result, ...]
    seeds: int
    race: Race | None
    state: State | None
    more_seconds: float | None


@dataclass
class _Clock:
    """Tells whether a block fits into what is left of the time, from those done before it."""

    until: float | None
    pace: float  # seconds for a unit of `Job.size`, in the last block that took any

    def fits(self, size: int) -> bool:
        return self.until is None or time.monotonic() + self.pace * size <= self.until

    def took(self, seconds: float, size: int) -> None:
        if size:
            self.pace = seconds / size


def race_of(data: Dataset, plan: Plan) -> Race | None:
    """The looks of a race, which follow from the plan; None where it is none."""
    return plan_race(len(plan.seeds), ratio_of_test(data, plan.seeds)) if plan.race else None


def cuts_of(data: Dataset, plan: Plan, *, by_time: bool) -> tuple[int, ...]:
    """After how many seeds a new study's blocks must end: at looks, and often if time is short."""
    race = race_of(data, plan)
    looks = () if race is None else race.looks[:-1]
    often = (2, *range(5, len(plan.seeds), 5)) if by_time else ()
    return tuple(sorted({n for n in (*looks, *often) if n < len(plan.seeds)}))


def blocks_of(plan: Plan, tasks: Sequence[TablePart]) -> dict[int, list[int]]:
    """The tasks of each block of seeds, by how many seeds are done after it, ascending."""
    place = {seed: i for i, seed in enumerate(plan.seeds)}
    blocks: dict[int, list[int]] = {}
    for i, task in enumerate(tasks):
        blocks.setdefault(1 + max(place[seed] for seed in task.seeds), []).append(i)
    return dict(sorted(blocks.items()))


def run_course(
    data: Dataset,
    plan: Plan,
    tasks: Sequence[TablePart],
    drive: Drive,
    until: float | None = None,
) -> Course:
    """Do what the plan asks for; until: the end of the time allowed (`time.monotonic`)."""
    race = race_of(data, plan)
    blocks = blocks_of(plan, tasks)
    if race is None and until is None:
        drive.run(range(len(tasks)))
        return _course(drive, len(plan.seeds), None, None, None)
    if until is None:  # fewer stops keep workers busier
        assert race is not None
        blocks = _joined(blocks, race.looks)
    clock = _Clock(None if until is None else until - FINISH_SECONDS, _pace_of(drive))
    state = start(plan.activations)
    done = 0
    for seeds, block in blocks.items():
        if race is not None and len(state.running) == 1 < len(state.names):
            break
        wanted = [i for i in block if _runs(tasks[i], state)]
        undone = [i for i in wanted if i not in drive.results]
        size = sum(drive.job.size(tasks[i]) for i in undone)
        began = time.monotonic()
        if undone and not (clock.fits(size) and drive.run(undone, clock.until)):
            left = [i for n, late in blocks.items() if n >= seeds for i in late]
            return _course(drive, done, race, state, _seconds_for(drive, tasks, left, state, clock))
        clock.took(time.monotonic() - began, size)
        done = seeds
        if race is not None and seeds in race.looks[:-1]:
            state = _looked(data, plan, race, state, drive)
            drive.leave([i for i, task in enumerate(tasks) if not _runs(task, state)])
    return _course(drive, done, race, state, None)


def _course(
    drive: Drive, seeds: int, race: Race | None, state: State | None, more: float | None
) -> Course:
    parts = tuple(drive.results[i] for i in sorted(drive.results))
    return Course(parts, seeds, race, state if race is not None else None, more)


def _joined(blocks: Mapping[int, list[int]], ends: Sequence[int]) -> dict[int, list[int]]:
    """Blocks up to each of `ends` as one."""
    joined: dict[int, list[int]] = {end: [] for end in ends}
    for seeds, block in blocks.items():
        joined[min(end for end in ends if end >= seeds)] += block
    return joined


def _runs(task: TablePart, state: State) -> bool:
    return not isinstance(task, Shard) or task.activation not in state.dropped


def _looked(data: Dataset, plan: Plan, race: Race, state: State, drive: Drive) -> State:
    return look(
        state,
        race,
        {name: _scores(plan, drive, name) for name in state.running},
        test_ratio=ratio_of_test(data, plan.seeds),
        rope=plan.rope,
        resolution=smallest_step(metric_named(plan.metric), rows_tested(data)),
    )


def _scores(plan: Plan, drive: Drive, name: str) -> np.ndarray:
    """Test scores of the chosen members by the plan's order of seeds: more is better here."""
    by_seed = {
        row["seed"]: row["test_score"]
        for result in drive.results.values()
        if isinstance(result, ShardResult) and result.shard.activation == name
        for row in result.members
        if row["chosen"]
    }
    return np.array([by_seed[seed] for seed in plan.seeds if seed in by_seed], np.float64)


def _pace_of(drive: Drive) -> float:
    """The pace of what an earlier session kept, as if its networks had been trained by one worker
    after the other; 0 where there is nothing to go by."""
    known = [result for result in drive.results.values() if isinstance(result, ShardResult)]
    size = sum(drive.job.size(result.shard) for result in known)
    return sum(row["seconds"] for each in known for row in each.members) / size if size else 0.0


def _seconds_for(
    drive: Drive, tasks: Sequence[TablePart], left: Sequence[int], state: State, clock: _Clock
) -> float:
    size = sum(
        drive.job.size(tasks[i]) for i in left if i not in drive.results and _runs(tasks[i], state)
    )
    return clock.pace * size
