"""A little of a study, tried: what each activation takes.

A part's time is its encoding, a fixed amount, and so much for each epoch of each network. How
many epochs early stopping leaves is seen by training a few networks to their end, each activation
on seeds of its own: at one seed they all meet the same validation rows, and stop late together.

Everything is processor time, tried with all workers at once as in the study: a machine that is
busy with other things is slower for as long as it is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from actscope.data import Dataset
from actscope.study._plan import Plan
from actscope.study._task import Baseline, TableJob, TablePart
from actscope.study.engines import local
from actscope.study.training._seed import encode
from actscope.study.training._shard import Shard, run_shard

# Of the processor, for one activation; the epochs of what takes longer are taken as all.
PILOT_SECONDS = 10.0
# So many seeds of it, if the first one was quick.
PILOT_SEEDS, QUICK_SECONDS = 3, 1.0


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


def tried(data: Dataset, plan: Plan, tasks: Sequence[TablePart], workers: int) -> Trials:
    """Each activation in one of the workers, all at once as in the study."""
    seeds = max((task.seeds for task in tasks), key=len)
    startup = max(local.call(time.process_time, [()] * workers, workers)) if workers > 1 else 0.0
    jobs = [
        (data, plan, Shard(activation, seeds), _own(plan.seeds, i))
        for i, activation in enumerate(plan.activations)
    ]
    found = local.call(try_shard, jobs, workers)
    (baseline,) = local.call(_try_baseline, [(data, plan, seeds[:1])], workers)
    return Trials(dict(zip(plan.activations, found, strict=True)), startup, baseline)


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
        memory=peak(),
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


def peak() -> int:
    """The most bytes that this process ever held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
