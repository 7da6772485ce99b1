"""Each activation of the catalogue as a function of tensors, under its catalogue name.

PyTorch's own kernel where there is one, otherwise composed from the formula. A function takes
the tensor and then the activation's parameters, by position or by name:

>>> import torch
>>> from actscope.nn import functional
>>> functional.leaky_relu(torch.tensor([-1.0, 2.0]), negative_slope=0.5)
tensor([-0.5000,  2.0000])
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from torch import Tensor

from actscope import catalogue
from actscope.errors import did_you_mean

from ._compose import compose
from ._native import FUNCTIONS


def __getattr__(name: str) -> Callable[..., Tensor]:
    if name not in catalogue.names():
        hint = did_you_mean(name, catalogue.names())
        raise AttributeError(f"no activation function {name!r}.{hint}")
    return _function(name)


def __dir__() -> list[str]:
    return catalogue.names()


@lru_cache(maxsize=512)
def _function(name: str) -> Callable[..., Tensor]:
    return FUNCTIONS.get(name) or composed(catalogue.get(name))


def composed(record: catalogue.Record) -> Callable[..., Tensor]:
    """The activation made from its formula alone, whatever PyTorch has.

    A parameter may be a number or a tensor (which then receives its gradient).
    """
    defaults = dict(record.values)
    signature = inspect.Signature(
        [
            inspect.Parameter("x", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Tensor),
            *(
                inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=value)
                for name, value in defaults.items()
            ),
        ],
        return_annotation=Tensor,
    )

    def function(*arguments: Any, **named: Any) -> Tensor:
        given = signature.bind(*arguments, **named)
        given.apply_defaults()
        values = given.arguments
        x = values["x"]
        tensors = {
            name: value if isinstance(value, Tensor) else x.new_tensor(value)
            for name, value in values.items()
        }
        return compose(record.expression, tensors)

    function.__name__ = function.__qualname__ = record.name
    function.__module__ = __name__
    function.__doc__ = f"{record.summary}\n\n{record.formula}\n"
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function
