"""Local workers: processes on this machine's cores, through joblib as scikit-learn uses it.

Processes rather than threads: each worker is single-threaded inside, the caller's own
PyTorch settings stay untouched, and a script needs no `if __name__ == "__main__"` guard.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from actscope.data import Dataset
from actscope.study._baselines import baseline_scores
from actscope.study._plan import Plan
from actscope.study._shard import Shard, ShardResult, run_shard

POLL_SECONDS = 0.2

BaselineScores = list[dict[str, float]]


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    data: Dataset,
    plan: Plan,
    shards: Sequence[Shard],
    *,
    workers: int | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> tuple[list[ShardResult], BaselineScores]:
    """Run all shards and the baselines; results in the order of `shards`.

    on_progress gets the share of the work that is done, 0 to 1, a few times a second.
    """
    workers = min(workers or cores(), len(shards) + 1)
    with _progress(plan, shards, on_progress) as counters:
        blocks = list(dict.fromkeys(shard.seeds for shard in shards))
        tasks = [joblib.delayed(_baselines)(data, plan, block) for block in blocks]
        tasks += [joblib.delayed(_shard)(data, plan, s, counters, i) for i, s in enumerate(shards)]
        done = joblib.Parallel(n_jobs=workers)(tasks)
    found = cast("list[Any]", done)
    scores = [row for rows in found[: len(blocks)] for row in rows]
    return found[len(blocks) :], scores


def _shard(data: Dataset, plan: Plan, shard: Shard, counters: Path | None, i: int) -> ShardResult:
    if counters is None:
        return run_shard(data, plan, shard)
    slots = np.memmap(counters, dtype=np.int64, mode="r+")

    def count(members: int) -> None:
        slots[i] += members

    result = run_shard(data, plan, shard, count)
    slots[i] = _full(plan, shard)  # members that stopped early are done too
    return result


def _baselines(data: Dataset, plan: Plan, seeds: tuple[int, ...]) -> BaselineScores:
    with threadpool_limits(1):  # as in a worker, so that the last digit is the same
        return baseline_scores(data, plan.metric, seeds)


def _full(plan: Plan, shard: Shard) -> int:
    return len(shard.seeds) * len(plan.learning_rates) * plan.epochs


@contextmanager
def _progress(
    plan: Plan, shards: Sequence[Shard], on_progress: Callable[[float], object] | None
) -> Iterator[Path | None]:
    """A file in which each shard counts its epochs, read by a thread while the work goes on."""
    if on_progress is None:
        yield None
        return
    total = sum(_full(plan, shard) for shard in shards)
    with tempfile.TemporaryDirectory(prefix="actscope-") as folder:
        path = Path(folder) / "counters"
        np.zeros(len(shards), np.int64).tofile(path)
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(POLL_SECONDS):
                on_progress(float(np.fromfile(path, np.int64).sum()) / total)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield path
        finally:
            stop.set()
            thread.join()
        on_progress(1.0)
