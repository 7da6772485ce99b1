"""`compare`: from a table to a verdict."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

from actscope import render
from actscope.catalogue import Record
from actscope.data import load
from actscope.ensemble import _check
from actscope.study._assemble import assemble
from actscope.study._plan import make_plan
from actscope.study._result import Comparison
from actscope.study._shard import cut_shards
from actscope.study.engines import local

ENGINES = ("local",)


def compare(
    source: Any,
    target: Any = None,
    *,
    activations: Sequence[str | Record] | str | None = None,
    seeds: Sequence[int] | int = 20,
    learning_rates: Sequence[float] | float | None = None,
    hidden: Sequence[int] | int = (64, 64),
    task: str | None = None,
    metric: str | None = None,
    drop: Sequence[str | int] | str | int = (),
    keep: Sequence[str | int] | str | int = (),
    epochs: int | None = None,
    batch_size: int | None = None,
    optimizer: str = "adam",
    l2: float = 0.0,
    name: str | None = None,
    workers: int | None = None,
    progress: bool | Callable[[float], object] = True,
    engine: str = "local",
) -> Comparison:
    """Which activation function for these data? Many networks, a fair protocol, a verdict.

    At each seed all activations get the same split (60% training, 15% validation, 25% test
    rows), the same initial weights but for the gain of the function, and the same batches.
    The learning rate is chosen for each activation and seed on that seed's validation rows;
    test rows choose nothing. Intervals and tests account for the overlap of the splits
    (Nadeau & Bengio 2003) and for the number of comparisons (Holm 1979).

    Args:
        source: a file (.csv, .tsv, .parquet), "sklearn:digits" and the like, a pandas or
            polars frame, or X as an array.
        target: a column's name or zero-based position, or y as an array.
        activations: names such as "relu" or "leaky_relu(negative_slope=0.2)", names given to
            `define`, formulas such as "x*tanh(exp(x))", records, or one text with commas;
            None: eight common ones.
        seeds: 20 means 0 to 19; more seeds, narrower intervals.
        learning_rates: tried for every activation and seed; None: 0.001, 0.003, 0.01.
        hidden: widths of the hidden layers.
        task: "classification" or "regression", when the guess from the target is wrong.
        metric: "accuracy", "balanced_accuracy" or "r2"; None: by task and class balance.
        drop, keep: columns to leave out, or to use though they look like identifiers.
        epochs: at most; training stops earlier when validation loss stops falling.
        batch_size: rows of a step; None: 32 to 256 by the size of the table.
        optimizer: "adam", "adamw" or "sgd" (momentum 0.9).
        l2: coefficient of 1/2 l2 |w|^2.
        name: of the data in tables and folders.
        workers: processes; None: one for each core. Results do not depend on it.
        progress: show a bar with the time left, if stderr is a terminal; or a function that is
            told the share done, 0 to 1, a few times a second, from a thread of its own.
        engine: "local".

    Raises:
        DataError: a table that cannot be used as it is.
        SettingError, UnknownActivation, FormulaError: an argument outside what is allowed.

    Example:
        >>> import actscope as act
        >>> c = act.compare("sklearn:iris", activations=["relu", "identity"], seeds=2,
        ...                 learning_rates=[0.01], epochs=5, hidden=8, workers=1)
        >>> c.table[["activation", "seeds"]].shape
        (2, 2)
    """
    _check.one_of("engine", engine, ENGINES)
    if workers is not None:
        workers = _check.whole("workers", workers)
    data = load(source, target, task=task, drop=drop, keep=keep, name=name)
    plan, notes = make_plan(
        data,
        activations=activations,
        seeds=seeds,
        learning_rates=learning_rates,
        hidden=hidden,
        metric=metric,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        l2=l2,
    )
    shards = cut_shards(data, plan)
    started = time.perf_counter()
    if callable(progress):
        results, baselines = local.run(data, plan, shards, workers=workers, on_progress=progress)
    elif progress:
        with render.progress(1.0, f"training {plan.networks} networks") as bar:
            done = 0.0

            def advance(share: float) -> None:
                nonlocal done
                bar.advance(share - done)
                done = share

            results, baselines = local.run(data, plan, shards, workers=workers, on_progress=advance)
    else:
        results, baselines = local.run(data, plan, shards, workers=workers)
    seconds = time.perf_counter() - started
    origin = {
        "source": str(source) if isinstance(source, str | os.PathLike) else None,
        "drop": [str(column) for column in _check.listed_or_none(drop)],
        "keep": [str(column) for column in _check.listed_or_none(keep)],
    }
    return assemble(data, plan, results, baselines, notes=notes, origin=origin, seconds=seconds)
