"""A comparison in a user's own model as an engine runs it: a part is one network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actscope.study._task import Result, Task
from actscope.study.models._example import on_cpu
from actscope.study.models._functions import Function
from actscope.study.models._plan import ModelPlan
from actscope.study.models._trial import Trial, run_trial


@dataclass(frozen=True)
class ModelJob:
    """Sent to workers pickled: functions that they cannot import go by value.

    functions: by role. example: what a model is called with.
    """

    plan: ModelPlan
    functions: Mapping[str, Function]
    example: Any

    @property
    def gpus(self) -> int:
        """How many a part takes, on a cluster."""
        return 0 if on_cpu(self.example) else 1

    def run(self, task: Task, on_step: Callable[[int], None] | None = None) -> Result:
        assert isinstance(task, Trial)
        return run_trial(self.plan, self.functions, self.example, task)

    def size(self, task: Task) -> int:
        """Training is what takes time, and only the user's function knows how much."""
        assert isinstance(task, Trial)
        return 0 if task.activation is None else 1


def cut_trials(plan: ModelPlan) -> list[Trial]:
    """All parts, seed by seed: what is done at any time is comparable."""
    return [
        trial
        for seed in plan.seeds
        for trial in (
            Trial(None, seed),
            *(Trial(name, seed, rate) for name in plan.activations for rate in plan.rates),
        )
    ]
