"""The catalogue as PyTorch: `functional`, one module class per activation, `module`.

>>> from actscope import nn
>>> nn.SiLU(), nn.Step()
(SiLU(), Step())
"""

from typing import Any

from . import functional as functional
from ._level import precise as precise
from ._modules import Activation as Activation
from ._modules import classes as _classes
from ._modules import derivative as derivative
from ._modules import module as module


def __getattr__(name: str) -> Any:
    """The module classes, made from the catalogue when first asked for."""
    found = None if name.startswith("_") else _classes().get(name)
    if found is None:
        raise AttributeError(f"module 'actscope.nn' has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *_classes()])
