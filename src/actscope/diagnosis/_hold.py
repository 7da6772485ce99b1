"""Where a watch takes hold of a model: before and after each of its passes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from torch import nn

from actscope.errors import SettingError

# Modules that leave their fused path when a hook is on them.
FUSED = (nn.TransformerEncoder, nn.TransformerEncoderLayer, nn.MultiheadAttention)


class Hold:
    """Tells of each pass of a model in this thread: begin(given), then end(whether it went well).

    Not of passes inside of a pass (a model that calls itself), and not of those that
    `torch.compile` has compiled with the hold in place, which run no Python; `traced` is then
    true. In copies of the model the hold does nothing.
    """

    def __init__(
        self, model: nn.Module, begin: Callable[[Any], None], end: Callable[[bool], None]
    ) -> None:
        # A compiled model runs its own module; that one is looked at, as it is, uncompiled.
        self.model: nn.Module = getattr(model, "_orig_mod", model)
        self.traced = self.is_compiled = False
        self._outer = model
        self._tell_begin, self._tell_end = begin, end
        self._off: list[Callable[[], None]] = []
        self._thread = 0
        self._frame: FrameType | None = None
        self._inner = 0
        self._stance: Any = None

    @property
    def is_on(self) -> bool:
        return bool(self._off)

    def on(self) -> None:
        """From now on."""
        refuse_transforms()
        self._thread = threading.get_ident()
        model = self._outer
        self.is_compiled = any(map(_is_compiled, model.modules()))
        if vars(model).get("_compiled_call_impl") is not None:
            self._replace("_compiled_call_impl", model._call_impl)
        elif isinstance(model, FUSED):
            self._replace("forward", None)
        else:
            before = model.register_forward_pre_hook(
                Hook(self._before), prepend=True, with_kwargs=True
            )
            after = model.register_forward_hook(Hook(self._after), always_call=True)
            self._off = [before.remove, after.remove]

    def off(self) -> None:
        """No more."""
        for undo in self._off:
            undo()
        self._off, self._frame, self._inner = [], None, 0

    def uncompiled(self) -> None:
        """What is compiled runs as it is written, until `restored`: hooks and functions are seen
        then. Nothing to do where nobody has compiled anything."""
        if "torch._dynamo" in sys.modules:
            self._stance = torch.compiler.set_stance("force_eager")

    def restored(self) -> None:
        """The stance of torch.compile is what it was."""
        stance, self._stance = self._stance, None
        if stance is not None:
            stance.__exit__(None, None, None)

    # --- without hooks

    def _replace(self, name: str, eager: Callable[..., Any] | None) -> None:
        """Stand in for a method; eager: what to call instead of it on passes looked at."""
        model, before = self._outer, vars(self._outer).get(name)
        plain = getattr(model, name)

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            if torch.compiler.is_compiling():
                return plain(*args, **kwargs)
            self._before(model, args, kwargs)
            went_well = False
            try:
                run = eager if eager is not None and self._stance is not None else plain
                around = vars(model).get(name)  # what begin() may have put around this
                if around is not here and not self._inner and around is not None:
                    run = around
                out = run(*args, **kwargs)
                went_well = True
                return out
            finally:
                self._ended(went_well)

        here = _StandIn(stand_in, model, name)
        object.__setattr__(model, name, here)

        def undo() -> None:
            object.__delattr__(model, name)
            if before is not None:
                object.__setattr__(model, name, before)

        self._off = [undo]

    # --- each pass

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if torch.compiler.is_compiling():
            self.traced = True
            return
        if threading.get_ident() != self._thread:
            return
        refuse_transforms()
        if self._frame is not None and _runs(self._frame):
            self._inner += 1
            return
        self._frame, self._inner = sys._getframe(2), 0
        self._tell_begin((args, kwargs))

    def _after(self, module: nn.Module, args: Any, out: Any) -> None:
        if torch.compiler.is_compiling():
            return
        # Hooks that always run are not told of an error.
        self._ended(out is not None or sys.exc_info()[0] is None)

    def _ended(self, went_well: bool) -> None:
        if threading.get_ident() != self._thread or self._frame is None:
            return
        if self._inner:
            self._inner -= 1
            return
        self._frame = None
        self._tell_end(went_well)


def refuse_transforms() -> None:
    """Under torch.func one call stands for many, and tensors are not what they seem."""
    if torch._C._functorch.peek_interpreter_stack() is not None:  # pyright: ignore[reportAttributeAccessIssue]
        raise SettingError(
            "inside torch.func (vmap, grad, jvp ...) one call stands for many: watch the model "
            "outside of it"
        )


def _is_compiled(module: nn.Module) -> bool:
    return bool(vars(module).get("_compiled_call_impl")) or "_orig_mod" in module._modules


def _runs(frame: FrameType) -> bool:
    """Whether we are called from there."""
    now: FrameType | None = sys._getframe(1)
    while now is not None:
        if now is frame:
            return True
        now = now.f_back
    return False


class Hook:
    """Calls a function; a copy of it does nothing."""

    def __init__(self, function: Callable[..., None] | None = None) -> None:
        self._function = function

    def __call__(self, *given: Any) -> None:
        if self._function is not None:
            self._function(*given)

    def __deepcopy__(self, memo: Any) -> Hook:
        return Hook()

    def __reduce__(self) -> Any:
        return Hook, ()


class _StandIn:
    """Calls a function in place of a model's method; in a copy of the model, that method."""

    def __init__(self, function: Callable[..., Any], model: nn.Module, name: str) -> None:
        self._function, self._model, self._name = function, model, name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = memo.get(id(self._model))
        return None if copied is None else getattr(type(copied), self._name).__get__(copied)

    def __reduce__(self) -> Any:
        return _bound, (self._model, self._name)


def _bound(model: nn.Module, name: str) -> Any:
    return getattr(type(model), name).__get__(model)
