"""Which of the two levels functions work at: as fast as PyTorch, or right to the last digits."""

from __future__ import annotations

import threading


class _Level(threading.local):
    """One switch for each thread. (Not a ContextVar: dynamo cannot trace one.)"""

    def __init__(self) -> None:
        self.precise = False  # set on the instance: dynamo guards the instance's dictionary


LEVEL = _Level()


class precise:  # noqa: N801  # it is used like a function
    """Within it, values and slopes are right to within 2 units in the last place.

    Everything that `functional`, the module classes and `derivative` compute in this thread is
    evaluated in float64 from a form that loses no digits, and rounded once. The backward pass
    keeps the level of its forward pass. `precise(False)` switches back to the default level.

    >>> import torch
    >>> from actscope import nn
    >>> x = torch.tensor([-6.0])
    >>> nn.functional.gelu(x)
    tensor([-0.])
    >>> with nn.precise():
    ...     nn.functional.gelu(x)
    tensor([-5.9195e-09])
    """

    def __init__(self, on: bool = True) -> None:
        self.on = on
        self.before: list[bool] = []  # one object may be entered again within itself

    def __enter__(self) -> None:
        self.before.append(LEVEL.precise)
        LEVEL.precise = self.on

    def __exit__(self, *error: object) -> None:
        LEVEL.precise = self.before.pop()
