"""What a study will take, found by trying a little of it: seconds, memory.

A part's time is its encoding, a fixed amount, and so much for each epoch of each network. How
many epochs early stopping leaves is seen by training a few networks to their end, each activation
on seeds of its own: at one seed they all meet the same validation rows, and stop late together.

Everything is processor time, tried with all workers at once as in the study: a machine that is
busy with other things is slower for as long as it is. So findings can be kept, for the machine
and the plan (whatever its seeds).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from actscope.data import Dataset
from actscope.ensemble import _check, _sizing
from actscope.study._order import Order, new_order
from actscope.study._plan import Plan
from actscope.study._task import Baseline, TableJob, Task, cut_tasks
from actscope.study.engines import local
from actscope.study.training._seed import encode
from actscope.study.training._shard import Shard, run_shard

# Of the processor, for one activation; the epochs of what takes longer are taken as all.
PILOT_SECONDS = 10.0
# So many seeds of it, if the first one was quick.
PILOT_SEEDS, QUICK_SECONDS = 3, 1.0
_OPTIONS = ("task", "drop", "keep", "name", "group", "time")


@dataclass(frozen=True)
class Trial:
    """What one activation took. encoding: of a block; fixed, per_epoch: of one network.

    epochs: mean over one seed's networks; whole: none of them was cut short by the trial.
    memory: the most bytes that the worker held.
    """

    encoding: float
    fixed: float
    per_epoch: float
    epochs: float
    whole: bool
    memory: int


@dataclass(frozen=True)
class Trials:
    """by_activation: label -> trial. startup: of all workers; baseline: of one seed; seconds."""

    by_activation: Mapping[str, Trial]
    startup: float
    baseline: float


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
    trials = _remembered(order.plan, tasks, workers) or _tried(order, tasks, workers)
    return Estimate(
        order=order,
        parts=len(tasks),
        workers=workers,
        seconds=trials.startup + makespan(_loads(order.plan, tasks, trials), workers),
        at_most=not all(trial.whole for trial in trials.by_activation.values()),
        memory=_memory(trials, workers),
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


def _loads(plan: Plan, tasks: Sequence[Task], trials: Trials) -> list[tuple[float, float, Any]]:
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


def _tried(order: Order, tasks: Sequence[Task], workers: int) -> Trials:
    data, plan = order.data, order.plan
    seeds = max((task.seeds for task in tasks), key=len)
    startup = max(local.call(time.process_time, [()] * workers, workers)) if workers > 1 else 0.0
    jobs = [
        (data, plan, Shard(activation, seeds), _own(plan.seeds, i))
        for i, activation in enumerate(plan.activations)
    ]
    found = local.call(try_shard, jobs, workers)
    (baseline,) = local.call(_try_baseline, [(data, plan, seeds[:1])], workers)
    trials = Trials(dict(zip(plan.activations, found, strict=True)), startup, baseline)
    _remember(plan, tasks, workers, trials)
    return trials


def _own(seeds: tuple[int, ...], i: int) -> tuple[int, ...]:
    """The seeds on which the i-th activation is trained to the end."""
    found = (seeds[(PILOT_SEEDS * i + k) % len(seeds)] for k in range(PILOT_SEEDS))
    return tuple(dict.fromkeys(found))


def _try_baseline(data: Dataset, plan: Plan, seeds: tuple[int, ...]) -> float:
    encode(data, seeds)
    started = time.process_time()
    TableJob(data, plan).run(Baseline(seeds))
    return time.process_time() - started


class _Enough(Exception):
    """The trial's time is up."""


def try_shard(data: Dataset, plan: Plan, shard: Shard, pilot: tuple[int, ...]) -> Trial:
    """Time a part over a few epochs, then see how many the seeds of `pilot` need."""
    started = time.process_time()
    encode(data, shard.seeds)
    encoding = time.process_time() - started
    networks = len(shard.seeds) * len(plan.learning_rates)
    first = _timed(data, plan, shard, 1)  # warms up
    more = 4 if first < 1.0 else 2
    one = min(first, _timed(data, plan, shard, 1)) if first < 1.0 else first
    many = _timed(data, plan, shard, 1 + more)
    per_epoch = max(many - one, 0.0) / more
    epochs, whole = _epochs(data, plan, shard.activation, pilot)
    return Trial(
        encoding=encoding,
        fixed=max(one - per_epoch, 0.0) / networks,
        per_epoch=per_epoch / networks,
        epochs=epochs,
        whole=whole,
        memory=_peak(),
    )


def _timed(data: Dataset, plan: Plan, shard: Shard, epochs: int) -> float:
    started = time.process_time()
    run_shard(data, replace(plan, epochs=epochs), shard)
    return time.process_time() - started


def _epochs(
    data: Dataset, plan: Plan, activation: str, seeds: tuple[int, ...]
) -> tuple[float, bool]:
    """Mean epochs of a network over as many seeds as time allows; whether it did for one."""
    started = time.process_time()
    until = started + PILOT_SECONDS

    def on_epoch(_: int) -> None:
        if time.process_time() > until:
            raise _Enough

    found: list[int] = []
    for seed in seeds:
        if found and time.process_time() - started > QUICK_SECONDS:
            break
        try:
            rows = run_shard(data, plan, Shard(activation, (seed,)), on_epoch).members
        except _Enough:
            break
        found += [row["epochs"] for row in rows]
    return (sum(found) / len(found), True) if found else (float(plan.epochs), False)


def _peak() -> int:
    """The most bytes that this process ever held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _memory(trials: Trials, workers: int) -> int:
    driver = _peak() if workers > 1 else 0
    return driver + workers * max(trial.memory for trial in trials.by_activation.values())


# --- what was found before


def _key(plan: Plan, tasks: Sequence[Task], workers: int) -> str:
    about = {k: v for k, v in plan.to_dict().items() if k not in ("seeds", "hash")}
    block = max(len(task.seeds) for task in tasks)
    text = json.dumps([about, block, workers], sort_keys=True)
    return f"{_sizing._machine()} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _file() -> Path:
    return _sizing._file().with_name("costs.json")


def _kept() -> dict[str, Any]:
    try:
        kept = json.loads(_file().read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _remembered(plan: Plan, tasks: Sequence[Task], workers: int) -> Trials | None:
    """The file is only a help: if damaged, nothing is remembered."""
    try:
        found = _kept()[_key(plan, tasks, workers)]
        by = {name: Trial(**trial) for name, trial in found["by_activation"].items()}
        return Trials(by, float(found["startup"]), float(found["baseline"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _remember(plan: Plan, tasks: Sequence[Task], workers: int, trials: Trials) -> None:
    try:
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")  # whole or not at all
        document = {**_kept(), _key(plan, tasks, workers): asdict(trials)}
        part.write_text(json.dumps(document, indent=1))
        part.replace(path)
    except OSError:
        pass  # a read-only home: tried again next time
