"""From planned parts to finished ones: whatever engine runs them, in whatever order they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Drive:
    """A study under way. results: by the number of the task, what is finished so far."""

    job: Job
    tasks: Sequence[Task]
    results: dict[int, Result]
    _engine: Engine
    _ledger: Ledger | Unkept
    _workers: int | None
    _counters: Counters | None

    def run(self, numbers: Collection[int], until: float | None = None) -> bool:
        """Do these tasks, as far as they are not done; whether all of them are.

        until: on the clock of `time.monotonic`; past it nothing more is waited for.
        """
        left = {i: self.tasks[i] for i in numbers if i not in self.results}
        if not left:
            return True
        running = self._engine(self.job, left, workers=self._workers, counters=self._counters)
        waiting = len(left)
        with closing(running):
            for i, result in running:
                self._ledger.commit(self.tasks[i], result)
                self.results[i] = result
                waiting -= 1
                if waiting and until is not None and time.monotonic() > until:
                    return False
        return True

    def leave(self, numbers: Collection[int]) -> None:
        """These tasks need not be done: they count as done."""
        if self._counters is not None:
            for i in numbers:
                self._counters.finish(i)

    @property
    def kept(self) -> str:
        """How much is kept, and where; empty where nothing is."""
        folder = self._ledger.folder
        if folder is None:
            return ""
        return f"{len(self.results)} of {len(self.tasks)} parts are kept in {folder}"


@contextmanager
def driving(
    job: Job,
    tasks: Sequence[Task],
    engine: Engine,
    *,
    ledger: Ledger | Unkept,
    workers: int | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> Iterator[Drive]:
    """To do `tasks`, or some of them; those in `ledger` are not run again.

    on_progress gets the share of the work that is done, 0 to 1, a few times a second.

    Raises:
        Interrupted: Ctrl-C.
        StoreError: a result could not be kept.
        EngineError: as the engine says.
    """
    known = ledger.finished()
    results = {i: known[key] for i, task in enumerate(tasks) if (key := key_of(task)) in known}
    ledger.begin([task for i, task in enumerate(tasks) if i not in results])
    try:
        with counting([job.size(task) for task in tasks], on_progress) as counters:
            drive = Drive(job, tasks, results, engine, ledger, workers, counters)
            drive.leave(list(results))
            yield drive
    except KeyboardInterrupt:
        raise Interrupted(ledger.folder, len(results), len(tasks)) from None
    except (StoreError, EngineError) as error:
        kept = _kept(ledger.folder, len(results), len(tasks))
        raise type(error)(f"{error}{kept and '; '}{kept}") from None


def drive_all(
    job: Job,
    tasks: Sequence[Task],
    engine: Engine,
    *,
    ledger: Ledger | Unkept,
    workers: int | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> list[Result]:
    """The result of each task, in the order of `tasks`; as `driving`."""
    with driving(
        job, tasks, engine, ledger=ledger, workers=workers, on_progress=on_progress
    ) as drive:
        drive.run(range(len(tasks)))
        return [drive.results[i] for i in range(len(tasks))]


def _kept(folder: Path | None, finished: int, total: int) -> str:
    if folder is None:
        return ""
    return f"{finished} of {total} parts are kept, and resume={str(folder)!r} goes on from there"
