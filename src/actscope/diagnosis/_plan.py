"""A pass looked at as the last one went: only the modules and functions that matter are heard.

Seeing every function and module of a pass costs as much as many small layers. A plan knows which
activations are called in which order, and which modules make their inputs; as long as all of
these come in that order, each call is the one it was. A pass that goes another way is not kept.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from actscope.diagnosis._hold import FUSED, Hook
from actscope.diagnosis._pass import Keeper, Pass, WholePass
from actscope.sites._activations import record_of_call
from actscope.sites._call import Call
from actscope.sites._tracker import name_of, place_of


@dataclass(frozen=True)
class Plan:
    """events: what comes, in order: a call, or a module that makes inputs and has ended.

    modules: of calls that are modules, by path. makers: those that make inputs. functions: names
    of the functions among the calls. fused: modules that take a fused path out of training,
    unless there is a hook on them.
    """

    events: tuple[Call | nn.Module, ...]
    modules: dict[str, nn.Module]
    makers: tuple[nn.Module, ...]
    functions: frozenset[str]
    fused: tuple[nn.Module, ...]


def planned(run: WholePass, modules: dict[str, nn.Module]) -> Plan | None:
    """What the next pass will be like; None where it takes a whole pass to know.

    Gated units do: which product they are in is not known beforehand. So do experts that share a
    parameter, and classes that were declared.
    """
    calls = [event for event in run.events if isinstance(event, Call)]
    fused = tuple(m for m in modules.values() if isinstance(m, FUSED))
    plain = all(
        not (call.gated or call.mixed or call.inline)
        and call.key.producer in modules
        and (not call.key.own or type(modules[call.key.module]).__module__.startswith("torch.nn."))
        and (call.key.own or call.key.function in _PLAIN)
        for call in calls
    )
    if not calls or not plain or not all(module.training for module in fused):
        return None
    makers = {modules[call.key.producer] for call in calls}
    events = tuple(e for e in run.events if isinstance(e, Call) or e in makers)
    own = {call.key.module: modules[call.key.module] for call in calls if call.key.own}
    functions = frozenset(call.key.function for call in calls if not call.key.own)
    return Plan(events, own, tuple(makers), functions, fused)


# Functions of one tensor that are nothing but an activation.
_PLAIN = {
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "silu", "mish", "softplus"),
    *("softsign", "tanh", "sigmoid", "hardtanh", "hardsigmoid", "hardswish", "hardshrink"),
    *("softshrink", "tanhshrink", "threshold", "logsigmoid", "prelu", "gelu"),
}


class PlannedPass(Pass):
    """Passes that go as planned, one after the other.

    lasting: hooks stay on from one to the next, until `close`. complete: all came, as planned.
    """

    def __init__(self, keeper: Keeper, plan: Plan, *, lasting: bool) -> None:
        super().__init__(keeper)
        self._plan, self._lasting = plan, lasting
        self._next, self._lost = 0, False
        self._running: Call | None = None
        self._handles: list[Any] = []
        self._functions = _Functions(plan.functions, self._function) if plan.functions else None
        self._thread = 0

    @property
    def sees_functions(self) -> bool:
        return self._functions is not None

    @property
    def complete(self) -> bool:
        return not self._lost and self._next == len(self._plan.events)

    def fits(self) -> bool:
        """Whether its hooks change nothing now."""
        return all(module.training for module in self._plan.fused)

    def start(self, *, deep: bool) -> None:
        super().start(deep=deep)
        self._quick = not deep
        self._next, self._lost, self._running = 0, False, None
        if not self._handles:
            for module in self._plan.makers:
                self._handles.append(module.register_forward_hook(Hook(self._made)))
            for path, module in self._plan.modules.items():
                self._handles.append(module.register_forward_pre_hook(Hook(self._entering(path))))
                self._handles.append(module.register_forward_hook(Hook(self._left)))
        self._thread = threading.get_ident()
        if self._functions is not None:
            self._functions.__enter__()

    def stop(self) -> None:
        self._thread = 0
        if self._functions is not None:
            self._functions.__exit__(None, None, None)
        if not self._lasting:
            self.close()

    def close(self) -> None:
        """Hooks off."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def calls(self) -> Sequence[Call]:
        return ()  # they are known

    # --- what happens

    def _made(self, module: nn.Module, args: Any, out: Any) -> None:
        if self._is_on():
            at, self._next = self._next, self._next + 1
            if at >= len(self._plan.events) or self._plan.events[at] is not module:
                self._lost = True

    def _is_on(self) -> bool:
        # What is being compiled must not come upon a question about threads.
        return not torch.compiler.is_compiling() and threading.get_ident() == self._thread

    def _coming(self) -> Call | None:
        """The call that comes next, if it is one; on to what comes then."""
        at, self._next = self._next, self._next + 1
        if not self._lost and at < len(self._plan.events):
            known = self._plan.events[at]
            if isinstance(known, Call):
                return known
        self._lost = True
        return None

    def _begin(self, known: Call, z: Any) -> Call | None:
        if (
            not isinstance(z, Tensor)
            or z.dim() != len(known.shape)
            or (known.axis is not None and z.shape[known.axis] != known.shape[known.axis])
        ):
            self._lost = True
            return None
        call = known.again()
        if call.role == "hidden":
            self.before(call, z)
        return call

    def _entering(self, path: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        events = self._plan.events
        mine = {id(c) for c in events if isinstance(c, Call) and c.key.own and c.key.module == path}

        def enter(module: nn.Module, args: tuple[Any, ...]) -> None:
            if not self._is_on():
                return
            known = self._coming()
            if known is None or id(known) not in mine:
                self._lost = True
                return
            self._running = self._begin(known, args[0] if args else None)

        return enter

    def _left(self, module: nn.Module, args: Any, out: Any) -> None:
        if self._running is not None and self._is_on():
            call, self._running = self._running, None
            self.after(call, out)

    def _function(self, func: Any, name: str, args: Any, kwargs: Any) -> Any:
        if self._running is not None or self._lost:
            return func(*args, **kwargs)
        known = self._coming()
        call = None
        if known is None or not _same(known, name, args, kwargs):
            self._lost = True
        else:
            call = self._begin(known, args[0] if args else kwargs.get("input"))
        out = func(*args, **kwargs)
        if call is not None:
            self.after(call, out)
        return out


def _same(known: Call, name: str, args: Any, kwargs: Any) -> bool:
    """Whether this is the function, on the line, that is known."""
    key = known.key
    if key.own or key.function != name or key.line != place_of(sys._getframe(3)):
        return False
    # Parameters are part of the function: relu has none.
    return name in _ALONE or record_of_call(name, args, kwargs) == known.record


_ALONE = {"relu", "relu6", "selu", "silu", "mish", "softsign", "tanh", "sigmoid", "hardswish"}


class _Functions(TorchFunctionMode):
    """Hands on calls of some functions."""

    def __init__(self, names: frozenset[str], hear: Callable[[Any, str, Any, Any], Any]) -> None:
        super().__init__()
        self._names, self._hear = names, hear
        self._known: dict[Any, str | None] = {}  # by function: its name, if it is one of these

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        try:
            name = self._known[func]
        except KeyError:
            name = name_of(func)
            self._known[func] = name = name if name in self._names else None
        if name is not None:
            return self._hear(func, name, args, kwargs or {})
        return func(*args, **kwargs) if kwargs else func(*args)
