"""Four ways to learn. Each gives, step after step, the weights and whether they were changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from actscope.errors import DataError, SettingError

from ._decimals import Floats, added, finite, nearest, written
from ._task import Attempt, Task

if TYPE_CHECKING:
    from actscope.catalogue import Record

SURROGATES = ("identity", "hard_tanh")


@dataclass(frozen=True)
class Settings:
    """What a rule is told. rate: the size of a step; None for what suits the rule and the data."""

    rate: float | None
    seed: int
    surrogate: str
    keep_equal: bool


@dataclass(frozen=True)
class Step:
    """Where a step has led. accepted: the weights or the bias were changed."""

    weights: Floats
    bias: float
    attempt: Attempt
    accepted: bool


Rule: TypeAlias = Callable[[Task, Step, Settings], Iterator[Step]]


def nudge(task: Task, start: Step, settings: Settings) -> Iterator[Step]:
    """Change one number by a little, at random; keep that if the answers got better."""
    generator = np.random.default_rng(settings.seed)
    size = 0.5 if settings.rate is None else settings.rate
    now = start
    while True:
        place = int(generator.integers(len(now.weights) + 1))
        by = float(f"{generator.normal(0, size):.3g}")  # three digits: weights stay readable
        _require_finite(now.weights, by, size)
        weights, bias = now.weights.copy(), now.bias
        if place < len(weights):
            weights[place] = added(weights[place], by)
        else:
            bias = added(bias, by)
        _require_finite(weights, bias, size)
        tried = task.attempt(weights, bias)
        better = tried.error < now.attempt.error
        if better or (settings.keep_equal and tried.error == now.attempt.error):
            now = Step(weights, bias, tried, True)
        else:
            now = Step(now.weights, now.bias, now.attempt, False)
        yield now


def perceptron(task: Task, start: Step, settings: Settings) -> Iterator[Step]:
    """Go round the rows; where the answer is wrong, add the row to the weights, or take it away.

    A step is one correction. On rows that a neuron can separate it makes at most (R / margin)^2
    of them (Novikoff 1962).
    """
    rate = written(1.0 if settings.rate is None else settings.rate)
    now, row = start, -1
    while True:
        right = now.attempt.right
        wrong = np.flatnonzero(~right) if right is not None else np.empty(0, int)
        if not wrong.size:
            return
        row = int(wrong[wrong > row][0] if (wrong > row).any() else wrong[0])
        off = written(task.wanted[row] - now.attempt.outputs[row]) * rate
        weights = [
            nearest(written(w) + off * written(x))
            for w, x in zip(now.weights.tolist(), task.rows[row].tolist(), strict=True)
        ]
        bias = nearest(written(now.bias) + off)
        _require_finite(np.array(weights), bias, float(rate))
        now = Step(np.array(weights), bias, task.attempt(np.array(weights), bias), True)
        yield now


def gradient(task: Task, start: Step, settings: Settings) -> Iterator[Step]:
    """Walk down the slope of the error, through the slope of the activation."""
    steepest = task.record.max_slope
    return _downhill(task, start, settings.rate, steepest, task.record.slope)


def straight_through(task: Task, start: Step, settings: Settings) -> Iterator[Step]:
    """Answer with the activation, learn as if it had been the identity or hard_tanh.

    Source: Bengio, Leonard & Courville 2013, arXiv:1308.3432; the hard_tanh: Hubara et al. 2016,
    arXiv:1602.02830.
    """
    from actscope import catalogue

    stand_in: Record = catalogue.get(settings.surrogate)
    return _downhill(task, start, settings.rate, 1.0, stand_in.slope)


def _downhill(
    task: Task,
    start: Step,
    rate: float | None,
    steepest: float,
    slope: Callable[[Floats], Floats],
) -> Iterator[Step]:
    size = _safe_rate(task, steepest) if rate is None else rate
    now = start
    while True:
        with np.errstate(over="ignore", invalid="ignore"):
            pull = task.towards(now.attempt, slope(finite(now.attempt.margins))) / len(task.rows)
            weights = now.weights - size * (pull @ task.rows)
            bias = float(now.bias - size * pull.sum())
        _require_finite(weights, bias, size)
        moved = bool((weights != now.weights).any() or bias != now.bias)
        now = Step(weights, bias, task.attempt(weights, bias), moved)
        yield now


def _safe_rate(task: Task, steepest: float) -> float:
    """1 / the largest curvature that the error can have where the activation is straight.

    Curvature of the squared error: 2 f'^2 x the largest eigenvalue of E[x x^T] (x with a 1 for
    the bias); of sigmoid's log loss: 1/4 of that eigenvalue.
    """
    with_one = np.column_stack([task.rows, np.ones(len(task.rows))])
    if not np.isfinite(steepest) or steepest == 0:
        steepest = 1.0
    curvature = 2 * steepest**2 if task.loss == "squared" else steepest
    with np.errstate(over="ignore"):
        largest = np.linalg.norm(with_one, 2) ** 2 / len(with_one)
        rate = float(1 / (curvature * largest))
    if not rate > 1e-300:
        raise DataError(
            f"inputs as large as {np.abs(task.rows).max():.3g} are too steep to walk down: "
            "scale them, or give a learning_rate"
        )
    return rate


def _require_finite(weights: Floats, bias: float, rate: float) -> None:
    if not (np.isfinite(weights).all() and np.isfinite(bias)):
        raise SettingError(
            f"the weights have grown beyond every number at a learning rate of {rate:g}: "
            "take a smaller learning_rate"
        )


RULES: dict[str, Rule] = {
    "nudge": nudge,
    "perceptron": perceptron,
    "gradient": gradient,
    "straight_through": straight_through,
}
