"""Losses over Float["member output row"]: their value per member and their gradient."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

_log_softmax: Any = torch.__dict__["_log_softmax"]  # log_softmax itself has no out=


class Loss(ABC):
    """A loss for one number of rows, in buffers that are made once.

    weights: Float["padded"], 1 for each row of data and 0 for each row of padding.
    """

    def __init__(self, outputs: Tensor, rows: int) -> None:
        self.members, self.width, self.padded = outputs.shape
        self.rows = rows
        self.weights = outputs.new_zeros(self.padded)
        self.weights[:rows] = 1.0
        self._scale = self.weights / rows

    @abstractmethod
    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Float["member"]: the loss summed over the rows of data."""

    @abstractmethod
    def gradient(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss as `value`, and the gradient of the *mean* loss.

        The gradient is Float["member output row"], in a buffer that the next call reuses.
        """


class CrossEntropy(Loss):
    """-log softmax(outputs)[target]; targets Int["member row"]. Stable for any outputs."""

    def __init__(self, outputs: Tensor, rows: int) -> None:
        super().__init__(outputs, rows)
        self._log_p = torch.empty_like(outputs)
        self._grad = torch.empty_like(outputs)
        self._picked = outputs.new_empty(self.members, 1, self.padded)
        self._minus_one = -torch.ones_like(self._picked)

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        _log_softmax(outputs, 1, False, out=self._log_p)
        torch.gather(self._log_p, 1, targets.unsqueeze(1), out=self._picked)
        self._picked.mul_(self.weights)
        return self._picked.sum(2).squeeze(1).neg_()

    def gradient(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        loss = self.value(outputs, targets)
        torch.exp(self._log_p, out=self._grad)  # softmax - one_hot(target)
        self._grad.scatter_add_(1, targets.unsqueeze(1), self._minus_one)
        self._grad.mul_(self._scale)
        return loss, self._grad


class HalfSquaredError(Loss):
    """1/2 (output - target)^2, summed over outputs; targets Float["member output row"]."""

    def __init__(self, outputs: Tensor, rows: int) -> None:
        super().__init__(outputs, rows)
        self._error = torch.empty_like(outputs)
        self._square = torch.empty_like(outputs)

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        torch.sub(outputs, targets, out=self._error)
        torch.mul(self._error, self._error, out=self._square)
        self._square.mul_(self.weights)
        return self._square.sum(2).sum(1).mul_(0.5)

    def gradient(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        loss = self.value(outputs, targets)
        self._error.mul_(self._scale)
        return loss, self._error
