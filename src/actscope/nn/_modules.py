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
from ._forms import apply, apply_slope, key_of
from ._level import LEVEL
from ._levelled import levelled
from ._native import ATTRIBUTES, DEFAULTS, RENAMED
from ._special import ARGUMENTS


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
        self.record = catalogue.get(self.activation)
        names = tuple(self.record.parameters)
        if len(values) > len(names):
            raise SettingError(
                f"{type(self).__name__} takes {len(names)} parameters, not {len(values)}:"
                f" {', '.join(names) or 'call it without'}"
            )
        given = {**dict(zip(names, values, strict=False)), **named}
        if given:
            self.record = catalogue.get(self.activation, **given)
        self._take_parameters(precise)

    def _take_parameters(self, precise: bool | None) -> None:
        if precise is not None:
            self.precise = precise
        self._names = tuple(self.record.parameters)
        for name, parameter in self.record.parameters.items():
            if hasattr(self, name):
                raise SettingError(
                    f"a module has an attribute {name!r} already: give the parameter another name"
                )
            if parameter.learned:
                self.register_parameter(name, nn.Parameter(torch.tensor([parameter.value])))
            else:
                setattr(self, name, parameter.value)

    def forward(self, x: Tensor) -> Tensor:
        values = [getattr(self, name) for name in self._names]
        return self._function()(x, *values, precise=self.precise)

    @classmethod
    def _function(cls) -> Callable[..., Tensor]:
        raise AssertionError("each class has its own")

    def extra_repr(self) -> str:
        shown = [f"{name}={p.value:g}" for name, p in self.record.parameters.items()]
        return ", ".join([*shown, *([] if self.precise is None else [f"precise={self.precise}"])])


class Own(Activation):
    """A function that a user defined, or gave as a formula, by its record.

    It keeps its function when the name is defined anew, and where the name is not known.
    """

    def __init__(self, record: Record, *, precise: bool | None = None) -> None:
        nn.Module.__init__(self)
        self.record = record
        self._take_parameters(precise)
        self._key = key_of(record)

    def forward(self, x: Tensor) -> Tensor:
        values = [getattr(self, name) for name in self._names]
        precise = LEVEL.precise if self.precise is None else self.precise
        return apply(self._key, precise, x, *values)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        key_of(self.record)  # known by its key in this process, too

    def extra_repr(self) -> str:
        return ", ".join([self.record.formula, *filter(None, [super().extra_repr()])])


class Layer(nn.Module):
    """A gated layer, or a function of a vector, that PyTorch has no class for.

    dim: the dimension that it works along. pieces: of maxout, how many neighbours compete.
    """

    activation: ClassVar[str]
    precise: bool | None = None

    def __init__(self, *values: int, precise: bool | None = None, **named: int) -> None:
        super().__init__()
        known = ARGUMENTS[self.activation]
        given = {**dict(zip(known, values, strict=False)), **named}
        if len(values) > len(known) or not given.keys() <= known.keys():
            raise SettingError(
                f"{type(self).__name__} takes {' and '.join(known)}, not {values or named}"
            )
        for name, default in known.items():
            setattr(self, name, given.get(name, default))
        if precise is not None:
            self.precise = precise

    def forward(self, input: Tensor) -> Tensor:
        values = [getattr(self, name) for name in ARGUMENTS[self.activation]]
        return self._function()(input, *values, precise=self.precise)

    @classmethod
    def _function(cls) -> Callable[..., Tensor]:
        raise AssertionError("each class has its own")

    def extra_repr(self) -> str:
        level = [] if self.precise is None else [f"precise={self.precise}"]
        known = ARGUMENTS[self.activation]
        return ", ".join([*(f"{name}={getattr(self, name)}" for name in known), *level])


@lru_cache(maxsize=1)
def classes() -> dict[str, type[nn.Module]]:
    """Class name -> class, for every activation of every kind."""
    names = catalogue.names(kind="all")
    return {
        record.torch_name: class_of(record.name)
        for record in map(catalogue.get, names)
        if not catalogue.is_own(record)
    }


@lru_cache(maxsize=512)
def class_of(name: str) -> type[nn.Module]:
    """The module class of an activation: a subclass of PyTorch's where there is one."""
    record, function = catalogue.get(name), functional.of(name)
    own = getattr(nn, record.torch_name, None)
    if own is not None and name in ATTRIBUTES:
        return levelled(own, function, ATTRIBUTES[name], DEFAULTS.get(name, {}))
    if own is not None and name in ARGUMENTS:
        return levelled(own, function, tuple(ARGUMENTS[name]), ARGUMENTS[name])
    members = {
        "activation": name,
        "__doc__": f"{record.summary}\n\n{record.formula}\n",
        "__module__": "actscope.nn",  # where pickle finds it again
        "_function": staticmethod(lambda: function),
    }
    return type(record.torch_name, (Layer if name in ARGUMENTS else Activation,), members)


def module(spec: str | Record, **parameters: float) -> nn.Module:
    """A module for an activation.

    spec: a name, an alias, "leaky_relu(negative_slope=0.1)" or a record; `parameters` are set
        on top of it.

    >>> module("leaky_relu", negative_slope=0.1)
    LeakyReLU(negative_slope=0.1)
    >>> module("x*tanh(exp(x))")
    Own(x * tanh(exp(x)))

    Raises:
        UnknownActivation, SettingError, FormulaError: as `catalogue.get`.
    """
    record = catalogue.get(spec, **parameters)
    if catalogue.is_own(record):
        return Own(record)
    renamed: dict[str, str] = RENAMED.get(record.name, {})
    values: dict[str, Any] = {}
    for name, parameter in record.parameters.items():
        values[renamed.get(str(name), str(name))] = parameter.value
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
