"""Each activation of the catalogue as a torch module, under PyTorch's class name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from actscope import catalogue
from actscope.catalogue import Record
from actscope.errors import SettingError

from . import functional
from ._forms import apply_slope, key_of
from ._level import LEVEL
from ._levelled import levelled
from ._native import ATTRIBUTES, RENAMED


class Activation(nn.Module):
    """An activation that PyTorch has no class for.

    Its parameters are arguments with the catalogue's names and defaults, by position or by
    name; the learned ones become `torch.nn.Parameter`s of one element. precise: the level to
    work at, whatever `actscope.precise` says; None: what that says.
    """

    activation: ClassVar[str]
    precise: bool | None = None

    def __init__(self, *values: float, precise: bool | None = None, **named: float) -> None:
        super().__init__()
        names = tuple(catalogue.get(self.activation).values)
        if len(values) > len(names):
            raise SettingError(
                f"{type(self).__name__} has {len(names)} parameters, not {len(values)}"
            )
        given = {**dict(zip(names, values, strict=False)), **named}
        self.record = catalogue.get(self.activation, **given)
        self._function = functional.of(self.activation)
        if precise is not None:
            self.precise = precise
        for name, parameter in self.record.parameters.items():
            if parameter.learned:
                self.register_parameter(name, nn.Parameter(torch.tensor([parameter.value])))
            else:
                setattr(self, name, parameter.value)
        self._names = names

    def forward(self, x: Tensor) -> Tensor:
        values = [getattr(self, name) for name in self._names]
        return self._function(x, *values, precise=self.precise)

    def extra_repr(self) -> str:
        level = [] if self.precise is None else [f"precise={self.precise}"]
        return ", ".join([*(f"{n}={v:g}" for n, v in self.record.values.items()), *level])


@lru_cache(maxsize=1)
def classes() -> dict[str, type[nn.Module]]:
    """Class name -> class, for every activation and kind."""
    return {catalogue.get(n).torch_name: class_of(n) for n in catalogue.names()}


@lru_cache(maxsize=512)
def class_of(name: str) -> type[nn.Module]:
    """The module class of an activation: a subclass of PyTorch's where there is one."""
    record = catalogue.get(name)
    if name in ATTRIBUTES:
        base = getattr(nn, record.torch_name)
        return levelled(base, functional.of(name), ATTRIBUTES[name])
    members = {
        "activation": name,
        "__doc__": f"{record.summary}\n\n{record.formula}\n",
        "__module__": "actscope.nn",  # where pickle finds it again
    }
    return type(record.torch_name, (Activation,), members)


def module(spec: str | Record, **parameters: float) -> nn.Module:
    """A module for an activation.

    spec: a name, an alias, "leaky_relu(negative_slope=0.1)" or a record; `parameters` are set
        on top of it.

    >>> module("leaky_relu", negative_slope=0.1)
    LeakyReLU(negative_slope=0.1)

    Raises:
        UnknownActivation, SettingError: as `catalogue.get`.
    """
    record = catalogue.get(spec, **parameters)
    renamed = RENAMED.get(record.name, {})
    values: dict[str, Any] = {renamed.get(n, n): value for n, value in record.values.items()}
    return class_of(record.name)(**values)


def derivative(spec: str | Record) -> Callable[[Tensor], Tensor]:
    """f' of an activation as a function of a tensor, from the formula of its derivative.

    At a kink it takes the side that the formula takes, as PyTorch's gradient does.

    >>> derivative("relu")(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 1.])

    Raises:
        UnknownActivation, SettingError: as `catalogue.get`.
    """
    key = key_of(catalogue.get(spec))
    return lambda x: apply_slope(key, LEVEL.precise, x)
