"""Losses over Float["member output padded"], with gradients written by hand.

How a trainer uses one, made for each number of rows that its batches have:

    loss = loss_of("classification", network.outputs, rows)
    targets = loss.prepare(targets)     # many batches at once; and `shares` of their weights
    grad = loss.gradient(network.outputs, targets[i])       # each step; in a buffer used again
    total = loss.epoch_total()                              # once an epoch

The sum of `epoch_total` over the losses of an epoch (full batches, the incomplete last one),
divided by the rows, is the epoch's mean loss. A step adds up as little as it can: it leaves
the loss of its rows behind, to be summed every so many steps. Evaluation takes `value`.

Rows are weighted as PyTorch's class weights and scikit-learn's MLP have it: a batch's loss is
the mean over its rows weighted by them, sum(w * loss) / sum(w), and a weight of 0 leaves a row
out. A batch whose weights are all 0 has loss 0 and gradient 0 (there: NaN).

Nothing here reaches from one member to another, and sums run along one member's own stretch:
a member's bits do not depend on who stands beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, pad

Task = Literal["classification", "multilabel", "regression"]

_log_softmax: Any = torch.__dict__["_log_softmax"]  # log_softmax itself has no out=
_logsigmoid: Any = logsigmoid  # takes out=, which its stub does not know

# Steps whose losses pile up in one place, in the outputs' precision, before they are added up.
ADD_UP_AFTER = 64
# Numbers of a member that wait to be added up, where each step has a place of its own: few,
# so that they stay in cache beside the network.
SLOT_NUMBERS = 1024


def shares(weights: Tensor, rows: int) -> Tensor:
    """Each row's share in its batch's mean, w / sum(w), for `Loss.gradient`.

    From Float["batch member padded"] of weights >= 0, of which the first `rows` count, to
    Float["batch member 1 padded"]: 0 for padding, and for all rows where all weights are 0.

    >>> shares(torch.tensor([[[1.0, 3.0, 9.0]], [[0.0, 0.0, 9.0]]]), 2).tolist()
    [[[[0.25, 0.75, 0.0]]], [[[0.0, 0.0, 0.0]]]]
    """
    counted = pad(weights[..., :rows], (0, weights.shape[-1] - rows))
    total = counted.sum(-1, keepdim=True)
    return (counted / total.masked_fill_(total == 0, 1.0)).unsqueeze(2)


class Loss(ABC):
    """A loss for one number of rows, in buffers that are made once.

    outputs: the buffer, or one like it, that gradients will be taken of. rows: how many of
    its "padded" rows are data; the others get no weight. weighted: whether `gradient` is
    given shares.
    """

    _factor = -1.0  # terms are log-likelihoods

    def __init__(self, outputs: Tensor, rows: int, *, weighted: bool = False) -> None:
        self.members, self.width, self.padded = outputs.shape
        self.rows, self._weighted = rows, weighted
        self._grad = torch.empty_like(outputs, memory_format=torch.contiguous_format)
        self._share = outputs.new_zeros(self.padded)
        self._share[:rows] = 1.0 / rows
        self._patience, self._steps = ADD_UP_AFTER, 0
        self._total = outputs.new_zeros(self.members, dtype=torch.float64)

    @cached_property
    def _terms(self) -> Tensor:
        """Float["slot member . padded"], what steps left to be added up."""
        return torch.zeros_like(self._grad).unsqueeze(0)

    def prepare(self, targets: Tensor) -> Tensor:
        """Targets as `gradient` and `value` want them, ["batch ..."]: many batches at once.

        targets: Int["batch member padded"] class codes, or Float["batch member output padded"].
        """
        return targets

    def gradient(self, outputs: Tensor, targets: Tensor, share: Tensor | None = None) -> Tensor:
        """The gradient of the mean loss, Float["member output padded"], in a buffer used again.

        share: Float["member 1 padded"] of `shares`, if the loss is weighted.
        """
        if self._steps == self._patience:
            self._add_up()
        self._step(outputs, targets, self._share if share is None else share)
        self._steps += 1
        return self._grad

    def epoch_total(self) -> Tensor:
        """Float64["member"]: rows * mean loss, summed over the batches since the last call."""
        self._add_up()
        total = self._total.clone()
        self._total.zero_()
        return total

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Float64["member"]: the loss summed over the rows of data, each counting the same."""
        return self._sum(self._each(outputs, targets).unsqueeze(0))

    def _add_up(self) -> None:
        part = self._sum(self._terms[: self._steps])
        self._total += part * self.rows if self._weighted else part
        self._terms.zero_()
        self._steps = 0

    def _sum(self, terms: Tensor) -> Tensor:
        # Each member's numbers side by side: one order of adding, whatever the chunk. A single
        # row would be left where it is by reshape alone.
        own = terms[..., : self.rows].transpose(0, 1).reshape(self.members, -1)
        return own.contiguous().sum(1).double().mul_(self._factor)

    @abstractmethod
    def _each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Float["member . padded"], terms of every row."""

    @abstractmethod
    def _step(self, outputs: Tensor, targets: Tensor, share: Tensor) -> None:
        """Write the gradient, and leave terms (times their share if weighted) to be added up."""


class CrossEntropy(Loss):
    """-log softmax(outputs)[target], for classes that exclude each other. Stable for any outputs.

    As `torch.nn.functional.cross_entropy`. prepare: from class codes to where, in the flat
    outputs, the log-probability of each row's class stands.
    """

    def __init__(self, outputs: Tensor, rows: int, *, weighted: bool = False) -> None:
        super().__init__(outputs, rows, weighted=weighted)
        # A slot for each step: what is looked up goes straight there.
        self._patience = max(1, SLOT_NUMBERS // self.padded)
        self._log_p = torch.empty_like(self._grad)
        self._flat_log_p, self._flat_grad = self._log_p.view(-1), self._grad.view(-1)
        place = torch.arange(self._grad.numel(), device=outputs.device)
        self._first = place.view(self._grad.shape)[:, 0]

    # What only steps need, made at the first: evaluation, and its losses, do without.

    @cached_property
    def _terms(self) -> Tensor:
        return self._grad.new_zeros(self._patience, self.members, 1, self.padded)

    @cached_property
    def _slots(self) -> tuple[Tensor, ...]:
        return self._terms.unbind()

    @cached_property
    def _flat_slots(self) -> tuple[Tensor, ...]:
        return self._terms.flatten(1).unbind()

    @cached_property
    def _minus_one(self) -> Tensor:
        return self._grad.new_full((self.members * self.padded,), -1.0)

    def prepare(self, targets: Tensor) -> Tensor:
        return targets.mul(self.padded).add_(self._first).flatten(1)

    def _each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        _log_softmax(outputs, 1, False, out=self._log_p)
        return self._flat_log_p.index_select(0, targets).view(self.members, 1, self.padded)

    def _step(self, outputs: Tensor, targets: Tensor, share: Tensor) -> None:
        _log_softmax(outputs, 1, False, out=self._log_p)
        torch.index_select(self._flat_log_p, 0, targets, out=self._flat_slots[self._steps])
        if self._weighted:
            self._slots[self._steps].mul_(share)
        torch.exp(self._log_p, out=self._grad)  # softmax - one_hot(target)
        self._flat_grad.index_add_(0, targets, self._minus_one)
        self._grad.mul_(share)


class BinaryCrossEntropy(Loss):
    """Each output by itself says yes or no: -log sigmoid(output) or -log sigmoid(-output).

    Summed over outputs, as scikit-learn's MLPClassifier does (torch.nn.BCEWithLogitsLoss
    also divides by their number): each label then pulls at its output as strongly as if it
    were alone, and a learning rate means the same for any number of labels.

    With u = output where the target is 1 and -output where it is 0, the loss is
    -log sigmoid(u) and its derivative sigmoid(u) - 1 = expm1(log sigmoid(u)): exact to the
    last digits on both sides, and finite for any output.

    prepare: from 0 and 1 to -1 and 1.
    """

    def __init__(self, outputs: Tensor, rows: int, *, weighted: bool = False) -> None:
        super().__init__(outputs, rows, weighted=weighted)
        self._log_p = torch.empty_like(self._grad)

    def prepare(self, targets: Tensor) -> Tensor:
        return targets.mul(2.0).sub_(1.0)

    def _each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        torch.mul(outputs, targets, out=self._grad)
        return _logsigmoid(self._grad, out=self._log_p)

    def _step(self, outputs: Tensor, targets: Tensor, share: Tensor) -> None:
        self._each(outputs, targets)
        if self._weighted:
            self._terms[0].addcmul_(self._log_p, share)
        else:
            self._terms[0].add_(self._log_p)
        torch.expm1(self._log_p, out=self._grad)
        self._grad.mul_(targets).mul_(share)


class HalfSquaredError(Loss):
    """1/2 (output - target)^2, summed over outputs."""

    _factor = 0.5  # terms are squares

    def __init__(self, outputs: Tensor, rows: int, *, weighted: bool = False) -> None:
        super().__init__(outputs, rows, weighted=weighted)
        self._error = torch.empty_like(self._grad)

    def _each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return torch.sub(outputs, targets).square_()

    def _step(self, outputs: Tensor, targets: Tensor, share: Tensor) -> None:
        torch.sub(outputs, targets, out=self._error)
        torch.mul(self._error, share, out=self._grad)
        self._terms[0].addcmul_(self._error, self._grad if self._weighted else self._error)


_LOSSES: dict[Task, type[Loss]] = {
    "classification": CrossEntropy,
    "multilabel": BinaryCrossEntropy,
    "regression": HalfSquaredError,
}


def loss_of(task: Task, outputs: Tensor, rows: int, *, weighted: bool = False) -> Loss:
    """The loss of a task."""
    return _LOSSES[task](outputs, rows, weighted=weighted)
