"""New modules in place of activations: where modules are called, and where functions are."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from actscope.catalogue import Record
from actscope.errors import SettingError
from actscope.nn import module as new_module
from actscope.sites._find import Site
from actscope.sites._origins import tensors
from actscope.sites._tracker import name_of, place_of

# --- modules


def modules(
    model: nn.Module, sites: Sequence[Site], record: Record, undo: list[Callable[[], None]]
) -> dict[str, nn.Module]:
    """New modules by path, in place of the old ones; shared instances get one each."""
    by_path = dict(model.named_modules(remove_duplicate=False))
    made: dict[str, nn.Module] = {}
    seen: set[str] = set()
    for site in sites:
        shared = by_path[site.key.module]
        if site.key.module in seen:
            refuse_sharing(site.name, record)
        seen.add(site.key.module)
        for path, module in by_path.items():
            if module is shared and path not in made:
                if not path:
                    raise SettingError("the model is itself nothing but the activation")
                made[path] = like(record, model, module)
                parent, _, name = path.rpartition(".")
                _set(by_path[parent], name, made[path], undo)
                _no_fast_path(by_path[parent], undo)
    return made


def like(record: Record, model: nn.Module, old: nn.Module | None) -> nn.Module:
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
    """Calls of some functions from some lines, to modules instead."""

    def __init__(self, places: dict[tuple[str, str], nn.Module]) -> None:
        super().__init__()
        self._places = places
        self._functions = {function for function, _ in places}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = name_of(func)
        if name in self._functions:
            module = self._places.get((name, place_of(sys._getframe(1))))
            if module is not None:
                x = next(iter(tensors((*args, *kwargs.values()))))
                in_place = func.__name__.endswith("_") or kwargs.get("inplace") is True
                with self:
                    if in_place:  # what is written over is not what the gradient needs
                        return x.copy_(module(x.clone()))
                    return module(x)
        return func(*args, **kwargs)


class Patched:
    """A module's forward in which some calls of functions go to submodules of it.

    An attribute of the instance that can be copied and pickled with it: it finds the submodules
    by name. torch.compile leaves this forward as it is (it cannot follow lines of code).
    """

    def __init__(self, module: nn.Module, names: dict[tuple[str, str], str]) -> None:
        self.module = module
        self.names = names
        self.before = vars(module).get("forward")

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        return self.before or partial(type(self.module).forward, self.module)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._run(*args, **kwargs)

    @torch.compiler.disable
    def _run(self, *args: Any, **kwargs: Any) -> Any:
        places = {place: self.module._modules[name] for place, name in self.names.items()}
        with _Replacing({k: m for k, m in places.items() if m is not None}):
            return self.__wrapped__(*args, **kwargs)


def functions(
    model: nn.Module, sites: Sequence[Site], record: Record, undo: list[Callable[[], None]]
) -> dict[str, nn.Module]:
    """New modules by path, called in place of functions while their caller's forward runs."""
    paths = dict(model.named_modules())
    callers: dict[str, dict[tuple[str, str], str]] = {}
    made: dict[str, nn.Module] = {}
    for site in sites:
        key = site.key
        if not key.line or site.inline or key.function == "glu":
            raise SettingError(
                f"{site.name}: it is written out in the model's code (or inside an operation) and "
                "cannot be patched safely: make it a module"
            )
        caller = paths[key.module]
        names = callers.setdefault(key.module, {})
        place = (key.function, key.line)
        if place in names:  # a loop over layers at one line
            refuse_sharing(site.name, record)
            continue
        fresh = like(record, model, None)
        attribute = _attribute(caller, key.function)
        if attribute is not None and sum(s.key.module == key.module for s in sites) == 1:
            _assign(caller, attribute, fresh, undo)
            _no_fast_path(caller, undo)
            made[f"{key.module}.{attribute}".lstrip(".")] = fresh
            continue
        name = _free_name(caller, site.name)
        caller.add_module(name, fresh)
        undo.append(lambda caller=caller, name=name: caller._modules.__delitem__(name))
        made[f"{key.module}.{name}".lstrip(".")] = fresh
        names[place] = name
    for path, names in callers.items():
        if names:
            _patch(paths[path], names, undo)
    return made


def refuse_sharing(name: str, record: Record) -> None:
    if any(p.learned for p in record.parameters.values()):
        raise SettingError(
            f"{name}: it serves several layers, and {record.label} learns: they would share what "
            "it learns; give each layer a module of its own"
        )


def _patch(
    module: nn.Module, names: dict[tuple[str, str], str], undo: list[Callable[[], None]]
) -> None:
    before = vars(module).get("forward")
    object.__setattr__(module, "forward", Patched(module, names))

    def back() -> None:
        object.__delattr__(module, "forward")
        if before is not None:
            object.__setattr__(module, "forward", before)

    undo.append(back)


def _attribute(module: nn.Module, function: str) -> str | None:
    """The attribute that holds the function itself, as TransformerEncoderLayer's does."""
    for name, value in vars(module).items():
        if callable(value) and not isinstance(value, nn.Module) and name_of(value) == function:
            return name
    return None


def _assign(module: nn.Module, name: str, fresh: nn.Module, undo: list[Callable[[], None]]) -> None:
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
