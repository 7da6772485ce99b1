"""What a study will take, from trials of a little of it: seconds, memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from actscope.ensemble import _check
from actscope.study._course import cuts_of
from actscope.study._order import Order, order_of
from actscope.study._plan import Plan
from actscope.study._task import Baseline, TablePart, cut_tasks
from actscope.study.costs import _memory, _trials
from actscope.study.costs._trials import Trials
from actscope.study.engines import local


@dataclass(frozen=True)
class Estimate:
    """What is planned, and what it will take.

    seconds: from the start of the training to its end, on a machine with nothing else to do.
        memory: bytes, of all processes together.
    looks: of a race, the numbers of seeds after which those that lost stop.
    at_most: the trial was too short to see when training stops: `seconds` is for all epochs.
    """

    order: Order
    parts: int
    workers: int
    seconds: float
    at_most: bool
    memory: int
    looks: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        data, plan = self.order.data, self.order.plan
        return {
            "schema": 1,
            "data": data.name,
            "task": data.task,
            "metric": plan.metric,
            "rows": len(data.target),
            "columns": data.frame.shape[1],
            "networks": plan.networks,
            "parts": self.parts,
            "workers": self.workers,
            "looks": list(self.looks),
            "estimate": {
                "seconds": self.seconds,
                "at_most": self.at_most,
                "memory_bytes": self.memory,
            },
            "notes": [*data.notes, *self.order.notes],
            "plan": {**plan.to_dict(), **self.order.shown},
        }


def estimate(
    source: Any, target: Any = None, *, workers: int | None = None, **asked: Any
) -> Estimate:
    """What `compare` would do with these arguments, and take on this machine; keeps nothing.

    Tries a little of it first, unless it did before: seconds on small tables, some 30 s on one
    of 30,000 rows. The time is that of a machine with nothing else to do.

    Raises:
        DataError, SettingError, UnknownActivation, FormulaError: as `compare`.

    Example:
        >>> e = estimate("sklearn:iris", activations="relu", seeds=2, epochs=2, hidden=4,
        ...              learning_rates=[0.01], workers=1)
        >>> e.order.plan.networks, e.parts, e.seconds > 0
        (2, 2, True)
    """
    order = order_of(source, target, asked)
    workers = local.cores() if workers is None else _check.whole("workers", workers)
    cuts = cuts_of(order.data, order.plan, by_time=False)
    tasks = cut_tasks(order.data, order.plan, cuts)
    workers = min(workers, len(tasks))
    trials = _memory.recall(order.plan, tasks, workers)
    if trials is None:
        trials = _trials.tried(order.data, order.plan, tasks, workers)
        _memory.remember(order.plan, tasks, workers, trials)
    return Estimate(
        order=order,
        parts=len(tasks),
        workers=workers,
        seconds=trials.startup + makespan(_loads(order.plan, tasks, trials), workers),
        at_most=not all(trial.whole for trial in trials.by_activation.values()),
        memory=_bytes(trials, workers),
        looks=cuts,
    )


@dataclass(frozen=True)
class Estimates:
    """Of several tables, one after the other."""

    each: tuple[Estimate, ...]

    @property
    def seconds(self) -> float:
        """Of all."""
        return sum(one.seconds for one in self.each)

    @property
    def at_most(self) -> bool:
        """As of an Estimate, for any of them."""
        return any(one.at_most for one in self.each)

    @property
    def memory(self) -> int:
        """Bytes: of the largest, since they do not run together."""
        return max(one.memory for one in self.each)

    @property
    def networks(self) -> int:
        """Of all."""
        return sum(one.order.plan.networks for one in self.each)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "schema": 1,
            "networks": self.networks,
            "estimate": {
                "seconds": self.seconds,
                "at_most": self.at_most,
                "memory_bytes": self.memory,
            },
            "studies": [one.to_dict() for one in self.each],
        }


def estimate_several(sources: Sequence[Any], target: Any = None, **asked: Any) -> Estimates:
    """What `compare` would do with several tables, and take on this machine; as `estimate`."""
    return Estimates(tuple(estimate(source, target, **asked) for source in sources))


def makespan(loads: Sequence[tuple[float, float, Any]], workers: int) -> float:
    """Seconds until all is done, each load going to the first free worker.

    loads: (seconds, seconds more where the worker's last load was of another block, block).

    >>> makespan([(3.0, 0.0, 1), (1.0, 0.0, 1), (1.0, 0.0, 1), (2.0, 0.5, 2)], 2)
    4.5
    """
    free: list[tuple[float, Any]] = [(0.0, None)] * workers
    for seconds, preparing, block in loads:
        free.sort(key=lambda worker: worker[0])
        at, last = free[0]
        free[0] = (at + seconds + (preparing if last != block else 0.0), block)
    return max(at for at, _ in free)


def _loads(
    plan: Plan, tasks: Sequence[TablePart], trials: Trials
) -> list[tuple[float, float, Any]]:
    known = trials.by_activation
    encoding = max(trial.encoding for trial in known.values())
    most = max(len(task.seeds) for task in tasks)
    loads = []
    for task in tasks:
        if isinstance(task, Baseline):
            seconds = trials.baseline * len(task.seeds)
        else:
            trial = known[task.activation]
            networks = len(task.seeds) * len(plan.learning_rates)
            seconds = networks * (trial.fixed + trial.per_epoch * trial.epochs)
        loads.append((seconds, encoding * len(task.seeds) / most, task.seeds))
    return loads


def _bytes(trials: Trials, workers: int) -> int:
    driver = _trials.peak() if workers > 1 else 0
    return driver + workers * max(trial.memory for trial in trials.by_activation.values())
