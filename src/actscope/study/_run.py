"""`compare`: from a table to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from actscope import render
from actscope.catalogue import Record
from actscope.ensemble import _check
from actscope.errors import SettingError
from actscope.study._assemble import assemble
from actscope.study._budget import Allowed, allowed_from, within
from actscope.study._course import cuts_of, run_course
from actscope.study._drive import Engine, driving
from actscope.study._order import Order, kept_order, new_order
from actscope.study._result import Comparison
from actscope.study._task import TableJob, cut_tasks
from actscope.study.engines import local
from actscope.study.keeping._folder import folder_for, kept_in
from actscope.study.keeping._store import save

ENGINES = ("local", "ray")


def compare(
    source: Any = None,
    target: Any = None,
    *,
    activations: Sequence[str | Record] | str | None = None,
    seeds: Sequence[int] | int | None = None,
    learning_rates: Sequence[float] | float | None = None,
    hidden: Sequence[int] | int | None = None,
    task: str | None = None,
    metric: str | None = None,
    rope: float | None = None,
    group: str | int | None = None,
    time: str | int | None = None,
    drop: Sequence[str | int] | str | int = (),
    keep: Sequence[str | int] | str | int = (),
    epochs: int | None = None,
    batch_size: int | None = None,
    optimizer: str | None = None,
    l2: float | None = None,
    race: bool | None = None,
    budget: float | str | Allowed | None = None,
    name: str | None = None,
    workers: int | None = None,
    progress: bool | Callable[[float], object] = True,
    engine: str = "local",
    address: str | None = None,
    out: str | Path | bool = False,
    resume: str | Path | None = None,
) -> Comparison:
    """Which activation function for these data? Many networks, a fair protocol, a verdict.

    At each seed all activations get the same split (60% training, 15% validation, 25% test
    rows), the same initial weights but for the gain of the function, and the same batches.
    The learning rate is chosen for each activation and seed on that seed's validation rows;
    test rows choose nothing. Intervals and tests account for the overlap of the splits
    (Nadeau & Bengio 2003) and for the number of comparisons (Holm 1979).

    Args:
        source: a file (.csv, .tsv, .parquet), "sklearn:digits" and the like, a pandas or
            polars frame, or X as an array; or a list of files or frames: the same activations
            are compared on each, and ranked over all (then a `Comparisons`).
        target: a column's name or zero-based position, or y as an array.
        activations: names such as "relu" or "leaky_relu(negative_slope=0.2)", names given to
            `define`, formulas such as "x*tanh(exp(x))", records, or one text with commas;
            None: eight common ones.
        seeds: 20 (None) means 0 to 19; more seeds, narrower intervals.
        learning_rates: tried for every activation and seed; None: 0.001, 0.003, 0.01.
        hidden: widths of the hidden layers; None: 64, 64.
        task: "classification" or "regression", when the guess from the target is wrong.
        metric: "accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision", "log_loss";
            "r2", "rmse", "mae"; or the name of a scikit-learn scorer. None: by task and class
            balance.
        rope: a difference in the metric below this would change nobody's decision (region of
            practical equivalence); None: 0.01, of the target's deviation for "rmse" and "mae".
        group: a column whose equal values mark rows that belong together (a patient's, a
            machine's): they are never on both sides of a split.
        time: a column of numbers or dates: what is tested is later than what was learned from.
            Each seed then draws a period of its own, 60% of the rows long.
        drop, keep: columns to leave out, or to use though they look like identifiers.
        epochs: at most; training stops earlier when validation loss stops falling.
        batch_size: rows of a step; None: 32 to 256 by the size of the table.
        optimizer: "adam" (None), "adamw" or "sgd" (momentum 0.9).
        l2: coefficient of 1/2 l2 |w|^2; None: 0.
        race: stop activations early that have clearly lost, at planned looks that are paid for
            with a stricter test at the end, so that the verdict is as sure as without; None: where
            networks times rows come to 4 million or more.
        budget: the time to take, in seconds or as "90s", "5m", "2h": the seeds that fit into it
            are done, and the verdict says what more time would settle. None: all seeds.
        name: of the data in tables and folders.
        workers: processes; None: one for each core. Results do not depend on it.
        progress: show a bar with the time left, if stderr is a terminal; or a function that is
            told the share done, 0 to 1, a few times a second, from a thread of its own.
        engine: "local": processes on this machine; "ray": a Ray cluster. Both give the same.
        address: of the Ray cluster; None: the one that is connected, else this machine.
        out: the folder to keep the study in, or True for ./actscope-<name>: each part from when
            it ends, the page and the best network at the end. The same study there is gone on
            with; True finds another folder for another study. False keeps nothing.
        resume: the folder of a kept study to go on with. All is known from there, the data too
            if they were a file; what is given beside it must say the same.

    Raises:
        DataError: a table that cannot be used as it is.
        SettingError, UnknownActivation, FormulaError: an argument outside what is allowed.
        StoreError: a folder that cannot be written, or that another process works in.
        EngineError: workers that end again and again.
        Interrupted: Ctrl-C, with what is kept (a KeyboardInterrupt).

    Example:
        >>> import actscope as act
        >>> c = act.compare("sklearn:iris", activations=["relu", "identity"], seeds=2,
        ...                 learning_rates=[0.01], epochs=5, hidden=8, workers=1)
        >>> c.table[["activation", "seeds"]].shape
        (2, 2)
    """
    allowed = allowed_from(budget)
    _check.one_of("engine", engine, ENGINES)
    if workers is not None:
        workers = _check.whole("workers", workers)
    if resume is not None and out:
        raise SettingError("out and resume contradict each other: a study goes on in its folder")
    if address is not None and engine != "ray":
        raise SettingError("address is for engine='ray': give both or none")
    options = {"task": task, "drop": drop, "keep": keep, "name": name, "group": group, "time": time}
    settings: dict[str, Any] = {
        "activations": activations,
        "seeds": seeds,
        "learning_rates": learning_rates,
        "hidden": hidden,
        "metric": metric,
        "rope": rope,
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "l2": l2,
        "race": race,
    }
    if resume is not None:
        folder = Path(resume)
        order = kept_order(folder, source, target, options, **settings)
    else:
        order = new_order(source, target, options, **settings)
        order = replace(order, cuts=cuts_of(order.data, order.plan, by_time=allowed is not None))
        folder = folder_for(order, out)
    with _engine(engine, address) as chosen:
        return _carried_out(
            order,
            folder,
            engine=chosen,
            workers=workers,
            progress=progress,
            allowed=allowed,
        )


def _engine(name: str, address: str | None) -> AbstractContextManager[Engine]:
    if name == "local":
        return nullcontext(local.run)
    from actscope.study.engines import ray

    return ray.Session(address)


def _carried_out(
    order: Order,
    folder: Path | None,
    *,
    engine: Engine,
    workers: int | None,
    progress: bool | Callable[[float], object],
    allowed: Allowed | None,
) -> Comparison:
    data, plan = order.data, order.plan
    with kept_in(folder, order) as ledger:
        tasks = cut_tasks(data, plan, ledger.about.get("cuts", order.cuts))  # as it was begun
        with (
            _told(progress, f"training {plan.networks} networks") as tell,
            driving(
                TableJob(data, plan),
                tasks,
                engine,
                ledger=ledger,
                workers=workers,
                on_progress=within(tell, allowed),
            ) as drive,
        ):
            until = None if allowed is None else allowed.until
            course = run_course(data, plan, tasks, drive, until)
        if allowed is not None and course.seeds < min(2, len(plan.seeds)):
            raise SettingError(
                f"a budget of {allowed.seconds:.2g} s is too short for two seeds of every "
                "activation: give more time, fewer activations or fewer epochs"
                + (drive.kept and f"; {drive.kept}")
            )
        result = assemble(
            data,
            plan,
            course,
            notes=order.notes,
            origin=order.shown,
            seconds=ledger.seconds,
            allowed=None if allowed is None else allowed.seconds,
        )
        return result if folder is None else replace(result, folder=save(result, folder))


@contextmanager
def _told(
    progress: bool | Callable[[float], object], title: str
) -> Iterator[Callable[[float], object] | None]:
    """Whom to tell the share done: the caller's function, a bar, or nobody."""
    if callable(progress) or not progress:
        yield progress or None
        return
    with render.progress(1.0, title) as bar:
        done = 0.0

        def advance(share: float) -> None:
            nonlocal done
            bar.advance(share - done)
            done = share

        yield advance
