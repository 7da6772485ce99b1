"""Contestants in turn: what each costs a network, and how good its networks are."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from benchmarks._contestants import (
    Array,
    Contestant,
    Predict,
    actscope,
    pytorch_loop,
    pytorch_stacked,
    scikit_learn,
)
from benchmarks._shapes import Data, Shape
from scipy.stats import t as student

from benchmarks import _jax, _limit

Train = Callable[[Sequence[int]], Predict]
# How many networks at a time stacked PyTorch and JAX are tried with, besides all of them.
ABREAST = (4, 16)
# How long the matrix products are measured in a round, and how often.
LIMIT_SECONDS, LIMIT_ROUNDS = 0.01, 15


@dataclass
class Found:
    """Of one contestant: seconds a network, a value for each round; a score for each network."""

    contestant: Contestant
    seconds: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)


class Contest:
    """All contestants on one shape. `clock`: processor time on one core, else elapsed time."""

    def __init__(self, shape: Shape, data: Data, device: str, workers: int) -> None:
        self.shape, self.data, self.device, self.workers = shape, data, device, workers
        self._clock = time.process_time if device == "cpu" and workers == 1 else time.perf_counter

    def run(self, repeats: int) -> dict[str, Any]:
        """A round of everybody, `repeats` times; as the JSON document's "shapes" has it."""
        shape = self.shape
        found = [Found(contestant) for contestant in self._contestants()]
        at_once = _limit.best_size(shape, self.device)
        products, limit = _limit.products(shape, at_once, self.device), list[float]()
        steps = shape.full_steps(len(self.data.train.X))
        for number in range(repeats):
            for entry in found:
                seeds = _seeds(number, entry.contestant.networks)
                seconds, predict = self._timed(entry.contestant.train, seeds)
                entry.seconds.append(seconds / len(seeds))
                entry.scores += self.scores(predict())
            limit.append(self._seconds_a_step(products) / at_once * steps)
        return self._document(found, limit, at_once)

    def scores(self, predictions: Array) -> list[float]:
        """Of each network: accuracy, or the share of the variance explained (R^2)."""
        y = self.data.test.y
        if self.shape.task == "classification":
            return [float(right) for right in (predictions == y).mean(1)]
        left = ((predictions.astype(np.float64) - y) ** 2).mean(1)
        return [float(1 - error / y.var()) for error in left]

    def _timed(self, train: Train, seeds: Sequence[int]) -> tuple[float, Predict]:
        _limit.synchronise(self.device)
        start = self._clock()
        predict = train(seeds)
        _limit.synchronise(self.device)
        return self._clock() - start, predict

    def _seconds_a_step(self, step: Callable[[], None]) -> float:
        """The median of some rounds of a few milliseconds, on the contestants' clock."""
        inner, found = 1, list[float]()
        while len(found) < LIMIT_ROUNDS:
            _limit.synchronise(self.device)
            start = self._clock()
            for _ in range(inner):
                step()
            _limit.synchronise(self.device)
            taken = self._clock() - start
            if taken < LIMIT_SECONDS:
                inner *= 2
            else:
                found.append(taken / inner)
        return statistics.median(found)

    def _contestants(self) -> Iterator[Contestant]:
        """Each after a first run that is not counted, the variants of one narrowed to its best."""
        shape, data, device, workers = self.shape, self.data, self.device, self.workers
        many, single = shape.members, shape.singles
        ours = actscope(shape, data, device, workers)
        study = actscope(shape, data, device, workers, validation=True)
        alone = _one_by_one(ours)
        yield self._warm(f"actscope, {many} as one", many, ours)
        yield self._warm("actscope, the same as a study needs", many, study)
        yield self._warm("actscope, one alone", single, alone)
        if device == "cpu":
            yield self._warm("scikit-learn MLP", single, scikit_learn(shape, data))
        yield self._best(
            "PyTorch loop",
            single,
            {
                "torch.optim.Adam": partial(pytorch_loop, data=data, device=device, fused=False),
                "fused Adam": partial(pytorch_loop, data=data, device=device, fused=True),
            },
        )
        sizes = sorted({min(size, many) for size in (*ABREAST, many)})
        yield self._best(
            "PyTorch stacked, autograd",
            many,
            {
                f"{size} at a time": partial(
                    pytorch_stacked, data=data, device=device, at_once=size
                )
                for size in sizes
            },
        )
        if device == "cpu" and _jax.installed():
            yield self._compiled(
                "JAX",
                many,
                {
                    "lax.map" if size == 1 else f"vmap, {size} at a time": _jax.training(
                        shape, data, abreast=size
                    )
                    for size in sorted({1, min(ABREAST[0], many)})
                },
            )

    def _warm(self, name: str, networks: int, train: Train) -> Contestant:
        train(_seeds(-1, networks))
        return Contestant(name, networks, train)

    def _best(
        self, name: str, networks: int, variants: dict[str, Callable[[Shape], Train]]
    ) -> Contestant:
        """The variant that is quicker over one epoch; it comes twice, the first warms up."""
        short, seeds = replace(self.shape, epochs=1), _seeds(-1, networks)
        took = {
            variant: min(self._timed(make(short), seeds)[0] for _ in range(2))
            for variant, make in variants.items()
        }
        best = min(variants, key=lambda variant: took[variant])
        return Contestant(name, networks, variants[best](self.shape), {"variant": best})

    def _compiled(self, name: str, networks: int, variants: dict[str, Train]) -> Contestant:
        """The variant that is quicker in its second run; the first compiles."""
        took: dict[str, tuple[float, float]] = {}
        for variant, train in variants.items():
            seeds = _seeds(-1, networks)
            took[variant] = self._timed(train, seeds)[0], self._timed(train, seeds)[0]
        best = min(variants, key=lambda variant: took[variant][1])
        first, second = took[best]
        notes = {"variant": best, "compile_seconds": first - second}
        return Contestant(name, networks, variants[best], notes)

    def _document(self, found: list[Found], limit: list[float], at_once: int) -> dict[str, Any]:
        shape, rows = self.shape, len(self.data.train.X)
        steps, ours = shape.steps(rows), statistics.median(found[0].seconds)
        least = statistics.median(limit)
        return {
            "name": shape.name,
            "title": shape.title,
            "data": self.data.source,
            "rows": {
                "train": rows,
                "validation": len(self.data.valid.X),
                "test": len(self.data.test.X),
            },
            "widths": list(shape.widths),
            "task": shape.task,
            "metric": "accuracy" if shape.task == "classification" else "R^2",
            "batch_size": shape.batch_size,
            "epochs": shape.epochs,
            "steps": steps,
            "results": [
                {
                    "name": entry.contestant.name,
                    "variant": entry.contestant.notes.get("variant"),
                    "networks_at_a_time": entry.contestant.networks,
                    "ms_per_network": 1e3 * statistics.median(entry.seconds),
                    "min": 1e3 * min(entry.seconds),
                    "max": 1e3 * max(entry.seconds),
                    "us_per_step": 1e6 * statistics.median(entry.seconds) / steps,
                    "times_ours": statistics.median(entry.seconds) / ours,
                    "share_of_limit": least / statistics.median(entry.seconds),
                    "compile_seconds": entry.contestant.notes.get("compile_seconds"),
                    "score": interval(entry.scores),
                }
                for entry in found
            ],
            "limit": {
                "ms_per_network": 1e3 * least,
                "min": 1e3 * min(limit),
                "max": 1e3 * max(limit),
                "us_per_step": 1e6 * least / steps,
                "members_at_once": at_once,
            },
        }


def interval(values: Sequence[float]) -> dict[str, float | int | None]:
    """The mean over networks and its 95% interval (Student's t); none for one network."""
    mean, count = statistics.fmean(values), len(values)
    if count < 2:
        return {"mean": mean, "low": None, "high": None, "networks": count}
    half = float(student.ppf(0.975, count - 1)) * statistics.stdev(values) / math.sqrt(count)
    return {"mean": mean, "low": mean - half, "high": mean + half, "networks": count}


def one_core(cores: int = 1) -> None:
    """Keep this process, and what it starts, on its first cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def _one_by_one(train: Train) -> Train:
    def each(seeds: Sequence[int]) -> Predict:
        answers = [train([seed]) for seed in seeds]
        return lambda: np.concatenate([answer() for answer in answers])

    return each


def _seeds(number: int, networks: int) -> range:
    """Other seeds in each round; -1 is the warm-up."""
    first = (number + 1) * networks
    return range(first, first + networks)
