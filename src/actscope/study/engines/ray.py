"""Ray: a study's parts on many machines. Nothing else imports it, and only who asks for it.

A part is a Ray task on one processor. The table is put into the object store once, and results
stream back to the driver as they end; a node that is lost costs the parts that ran on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actscope.errors import EngineError, SettingError
from actscope.study._order import VERSIONS
from actscope.study._progress import Counters
from actscope.study._task import Job, Parts, Result, Task

# How often Ray runs a part again whose worker or node was lost.
RETRIES = 5
LOOK_SECONDS = 1.0  # so that Ctrl-C is heard


def run(
    job: Job,
    tasks: Mapping[int, Task],
    *,
    workers: int | None = None,
    counters: Counters | None = None,
    address: str | None = None,
) -> Parts:
    """An engine: each task's number with its result, as they end, in any order.

    workers: at most so many at a time; None: as many as the cluster has processors.
    address: of a cluster ("auto", "10.0.0.1:6379", "ray://..."); None: the one that this process
        is connected to, else one of this machine alone, for the time of the study.

    Raises:
        SettingError: Ray is not installed.
        EngineError: no cluster answers, its nodes have other versions, or parts keep being lost.
    """
    if not tasks:
        return
    ray = _ray()
    ours = _connect(ray, address)
    running: dict[Any, int] = {}
    try:
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)(_work)
        shared = ray.put(job)  # once, whatever the number of parts
        waiting = list(tasks)[::-1]
        limit = len(tasks) if workers is None else workers
        while waiting or running:
            while waiting and len(running) < limit:
                index = waiting.pop()
                running[remote.remote(shared, tasks[index], VERSIONS)] = index
            ready, _ = ray.wait(list(running), num_returns=1, timeout=LOOK_SECONDS)
            for reference in ready:
                result = _got(ray, reference)
                index = running.pop(reference)
                if counters is not None:
                    counters.finish(index)
                yield index, result
    finally:
        for reference in running:
            ray.cancel(reference, force=True)
        if ours:
            ray.shutdown()


def _work(job: Job, task: Task, versions: Mapping[str, str]) -> Result:
    if versions != VERSIONS:
        raise EngineError(
            f"a node has {dict(VERSIONS)}, the driver {dict(versions)}: install alike"
        )
    return job.run(task)


def _ray() -> Any:
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise SettingError(
            "the engine 'ray' needs Ray, which is not installed: pip install 'actscope[ray]', "
            "or use the engine 'local'"
        ) from None
    return ray


def _connect(ray: Any, address: str | None) -> bool:
    """Whether it was this call that connected."""
    if ray.is_initialized():
        if address is not None:
            raise SettingError("this process is connected to a Ray cluster: leave address out")
        return False
    known: dict[str, Any] = {} if address else {"include_dashboard": False}
    try:
        ray.init(address=address, logging_level="error", log_to_driver=False, **known)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        where = f"at {address!r}" if address else "here"
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EngineError(f"no Ray cluster answers {where}: {reason}") from None
    return True


def _got(ray: Any, reference: Any) -> Result:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
    except ray.exceptions.RayError as error:
        raise EngineError(
            f"a part was lost with its worker {RETRIES + 1} times ({type(error).__name__}: is "
            "memory short on a node?)"
        ) from None
