"""What training asks of a kind of network: multilayer perceptrons, or a user's own modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from actscope.ensemble._layout import Values
from actscope.ensemble._plan import Member

V = TypeVar("V", bound=Values)


class Pass(Protocol):
    """All members of a chunk for one number of rows, in buffers that are made once.

    rows: rows of data. padded: rows that are computed; the surplus gets no weight in a loss.
    inputs: ["member padded *feature"], filled before `forward`.
    outputs: Float["member output padded"].
    """

    rows: int
    padded: int
    inputs: Tensor
    outputs: Tensor

    def begin(self, epoch: int, batch: int) -> None:
        """Draw what is random about this step; batches of an epoch come in order."""

    def forward(self) -> None:
        """Fill `outputs`."""

    def backward(self, grad: Tensor) -> None:
        """From Float["member output padded"] to every element of the gradients."""


class Architecture(Protocol[V]):
    """A kind of network, whatever its members' activations."""

    @property
    def uses_autograd(self) -> bool:
        """Whether its passes ask autograd for gradients."""
        ...

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of one row."""
        ...

    @property
    def outputs(self) -> int:
        """Outputs of a network."""
        ...

    def start(self, members: Sequence[Member], dtype: torch.dtype, device: torch.device) -> V:
        """The initial parameters of every member."""
        ...

    def training(self, members: Sequence[Member], values: V, grads: V, rows: int) -> Pass:
        """A pass with gradients."""
        ...

    def evaluation(self, members: Sequence[Member], values: V, rows: int) -> Pass:
        """A pass forward, as trained networks are used: nothing random in it."""
        ...

    def member_bytes(self, batch_size: int) -> int:
        """What one member keeps in use while it is trained."""
        ...
