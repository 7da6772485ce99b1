"""transformers: a `TrainerCallback` that puts the health of the units among the Trainer's logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from transformers import Trainer, TrainerCallback

from actscope.diagnosis import Finding, HealthReport
from actscope.errors import SettingError
from actscope.integrations._windows import Windows

# A window begins with passes that are looked at whole. Where the Trainer logs more often than every
# so many steps, windows last several logs, so that these stay few; the first ends at the first log.
LEAST = 200


class ActivationHealth(TrainerCallback):
    """Watch the model that a `transformers.Trainer` trains.

    Whenever the Trainer logs its loss (`logging_steps`), the shares of dead, dormant and
    saturated units since the log before stand beside it: `health/dead` over all units,
    `health/<site>/dead` for each site. With every="auto" that is at most each 200 steps. They
    are in `trainer.state.log_history` and in what is printed. Reporters such as TensorBoard are
    called before a callback of yours, and see them only when it was added by `add_to`.
    Evaluation is not looked at. The Trainer tells callbacks nothing of an error;
    `with health: trainer.train()` takes the hooks off the model then too.

    Args:
        every: as for `act.watch`: "auto" looks at the first passes after a log and one in 50.
        sites: log each site, not the totals alone.
        on_finding: called with each `Finding` that is new or has become more severe. Without it
            they go to the log of the name "actscope" as warnings.

    Attributes:
        report: the `HealthReport` of the last window; None before its end.

    >>> from transformers import Trainer
    >>> health = ActivationHealth(every=1)
    >>> trainer = Trainer(model, args, train_dataset=rows, callbacks=[health])  # doctest: +SKIP
    >>> health.report is None
    True
    """

    def __init__(
        self,
        every: int | str = "auto",
        *,
        sites: bool = True,
        on_finding: Callable[[Finding], object] | None = None,
    ) -> None:
        self._windows = Windows(every, sites, on_finding)
        self._sampled = every == "auto"
        self._steps, self._least = 0, 0

    @classmethod
    def add_to(cls, trainer: Trainer, **settings: Any) -> ActivationHealth:
        """Add to a Trainer before its reporters, so that they log the numbers too.

        settings: as for the class.
        """
        if not isinstance(trainer, Trainer):
            raise SettingError(
                f"{type(trainer).__name__} is not a transformers.Trainer: add_to needs one"
            )
        health = cls(**settings)
        trainer.callback_handler.callbacks.insert(0, health)
        return health

    @property
    def report(self) -> HealthReport | None:
        """Of the window that a log, or the end of the training, closed last."""
        return self._windows.reports.get("")

    def __enter__(self) -> ActivationHealth:
        return self

    def __exit__(self, *error: object) -> None:
        self._windows.drop()

    # --- called by the Trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """From here on."""
        self._least = 0
        self._open(given["model"])

    def on_step_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Back from an evaluation, or after a log."""
        if self._windows.running:
            self._windows.resume()
        else:
            self._open(given["model"])

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Between steps the Trainer may evaluate."""
        self._steps += 1
        self._windows.pause()

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **given: Any) -> None:
        """The numbers into what is logged, if steps were made since the last time."""
        if not self._steps or not self._windows.running or logs is None or "loss" not in logs:
            return
        if self._steps < self._least:
            return
        self._least = LEAST if self._sampled else 0
        numbers = self._close(args, state)
        logs.update(numbers)
        if state.log_history and state.log_history[-1].get("step") == state.global_step:
            state.log_history[-1].update(numbers)

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Off; steps after the last log are in the report."""
        if self._steps and self._windows.running:
            self._close(args, state)
        self._windows.drop()

    def _close(self, args: Any, state: Any) -> dict[str, float]:
        several = args.world_size > 1
        return self._windows.close(together=several, tell=state.is_world_process_zero)

    def _open(self, model: nn.Module) -> None:
        self._steps = 0
        self._windows.open({"": model})
