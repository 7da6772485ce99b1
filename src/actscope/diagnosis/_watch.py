"""Watching a model while it trains or runs: statistics streamed, nothing changed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from torch import Tensor, nn

from actscope.diagnosis._entrance import Entrance
from actscope.diagnosis._findings import findings
from actscope.diagnosis._history import Timeline
from actscope.diagnosis._hold import Hold
from actscope.diagnosis._judge import health_of
from actscope.diagnosis._live import Live
from actscope.diagnosis._mask import Mask
from actscope.diagnosis._pass import Pass, SiteState, WholePass
from actscope.diagnosis._plan import PlannedPass, planned
from actscope.diagnosis._report import Finding, HealthReport
from actscope.diagnosis._units import Lens, Scratch
from actscope.errors import SettingError
from actscope.sites import refuse
from actscope.sites._call import Call, Key, names_of
from actscope.sites._find import Sites, collect

# In training one pass in so many is looked at; the first few all are.
EVERY = 50
FIRST = 3
# Where a plan tells all, the model is seen whole all the same at looks so many steps apart.
WHOLE = 400
# In training, the first looks take in everything; later means, variances, gradients and counts of
# a ReLU's zeros are taken at looks so many steps apart. Who fired, and how much, is seen at each.
FULL, DEEP = 64, 16
# Hooks for passes looked at stay on between them if these are at most so many steps apart.
LASTING = 4
TRACED = "the model: it was compiled inside of the watch; compile it first, then watch it"


class Watch:
    """A context in which a model is watched; see `watch`."""

    def __init__(
        self,
        model: nn.Module,
        every: int | str,
        mask: Any = None,
        optimizer: Any = None,
        on_finding: Callable[[Finding], object] | None = None,
        axes: Mapping[str, int] | None = None,
    ) -> None:
        if every != "auto" and (type(every) is not int or every < 1):
            raise SettingError(f'every is {every!r}: it must be "auto" or a whole number from 1')
        refuse(model, "watch it")
        self._given, self._every = model, every
        self._mask = Mask(mask)
        self._hold = Hold(model, self._begin, self._end)
        self._model = self._hold.model
        self.axes: Mapping[str, int] = dict(axes or {})
        self.step, self.looked = 0, 0
        self.states: dict[Key, SiteState] = {}
        self.calls: dict[Key, Call] = {}
        self._lenses: dict[Key, Lens] = {}
        self._scratch = Scratch()
        self._pass: Pass | None = None
        self._planned: PlannedPass | None = None
        self._plannable, self._trained = True, False
        self._deep, self._whole = -DEEP, 0
        self._timeline, self._entrance = Timeline(optimizer), Entrance()
        self._live = Live(on_finding)

    @property
    def sites(self) -> Sites:
        """What was seen so far."""
        return collect(self._model, list(self.calls.values()))

    # --- on and off

    def __enter__(self) -> Watch:
        if self._hold.is_on:
            raise SettingError("this watch is on already")
        self._hold.on()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._stop(keep=False)
            if self._planned is not None:
                self._planned.close()
        finally:
            self._scratch.clear()
            self._hold.off()
        if error is None and self._live.wanted:
            self._live.tell(self.report().findings)

    # --- what was seen

    def note(self, *, loss: Any = None, lr: Any = None) -> None:
        """Say what the loss (a number or a tensor of one; nothing waits for it) or the learning
        rate was at the pass that ran last, so that the report can tell what happened when units
        died. Kept only of passes looked at."""
        self._timeline.note(self.step - 1, loss, lr)

    def merge(self, other: Watch) -> Watch:
        """Add what another watch saw of the same model: other batches, epochs or processes.

        Raises:
            SettingError: it is this watch, or saw a model of another shape.
        """
        if other is self:
            raise SettingError("a watch cannot be merged with itself: give the other one")
        for key, theirs in other.states.items():
            sizes = {len(s.units.last_outside) for s in (theirs, self.states.get(key)) if s}
            if len(sizes) > 1:
                raise SettingError(
                    f"the watches saw different models: {' and '.join(map(str, sorted(sizes)))} "
                    f"units at {key.producer or key.module or 'one site'}; merge those of one model"
                )
        for key, theirs in other.states.items():
            mine = self.states.get(key)
            if mine is None:
                self.states[key] = mine = SiteState(theirs.units.to(theirs.units.sums.device))
            else:
                mine.units.add(theirs.units)
            mine.history.add(copy.deepcopy(theirs.history))
        for key, call in other.calls.items():
            self.calls.setdefault(key, call)
        self._timeline.add(copy.deepcopy(other._timeline))
        self._entrance.add(other._entrance.sums())
        self.looked += other.looked
        self._trained |= other._trained
        self.step = max(self.step, other.step)
        return self

    def gather(self) -> Watch:
        """Under torch.distributed: what all ranks saw together, the same on each. This watch
        goes on with its own part. To be called by all ranks.

        Raises:
            SettingError: torch.distributed is not at work.
        """
        import torch.distributed as dist

        if not (dist.is_available() and dist.is_initialized()):
            raise SettingError(
                "gather adds up the ranks of torch.distributed, which is not initialised here: "
                "use report() of this watch"
            )
        mine = [
            (key, state.units.to("cpu"), self.calls[key], state.history)
            for key, state in self.states.items()
        ]
        found: list[Any] = [None] * dist.get_world_size()
        told = self.step, self.looked, self._trained, self._timeline, self._entrance.sums()
        dist.all_gather_object(found, (mine, *told))
        whole = Watch(self._given, self._every, axes=self.axes)
        for parts, step, looked, trained, timeline, entering in found:
            other = Watch(self._given, self._every)
            other.step, other.looked = step, looked
            other._trained, other._timeline = trained, timeline
            other._entrance.add(entering)
            for key, units, call, history in parts:
                other.states[key], other.calls[key] = SiteState(units, history), call
            whole.merge(other)
        return whole

    def report(self) -> HealthReport:
        """The health of all sites seen so far; what it says rests on `samples` of each site."""
        found = self.sites
        healths = [
            health_of(site, self.states.get(site.key), trained=self._trained)
            for site in found.sites
        ]
        idle = list(found.idle) if self.looked else []
        entering, moments = self._entrance.told(), self._timeline.moments()
        left_out = [*found.left_out, *self._axes_of_nothing(), *self._mask.left_out()]
        return HealthReport(
            healths,
            findings(healths, self.looked, idle, entering, moments, left_out),
            self.step,
            self.looked,
            left_out,
            idle,
            [*found.unseen, *([TRACED] if self._hold.traced else [])],
            entering,
            moments,
        )

    def _axes_of_nothing(self) -> list[tuple[str, str]]:
        known = {name for key in self.calls for name in names_of(key)}
        return [
            (name, "named by axes, but seen nowhere") for name in self.axes if name not in known
        ]

    # --- each pass

    def _is_looked_at(self) -> bool:
        if self._every != "auto":
            return self.step % int(self._every) == 0
        return not self._model.training or self.step < FIRST or self.step % EVERY == 0

    def _begin(self, given: Any) -> None:
        self._stop(keep=False)
        if not self._is_looked_at():
            return
        training = self._model.training
        self._trained |= training
        deep = not training or self.looked < FULL or self.step - self._deep >= DEEP
        if deep:
            self._deep = self.step
        # Out of training every pass looked at is kept, whichever way it goes.
        run = self._planned
        known = self.step - self._whole < WHOLE
        if run is not None and training and known and run.fits():
            self._pass = run
        else:
            self._drop()
            self._pass = run = WholePass(self, self._model)
            self._whole = self.step
        if not isinstance(run, PlannedPass) or run.sees_functions or self._hold.is_compiled:
            self._hold.uncompiled()
        run.start(deep=deep)
        self._entrance.start(self._model, given, self.looked)

    def _drop(self) -> None:
        if self._planned is not None:
            self._planned.close()
            self._planned = None

    def _end(self, went_well: bool) -> None:
        kept = self._stop(keep=went_well)
        if kept:
            self._timeline.look(self.step)
        self.step += 1
        if kept and self._live.due(self.looked):
            self._live.tell(self.report().findings)

    def _stop(self, *, keep: bool) -> bool:
        """The pass, if one is running, is over; whether it was kept."""
        running, self._pass = self._pass, None
        if running is None:
            return False
        self._entrance.stop()
        running.stop()
        self._hold.restored()
        if isinstance(running, PlannedPass) and keep and not running.complete:
            # It goes different ways: from now on, all is seen each time.
            self._drop()
            self._plannable, keep = False, False
        if keep:
            running.commit()
        self._mask.check()
        if isinstance(running, WholePass) and keep and self._plannable:
            plan = planned(running, dict(self._model.named_modules()))
            if plan is not None:
                often = self._every != "auto" and int(self._every) <= LASTING
                self._planned = PlannedPass(
                    self, plan, lasting=often and not plan.fused and not self._hold.is_compiled
                )
        return keep

    def lens(self, call: Call) -> Lens:
        """How to look at a site."""
        assert call.axis is not None
        found = self._lenses.get(call.key)
        if found is None or found.axis != call.axis:
            self._lenses[call.key] = found = Lens(call.record, call.axis, self._scratch)
        return found

    def mask(self, call: Call, z: Tensor) -> Tensor | None:
        """What of z counts."""
        return self._mask.of(call, z)


def watch(
    model: nn.Module,
    every: int | str = "auto",
    *,
    mask: Any = None,
    optimizer: Any = None,
    on_finding: Callable[[Finding], object] | None = None,
    axes: Mapping[str, int] | None = None,
) -> Watch:
    """Watch a model: `with watch(model) as w: ...`, then `w.report()`.

    every: look at every so many passes; "auto": at each in evaluation, in training at the first
    few and one in 50 after. mask: Bool["batch position"] of what counts, or a function that
    returns it for the pass that runs. optimizer: its learning rate is kept for the report; `note`
    tells a loss, too. on_finding: called with each finding that is new or worse, at every tenth
    look (later every fiftieth) and at the end; only then is the device waited for.
    axes: by a site's name, the axis that counts its units, where the report says "axis unknown" or
    is wrong: {"relu(first)": 1}.
    """
    return Watch(model, every, mask, optimizer, on_finding, axes)
