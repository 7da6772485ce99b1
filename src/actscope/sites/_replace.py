"""New modules in place of old ones, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from actscope.catalogue import Record
from actscope.errors import SettingError
from actscope.nn import module as new_module
from actscope.sites._find import Site


class Undo:
    """Steps back, each with a test that what it takes away is still there."""

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[[], None], Callable[[], bool]]] = []

    def add(self, back: Callable[[], None], still: Callable[[], bool] = lambda: True) -> None:
        self._steps.append((back, still))

    def run(self) -> None:
        """Raises SettingError, and changes nothing, where something else is there by now."""
        if not all(still() for _, still in self._steps):
            raise SettingError(
                "the model was changed at the same places since (by a later swap?): undo that first"
            )
        while self._steps:
            self._steps.pop()[0]()


@dataclass(frozen=True)
class New:
    """A module that was put in, and what computes the old activation in its place."""

    module: nn.Module
    old: nn.Module


def modules(model: nn.Module, sites: Sequence[Site], record: Record, undo: Undo) -> dict[str, New]:
    """New modules by path, in place of the old ones; shared instances get one each."""
    by_path = dict(model.named_modules(remove_duplicate=False))
    made: dict[str, New] = {}
    for site in sites:
        shared = by_path[site.key.module]
        for path, module in by_path.items():
            if module is shared and path not in made:
                if not path:
                    raise SettingError("the model is itself nothing but the activation")
                fresh = like(record, model, site, module)
                made[path] = New(fresh, module)
                parent, _, name = path.rpartition(".")
                _set(by_path[parent], name, fresh, undo)
                no_fast_path(by_path[parent], undo)
    return made


def like(record: Record, model: nn.Module, site: Site, old: nn.Module) -> nn.Module:
    """A new module of the device and number format of what it follows, and the old one's mode."""
    known = dict(model.named_modules(remove_duplicate=False))
    around = (known.get(site.key.producer), known.get(site.key.module), model)
    floats = (p for m in around if m is not None for p in m.parameters() if p.is_floating_point())
    some = next(floats, None)
    with torch.inference_mode(False), torch.enable_grad():  # else it could never learn
        fresh = new_module(record)
        if some is not None:
            fresh.to(some.device, some.dtype)
    return fresh.train(old.training)


def _set(parent: nn.Module, name: str, module: nn.Module, undo: Undo) -> None:
    before = parent._modules[name]
    parent._modules[name] = module
    undo.add(
        lambda: parent._modules.__setitem__(name, before),
        lambda: parent._modules.get(name) is module,
    )


def no_fast_path(module: nn.Module, undo: Undo) -> None:
    """TransformerEncoderLayer's fused path would go on with the old function."""
    if isinstance(module, nn.TransformerEncoderLayer):
        before = module.activation_relu_or_gelu
        module.activation_relu_or_gelu = 0
        undo.add(lambda: setattr(module, "activation_relu_or_gelu", before))
