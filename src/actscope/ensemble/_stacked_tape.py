"""One training step of a user's network, written out as the list of calls that it makes.

PyTorch spends more time on a small network's bookkeeping (modules, autograd) than on its
arithmetic. `record` runs a step once and notes the operations themselves, forward and
backward; playing them on another member's parameters makes the same calls with the same
shapes, so the same bits. A step that looks into its values on the way (to branch, or to make
tensors of sizes that depend on them) is not written out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode, _pop_mode_temporarily

from actscope.ensemble._stacked_write import Call, Name, Written, write
from actscope.nn._recording import RECORDER

_aten: Any = torch.ops.aten


class Bound(NamedTuple):
    """A tape for one member: forward() -> (outputs, saved), backward(saved) -> gradients."""

    forward: Callable[[], tuple[Tensor, tuple[Any, ...]]]
    backward: Callable[[tuple[Any, ...]], list[Tensor]]


@dataclass(frozen=True)
class Tape:
    """The calls of one step.

    learning: names of the parameters that get a gradient, in the order of `backward`.
    """

    written: Written
    learning: tuple[str, ...]

    def bind(self, state: Sequence[Tensor], x: Tensor, grad: Tensor) -> Bound:
        """For one member: its parameters and buffers, its rows and its loss's gradient."""
        return Bound(*self.written(*state, x, grad))


def state_of(network: nn.Module) -> dict[str, Tensor]:
    """Every tensor that a tape is given: parameters, then buffers."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def record(network: nn.Module, x: Tensor, grad: Tensor) -> Tape | None:
    """The calls of a step of training on rows like `x`; None: they cannot be written out.

    grad: Float["row output"], like a loss's gradient.
    """
    network.train()
    state = state_of(network)
    trained = [(n, p) for n, p in network.named_parameters() if p.requires_grad]
    recorder = _Recorder([*(t.detach() for t in state.values()), x, grad])
    recorder.known.update({id(t): f"i{k}" for k, t in enumerate(state.values())})
    with torch.enable_grad(), recorder, recorder.given_whole_evaluations():
        out: Tensor = network(x)
        out = out.reshape(grad.shape)
        recorder.turn = len(recorder.calls)
        grads = torch.autograd.grad(out, [p for _, p in trained], grad, allow_unused=True)
    if recorder.refused:
        return None
    got = [(n, recorder.known.get(id(g))) for (n, _), g in zip(trained, grads, strict=True)
           if g is not None]  # fmt: skip
    made = recorder.known.get(id(out))
    results = [name for _, name in got if name is not None]
    if made is None or len(results) < len(got):
        return None
    inputs = [f"i{k}" for k in range(len(state) + 2)]
    written = write(inputs, recorder.calls, recorder.turn, made, results)
    return Tape(written, tuple(n for n, _ in got))


class _Recorder(TorchDispatchMode):
    """Notes each operation below autograd, and by what names its tensors go."""

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.turn = 0  # how many of them make the way forward
        self.refused = False
        self.known = {id(t): f"i{k}" for k, t in enumerate(inputs)}
        self._alive: list[Any] = list(inputs)  # no identity is used twice

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else PyTorch imports its compiler, which takes over a second

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = self._named(args), {k: self._named(v) for k, v in (kwargs or {}).items()}
        if _depends_on_values(func, args):
            self.refused = True
        result = func(*args, **(kwargs or {}))
        self._note(func, named, result, (args, kwargs))
        return result

    @contextmanager
    def given_whole_evaluations(self) -> Iterator[None]:
        """actscope's own functions are noted as one call, not as what they are made of."""

        def call(function: Callable[..., Any], tensors: Sequence[Tensor]) -> Any:
            RECORDER.call = None
            try:
                with _pop_mode_temporarily():
                    result = function(*tensors)
            finally:
                RECORDER.call = call
            self._note(function, (self._named(tensors), {}), result, tensors)
            return result

        RECORDER.call = call
        try:
            yield
        finally:
            RECORDER.call = None

    def _note(self, function: Any, named: Any, result: Any, given: Any) -> None:
        parts = list(result) if isinstance(result, tuple | list) else [result]
        self._alive.append((given, parts))
        names = []
        for part in parts:
            if isinstance(part, Tensor):
                names.append(self.known.setdefault(id(part), f"v{len(self.known)}"))
            else:
                names.append("_")
                self.refused |= part is not None
        arguments, keywords = named
        several = isinstance(result, tuple | list)
        self.calls.append(Call(function, arguments, keywords, tuple(names), several))

    def _named(self, value: Any) -> Any:
        """The value with tensors replaced by their names."""
        if isinstance(value, Tensor):
            name = self.known.get(id(value))
            # One that is neither the network's own nor made on the way: it may differ
            # between members.
            self.refused |= name is None
            return Name(name or "")
        if isinstance(value, list | tuple):
            return [self._named(item) for item in value]
        return value


def _depends_on_values(func: Any, args: Sequence[Any]) -> bool:
    tags = func.tags
    if torch.Tag.data_dependent_output in tags:
        return True
    if torch.Tag.dynamic_output_shape not in tags:
        return False
    if func is _aten.index.Tensor:  # by numbers, not by a mask
        return any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in args[1])
    return True
