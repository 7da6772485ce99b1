"""Ray: a study's parts on many machines. Nothing else imports it, and only who asks for it.

A part is a Ray task on one processor. What parts have in common is put into the object store
once, and results stream back to the driver as they end; a node that is lost costs the parts that
ran on it.
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
CANCELLATIONS = 10
LOOK_SECONDS = 1.0  # so that Ctrl-C is heard


class Session:
    """An engine for the length of a `with`: connects at its first part, sends a job once.

    address: of a cluster ("auto", "10.0.0.1:6379", "ray://..."); None: the one that this process
        is connected to, else one of this machine alone. What is connected here ends with it.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._ray: Any = None
        self._ours = False
        self._sent: tuple[Job, Any] | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._sent = None
        if self._ours:
            self._ray.shutdown()
        self._ray, self._ours = None, False

    def __call__(
        self,
        job: Job,
        tasks: Mapping[int, Task],
        *,
        workers: int | None = None,
        counters: Counters | None = None,
    ) -> Parts:
        """Each task's number with its result, as they end, in any order.

        workers: at most so many at a time; None: as many as the cluster has room for.

        Raises:
            SettingError: Ray is not installed.
            EngineError: no cluster answers, it lacks what a part needs, a node has another
                actscope or none, or parts keep being lost.
        """
        if not tasks:
            return
        ray = self._connected()
        needs = {"num_cpus": 1, "num_gpus": getattr(job, "gpus", 0)}
        _check_room(ray, needs)
        remote = ray.remote(**needs, max_retries=RETRIES)(_work)
        shared = [self._reference(job)]  # in a list, so that a node looks at versions first
        running: dict[Any, int] = {}
        waiting = list(tasks)[::-1]
        limit = len(tasks) if workers is None else workers
        try:
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
            _cancel(ray, list(running))

    def _connected(self) -> Any:
        if self._ray is None:
            ray = _ray()
            self._ours = _connect(ray, self._address)
            self._ray = ray
        return self._ray

    def _reference(self, job: Job) -> Any:
        if self._sent is None or self._sent[0] is not job:
            self._sent = job, self._ray.put(job)
        return self._sent[1]


def _cancel(ray: Any, references: list[Any]) -> None:
    """Said again until it is heard: of a task that is just starting Ray may miss it."""
    for _ in range(CANCELLATIONS):
        if not references:
            return
        for reference in references:
            ray.cancel(reference, force=True)
        many = len(references)
        _, references = ray.wait(references, num_returns=many, timeout=LOOK_SECONDS)


def _work(shared: list[Any], task: Task, versions: Mapping[str, str]) -> Result:
    if versions != VERSIONS:
        raise EngineError(
            f"a node has {_listed(VERSIONS)}, this machine {_listed(versions)}: install the same "
            "on all"
        )
    return _ray().get(shared[0]).run(task)


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _check_room(ray: Any, needs: Mapping[str, float]) -> None:
    there = ray.cluster_resources()
    if there.get("GPU", 0) < needs["num_gpus"]:
        raise EngineError(
            "what is trained is on a GPU and no node of the cluster has one: start a node that "
            "has, or move the model and its example to the CPU"
        )
    if there.get("CPU", 0) < needs["num_cpus"]:
        raise EngineError(
            "the cluster has no processor to work on: start a node with "
            "ray start --address=HOST:6379"
        )


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
        cause = error.cause if isinstance(error.cause, Exception) else error
        if "failed to import on the worker" in str(cause):
            reason = str(cause).strip().splitlines()[-1]
            raise EngineError(
                f"a node cannot take part ({reason}): install {_listed(VERSIONS)} there, in the "
                "environment that ray start runs in"
            ) from None
        if isinstance(cause, ray.exceptions.RayError):  # the data did not reach the node
            reason = str(cause).strip().splitlines()[0]
            raise EngineError(f"the cluster lost the data of a part ({reason})") from None
        raise cause from None
    except ray.exceptions.RayError as error:
        raise EngineError(
            f"a part was lost with its worker {RETRIES + 1} times ({type(error).__name__}: is "
            "memory short on a node?)"
        ) from None
