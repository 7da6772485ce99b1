"""Local workers: processes on this machine's cores, through joblib as scikit-learn uses it.

Processes rather than threads: each worker is single-threaded inside, the caller's own
PyTorch settings stay untouched, and a script needs no `if __name__ == "__main__"` guard.
"""

from __future__ import annotations

import os
import re
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from actscope.errors import EngineError
from actscope.study._progress import Counters
from actscope.study._task import Job, Parts, Result, Task

T = TypeVar("T")

# A worker that was ended from outside costs the parts that ran then, which are run again; a
# machine on which workers end so often without finishing anything has another problem.
DEATHS_IN_A_ROW = 3
ORPHAN_POLL_SECONDS = 0.5


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    job: Job,
    tasks: Mapping[int, Task],
    *,
    workers: int | None = None,
    counters: Counters | None = None,
) -> Parts:
    """An engine: each task's number with its result, as they end, in any order.

    Closing the generator, or Ctrl-C in it, ends the workers at once.

    Raises:
        EngineError: workers end again and again.
    """
    left = dict(tasks)
    deaths = 0
    while left:
        done = _pool(job, dict(left), min(workers or cores(), len(left)), counters)
        try:
            for index, result in done:
                del left[index]
                deaths = 0
                yield index, result
        except BrokenProcessPool as error:
            deaths += 1
            if deaths == DEATHS_IN_A_ROW:
                codes = re.findall(r"\w+\(-?\d+\)", str(error))  # as in "{SIGKILL(-9)}"
                raise EngineError(
                    f"worker processes were ended from outside {deaths} times "
                    f"({', '.join(codes) or error}) and finished nothing in between (is memory "
                    "short?): use fewer workers, such as --workers 1"
                ) from None
        finally:
            done.close()


def call(function: Callable[..., T], jobs: Sequence[tuple[Any, ...]], workers: int) -> list[T]:
    """function(*job) for each job, in order, each in one of `workers` processes."""
    calls = (joblib.delayed(function)(*job) for job in jobs)
    return cast("list[T]", _processes(workers)(calls))


def _pool(job: Job, tasks: Mapping[int, Task], workers: int, counters: Counters | None) -> Parts:
    calls = (joblib.delayed(_work)(job, i, t, counters) for i, t in tasks.items())
    results = cast(Parts, _processes(workers, return_as="generator_unordered")(calls))
    try:
        for each in results:  # noqa: UP028  `yield from` hands a closing on, past what is below
            yield each
    finally:
        with warnings.catch_warnings():  # that work is thrown away is meant
            warnings.simplefilter("ignore")
            results.close()


def _processes(workers: int, **options: Any) -> joblib.Parallel:
    return joblib.Parallel(
        n_jobs=workers,
        batch_size=1,  # type: ignore[arg-type]  # joblib's own batches would hold results back
        initializer=_end_with,
        initargs=(os.getpid(),),
        **options,
    )


def _work(job: Job, index: int, task: Task, counters: Counters | None) -> tuple[int, Result]:
    if counters is None:
        return index, job.run(task)
    result = job.run(task, lambda steps: counters.add(index, steps))
    counters.finish(index)
    return index, result


def _end_with(driver: int) -> None:
    """Let this worker end soon after its driver, which may be killed and say nothing.

    It starts with the process, not with the first part: loky starts all workers at once, and one
    that waits for its first part when the driver is killed would wait for five minutes.

    A thread, not the signal that Linux sends when a parent ends: that one comes when the
    *thread* ends that started the worker.
    """

    def watch() -> None:
        while os.getppid() == driver:
            time.sleep(ORPHAN_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="actscope-orphan").start()
