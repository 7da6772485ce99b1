"""One activation in place of another, in any model, and proof that it took effect."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from actscope import catalogue
from actscope.catalogue import Record
from actscope.errors import SettingError
from actscope.nn import module as new_module
from actscope.sites._find import Site, Sites, find, run
from actscope.sites._tracker import _name, _place


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
    found = find(model, example)
    chosen = _chosen(found, old, sites)
    with torch.no_grad():
        before = _quietly(model, example)
    undo: list[Callable[[], None]] = []
    try:
        made = _modules(model, [s for s in chosen if s.key.own], record, undo)
        made |= _functions(model, [s for s in chosen if not s.key.own], record, undo)
        after, called = _called(model, example, made)
        changes = _proven(chosen, find(model, example), record, made, called)
    except BaseException:
        while undo:
            undo.pop()()
        raise
    return Swapped(changes, _difference(before, after), undo)


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
                f"no site {missing[0]!r} among those to change: {', '.join(sorted(known)) or 'none'}"
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


# --- modules


def _modules(
    model: nn.Module, sites: Sequence[Site], record: Record, undo: list[Callable[[], None]]
) -> dict[str, nn.Module]:
    """New modules by path, in place of the old ones; shared instances get one each."""
    by_path = dict(model.named_modules(remove_duplicate=False))
    made: dict[str, nn.Module] = {}
    for site in sites:
        shared = by_path[site.key.module]
        for path, module in by_path.items():
            if module is shared and path not in made:
                if not path:
                    raise SettingError("the model is itself nothing but the activation")
                made[path] = _like(record, model, module)
                parent, _, name = path.rpartition(".")
                _set(by_path[parent], name, made[path], undo)
                _no_fast_path(by_path[parent], undo)
    return made


def _like(record: Record, model: nn.Module, old: nn.Module | None) -> nn.Module:
    fresh = new_module(record)
    some = next(model.parameters(), None)
    if some is not None:
        fresh.to(some.device, some.dtype if some.is_floating_point() else None)
    return fresh.train(model.training if old is None else old.training)


def _set(parent: nn.Module, name: str, module: nn.Module, undo: list[Callable[[], None]]) -> None:
    before = parent._modules[name]
    parent._modules[name] = module
    undo.append(lambda: parent._modules.__setitem__(name, before))


def _no_fast_path(module: nn.Module, undo: list[Callable[[], None]]) -> None:
    """TransformerEncoderLayer's fused path would go on with the old function."""
    if isinstance(module, nn.TransformerEncoderLayer):
        before = module.activation_relu_or_gelu
        module.activation_relu_or_gelu = 0
        undo.append(lambda: setattr(module, "activation_relu_or_gelu", before))


# --- functions


class _Replacing(TorchFunctionMode):
    """Calls of some functions from some lines, to modules instead; nested calls apart."""

    def __init__(self, places: dict[tuple[str, str], nn.Module]) -> None:
        super().__init__()
        self._places = places
        self._functions = {function for function, _ in places}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = _name(func)
        if name in self._functions:
            module = self._places.get((name, _place(_caller())))
            if module is not None:
                x = args[0] if args else kwargs["input"]
                with self:
                    return module(x)
        return func(*args, **kwargs)


def _caller() -> Any:
    import sys

    return sys._getframe(2)


def _functions(
    model: nn.Module, sites: Sequence[Site], record: Record, undo: list[Callable[[], None]]
) -> dict[str, nn.Module]:
    """New modules by path, called in place of functions while their caller's forward runs."""
    paths = dict(model.named_modules())
    callers: dict[str, dict[tuple[str, str], nn.Module]] = {}
    made: dict[str, nn.Module] = {}
    for site in sites:
        key = site.key
        if not key.line:
            raise SettingError(
                f"{site.name}: the code that calls it cannot be told: make it a module"
            )
        caller = paths[key.module]
        places = callers.setdefault(key.module, {})
        place = (site.key.function, key.line)
        if place in places:  # a loop over layers at one line
            if any(p.learned for p in record.parameters.values()):
                raise SettingError(
                    f"{site.name}: its line calls the function for several layers, and "
                    f"{record.label} learns: they would share what it learns; make them modules"
                )
            continue
        attribute = _attribute(caller, site.key.function)
        fresh = _like(record, model, None)
        if attribute is not None and len([s for s in sites if s.key.module == key.module]) == 1:
            _assign(caller, attribute, fresh, undo)
            _no_fast_path(caller, undo)
            made[f"{key.module}.{attribute}".lstrip(".")] = fresh
            places[place] = fresh
            callers[key.module] = {}
            continue
        name = _free_name(caller, site.name)
        caller.add_module(name, fresh)
        undo.append(lambda caller=caller, name=name: caller._modules.__delitem__(name))
        made[f"{key.module}.{name}".lstrip(".")] = fresh
        places[place] = fresh
    for path, places in callers.items():
        if places:
            _hook(paths[path], places, undo)
    return made


