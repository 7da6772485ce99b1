"""One pass through a watched model: kept only if it ends well."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from actscope.diagnosis._history import Series
from actscope.diagnosis._units import GRADIENT, Lens, Look, Units, fold
from actscope.sites._call import Call, Key
from actscope.sites._tracker import Tracker

# Looks gathered before they are added up: small operations cost more than what they compute.
GATHERED = 64


# What we compute is no call that a function mode should see.
_PLAIN = torch._C.DisableTorchFunction


class SiteState:
    """All that is kept of one site.

    units: its sums. history: (step, units silent then, inputs seen so far). changed: it had
    another number of units at some call, which was left out.
    """

    def __init__(self, units: Units, history: Series | None = None) -> None:
        self._units, self._history = units, history or Series()
        self._looks: list[tuple[int, Look]] = []
        self.changed = False

    @property
    def units(self) -> Units:
        """With all looks added."""
        self._fold()
        return self._units

    @property
    def history(self) -> Series:
        """With all looks added."""
        self._fold()
        return self._history

    def add(self, step: int, look: Look) -> None:
        """One call, of the same pass as the last one or of a later one."""
        if look.units != len(self._units.last_outside):
            self.changed = True
            return
        if len(self._looks) >= GATHERED and self._looks[-1][0] != step:
            self._fold()
        self._looks.append((step, look))

    def add_gradient(self, total: Tensor, samples: Tensor) -> None:
        """Sum of |gradient|, Float["unit"]."""
        if len(total) == len(self._units.last_outside):
            here = self._units.sums.device
            self._units.sums[GRADIENT] += total.to(here)
            self._units.gradients += samples.to(here)

    def _fold(self) -> None:
        if not self._looks:
            return
        looks, self._looks = self._looks, []
        with torch.inference_mode(False), torch.no_grad(), torch._C.DisableTorchFunction():
            device = looks[-1][1].device
            if device != self._units.sums.device:
                self._units = self._units.to(device)
            self._history.extend(fold(self._units, looks))


class Keeper(Protocol):
    """Who keeps what passes see."""

    step: int
    looked: int
    states: dict[Key, SiteState]
    calls: dict[Key, Call]
    axes: Mapping[str, int]

    def lens(self, call: Call) -> Lens: ...

    def mask(self, call: Call, z: Tensor) -> Tensor | None: ...


class Pass:
    """One pass looked at; deep: for means, variances and gradients, too."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper, self._deep, self._quick = keeper, True, False
        self._looks: dict[int, tuple[Call, Lens, Look, Tensor | None]] = {}

    def start(self, *, deep: bool) -> None:
        """Before the model runs."""
        self._deep, self._looks = deep, {}

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
        with _PLAIN():
            mask = self._keeper.mask(call, z)
            look = lens.inputs(z, mask, deep=self._deep, quick=self._quick)
            self._looks[id(call)] = call, lens, look, mask

    def after(self, call: Call, a: Tensor) -> None:
        self._output(call, a, gated=False)

    def gated(self, call: Call, product: Tensor) -> None:
        self._output(call, product, gated=True)

    def _output(self, call: Call, a: Tensor, *, gated: bool) -> None:
        found = self._looks.get(id(call))
        if found is None:
            return
        _, lens, look, mask = found
        with _PLAIN():
            lens.outputs(look, a, mask, gated=gated)
            if self._deep and a.requires_grad and not call.hooked:
                call.hooked = True
                a.register_hook(self._gradient(call, lens, mask))

    def _gradient(self, call: Call, lens: Lens, mask: Tensor | None) -> Callable[[Tensor], None]:
        states, key = self._keeper.states, call.key

        def see(gradient: Tensor) -> None:
            state = states.get(key)
            if state is not None:
                with torch.inference_mode(False), torch.no_grad():
                    state.add_gradient(*lens.gradient(gradient, mask))

        return see

    # --- the end

    def commit(self) -> None:
        keeper = self._keeper
        keeper.looked += 1
        for call in self.calls():
            keeper.calls.setdefault(call.key, call)
        for call, _, look, _ in self._looks.values():
            if call.role == "hidden" and look.size is not None:
                state = keeper.states.get(call.key)
                if state is None:
                    with torch.inference_mode(False):
                        state = SiteState(Units.empty(look.units, look.device))
                    keeper.states[call.key] = state
                state.add(keeper.step, look)


class _Logging(Tracker):
    """Notes when modules end, beside what it sees."""

    def __init__(
        self,
        model: nn.Module,
        listener: Pass,
        ended: Callable[[nn.Module], None],
        axes: Mapping[str, int],
    ) -> None:
        super().__init__(model, listener, axes)
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

    def __init__(self, keeper: Keeper, model: nn.Module) -> None:
        super().__init__(keeper)
        self.events: list[Call | nn.Module] = []
        self._tracker = _Logging(model, self, self.events.append, keeper.axes)
        self._stack = ExitStack()

    def start(self, *, deep: bool) -> None:
        super().start(deep=deep)
        self._stack.enter_context(self._tracker.watching())

    def stop(self) -> None:
        self._stack.close()

    def calls(self) -> Sequence[Call]:
        return self._tracker.calls

    def before(self, call: Call, z: Tensor) -> None:
        self.events.append(call)
        super().before(call, z)
