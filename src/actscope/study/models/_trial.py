"""One network of a user's own: made, given an activation, trained by their function, scored."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from actscope import ensemble
from actscope.errors import SettingError
from actscope.study.models._example import built
from actscope.study.models._functions import DIVERGED, Function
from actscope.study.models._health import site_rows
from actscope.study.models._plan import ModelPlan
from actscope.study.models._prepare import Prepared, prepare
from actscope.study.models._seeding import own_randomness, sow

Row = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """activation: None: as `build` gives it, untrained. rate: None: `fit` has its own."""

    activation: str | None
    seed: int
    rate: float | None = None


@dataclass(frozen=True)
class TrialResult:
    """scores: "score", "validation_score", "moved", "seconds" (NaN where there is none).

    moved: |end - start| / |start| over all parameters. layers: a row for each site. sites: names
    of those "changed", those that were "there" already, and "outputs".
    """

    trial: Trial
    scores: dict[str, float]
    layers: list[Row] = field(default_factory=list)
    sites: dict[str, list[str]] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        return not math.isfinite(self.scores["score"])


def run_trial(
    plan: ModelPlan, functions: Mapping[str, Function], example: Any, trial: Trial
) -> TrialResult:
    """Everything random follows from the seed, whatever process runs this and when."""
    with ensemble.one_thread(), own_randomness():
        if trial.activation is None:
            return _untrained(plan, functions, trial)
        return _trained(plan, functions, example, trial, trial.activation)


def _untrained(plan: ModelPlan, functions: Mapping[str, Function], trial: Trial) -> TrialResult:
    where = f"before training, seed {trial.seed}"
    model = built(functions["build"], trial.seed, where)
    try:
        score = _measured(plan, functions["score"], model, trial.seed, where)
    except (SettingError, *DIVERGED):  # it may need what only `fit` makes
        score = math.nan
    return TrialResult(trial, _scores(score=score))


def _trained(
    plan: ModelPlan, functions: Mapping[str, Function], example: Any, trial: Trial, name: str
) -> TrialResult:
    where, seed = f"with {name}, seed {trial.seed}", trial.seed
    model = built(functions["build"], seed, where)
    prepared = _prepared(plan, model, example, seed, name)
    start = _snapshot(model)
    began = time.perf_counter()
    score = validation = math.nan
    layers: list[Row] = []
    try:
        _fit(functions["fit"], model, seed, trial.rate, where)
        seconds = time.perf_counter() - began
        score = _measured(plan, functions["score"], model, seed, where)
        if "validate" in functions:
            validation = _measured(plan, functions["validate"], model, seed, where)
            score = score if math.isfinite(validation) else math.nan
    except DIVERGED:
        score, seconds = math.nan, time.perf_counter() - began
    if math.isfinite(score):
        layers = site_rows(model, example, prepared.outputs)
    scores = _scores(
        score=score,
        validation_score=validation,
        moved=_moved(start, model),
        seconds=seconds,
    )
    return TrialResult(trial, scores, layers, _names(prepared))


def _prepared(plan: ModelPlan, model: nn.Module, example: Any, seed: int, name: str) -> Prepared:
    sow(seed, "start")
    record = plan.record(name)
    try:
        return prepare(model, record, example, replace=plan.replace, init=plan.init)
    except SettingError as error:
        raise SettingError(f"{error} (with {name}, seed {seed})") from error


def _fit(fit: Function, model: nn.Module, seed: int, rate: float | None, where: str) -> None:
    sow(seed, "fit")
    given = fit(where, model=model, seed=seed, lr=rate)
    if isinstance(given, nn.Module) and given is not model:
        raise SettingError(
            "fit gives another model than it was given: train the one it is given, in place"
        )


def _measured(
    plan: ModelPlan, function: Function, model: nn.Module, seed: int, where: str
) -> float:
    sow(seed, "score")
    value = function(where, model=model, seed=seed)
    try:
        number = float(value.detach() if isinstance(value, Tensor) else value)
    except (TypeError, ValueError, RuntimeError):
        raise SettingError(
            f"{function.role} gives a {type(value).__name__} {where}: it must give one number"
        ) from None
    metric = plan.scored()
    if math.isfinite(number) and not metric.floor <= number <= metric.ceiling:
        raise SettingError(
            f"{function.role} gives {number:g} {where}, and {metric.name} lies from "
            f"{metric.floor:g} to {metric.ceiling:g}: give it so, or give the score another name "
            "with metric= and a rope="
        )
    return number if math.isfinite(number) else math.nan


def _scores(**known: float) -> dict[str, float]:
    return {"score": math.nan, "validation_score": math.nan, "moved": math.nan, "seconds": 0.0} | {
        name: float(value) for name, value in known.items()
    }


def _names(prepared: Prepared) -> dict[str, list[str]]:
    return {
        "changed": list(prepared.changed),
        "there": list(prepared.there),
        "outputs": list(prepared.outputs),
    }


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def _moved(start: Mapping[str, Tensor], model: nn.Module) -> float:
    """NaN where it ran off, or where a parameter is not there any more."""
    end = dict(model.named_parameters())
    if not start or not start.keys() <= end.keys():
        return math.nan
    with torch.no_grad():
        way = sum(float((end[n].to(p) - p).double().square().sum()) for n, p in start.items())
        size = sum(float(p.double().square().sum()) for p in start.values())
    return math.sqrt(way / size) if size and math.isfinite(way) else math.nan
