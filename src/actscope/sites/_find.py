"""The sites of a model: what is called where, found by running it once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from actscope.catalogue import Record
from actscope.errors import SettingError
from actscope.sites._activations import is_activation
from actscope.sites._call import Call, Key, names_of
from actscope.sites._observe import observe, unwrapped


@dataclass(frozen=True)
class Site:
    """A place in a model where an activation is applied to the output of one producer.

    name: the activation module's path, or function(producer). units: length of the axis, -1 the
    last; both None where it cannot be known, and `note` says so. gated: the unit is activation x
    another tensor. calls: in one pass. inline: written out as a formula in the model's code.
    """

    name: str
    activation: str
    record: Record
    key: Key
    axis: int | None
    units: int | None
    gated: bool
    calls: int
    inline: bool = False
    note: str = ""


@dataclass(frozen=True)
class Sites:
    """What one pass showed.

    left_out: (name, why) of calls that are no units of a hidden layer. idle: registered
    activation modules that were not called. unseen: modules whose activations run where Python
    does not see them (recurrent layers).
    """

    sites: tuple[Site, ...]
    left_out: tuple[tuple[str, str], ...]
    idle: tuple[str, ...]
    unseen: tuple[str, ...]


_REASONS = {
    "gate": "a gate: it multiplies another tensor by a number from 0 to 1",
    "cap": "a soft cap: scaled before and after",
    "written": "written out by hand: it is part of a formula of its own input that is no known "
    "activation; make it a module of its own and declare it (act.declare)",
    "choice": "written out by hand: a layer's output is chosen or cut by its own value, which is "
    "no known activation; make it a module of its own and declare it (act.declare)",
    "threshold": "a threshold with parameters of its own, which is not judged",
}
_MIXED = "axis unknown: rows of several experts in one call, whose units cannot be told apart"
_UNKNOWN = "axis unknown: it cannot be followed from the layer that made the input"
_UNSEEN = (nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell)


def find(model: nn.Module, example: Any, *, axes: Mapping[str, int] | None = None) -> Sites:
    """Run the model once on `example` and tell its activations.

    Args:
        model: its mode (train or eval) is left as it is; buffers and the random state are put
            back; under torch.compile, it runs uncompiled this once.
        example: a tensor, a tuple of arguments or a mapping of keyword arguments.
        axes: by a site's name, the axis that counts its units (as PyTorch counts: 1 is the
            second, -1 the last), where it cannot be known or is another than is found.

    Raises:
        SettingError: modules that do not have their shapes yet; what cannot be looked into
            (`refuse`); an axis that is not there, a name that no site has.

    >>> import torch
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> [(s.name, s.activation, s.units) for s in find(model, torch.ones(1, 3)).sites]
    [('1', 'relu', 4)]
    """
    seen = observe(model, example, axes)
    found = collect(unwrapped(model), seen.calls)
    unknown = sorted(set(axes or ()) - seen.told)
    if unknown:
        names = ", ".join(repr(site.name) for site in found.sites) or "none"
        raise SettingError(f"axes names {unknown[0]!r}, which is no site; the sites are {names}")
    return found


def collect(model: nn.Module, calls: Sequence[Call]) -> Sites:
    """Calls of one pass, gathered by site."""
    groups: dict[Key, list[Call]] = {}
    for call in calls:
        groups.setdefault(call.key, []).append(call)
    names = _names(list(groups))
    sites, left_out = [], []
    for key, group in groups.items():
        roles = [call.role for call in group if call.role not in ("hidden", "part")]
        role = roles[0] if roles else "hidden"
        if all(call.role == "part" for call in group):
            continue
        if role != "hidden":
            left_out.append((names[key], _REASONS[role]))
        else:
            sites.append(_site(names[key], key, group))
    called = {key.module for key in groups if key.own}
    idle = [p for p, m in model.named_modules() if is_activation(m) and p not in called]
    unseen = [p for p, m in model.named_modules() if isinstance(m, _UNSEEN)]
    return Sites(tuple(sites), tuple(left_out), tuple(idle), tuple(unseen))


def _site(name: str, key: Key, group: Sequence[Call]) -> Site:
    first = group[0]
    axes = {_units(call) for call in group}
    axis, units = axes.pop() if len(axes) == 1 else (None, None)
    mixed = any(call.mixed for call in group)
    others = sum(_units(call) != _units(first) for call in group)
    note = _MIXED if mixed else _UNKNOWN
    if others and not mixed:
        note = f"axis unknown: {others} of {len(group)} calls had other units than the first"
    return Site(
        name,
        first.record.label,
        first.record,
        key,
        axis,
        units,
        any(call.gated for call in group),
        len(group),
        first.inline,
        "" if axis is not None else note,
    )


def _units(call: Call) -> tuple[int | None, int | None]:
    return call.axis, None if call.axis is None else call.shape[call.axis]


def _names(keys: Sequence[Key]) -> dict[Key, str]:
    """A short name for each, no two the same."""
    alone: dict[str, int] = {}
    for key in keys:
        if key.own:
            alone[key.module] = alone.get(key.module, 0) + 1
    names: dict[Key, str] = {}
    taken: dict[str, int] = {}
    for key in keys:
        known = names_of(key)
        name = known[0] if key.own and alone[key.module] == 1 else known[-1]
        taken[name] = taken.get(name, 0) + 1
        names[key] = name if taken[name] == 1 else f"{name}#{taken[name]}"
    return names
