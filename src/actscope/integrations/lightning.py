"""Lightning: a `Callback` that logs the health of the units through the user's own logger."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import nn

from actscope.diagnosis import Finding, HealthReport
from actscope.errors import SettingError
from actscope.integrations._outermost import Outermost
from actscope.integrations._windows import Windows

# Whoever imported pytorch_lightning and not lightning gets the callback of that one.
if TYPE_CHECKING:
    from lightning.pytorch import Callback
elif "pytorch_lightning" in sys.modules and "lightning" not in sys.modules:
    from pytorch_lightning import Callback
else:
    try:
        from lightning.pytorch import Callback
    except ImportError:
        from pytorch_lightning import Callback


class ActivationHealth(Callback):
    """Watch the model that a Lightning `Trainer` trains or validates.

    After each epoch the shares of dead, dormant and saturated units in it are logged with
    `log_dict`: `health/dead` over all units, `health/<site>/dead` for each site. They reach the
    Trainer's loggers and `trainer.callback_metrics`, which `EarlyStopping` reads. While fitting
    the training passes are looked at, not the validation between; `trainer.validate` and
    `trainer.test` log the passes they make.

    Args:
        module: path of the module to watch, such as "net"; "" for the LightningModule itself.
            Without it the first batch tells which modules `training_step` calls; that batch is
            then not counted.
        every: as for `act.watch`: "auto" looks at the first passes of an epoch and one in 50.
        sites: log each site, not the totals alone.
        on_finding: called with each `Finding` that is new or has become more severe. Without it
            they go to the log of the name "actscope" as warnings.

    Attributes:
        report: the `HealthReport` of the last epoch; None before its end. Where `training_step`
            calls several modules: of the first; `reports` has all, by path. A report names sites
            within its module ("1"), the loggers have the whole path ("net.1").

    >>> health = ActivationHealth("net", every=1)
    >>> trainer = L.Trainer(callbacks=[health])  # doctest: +SKIP
    >>> health.report is None
    True
    """

    def __init__(
        self,
        module: str | None = None,
        every: int | str = "auto",
        *,
        sites: bool = True,
        on_finding: Callable[[Finding], object] | None = None,
    ) -> None:
        super().__init__()
        if module is not None and not isinstance(module, str):
            raise SettingError(f'module is {module!r}: it must be a path, such as "net"')
        self._module = module
        self._windows = Windows(every, sites, on_finding)
        self._outermost: Outermost | None = None
        self._known: dict[str, nn.Module] = {}

    @property
    def reports(self) -> dict[str, HealthReport]:
        """Of the last epoch, by path of the module."""
        return self._windows.reports

    @property
    def report(self) -> HealthReport | None:
        """Of the last epoch."""
        return next(iter(self.reports.values()), None)

    # --- called by the Trainer: fit

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Which modules?"""
        self._known = self._named(pl_module)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """A window for each epoch."""
        self._begin(pl_module)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """The first batch told what is called."""
        self._settle()

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """In a fit: look away."""
        self._windows.pause()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Look again."""
        if trainer.state.fn == "fit" and self._windows.running:
            self._windows.resume()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """The numbers to the loggers."""
        self._log(trainer, pl_module)

    # --- validate and test on their own

    def on_validation_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Not in a fit."""
        if trainer.state.fn == "validate":
            self._known = self._named(pl_module)
            self._begin(pl_module)

    def on_validation_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:  # fmt: skip
        """The first batch told what is called."""
        if trainer.state.fn == "validate":
            self._settle()

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """The numbers to the loggers."""
        if trainer.state.fn == "validate":
            self._log(trainer, pl_module)

    def on_test_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """As for validate."""
        self._known = self._named(pl_module)
        self._begin(pl_module)

    def on_test_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:  # fmt: skip
        """The first batch told what is called."""
        self._settle()

    def on_test_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """The numbers to the loggers."""
        self._log(trainer, pl_module)

    # --- off

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Off, whatever happened."""
        self._off()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Off."""
        self._off()

    # --- how

    def _named(self, pl_module: nn.Module) -> dict[str, nn.Module]:
        if self._module is None:
            return {}
        found = dict(pl_module.named_modules()).get(self._module)
        if found is None:
            near = ", ".join(repr(path) for path, _ in pl_module.named_children())
            raise SettingError(f"module {self._module!r} is not in the model; there are: {near}")
        return {self._module: found}

    def _begin(self, pl_module: nn.Module) -> None:
        if self._known:
            self._windows.open(self._known)
        else:
            self._outermost = Outermost(pl_module)

    def _settle(self) -> None:
        """What was called is watched from the next batch on."""
        if self._outermost is not None:
            self._known = self._outermost.found
            self._outermost.off()
            self._outermost = None
            if self._known:
                self._windows.open(self._known)

    def _log(self, trainer: Any, pl_module: Any) -> None:
        several = trainer.world_size > 1
        numbers = self._windows.close(together=several, tell=trainer.is_global_zero)
        if numbers:  # all ranks have the same numbers; sync_dist keeps Lightning from warning
            pl_module.log_dict(numbers, on_epoch=True, sync_dist=several)

    def _off(self) -> None:
        self._windows.drop()
        self._known = {}
        if self._outermost is not None:
            self._outermost.off()
            self._outermost = None
