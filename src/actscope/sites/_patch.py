"""New modules where functions are called: a forward of one instance, that can be undone."""

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
from actscope.sites._activations import declared_functions
from actscope.sites._find import Site
from actscope.sites._functions import name_of, place_of
from actscope.sites._origins import tensors
from actscope.sites._replace import New, Undo, like, no_fast_path


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
                # Here this mode is off: the new module may call the same function.
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
    model: nn.Module, sites: Sequence[Site], record: Record, undo: Undo
) -> dict[str, New]:
    """New modules by path, called in place of functions while their caller's forward runs."""
    paths = dict(model.named_modules())
    callers: dict[str, dict[tuple[str, str], str]] = {}
    made: dict[str, New] = {}
    for site in sites:
        key = site.key
        if not key.line or site.inline or key.function == "glu" or _is_declared(key.function):
            raise SettingError(
                f"{site.name}: it is written out in the model's code (or inside an operation) and "
                "cannot be patched safely: make it a module"
            )
        caller = paths[key.module]
        names = callers.setdefault(key.module, {})
        place = (key.function, key.line)
        if place in names:  # a loop over layers at one line
            continue
        new = New(like(record, model, site, caller), like(site.record, model, site, caller))
        attribute = _attribute(caller, key.function)
        if attribute is not None and sum(s.key.module == key.module for s in sites) == 1:
            _assign(caller, attribute, new.module, undo)
            no_fast_path(caller, undo)
            made[f"{key.module}.{attribute}".lstrip(".")] = new
            continue
        name = _free_name(caller, site.name)
        _add(caller, name, new.module, undo)
        made[f"{key.module}.{name}".lstrip(".")] = new
        names[place] = name
    for path, names in callers.items():
        if names:
            _patch(paths[path], names, undo)
    return made


def _is_declared(function: str) -> bool:
    """Whether it is an autograd function, whose calls no function mode sees."""
    return any(kind.__name__ == function for kind in declared_functions())


def _add(caller: nn.Module, name: str, fresh: nn.Module, undo: Undo) -> None:
    caller.add_module(name, fresh)
    undo.add(lambda: caller._modules.__delitem__(name), lambda: caller._modules.get(name) is fresh)


def _patch(module: nn.Module, names: dict[tuple[str, str], str], undo: Undo) -> None:
    before, patched = vars(module).get("forward"), Patched(module, names)
    object.__setattr__(module, "forward", patched)

    def back() -> None:
        object.__delattr__(module, "forward")
        if before is not None:
            object.__setattr__(module, "forward", before)

    undo.add(back, lambda: vars(module).get("forward") is patched)


def _attribute(module: nn.Module, function: str) -> str | None:
    """The attribute that holds the function itself, as TransformerEncoderLayer's does."""
    for name, value in vars(module).items():
        if callable(value) and not isinstance(value, nn.Module) and name_of(value) == function:
            return name
    return None


def _assign(module: nn.Module, name: str, fresh: nn.Module, undo: Undo) -> None:
    before = vars(module)[name]

    def back() -> None:
        del module._modules[name]
        setattr(module, name, before)

    setattr(module, name, fresh)
    undo.add(back, lambda: module._modules.get(name) is fresh)


def _free_name(module: nn.Module, name: str) -> str:
    base = "swapped_" + re.sub(r"\W+", "_", name).strip("_")
    taken, number = base, 2
    while hasattr(module, taken):
        taken, number = f"{base}_{number}", number + 1
    return taken
