"""The sites of a model: what is called where, found by running it once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from actscope.catalogue import Record
from actscope.sites._activations import is_activation
from actscope.sites._tracker import Call, Key, Tracker


@dataclass(frozen=True)
class Site:
    """A place in a model where an activation is applied to the output of one producer.

    name: the activation module's path, or function(producer). units: length of the axis, -1 the
    last; both None where it cannot be known. gated: the unit is activation x another tensor.
    calls: in one pass.
    """

    name: str
    activation: str
    record: Record
    key: Key
    axis: int | None
    units: int | None
    gated: bool
    calls: int


@dataclass(frozen=True)
class Sites:
    """What one pass showed.

    left_out: (name, why) of calls that are no units of a hidden layer. idle: registered
    activation modules that were not called. hidden_inside: modules whose activations run where
    Python does not see them.
    """

    sites: tuple[Site, ...]
    left_out: tuple[tuple[str, str], ...]
    idle: tuple[str, ...]
    unseen: tuple[str, ...]


_REASONS = {
    "gate": "a gate: it multiplies another tensor by a number from 0 to 1",
    "cap": "a soft cap: scaled before and after",
}
_FUSED = nn.RNN | nn.LSTM | nn.GRU | nn.RNNCell | nn.LSTMCell | nn.GRUCell


def find(model: nn.Module, example: Any) -> Sites:
    """Run the model once on `example` and tell its activations.

    example: a tensor, a tuple of arguments or a mapping of keyword arguments. The model's mode
    (train or eval) is left as it is; buffers and the random state are put back.
    """
    tracker = Tracker(model)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.random.fork_rng(devices=[]), torch.no_grad(), tracker.watching():
        run(model, example)
    for name, buffer in model.named_buffers():
        buffer.copy_(before[name])
    return collect(model, tracker.calls)


def run(model: nn.Module, example: Any) -> Any:
    """model(example), arguments given as tensor, tuple or mapping."""
    if isinstance(example, Mapping):
        return model(**example)
    if isinstance(example, Sequence) and not isinstance(example, Tensor):
        return model(*example)
    return model(example)


def collect(model: nn.Module, calls: Sequence[Call]) -> Sites:
    """Calls of one pass, gathered by site."""
    groups: dict[Key, list[Call]] = {}
    for call in calls:
        groups.setdefault(call.key, []).append(call)
    names = _names(list(groups))
    sites, left_out = [], []
    for key, group in groups.items():
        first = group[0]
        role = next((call.role for call in group if call.role != "hidden"), "hidden")
        if role != "hidden":
            left_out.append((names[key], _REASONS[role]))
            continue
        axes = {call.axis for call in group}
        axis = axes.pop() if len(axes) == 1 else None
        sites.append(
            Site(
                names[key],
                first.record.label,
                first.record,
                key,
                axis,
                None if axis is None else first.shape[axis],
                any(call.gated for call in group),
                len(group),
            )
        )
    called = {key.module for key in groups if key.own}
    idle = [p for p, m in model.named_modules() if is_activation(m) and p not in called]
    unseen = [p for p, m in model.named_modules() if isinstance(m, _FUSED)]
    return Sites(tuple(sites), tuple(left_out), tuple(idle), tuple(unseen))


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """A short name for each, no two the same."""
    alone: dict[str, int] = {}
    for key in keys:
        if key.own:
            alone[key.module] = alone.get(key.module, 0) + 1
    names: dict[Key, str] = {}
    taken: dict[str, int] = {}
    for key in keys:
        if key.own and alone[key.module] == 1:
            name = key.module
        else:
            name = f"{key.module if key.own else key.activation}({key.producer})"
        taken[name] = taken.get(name, 0) + 1
        names[key] = name if taken[name] == 1 else f"{name}#{taken[name]}"
    return names
