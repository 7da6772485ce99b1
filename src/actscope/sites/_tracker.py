"""One pass through a model, watched: which activation is called where, on whose output."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from actscope.catalogue import Record
from actscope.sites._activations import (
    declared,
    declared_functions,
    is_activation,
    record_of_call,
    record_of_module,
)
from actscope.sites._call import Call, Key, Listener
from actscope.sites._gates import PRODUCTS, QUOTIENTS, judge
from actscope.sites._origins import Origin, Origins, tensors

_QUIET = {  # attributes and questions: nothing is computed
    *("shape", "device", "dtype", "requires_grad", "grad_fn", "is_leaf", "layout", "ndim", "grad"),
    *("size", "dim", "numel", "stride", "is_contiguous", "is_floating_point", "data_ptr", "item"),
    *("is_cuda", "is_quantized", "is_sparse", "is_nested", "is_mkldnn", "names", "element_size"),
    *("is_complex", "storage_offset", "tolist", "requires_grad_", "register_hook", "is_meta"),
    *("is_xpu", "is_inference", "nbytes", "itemsize", "is_nested_tensor", "len"),
}
_TORCH = str(Path(torch.__file__).parent)
_OURS = str(Path(__file__).parents[1])
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

    calls: of activations, in order. read: by path of a linear map, the activations whose outputs
    it was given, None for anything else's.
    """

    def __init__(self, model: nn.Module, listener: Listener | None = None) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._listener = listener
        self._paths = {module: path for path, module in model.named_modules()}
        self._stack: list[_Frame] = []
        self._origins = Origins(model)
        self._model = model
        self.read: dict[str, list[Record | None]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hooks on, mode on; off again whatever happens."""
        handles = []
        declared_ones = [(kind, kind.__dict__.get("apply")) for kind in declared_functions()]
        try:
            self._stack.append(self._frame(self._model))  # it may be running already
            for module in self._paths:
                if module is self._model:
                    continue
                handles.append(module.register_forward_pre_hook(self._enter, with_kwargs=True))
                handles.append(module.register_forward_hook(self._leave, with_kwargs=True))
            for kind, _ in declared_ones:
                kind.apply = staticmethod(self._applied(kind))  # type: ignore[attr-defined]
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()
            for kind, before in declared_ones:
                if before is None:
                    del kind.apply  # type: ignore[attr-defined]
                else:
                    kind.apply = before  # type: ignore[attr-defined]
            self._origins.clear()
            self._stack.clear()

    # --- modules

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
        if name in _QUIET or self._inside_activation():
            return func(*args, **kwargs)
        z = next((t for t in tensors((*args, *kwargs.values()))), None)
        record = None if z is None else record_of_call(name, args, kwargs)
        if z is None or record is None:
            self._note_reading(z)
            out = func(*args, **kwargs)
            self._follow(name, out, args, kwargs)
            return out
        if name == "glu":
            return self._glu(func, record, z, args, kwargs)
        call = self._begin(record, name, z)
        out = func(*args, **kwargs)
        self._end(call, out)
        return out

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

    def _follow(self, name: str, out: Any, args: Any, kwargs: Any) -> None:
        outs = list(tensors([out] if isinstance(out, Tensor) else out or ())) if _holds(out) else []
        if not outs:
            return
        if name in PRODUCTS | QUOTIENTS:
            factors = list(tensors((*args, *kwargs.values())))
            origins = [(t, self._origins.of(t)) for t in factors]
            fresh = [(t, o.call) for t, o in origins if o is not None and o.call is not None]
            for call in judge(factors, fresh, outs[0]):
                if self._listener is not None:
                    self._listener.gated(call, outs[0])
        frame = self._stack[-1] if self._stack else None
        self._origins.follow(
            name, outs, args, kwargs, frame.path if frame else "",
            frame.module if frame else self._model,
        )  # fmt: skip

    def _applied(self, kind: type) -> Callable[..., Any]:
        original = super(kind, kind).apply  # type: ignore[misc]

        def apply(*args: Any, **kwargs: Any) -> Any:
            z = next((t for t in args if isinstance(t, Tensor)), None)
            if z is None or self._inside_activation():
                return original(*args, **kwargs)
            call = self._begin(declared(kind), kind.__name__, z)
            with torch._C.DisableTorchFunction():
                out = original(*args, **kwargs)
            if isinstance(out, Tensor):
                self._end(call, out)
            return out

        return apply

    def _begin(self, record: Record, function: str, z: Tensor) -> Call:
        origin = self._origins.of(z)
        frame = self._stack[-1] if self._stack else None
        own = frame is not None and frame.own
        key = Key(
            record.label,
            frame.path if frame else "",
            own,
            origin.producer if origin else "",
            "" if own else function,
            "" if own else place_of(sys._getframe(1)),
        )
        axis = origin.axis if origin else None
        call = Call(key, record, axis, tuple(z.shape), weakref.ref(z))
        call.scaled = bool(origin and origin.scaled)
        call.mixed = bool(origin and origin.mixed)
        self.calls.append(call)
        if self._listener is not None:
            self._listener.before(call, z)
        return call

    def _end(self, call: Call, out: Tensor) -> None:
        origin = Origin(call.key.producer, call.axis, call, mixed=call.mixed, fed=call.record)
        self._origins.put(out, origin)
        if self._listener is not None:
            self._listener.after(call, out)


def _holds(out: Any) -> bool:
    return isinstance(out, Tensor | tuple | list)


def name_of(func: Any) -> str:
    """The plain name of what is called: `add` for add, add_, __add__, __iadd__ and Tensor.add."""
    name = getattr(func, "__name__", "")
    if name == "__get__":
        return func.__self__.__name__
    if name.startswith("__") and name.endswith("__"):
        return name[2:-2]
    return name if name in _QUIET else name.rstrip("_")


def place_of(frame: FrameType | None) -> str:
    """file:line of the code that called, outside PyTorch and this package."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_TORCH, _OURS)):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
