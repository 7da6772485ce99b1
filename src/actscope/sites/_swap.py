"""One activation in place of another, in any model, and proof that it took effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from actscope import catalogue
from actscope.catalogue import Record
from actscope.errors import SettingError
from actscope.sites._call import Call
from actscope.sites._find import Site, Sites, collect
from actscope.sites._observe import (
    Observation,
    difference,
    kept,
    observe,
    run,
    same,
    unwrapped,
)
from actscope.sites._patch import functions
from actscope.sites._rehearse import WritingOver, rehearsal
from actscope.sites._replace import New, Undo, modules


@dataclass(frozen=True)
class Change:
    """One site before and after."""

    name: str
    before: str
    after: str


@dataclass
class Swapped:
    """What a swap did.

    changes: each site's activation before and after. difference: the largest change of the
    model's output on the example; NaN if its outputs cannot be compared. parameters: what the new
    functions learn; an optimiser made before needs
    `optimizer.add_param_group({"params": done.parameters})`. not_called: registered activation
    modules, of any kind, that the example did not call: they stay as they are. undo(): everything
    as it was, to the bit.
    """

    changes: tuple[Change, ...]
    difference: float
    parameters: tuple[nn.Parameter, ...]
    not_called: tuple[str, ...]
    _undo: Undo = field(repr=False)

    def undo(self) -> None:
        """Put back what was there; a second call does nothing.

        Raises:
            SettingError: a later swap changed the same places; nothing is done then.
        """
        self._undo.run()


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

    The example is run with the new modules first acting as the old ones: every chosen call, and
    no other, must reach them. A model that computes in place goes on to do so. Under
    torch.compile, calls of functions that were replaced run uncompiled.

    What the example does not reach is not changed, nor told where it is the call of a function:
    another branch of forward, one of `if self.training`. Swap once in each mode for that.

    Raises:
        SettingError: nothing to replace; a place that cannot be changed safely; calls that were
            not reached (everything is put back first); what `refuse` refuses.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> done = swap(model, "relu", "leaky_relu", example=torch.ones(1, 3))
    >>> [(c.name, c.before, c.after) for c in done.changes], model[1]
    ([('1', 'relu', 'leaky_relu')], LeakyReLU(negative_slope=0.01))
    >>> done.undo(); model[1]
    ReLU()
    """
    record = new if isinstance(new, Record) else catalogue.get(new)
    if record.kind != "elementwise":
        raise SettingError(f"{record.label} works on whole layers: it cannot replace a function")
    was = observe(model, example, doing="swap", values=True)
    inner = unwrapped(model)
    if _learns(record) and any(
        isinstance(m, nn.parallel.DistributedDataParallel) for m in inner.modules()
    ):
        raise SettingError(
            f"{record.label} learns, and DistributedDataParallel shares only what it was given: "
            "swap before wrapping the model"
        )
    there = collect(inner, was.calls)
    chosen = _chosen(there, old, sites)
    undo = Undo()
    try:
        made = modules(inner, [s for s in chosen if s.key.own], record, undo)
        made |= functions(inner, [s for s in chosen if not s.key.own], record, undo)
        with rehearsal(made, record) as called:
            now = observe(inner, example)
            called.clear()
            _alone(inner, example)
        _prove(chosen, was, now, made, called, record)
        after = _in_place(inner, example, made)
    except BaseException:
        undo.run()
        raise
    changes = tuple(Change(site.name, site.activation, record.label) for site in chosen)
    learned = tuple(p for new in made.values() for p in new.module.parameters())
    return Swapped(changes, difference(was.output, after), learned, there.idle, undo)


def _alone(model: nn.Module, example: Any) -> Any:
    """The output without any watching, as users will run it."""
    with torch.no_grad(), kept(model):
        return run(model, example)


def _in_place(model: nn.Module, example: Any, made: Mapping[str, New]) -> Any:
    """The output; where old modules wrote over their inputs and that matters, the new ones do."""
    after = _alone(model, example)
    writing = [new.module for new in made.values() if getattr(new.old, "inplace", False)]
    if not writing:
        return after
    for module in writing:
        object.__setattr__(module, "forward", WritingOver(module))
    over = _alone(model, example)
    if not same(after, over):
        return over
    for module in writing:
        object.__delattr__(module, "forward")
    return after


def _chosen(found: Sites, old: Any, wanted: Sequence[str] | None) -> list[Site]:
    if isinstance(old, Record):
        labels = {old.label}
    else:
        if not isinstance(old, str | Sequence):
            raise SettingError(f'old is {old!r}: give the name of an activation, or "all"')
        names = [old] if isinstance(old, str) else list(old)
        if not names:
            raise SettingError('old names no activation: give at least one, or "all"')
        labels = None if names == ["all"] else {catalogue.get(n).label for n in names}
    chosen = [
        site
        for site in found.sites
        if labels is None or site.activation in labels or site.record.name in labels
    ]
    if wanted is not None:
        if not wanted:
            raise SettingError("sites names none: give at least one, or leave it out for all")
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


def _learns(record: Record) -> bool:
    return any(p.learned for p in record.parameters.values())


# --- proof


def _counts(calls: Sequence[Call]) -> Counter[tuple[str, str]]:
    return Counter((call.key.producer, call.record.label) for call in calls)


def _prove(
    chosen: Sequence[Site],
    was: Observation,
    now: Observation,
    made: Mapping[str, New],
    called: set[str],
    record: Record,
) -> None:
    """At every producer exactly the chosen calls are of the new activation, by its new modules,
    which are called when nothing watches, too."""
    keys, expected = {site.key for site in chosen}, _counts(was.calls)
    for call in was.calls:
        if call.key in keys:
            expected[call.key.producer, call.record.label] -= 1
            expected[call.key.producer, record.label] += 1
    found = _counts(now.calls)
    wrong = {place for place in expected | found if expected[place] != found[place]}
    if wrong:
        producer = min(producer for producer, _ in wrong)
        name = next((s.name for s in chosen if s.key.producer == producer), producer)
        raise SettingError(
            f"{name} did not change as it should when the example was run again: nothing was "
            "swapped; choose all sites that share this activation, make it a module of its own, "
            "or use model.eval() if the model calls it at random"
        )
    serves: dict[str, set[str]] = {}
    for call in now.calls:
        if call.key.module in made:
            serves.setdefault(call.key.module, set()).add(call.key.producer)
    for path in serves:
        if len(serves[path]) > 1 and _learns(record):
            raise SettingError(
                f"{path} serves several layers, and {record.label} learns: they would share what "
                "it learns; give each layer a module of its own"
            )
        if path not in called:
            raise SettingError(
                f"{path} was put in but is not called when the model runs by itself (a fused path "
                "goes around it): nothing was swapped"
            )
