"""One pass through a watched model: looked at whole, or at known modules alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from actscope.diagnosis._history import Series
from actscope.diagnosis._units import GRADIENT, OUTSIDE, Lens, Units
from actscope.sites._call import Call, Key
from actscope.sites._tracker import Tracker


@dataclass
class SiteState:
    """All that is kept of one site. history: (step, units silent then, inputs seen so far)."""

    units: Units
    history: Series = field(default_factory=Series)


class Keeper(Protocol):
    """Who keeps what passes see."""

    step: int
    looked: int
    states: dict[Key, SiteState]
    calls: dict[Key, Call]

    def lens(self, call: Call) -> Lens: ...

    def mask(self, z: Tensor, axis: int) -> Tensor | None: ...


class Pass:
    """One pass looked at: kept only if it ends well."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._looks: dict[int, tuple[Call, Lens, Units, Tensor | None]] = {}

    def start(self) -> None:
        """Before the model runs."""
        raise AssertionError

    def stop(self) -> None:
        """After it ran, or failed."""
        raise AssertionError

    def calls(self) -> Sequence[Call]:
        """In order."""
        raise AssertionError

    # --- Listener

    def before(self, call: Call, z: Tensor) -> None:
        if call.axis is None or z.numel() == 0:
            return
        keeper = self._keeper
        lens = keeper.lens(call)
        with torch.no_grad(), torch._C.DisableTorchFunction():
            mask = keeper.mask(z, call.axis)
            self._looks[id(call)] = call, lens, lens.inputs(z, keeper.step, mask), mask

    def after(self, call: Call, a: Tensor) -> None:
        self._output(call, a, gated=False)

    def gated(self, call: Call, product: Tensor) -> None:
        self._output(call, product, gated=True)

    def _output(self, call: Call, a: Tensor, *, gated: bool) -> None:
        found = self._looks.get(id(call))
        if found is None:
            return
        _, lens, seen, mask = found
        with torch.no_grad(), torch._C.DisableTorchFunction():
            lens.outputs(seen, a, mask, gated=gated)
            if a.requires_grad and not call.hooked:
                call.hooked = True
                a.register_hook(self._gradient(call, lens))

    def _gradient(self, call: Call, lens: Lens) -> Callable[[Tensor], None]:
        states, key = self._keeper.states, call.key

        def see(gradient: Tensor) -> None:
            state = states.get(key)
            if state is not None:
                total, samples = lens.gradient(gradient)
                state.units.sums[GRADIENT] += total
                state.units.gradients += samples

        return see

    # --- the end

    def commit(self) -> None:
        keeper = self._keeper
        keeper.looked += 1
        for call in self.calls():
            keeper.calls.setdefault(call.key, call)
        joined: dict[Key, Units] = {}
        for call, _, seen, _ in self._looks.values():
            if call.role != "hidden":
                continue
            if call.key in joined:
                joined[call.key].add(seen)
            else:
                joined[call.key] = seen
        for key, units in joined.items():
            dead = (units.sums[OUTSIDE] == 0).sum()
            state = keeper.states.get(key)
            if state is None:
                keeper.states[key] = state = SiteState(units)
            else:
                state.units.add(units)
            state.history.append(keeper.step, dead, state.units.samples.clone())


class WholePass(Pass):
    """Every function and module seen: needed to find the sites, and wherever they may change."""

    def __init__(self, keeper: Keeper, model: nn.Module) -> None:
        super().__init__(keeper)
        self._tracker = Tracker(model, self)
        self._stack = ExitStack()

    def start(self) -> None:
        self._stack.enter_context(self._tracker.watching())

    def stop(self) -> None:
        self._stack.close()

    def calls(self) -> Sequence[Call]:
        return self._tracker.calls

    def plan(self, modules: dict[str, nn.Module]) -> list[tuple[nn.Module, Call]] | None:
        """The modules to look at next time, if they tell all: each called once, no functions."""
        calls = [call for call in self.calls() if call.role == "hidden"]
        paths = [call.key.module for call in calls]
        plain = all(c.key.own and not c.gated and c.axis is not None for c in self.calls())
        if not calls or not plain or len(set(paths)) < len(paths):
            return None
        return [(modules[path], call) for path, call in zip(paths, calls, strict=True)]


class PlannedPass(Pass):
    """Known modules alone, which costs a tenth. complete: each was called once, as planned."""

    def __init__(self, keeper: Keeper, plan: Sequence[tuple[nn.Module, Call]]) -> None:
        super().__init__(keeper)
        self._plan = plan
        self._handles: list[Any] = []
        self._calls: list[Call] = []
        self.complete = False

    def start(self) -> None:
        for module, call in self._plan:
            before, after = self._looking(call)
            self._handles.append(module.register_forward_pre_hook(before))
            self._handles.append(module.register_forward_hook(after))

    def stop(self) -> None:
        for handle in self._handles:
            handle.remove()
        self.complete = len(self._calls) == len(self._plan)

    def calls(self) -> Sequence[Call]:
        return self._calls

    def _looking(self, known: Call) -> tuple[Callable[..., None], Callable[..., None]]:
        running: list[Call] = []

        def before(module: nn.Module, args: tuple[Tensor, ...]) -> None:
            if args:
                call = replace(known, hooked=False)
                running.append(call)
                self._calls.append(call)
                self.before(call, args[0])

        def after(module: nn.Module, args: Any, out: Tensor) -> None:
            if running:
                self.after(running.pop(), out)

        return before, after
