"""Each activation of the catalogue as a function of tensors, under its name or any alias.

PyTorch's own kernel where there is one, with PyTorch's signature; otherwise composed from the
formula: a function takes the tensor and then the activation's parameters, by position or by
name. `precise=True` asks for the precise level, `precise=False` for the default one, whatever
`actscope.precise` says.

>>> import torch
>>> from actscope.nn import functional
>>> functional.leaky_relu(torch.tensor([-1.0, 2.0]), negative_slope=0.5)
tensor([-0.5000,  2.0000])
>>> functional.swish is functional.silu
True
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from torch import Tensor

from actscope import catalogue
from actscope.errors import UnknownActivation

from . import _special
from ._forms import apply, key_of
from ._level import LEVEL
from ._native import FUNCTIONS


def __getattr__(name: str) -> Callable[..., Tensor]:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        record = catalogue.get(name)
    except UnknownActivation as unknown:
        raise AttributeError(str(unknown)) from None
    return of_own(record) if catalogue.is_own(record) else of(record.name)


def __dir__() -> list[str]:
    return sorted(catalogue.names(kind="all"))


@lru_cache(maxsize=512)
def of(name: str) -> Callable[..., Tensor]:
    """The function of an activation by its name in the catalogue."""
    own = FUNCTIONS.get(name) or _special.FUNCTIONS.get(name)
    return own or composed(catalogue.get(name))


@lru_cache(maxsize=512)
def of_own(record: catalogue.Record) -> Callable[..., Tensor]:
    """The function of a user's own record: by what it says, as a name may be defined anew."""
    return composed(record)


def composed(record: catalogue.Record) -> Callable[..., Tensor]:
    """The activation made from its formula alone, whatever PyTorch has.

    A parameter may be a number or a tensor (which then receives its gradient).
    """
    key, names = key_of(record), tuple(record.values)
    defaults = tuple(record.values.values())

    def function(input: Tensor, *values: Any, precise: bool | None = None, **named: Any) -> Tensor:
        if named or len(values) != len(defaults):
            values = _arranged(record.name, names, defaults, values, named)
        return apply(key, LEVEL.precise if precise is None else precise, input, *values)

    function.__name__ = function.__qualname__ = record.name
    function.__module__ = __name__
    function.__doc__ = f"{record.summary}\n\n{record.formula}\n"
    function.__signature__ = _signature(record)  # type: ignore[attr-defined]
    return function


def _arranged(
    name: str,
    names: tuple[str, ...],
    defaults: tuple[float, ...],
    values: tuple[Any, ...],
    named: dict[str, Any],
) -> tuple[Any, ...]:
    """All parameters in order. (By hand: dynamo does not trace inspect.Signature.bind.)"""
    if len(values) > len(names):
        raise TypeError(f"{name}() takes a tensor and {len(names)} parameters, not {len(values)}")
    for given in named:
        if given not in names[len(values) :]:
            known = ", ".join(names) or "none"
            raise TypeError(f"{name}() got an unexpected argument {given!r}; parameters: {known}")
    rest = zip(names[len(values) :], defaults[len(values) :], strict=True)
    return (*values, *(named.get(parameter, default) for parameter, default in rest))


def _signature(record: catalogue.Record) -> inspect.Signature:
    either, only = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [
            inspect.Parameter("input", either, annotation=Tensor),
            *(
                inspect.Parameter(name, either, default=value, annotation=float | Tensor)
                for name, value in record.values.items()
            ),
            inspect.Parameter("precise", only, default=None, annotation=bool | None),
        ],
        return_annotation=Tensor,
    )
