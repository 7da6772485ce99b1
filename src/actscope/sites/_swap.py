"""One activation in place of another, in any model, and proof that it took effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from actscope import catalogue
from actscope.catalogue import Record
from actscope.errors import SettingError
from actscope.sites._call import Call
from actscope.sites._find import Site, Sites, collect
from actscope.sites._observe import Observation, difference, kept, observe, run, unwrapped
from actscope.sites._replace import functions, modules


@dataclass(frozen=True)
class Change:
    """One site before and after."""

    name: str
    before: str
    after: str


@dataclass
class Swapped:
    """What a swap did.

    changes: each site's activation before and after, as found by running the example again.
    difference: the largest change of the model's output on the example; NaN if its outputs
    cannot be compared. undo(): everything as it was, to the bit.
    """

    changes: tuple[Change, ...]
    difference: float
    _undo: list[Callable[[], None]] = field(repr=False)

    def undo(self) -> None:
        """Put back what was there; a second call does nothing."""
        while self._undo:
            self._undo.pop()()


def swap(
    model: nn.Module,
    old: str | Record | Sequence[str],
    new: str | Record,
    *,
    example: Any,
    sites: Sequence[str] | None = None,
) -> Swapped:
    """Replace an activation wherever the model applies it: modules and calls of functions.

    Args:
        model: changed in place; whatever is not replaced stays as it is.
        old: name (with parameters if they matter) or names of what to replace; "all": every site.
        new: name, formula or record; what it learns is registered with the model, one set a site.
        example: what the model is called with: a tensor, a tuple of arguments, or a mapping.
        sites: names of the sites to change; None: all that apply `old`.

    Raises:
        SettingError: nothing to replace; a place that cannot be changed safely; a site that did
            not change when the example was run again (everything is put back first).

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> done = swap(model, "relu", "leaky_relu", example=torch.ones(1, 3))
    >>> [(c.name, c.before, c.after) for c in done.changes], model[1]
    ([('1', 'relu', 'leaky_relu')], LeakyReLU(negative_slope=0.01))
    >>> done.undo(); model[1]
    ReLU()
    """
    _refuse(model)
    record = new if isinstance(new, Record) else catalogue.get(new)
    if record.kind != "elementwise":
        raise SettingError(f"{record.label} works on whole layers: it cannot replace a function")
    was = observe(model, example)
    inner = unwrapped(model)
    chosen = _chosen(collect(inner, was.calls), old, sites)
    before, _ = _called(model, example, {})
    undo: list[Callable[[], None]] = []
    try:
        made = modules(inner, [s for s in chosen if s.key.own], record, undo)
        made |= functions(inner, [s for s in chosen if not s.key.own], record, undo)
        _prove(chosen, was, observe(model, example), record)
        after, called = _called(model, example, made)
        _prove_called(chosen, made, called)
    except BaseException:
        while undo:
            undo.pop()()
        raise
    changes = tuple(Change(site.name, site.activation, record.label) for site in chosen)
    return Swapped(changes, difference(before, after), undo)


def _refuse(model: nn.Module) -> None:
    for path, module in model.named_modules():
        kind = type(module)
        if isinstance(module, torch.jit.ScriptModule):
            raise SettingError(
                f"{path or 'the model'} is compiled by torch.jit, which keeps its own code: swap "
                "before scripting it"
            )
        if kind.__module__.startswith(("torch.ao.nn", "torch.nn.quantized")):
            raise SettingError(
                f"{path or 'the model'} is quantised ({kind.__name__}): swap before quantising it"
            )


def _chosen(found: Sites, old: Any, wanted: Sequence[str] | None) -> list[Site]:
    if isinstance(old, Record):
        labels = {old.label}
    else:
        names = [old] if isinstance(old, str) else list(old)
        labels = None if names == ["all"] else {catalogue.get(n).label for n in names}
    chosen = [
        site
        for site in found.sites
        if labels is None or site.activation in labels or site.record.name in labels
    ]
    if wanted is not None:
        known = {site.name for site in chosen}
        missing = [name for name in wanted if name not in known]
        if missing:
            raise SettingError(
                f"no site {missing[0]!r} among those to change: "
                f"{', '.join(sorted(known)) or 'none'}"
            )
        chosen = [site for site in chosen if site.name in wanted]
    if not chosen:
        there = sorted({site.activation for site in found.sites})
        what = "any activation" if labels is None else " or ".join(sorted(labels))
        raise SettingError(
            f"the model does not apply {what} on this example; it applies "
            f"{', '.join(there) or 'no activation at all'}"
        )
    return chosen


# --- proof


def _counts(calls: Sequence[Call]) -> Counter[tuple[str, str]]:
    return Counter((call.key.producer, call.record.label) for call in calls)


def _prove(chosen: Sequence[Site], was: Observation, now: Observation, record: Record) -> None:
    """At every producer, exactly the chosen calls are of the new activation, and none is lost.

    Where the values decide what is called (experts, loops), only what is chosen must be gone.
    """
    before, after = _counts(was.calls), _counts(now.calls)
    keys = {site.key for site in chosen}
    expected = before.copy()
    for call in was.calls:
        if call.key in keys:
            expected[call.key.producer, call.record.label] -= 1
            expected[call.key.producer, record.label] += 1
    wanted = {site.key.producer: site for site in chosen}
    for producer in {producer for producer, _ in (*before, *after)}:
        counted = [{label: n for (p, label), n in counts.items() if p == producer and n}
                   for counts in (before, expected, after)]  # fmt: skip
        steady = sum(counted[0].values()) == sum(counted[2].values())
        site = wanted.get(producer)
        lost = site is not None and not counted[2].get(record.label)
        left = site is not None and set(counted[2]) - set(counted[1])
        if lost or left or (steady and counted[1] != counted[2]):
            raise SettingError(
                f"{site.name if site else producer} did not change as it should when the example "
                "was run again: nothing was swapped; make this activation a module of its own, or "
                "choose all sites that share it"
            )


def _called(model: nn.Module, example: Any, made: dict[str, nn.Module]) -> tuple[Any, set[str]]:
    """The output, and which new modules ran: without any watching, as users will run it."""
    called: set[str] = set()
    handles = [
        module.register_forward_hook(lambda m, a, o, path=path: called.add(path))
        for path, module in made.items()
    ]
    try:
        with torch.no_grad(), kept(model):
            return run(model, example), called
    finally:
        for handle in handles:
            handle.remove()


def _prove_called(chosen: Sequence[Site], made: dict[str, nn.Module], called: set[str]) -> None:
    used = {site.key.module for site in chosen if site.key.own}
    own = {site.key.module for site in chosen if not site.key.own}
    for path in sorted(set(made) - called):
        if path in used or path.rpartition(".")[0] in own:
            raise SettingError(
                f"{path} was put in but is not called when the model runs by itself (a fused path "
                "goes around it): nothing was swapped"
            )
