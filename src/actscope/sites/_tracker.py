"""One pass through a model, watched: which activation is called where, on whose output."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from actscope.catalogue import Record
from actscope.sites import _axes
from actscope.sites._activations import (
    declared,
    declared_functions,
    is_activation,
    record_of_call,
    record_of_module,
)

# Functions that hand on the first tensor that they are given, and do not become its producer.
_WEIGHTED = {"linear", "addmm", "bilinear", "baddbmm", "addbmm"}
_PRODUCTS = {"matmul", "mm", "bmm", "rmatmul", "einsum"}
_CONVOLUTIONS = {
    f"conv{kind}{n}d": -(n + 1) for n in (1, 2, 3) for kind in ("", "_transpose")
}
_LOOKUPS = {"embedding", "embedding_bag", "scaled_dot_product_attention"}
_QUIET = {  # attributes and questions: nothing is computed
    *("shape", "device", "dtype", "requires_grad", "grad_fn", "is_leaf", "layout", "ndim", "grad"),
    *("size", "dim", "numel", "stride", "is_contiguous", "is_floating_point", "data_ptr", "item"),
    *("is_cuda", "is_quantized", "is_sparse", "is_nested", "is_mkldnn", "names", "element_size"),
    *("is_complex", "storage_offset", "tolist", "requires_grad_", "register_hook", "is_meta"),
    *("is_xpu", "is_inference", "nbytes", "itemsize", "is_nested_tensor", "len", "bool", "float"),
}
_SCALING = {"div", "truediv", "mul", "rmul", "true_divide", "divide", "multiply"}
_PRODUCT = {"mul", "rmul", "multiply", "imul"}
_TORCH = str(Path(torch.__file__).parent)
_OURS = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Key:
    """What tells sites apart: not how often they are called, so that a loop stays one.

    module: path of the module whose forward calls the function (the activation's own, if it is
    a module); own: that module is nothing but the activation. producer: path of the module that
    made the input. function, line: what is called and at which file:line, if it is no module.
    """

    activation: str
    module: str
    own: bool
    producer: str
    function: str
    line: str


@dataclass(eq=False)
class Call:
    """One call of an activation in the pass."""

    key: Key
    record: Record
    axis: int | None
    shape: tuple[int, ...]
    role: str = "hidden"
    gated: bool = False
    scaled: bool = False
    hooked: bool = False


@dataclass
class Origin:
    """Where a tensor comes from. call: set on what an activation just gave. weight: part of a
    parameter of several experts."""

    producer: str
    axis: int | None
    call: Call | None = None
    scaled: bool = False
    weight: bool = False


class Listener(Protocol):
    """Who wants to see what goes in and out. `before` sees inputs not yet overwritten."""

    def before(self, call: Call, z: Tensor) -> None: ...

    def after(self, call: Call, a: Tensor) -> None: ...

    def gated(self, call: Call, product: Tensor) -> None: ...


@dataclass
class _Frame:
    """A module in whose forward we are."""

    path: str
    module: nn.Module
    leaf: bool
    own: bool
    record: Record | None
    call: Call | None = None


class Tracker(TorchFunctionMode):
    """Sees every function called on tensors, within `watching`."""

    def __init__(self, model: nn.Module, listener: Listener | None = None) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._listener = listener
        self._paths = {module: path for path, module in model.named_modules()}
        self._parts = {id(p): name for name, p in model.named_parameters() if p.dim() > 2}
        self._stack: list[_Frame] = []
        self._origins: dict[int, tuple[weakref.ref[Tensor], Origin]] = {}
        self._model = model

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
        leaf = next(module.children(), None) is None
        return _Frame(self._paths[module], module, leaf, is_activation(module), record)

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

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = _name(func)
        if name in _QUIET or self._inside_activation():
            return func(*args, **kwargs)
        tensors = [t for t in args if isinstance(t, Tensor)]
        record = record_of_call(name, args, kwargs) if tensors or "input" in kwargs else None
        if record is None:
            out = func(*args, **kwargs)
            self._follow(name, out, args, kwargs)
            return out
        z = tensors[0] if tensors else kwargs["input"]
        glu = name == "glu"
        if glu:  # a sigmoid of the second half lets the first half through
            dim = args[1] if len(args) > 1 else kwargs.get("dim", -1)
            with torch._C.DisableTorchFunction():
                half = z.chunk(2, dim)[1]
            self._put(half, self.origin(z) or Origin("", None))
            z = half
        call = self._begin(record, name, z)
        call.gated = glu
        out = func(*args, **kwargs)
        self._end(call, out)
        if glu and self._listener is not None:
            self._listener.gated(call, out)
        return out

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
        origin = self.origin(z)
        frame = self._stack[-1] if self._stack else None
        own = frame is not None and frame.own
        key = Key(
            record.label,
            frame.path if frame else "",
            own,
            origin.producer if origin else "",
            "" if own else function,
            "" if own else _place(sys._getframe(1)),
        )
        axis = origin.axis if origin else None
        call = Call(key, record, axis, tuple(z.shape))
        call.scaled = bool(origin and origin.scaled)
        self.calls.append(call)
        if self._listener is not None:
            self._listener.before(call, z)
        return call

    def _end(self, call: Call, out: Tensor) -> None:
        self._put(out, Origin(call.key.producer, call.axis, call))
        if self._listener is not None:
            self._listener.after(call, out)

    # --- where tensors come from

    def origin(self, tensor: Tensor) -> Origin | None:
        """Of a tensor that the pass made, or None."""
        found = self._origins.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else None

    def _put(self, tensor: Tensor, origin: Origin) -> None:
        self._origins[id(tensor)] = (weakref.ref(tensor), origin)

    def _follow(self, name: str, out: Any, args: Any, kwargs: Any) -> None:
        outs = [out] if isinstance(out, Tensor) else out if isinstance(out, tuple | list) else []
        outs = [t for t in outs if isinstance(t, Tensor)]
        if not outs:
            return
        given = list(_tensors((*args, *kwargs.values())))
        if name in ("getitem", "select", "unbind") and id(given[0]) in self._parts:
            self._note_parts(name, given[0], outs, args)
            return
        known = [(t, o) for t in given if (o := self.origin(t)) is not None and not o.weight]
        if name in _PRODUCT | {"truediv", "div"}:
            self._look_for_gates(given, known, outs[0], args)
        origin = self._made(name, outs[0], given, known, args, kwargs)
        for tensor in outs:
            self._put(tensor, origin)

    def _note_parts(self, name: str, whole: Tensor, parts: list[Tensor], args: Any) -> None:
        """One expert's weights: what they make is another producer's than the next one's."""
        label = self._parts[id(whole)]
        if name == "getitem":
            index = args[1]
            if isinstance(index, Tensor) and index.dim() == 0 and index.dtype != torch.bool:
                index = int(index)
            numbers = [index] if isinstance(index, int) else []
        else:
            numbers = list(range(len(parts))) if name == "unbind" else [args[-1]]
        for number, part in zip(numbers, parts, strict=False):
            self._put(part, Origin(f"{label}[{number}]", None, weight=True))

    def _made(
        self, name: str, out: Tensor, given: list[Tensor], known: list[Any], args: Any, named: Any
    ) -> Origin:
        here = self._stack[-1] if self._stack else None
        path = here.path if here else ""
        if name in _CONVOLUTIONS:
            return Origin(path, _CONVOLUTIONS[name])
        if name in _WEIGHTED | _LOOKUPS | _PRODUCTS:
            parts = [o.producer for t in given if (o := self.origin(t)) is not None and o.weight]
            path = parts[0] if parts else path
        if name in _WEIGHTED | _LOOKUPS:
            return Origin(path, -1)
        if name in _PRODUCTS:
            first = len(given) > 1 and not any(t is given[0] for t, _ in known)
            turned = first and name != "einsum" and given[1].dim() > 1 and bool(known)
            return Origin(path, -2 if turned else None if name == "einsum" else -1)
        if not known:
            return Origin(path, None)
        widest = max(known, key=lambda pair: (pair[1].axis is not None, pair[0].dim()))
        x, origin = widest
        axis = _axes.after(name, origin.axis, x, out, args, named)
        # The first named: a residual sum is called after the branch, `out += identity`.
        producer = known[0][1].producer
        if here is not None and here.leaf and _transforms(here.module):
            producer = path
        scaled = name in _SCALING and len(given) == 1
        return Origin(producer, axis, None, scaled)

    def _look_for_gates(
        self, given: list[Tensor], known: list[Any], out: Tensor, args: Any
    ) -> None:
        fresh = [(t, o) for t, o in known if o.call is not None]
        if len(given) == 1 and fresh:
            call = fresh[0][1].call
            if call.scaled and call.record.name in ("tanh", "softsign"):
                call.role = "cap"
            return
        if len(known) < 2:
            return
        gates = [t for t, o in fresh if _is_gate(o.call)]
        for tensor, origin in fresh:
            call = origin.call
            if any(tensor is gate for gate in gates):
                call.role = "gate"
            elif (
                not gates
                and call.record.name not in ("tanh", "hard_tanh")
                and all(t.shape == out.shape for t, _ in known)
            ):
                call.gated = True
                if self._listener is not None:
                    self._listener.gated(call, out)


def _is_gate(call: Call) -> bool:
    """Whether its values, from 0 to 1, say how much of another tensor passes."""
    low, high = call.record.range
    return low >= 0 and high <= 1


def _transforms(module: nn.Module) -> bool:
    """Whether a module without children makes something new, rather than handing on."""
    return not isinstance(module, nn.Dropout | nn.Identity | nn.Flatten | nn.Unflatten) and (
        next(module.parameters(recurse=False), None) is not None
        or next(module.buffers(recurse=False), None) is not None
    )


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from (v for v in value if isinstance(v, Tensor))


def _name(func: Any) -> str:
    """The plain name of what is called: `add` for add, add_, __add__, __iadd__ and Tensor.add."""
    name = getattr(func, "__name__", "")
    if name == "__get__":
        return func.__self__.__name__
    if name.startswith("__") and name.endswith("__"):
        return name[2:-2]
    return name if name in _QUIET else name.rstrip("_")


def _place(frame: FrameType | None) -> str:
    """file:line of the code that called, outside PyTorch and this package."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_TORCH, _OURS)):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
