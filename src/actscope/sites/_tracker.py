"""One pass through a model, watched: which activation is called where, on whose output."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from actscope import catalogue
from actscope.catalogue import Record
from actscope.sites._activations import (
    declared,
    declared_functions,
    intercepted,
    is_activation,
    record_of_call,
    record_of_module,
)
from actscope.sites._axes import from_the_end
from actscope.sites._call import Call, Key, Listener, names_of
from actscope.sites._forms import Form, Forms
from actscope.sites._formulas import recognised
from actscope.sites._functions import QUIET, name_of, place_of
from actscope.sites._fused import around, outermost
from actscope.sites._gates import PRODUCTS, QUOTIENTS, judge
from actscope.sites._origins import Origin, Origins, tensors

_IDENTITY = catalogue.get("identity")
LINEAR = (nn.Linear, nn.modules.conv._ConvNd)


@dataclass
class _Frame:
    """A module in whose forward we are."""

    path: str
    module: nn.Module
    own: bool
    record: Record | None
    call: Call | None = None
    read: bool = False


class Tracker(TorchFunctionMode):
    """Sees every function called on tensors, within `watching`.

    axes: by a site's name, which axis counts its units, where the user knows better. calls: of
    activations, in order. told: which of `axes` had their call. read: by path of a linear map,
    the activations whose outputs it was given, None for anything else's.
    """

    def __init__(
        self,
        model: nn.Module,
        listener: Listener | None = None,
        axes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.told: set[str] = set()
        self._axes = axes or {}
        self._listener = listener
        self._paths = {module: path for path, module in model.named_modules()}
        self._stack: list[_Frame] = []
        self._origins = Origins(model)
        self._forms = Forms(self._origins.is_stored)
        self._modules = {path: module for module, path in self._paths.items()}
        self._model = model
        self.read: dict[str, list[Record | None]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on, mode on; off again whatever happens."""
        with ExitStack() as stack:
            stack.callback(self._forget)
            self._stack.append(self._frame(self._model))  # it may be running already
            fused = outermost(self._model)
            inside = {module for whole in fused for module in whole.modules()}
            stack.enter_context(self._hooked(self._paths.keys() - inside - {self._model}))
            for module in fused:
                stack.enter_context(around(module, self, self._seen, self._origins.adopt))
            for kind in declared_functions():
                stack.enter_context(intercepted(kind, self._apply))
            stack.enter_context(self)
            yield

    def _forget(self) -> None:
        self._origins.clear()
        self._forms.clear()
        self._stack.clear()

    # --- modules

    @contextmanager
    def _hooked(self, modules: Iterable[nn.Module]) -> Iterator[None]:
        handles: list[RemovableHandle] = []
        try:
            for module in modules:
                handles.append(module.register_forward_pre_hook(self._enter, with_kwargs=True))
                handles.append(module.register_forward_hook(self._leave, with_kwargs=True))
            yield
        finally:
            for handle in handles:
                handle.remove()

    @contextmanager
    def _seen(self, module: nn.Module, args: Any, kwargs: Any) -> Iterator[None]:
        """While the forward of a module runs that is not hooked itself."""
        self._enter(module, args, kwargs)
        try:
            with self._hooked(part for part in module.modules() if part is not module):
                yield
        finally:
            self._leave(module, args, kwargs, None)

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        record = None if self._inside_activation() else record_of_module(module)
        frame = self._frame(module, record)
        self._stack.append(frame)
        if record is not None:
            z = next((t for t in (*args, *kwargs.values()) if isinstance(t, Tensor)), None)
            if z is not None:
                frame.call = self._begin(record, type(module).__name__, z)

    def _frame(self, module: nn.Module, record: Record | None = None) -> _Frame:
        return _Frame(self._paths[module], module, is_activation(module), record)

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
        while self._stack:
            frame = self._stack.pop()
            if frame.module is module:
                break
        else:
            return
        if frame.call is not None and isinstance(out, Tensor):
            self._end(frame.call, out)

    def _inside_activation(self) -> bool:
        return any(frame.call is not None for frame in self._stack)

    # --- functions

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = name_of(func)
        if name in QUIET or self._inside_activation():
            return func(*args, **kwargs)
        z = next((t for t in tensors((*args, *kwargs.values()))), None)
        record = None if z is None else record_of_call(name, args, kwargs)
        if z is None or record is None:
            self._note_reading(z)
            form = self._forms.made(name, args, kwargs)
            whole = None
            if form is not None and (form.gates or form.chooses or form.guess):
                form, whole = self._written_out(name, form)
            out = func(*args, **kwargs)
            self._follow(name, out, args, kwargs, form)
            changed = args[0] if name == "setitem" else out
            self._forms.put(changed, form, name)
            if whole is not None:
                self._end(whole, changed)
            return out
        if name == "glu":
            return self._glu(func, record, z, args, kwargs)
        call = self._begin(record, name, z)
        if record.name == "threshold":
            call.role = "threshold"
        out = func(*args, **kwargs)
        self._end(call, out)
        return out

    def _written_out(self, name: str, form: Form) -> tuple[Form, Call | None]:
        """The call of an activation that is written out as a formula, if it is complete now; of
        what may never be one, it is noted on the calls that are part of it."""
        z, record = self._forms.start_of(form), recognised(form.formula)
        if record is not None and z is not None:
            for call in form.calls:
                call.role = "part"
            whole = self._begin(record, name, z)
            whole.inline = True
            return form, whole
        if form.chooses and not form.calls and z is not None and self._is_of_layer(z):
            choice = Call(self._key(name, name, z), _IDENTITY, None, (), weakref.ref(z), "choice")
            self.calls.append(choice)
            form = replace(form, calls=(choice,))
        if form.calls and (form.gates or form.chooses):
            for call in form.calls:
                call.role = "part"
            last = form.calls[-1]
            last.role = "choice" if last.record is _IDENTITY else "written"
        return form, None

    def _is_of_layer(self, z: Tensor) -> bool:
        origin = self._origins.of(z)
        return origin is not None and isinstance(self._modules.get(origin.producer), LINEAR)

    def _glu(self, func: Any, record: Record, z: Tensor, args: Any, kwargs: Any) -> Any:
        """A sigmoid of the second half lets the first half through."""
        dim = args[1] if len(args) > 1 else kwargs.get("dim", -1)
        half = z.chunk(2, dim)[1]
        self._origins.put(half, self._origins.of(z) or Origin("", None))
        call = self._begin(record, "glu", half)
        call.gated = True
        out = func(*args, **kwargs)
        self._end(call, out)
        if self._listener is not None:
            self._listener.gated(call, out)
        return out

    def _note_reading(self, x: Tensor | None) -> None:
        """Whose output a module with weights is given: of the first function that it calls."""
        frame = self._stack[-1] if self._stack else None
        if x is None or frame is None or frame.read:
            return
        frame.read = True
        if isinstance(frame.module, LINEAR):
            origin = self._origins.of(x)
            self.read.setdefault(frame.path, []).append(origin.fed if origin else None)

    def _follow(self, name: str, out: Any, args: Any, kwargs: Any, form: Form | None) -> None:
        outs = list(tensors([out] if isinstance(out, Tensor) else out or ())) if _holds(out) else []
        if not outs:
            return
        units: Sequence[Call] = ()
        if name in PRODUCTS | QUOTIENTS and (form is None or not form.gates):
            factors = list(tensors((*args, *kwargs.values())))
            origins = [(t, self._origins.of(t)) for t in factors]
            fresh = [(t, o.call) for t, o in origins if o is not None and o.call is not None]
            stored = [o is not None and o.stored for _, o in origins]
            units = judge(factors, fresh, outs[0], stored)
        if self._listener is not None:
            for call in units:
                self._listener.gated(call, outs[0])
        frame = self._stack[-1] if self._stack else None
        self._origins.follow(
            name, outs, args, kwargs, frame.path if frame else "",
            frame.module if frame else self._model,
        )  # fmt: skip

    def _apply(self, kind: type, original: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """A declared autograd function is called."""
        z = next((t for t in args if isinstance(t, Tensor)), None)
        if z is None or self._inside_activation():
            return original(*args, **named)
        call = self._begin(declared(kind), kind.__name__, z)
        with torch._C.DisableTorchFunction():
            out = original(*args, **named)
        if isinstance(out, Tensor):
            self._end(call, out)
        return out

    def _begin(self, record: Record, function: str, z: Tensor) -> Call:
        origin = self._origins.of(z)
        key = self._key(record.label, function, z)
        name = next((name for name in names_of(key) if name in self._axes), None)
        if name is not None:
            self.told.add(name)
            axis = from_the_end(name, self._axes[name], z)
        else:
            axis = origin.axis if origin else None
        call = Call(key, record, axis, tuple(z.shape), weakref.ref(z))
        if origin is not None:
            call.scaled, call.mixed = origin.scaled, origin.mixed
        call.form = self._forms.of(z)
        self.calls.append(call)
        if self._listener is not None:
            self._listener.before(call, z)
        return call

    def _key(self, activation: str, function: str, z: Tensor) -> Key:
        origin = self._origins.of(z)
        frame = self._stack[-1] if self._stack else None
        own = frame is not None and frame.own
        return Key(
            activation,
            frame.path if frame else "",
            own,
            origin.producer if origin else "",
            "" if own else function,
            "" if own else place_of(sys._getframe(1)),
        )

    def _end(self, call: Call, out: Tensor) -> None:
        if not isinstance(out, Tensor):
            return
        form, call.form = call.form, None
        if form is not None:
            self._forms.activated(form, call, out)
        origin = Origin(call.key.producer, call.axis, call, mixed=call.mixed, fed=call.record)
        self._origins.put(out, origin)
        if self._listener is not None:
            self._listener.after(call, out)


def _holds(out: Any) -> bool:
    return isinstance(out, Tensor | tuple | list)
