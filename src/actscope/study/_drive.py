"""From planned parts to finished ones: whatever engine runs them, in whatever order they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Protocol

from actscope.data import Dataset
from actscope.study._plan import Plan
from actscope.study._progress import Counters, counting
from actscope.study._task import Result, Task, member_epochs


class Engine(Protocol):
    """Runs tasks somewhere: yields each one's number and result as it ends, in any order.

    Results are those of `run_task`, which follow from its arguments alone. A task that is lost
    with its worker is run again, or the engine raises EngineError. Closing the generator ends
    all work. Where workers share this machine's files, they count in `counters`.
    """

    def __call__(
        self,
        data: Dataset,
        plan: Plan,
        tasks: Mapping[int, Task],
        *,
        workers: int | None = None,
        counters: Counters | None = None,
    ) -> Iterator[tuple[int, Result]]: ...


def drive(
    data: Dataset,
    plan: Plan,
    tasks: Sequence[Task],
    engine: Engine,
    *,
    workers: int | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> list[Result]:
    """The result of each task, in the order of `tasks`.

    on_progress gets the share of the work that is done, 0 to 1, a few times a second.
    """
    results: dict[int, Result] = {}
    with counting([member_epochs(plan, task) for task in tasks], on_progress) as counters:
        running = engine(data, plan, dict(enumerate(tasks)), workers=workers, counters=counters)
        with closing(running):  # type: ignore[type-var]
            for index, result in running:
                results[index] = result
    return [results[index] for index in range(len(tasks))]
