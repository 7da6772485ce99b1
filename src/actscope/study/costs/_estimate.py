"""What a study will take, from trials of a little of it: seconds, memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from actscope.ensemble import _check
from actscope.study._order import Order, new_order
from actscope.study._plan import Plan
from actscope.study._task import Baseline, TablePart, cut_tasks
from actscope.study.costs import _memory, _trials
from actscope.study.costs._trials import Trials
from actscope.study.engines import local

_OPTIONS = ("task", "drop", "keep", "name", "group", "time")


@dataclass(frozen=True)
class Estimate:
    """What is planned, and what it will take.

    seconds: from the start of the training to its end, on a machine with nothing else to do.
        memory: bytes, of all processes together.
    at_most: the trial was too short to see when training stops: `seconds` is for all epochs.
    """

    order: Order
    parts: int
    workers: int
    seconds: float
    at_most: bool
    memory: int

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
    options = {name: asked.pop(name) for name in _OPTIONS if name in asked}
    order = new_order(source, target, options, **asked)
    workers = local.cores() if workers is None else _check.whole("workers", workers)
    tasks = cut_tasks(order.data, order.plan)
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
    )


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
