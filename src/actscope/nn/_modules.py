"""Each activation of the catalogue as a torch module, under PyTorch's class name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from actscope import catalogue
from actscope.catalogue import Record

from . import functional
from ._compose import compose
from ._native import FUNCTIONS, RENAMED, SETTINGS


class Activation(nn.Module):
    """An activation that PyTorch has no class for, composed from its formula.

    Its parameters are arguments with the catalogue's names and defaults; the learned ones
    become `torch.nn.Parameter`s of one element.
    """

    activation: ClassVar[str]

    def __init__(self, **parameters: float) -> None:
        super().__init__()
        self.record = catalogue.get(self.activation, **parameters)
        for name, parameter in self.record.parameters.items():
            if parameter.learned:
                self.register_parameter(name, nn.Parameter(torch.tensor([parameter.value])))

    def forward(self, x: Tensor) -> Tensor:
        function: Callable[..., Tensor] = getattr(functional, self.activation)
        learned = dict(self.named_parameters(recurse=False))
        return function(x, **{**self.record.values, **learned})

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={value:g}" for name, value in self.record.values.items())


@lru_cache(maxsize=1)
def classes() -> dict[str, type[nn.Module]]:
    """Class name -> class: PyTorch's own where we use its kernel, else a composed one."""
    return {catalogue.get(name).torch_name: class_of(name) for name in catalogue.names()}


@lru_cache(maxsize=512)
def class_of(name: str) -> type[nn.Module]:
    """The module class of an activation."""
    record = catalogue.get(name)
    if name in FUNCTIONS:
        return getattr(nn, record.torch_name)
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
    if record.name in FUNCTIONS:
        values |= SETTINGS.get(record.name, {})
    return class_of(record.name)(**values)


def derivative(spec: str | Record) -> Callable[[Tensor], Tensor]:
    """f' of an activation as a function of a tensor, from the formula of its derivative.

    At a kink it takes the side that the formula takes, as PyTorch's gradient does.

    >>> derivative("relu")(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 1.])

    Raises:
        UnknownActivation, SettingError: as `catalogue.get`.
    """
    tree = catalogue.get(spec).bound_derivative
    return lambda x: compose(tree, {"x": x})
