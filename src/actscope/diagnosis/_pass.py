"""One pass through a watched model: kept only if it ends well."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from actscope.diagnosis._history import Series
from actscope.diagnosis._units import GRADIENT, Lens, Look, Units
from actscope.sites._call import Call, Key
from actscope.sites._tracker import Tracker


@dataclass
class SiteState:
    """All that is kept of one site. history: (step, units silent then, inputs seen so far).

    changed: it had another number of units at some call, which was left out.
    """

    units: Units
    history: Series = field(default_factory=Series)
    changed: bool = False


class Keeper(Protocol):
    """Who keeps what passes see."""

    step: int
    looked: int
    states: dict[Key, SiteState]
    calls: dict[Key, Call]

    def lens(self, call: Call) -> Lens: ...

    def mask(self, z: Tensor, axis: int) -> Tensor | None: ...


class Pass:
    """One pass looked at. deep: means, variances and gradients, too."""

    def __init__(self, keeper: Keeper, *, deep: bool) -> None:
        self._keeper, self._deep = keeper, deep
        self._looks: dict[int, tuple[Call, Lens, Look, Tensor | None]] = {}

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
        if call.axis is None or z.dim() < -call.axis or z.numel() == 0:
            return
        if z.is_meta or not z.is_floating_point():
            return
        lens = self._keeper.lens(call)
        with torch.no_grad(), torch._C.DisableTorchFunction():
            mask = self._keeper.mask(z, call.axis)
            self._looks[id(call)] = call, lens, lens.inputs(z, mask, deep=self._deep), mask

    def after(self, call: Call, a: Tensor) -> None:
        self._output(call, a, gated=False)

    def gated(self, call: Call, product: Tensor) -> None:
        self._output(call, product, gated=True)

    def _output(self, call: Call, a: Tensor, *, gated: bool) -> None:
        found = self._looks.get(id(call))
        if found is None:
            return
        _, lens, look, mask = found
        with torch.no_grad(), torch._C.DisableTorchFunction():
            lens.outputs(look, a, mask, gated=gated)
            if self._deep and a.requires_grad and not call.hooked:
                call.hooked = True
                a.register_hook(self._gradient(call, lens, mask))

    def _gradient(self, call: Call, lens: Lens, mask: Tensor | None) -> Callable[[Tensor], None]:
        states, key = self._keeper.states, call.key

        def see(gradient: Tensor) -> None:
            state = states.get(key)
            units = gradient.shape[lens.axis]
            if state is None or len(state.units.last_outside) != units:
                return
            with torch.no_grad():
                total, samples = lens.gradient(gradient, mask)
                state.units.sums[GRADIENT] += total
                state.units.gradients += samples

        return see

    # --- the end

    def commit(self) -> None:
        keeper = self._keeper
        keeper.looked += 1
        for call in self.calls():
            keeper.calls.setdefault(call.key, call)
        with torch.no_grad():
            seen = [self._add(call, look) for call, _, look, _ in self._looks.values()]
            for key in dict.fromkeys(key for key in seen if key is not None):
                state = keeper.states[key]
                silent, samples = state.units.silent(keeper.step), state.units.samples.clone()
                state.history.append(keeper.step, silent, samples)

    def _add(self, call: Call, look: Look) -> Key | None:
        if call.role != "hidden" or look.size is None:
            return None
        states, key = self._keeper.states, call.key
        state = states.get(key)
        device = look.size.device
        if state is None:
            states[key] = state = SiteState(Units.empty(look.units, device))
        if len(state.units.last_outside) != look.units:
            state.changed = True
            return None
        if state.units.sums.device != device:
            state.units = state.units.to(device)
        look.add_to(state.units, self._keeper.step)
        return key


class _Logging(Tracker):
    """Notes when modules end, beside what it sees."""

    def __init__(self, model: nn.Module, listener: Pass, ended: Callable[[nn.Module], None]):
        super().__init__(model, listener)
        self._ended = ended
        self._thread = threading.get_ident()

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if threading.get_ident() == self._thread:
            super()._enter(module, args, kwargs)

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
        if threading.get_ident() == self._thread:
            super()._leave(module, args, kwargs, out)
            self._ended(module)


class WholePass(Pass):
    """Every function and module seen: needed to find the sites, and wherever they may change.

    events: what happened, in order: calls of activations, modules whose forward ended.
    """

    def __init__(self, keeper: Keeper, model: nn.Module, *, deep: bool) -> None:
        super().__init__(keeper, deep=deep)
        self.events: list[Call | nn.Module] = []
        self._tracker = _Logging(model, self, self.events.append)
        self._stack = ExitStack()

    def start(self) -> None:
        self._stack.enter_context(self._tracker.watching())

    def stop(self) -> None:
        self._stack.close()

    def calls(self) -> Sequence[Call]:
        return self._tracker.calls

    def before(self, call: Call, z: Tensor) -> None:
        self.events.append(call)
        super().before(call, z)
