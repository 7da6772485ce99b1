"""Running a model on an example without leaving a trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from actscope.catalogue import Record
from actscope.sites._call import Call
from actscope.sites._refuse import refuse, refuse_lazy
from actscope.sites._tracker import Tracker


@dataclass(frozen=True)
class Observation:
    """One watched pass. read, told: see `Tracker`."""

    calls: list[Call]
    read: dict[str, list[Record | None]]
    output: Any
    told: set[str]


def observe(
    model: nn.Module,
    example: Any,
    axes: Mapping[str, int] | None = None,
    doing: str = "look at it",
    *,
    values: bool = False,
) -> Observation:
    """Run the model on the example, watched, uncompiled, without gradients.

    doing, values: see `refuse`.
    """
    refuse(model, doing, values=values)
    refuse_lazy(model)
    tracker = Tracker(unwrapped(model), axes=axes)
    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:  # else nothing can be compiled
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.enter_context(kept(model))
        stack.enter_context(torch.no_grad())
        stack.enter_context(tracker.watching())
        output = run(model, example)
    return Observation(tracker.calls, tracker.read, output, tracker.told)


def unwrapped(model: nn.Module) -> nn.Module:
    """What torch.compile was given."""
    inner = model.__dict__.get("_modules", {}).get("_orig_mod")
    return inner if isinstance(inner, nn.Module) else model


def run(model: nn.Module, example: Any) -> Any:
    """model(example), arguments given as tensor, tuple or mapping: copies, as some models write
    over what they are given."""
    example = _copied(example)
    if isinstance(example, Mapping):
        return model(**example)
    if isinstance(example, tuple | list):
        return model(*example)
    return model(example)


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, Mapping):
        return {key: _copied(part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_copied(part) for part in value)
    return value


@contextmanager
def kept(model: nn.Module) -> Iterator[None]:
    """Buffers and the random state as they were, whatever happens inside."""
    buffers = [(module, dict(module._buffers)) for module in model.modules()]
    values = {id(b): b.clone() for _, some in buffers for b in some.values() if b is not None}
    devices = {t.device for t in model.parameters() if t.is_cuda}
    with torch.random.fork_rng(devices=list(devices)):
        try:
            yield
        finally:
            with torch.no_grad():
                for module, before in buffers:
                    for buffer in before.values():
                        if buffer is not None:
                            _put_back(buffer, values[id(buffer)])
                    module._buffers.clear()
                    module._buffers.update(before)


def _put_back(buffer: Tensor, value: Tensor) -> None:
    if buffer.layout is not torch.strided or not _same_bits(buffer, value):
        buffer.copy_(value)


def same(one: Any, two: Any) -> bool:
    """Whether two outputs are equal bit for bit."""
    first, second = list(leaves(one)), list(leaves(two))
    return len(first) == len(second) and all(map(_same_bits, first, second))


def _same_bits(one: Tensor, two: Tensor) -> bool:
    return one.shape == two.shape and torch.allclose(one, two, rtol=0, atol=0, equal_nan=True)


def difference(before: Any, after: Any) -> float:
    """The largest change among floating-point tensors of two outputs; NaN if not comparable."""
    one = [t for t in leaves(before) if t.is_floating_point()]
    two = [t for t in leaves(after) if t.is_floating_point()]
    if not one or [t.shape for t in one] != [t.shape for t in two]:
        return float("nan")
    changes = [(a.double() - b.double()).abs() for a, b in zip(one, two, strict=True)]
    return max((c.max().item() for c in changes if c.numel()), default=0.0)


def leaves(value: Any) -> Iterator[Tensor]:
    """The tensors in a model's output: dictionaries, sequences, dataclasses."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from leaves(getattr(value, name))
