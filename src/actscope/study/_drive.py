"""From planned parts to finished ones: whatever engine runs them, in whatever order they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from actscope.errors import EngineError, StoreError
from actscope.study._progress import Counters, counting
from actscope.study._task import Job, Parts, Result, Task, key_of
from actscope.study.keeping._ledger import Ledger, Unkept


class Engine(Protocol):
    """Runs tasks somewhere: yields each one's number and result as it ends, in any order.

    Results are those of `job.run`. A task that is lost with its worker is run again, or the
    engine raises EngineError. Closing the generator ends all work. Where workers share this
    machine's files, they count in `counters`.
    """

    def __call__(
        self,
        job: Job,
        tasks: Mapping[int, Task],
        *,
        workers: int | None = None,
        counters: Counters | None = None,
    ) -> Parts: ...


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a study. folder: where `finished` of `total` parts are kept; None: nowhere."""

    def __init__(self, folder: Path | None, finished: int, total: int) -> None:
        self.folder, self.finished, self.total = folder, finished, total
        kept = _kept(folder, finished, total)
        super().__init__(f"stopped; {kept or 'nothing was kept'}")


def drive(
    job: Job,
    tasks: Sequence[Task],
    engine: Engine,
    *,
    ledger: Ledger | Unkept,
    workers: int | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> list[Result]:
    """The result of each task, in the order of `tasks`; those in `ledger` are not run again.

    on_progress gets the share of the work that is done, 0 to 1, a few times a second.

    Raises:
        Interrupted: Ctrl-C.
        StoreError: a result could not be kept.
        EngineError: as the engine says.
    """
    known = ledger.finished()
    results = {i: known[key] for i, task in enumerate(tasks) if (key := key_of(task)) in known}
    left = {i: task for i, task in enumerate(tasks) if i not in results}
    ledger.begin(list(left.values()))
    try:
        with counting([job.size(task) for task in tasks], on_progress) as counters:
            if counters is not None:
                for i in results:
                    counters.finish(i)
            with closing(engine(job, left, workers=workers, counters=counters)) as running:
                for i, result in running:
                    ledger.commit(tasks[i], result)
                    results[i] = result
    except KeyboardInterrupt:
        raise Interrupted(ledger.folder, len(results), len(tasks)) from None
    except (StoreError, EngineError) as error:
        kept = _kept(ledger.folder, len(results), len(tasks))
        raise type(error)(f"{error}{kept and '; '}{kept}") from None
    return [results[i] for i in range(len(tasks))]


def _kept(folder: Path | None, finished: int, total: int) -> str:
    if folder is None:
        return ""
    return f"{finished} of {total} parts are kept, and resume={str(folder)!r} goes on from there"