def _attribute(module: nn.Module, function: str) -> str | None:
    """The attribute that holds the function itself, as TransformerEncoderLayer's does."""
    for name, value in vars(module).items():
        if callable(value) and not isinstance(value, nn.Module) and _name(value) == function:
            return name
    return None


def _assign(
    module: nn.Module, name: str, fresh: nn.Module, undo: list[Callable[[], None]]
) -> None:
    before = vars(module)[name]

    def back() -> None:
        del module._modules[name]
        setattr(module, name, before)

    setattr(module, name, fresh)
    undo.append(back)


def _free_name(module: nn.Module, name: str) -> str:
    base = "swapped_" + re.sub(r"\W+", "_", name).strip("_")
    taken, number = base, 2
    while hasattr(module, taken):
        taken, number = f"{base}_{number}", number + 1
    return taken


def _hook(
    module: nn.Module, places: dict[tuple[str, str], nn.Module], undo: list[Callable[[], None]]
) -> None:
    active: list[_Replacing] = []

    def enter(module: nn.Module, args: Any) -> None:
        mode = _Replacing(places)
        mode.__enter__()
        active.append(mode)

    def leave(module: nn.Module, args: Any, out: Any) -> None:
        active.pop().__exit__(None, None, None)

    handles = [
        module.register_forward_pre_hook(enter, prepend=True),
        module.register_forward_hook(leave, always_call=True),
    ]
    undo.extend(handle.remove for handle in handles)


# --- proof


def _called(
    model: nn.Module, example: Any, made: dict[str, nn.Module]
) -> tuple[Any, set[str]]:
    """The output, and which new modules ran: without any watching, as users will run it."""
    called: set[str] = set()
    handles = [
        module.register_forward_hook(lambda m, a, o, path=path: called.add(path))
        for path, module in made.items()
    ]
    try:
        with torch.no_grad():
            return _quietly(model, example), called
    finally:
        for handle in handles:
            handle.remove()


def _proven(
    chosen: Sequence[Site],
    after: Sites,
    record: Record,
    made: dict[str, nn.Module],
    called: set[str],
) -> tuple[Change, ...]:
    there = {(site.key.producer, site.activation) for site in after.sites}
    changes = []
    for site in chosen:
        if (site.key.producer, record.label) not in there:
            raise SettingError(
                f"{site.name} did not change when the example was run again: nothing was swapped; "
                "make this activation a module of its own"
            )
        changes.append(Change(site.name, site.activation, record.label))
    silent = sorted(set(made) - called)
    used = {site.key.module for site in chosen if site.key.own}
    silent = [path for path in silent if path in used]
    if silent:
        raise SettingError(
            f"{silent[0]} was replaced but is not called when the model runs by itself (a fused "
            "path goes around it): nothing was swapped"
        )
    return tuple(changes)


@contextmanager
def _kept(model: nn.Module) -> Iterator[None]:
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        yield
    finally:
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                if name in before:
                    buffer.copy_(before[name])


def _quietly(model: nn.Module, example: Any) -> Any:
    with torch.random.fork_rng(devices=[]), _kept(model):
        return run(model, example)


def _difference(before: Any, after: Any) -> float:
    one, two = list(_leaves(before)), list(_leaves(after))
    if not one or len(one) != len(two) or any(a.shape != b.shape for a, b in zip(one, two)):
        return float("nan")
    return max(
        ((a.double() - b.double()).abs().max().item() for a, b in zip(one, two) if a.numel()),
        default=0.0,
    )


def _leaves(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _leaves(getattr(value, name))
