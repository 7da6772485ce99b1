"""One chunk in training, an epoch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actscope.ensemble._architecture import Architecture, Pass
from actscope.ensemble._feed import Evaluator, Feed
from actscope.ensemble._init import batch_order
from actscope.ensemble._layout import Values
from actscope.ensemble._loss import Loss, loss_of
from actscope.ensemble._optimiser import Optimiser, Rate
from actscope.ensemble._plan import Member, Rows, Settings, runs
from actscope.ensemble._schedule import factors

# Where nothing is for autograd, leaving its layer out saves a tenth of a microsecond an operation,
# a tenth of the time of a small network. A private name, pinned version.
_below_autograd: Any = torch.__dict__["_C"]._AutoDispatchBelowAutograd

# How many training rows stand for all before the first step, where there are no others.
STARTING_ROWS = 256
# Batches whose rows and targets are looked up together.
AHEAD = 64


@dataclass(frozen=True)
class _Batches:
    """`count` batches of `rows` rows each, one after the other, through one pass."""

    first: int
    count: int
    rows: int
    network: Pass
    loss: Loss


class Trainer:
    """One chunk in training: its parameters, buffers and optimiser, and how to shrink them."""

    def __init__(
        self,
        members: Sequence[Member],
        settings: Settings,
        architecture: Architecture[Any],
        rows: Rows,
        valid: Rows | None,
        values: Values,
        state: tuple[Values, Values, int] | None = None,
    ) -> None:
        self.members, self._settings, self._architecture = members, settings, architecture
        self._rows, self._valid, self.values = rows, valid, values
        device = values.regions[0].device
        grads = values.zeros_like()
        self._optimiser = Optimiser(
            settings.optimizer,
            values,
            grads,
            [Rate(a, b, rate) for rate, a, b in runs([m.learning_rate for m in members])],
            l2=settings.l2,
            momentum=settings.momentum,
            factors=_factors(settings, rows.count),
            clip_grad_norm=settings.clip_grad_norm,
            state=state,
        )
        data = torch.tensor([m.data for m in members], device=device)
        self._feed = Feed(rows, data)
        size = min(settings.batch_size, rows.count)
        full, rest = divmod(rows.count, size)
        self._batches: list[_Batches] = []
        for first, count, batch in ((0, full, size), (full, 1, rest)):
            if batch:
                network = architecture.training(members, values, grads, batch)
                loss = loss_of(
                    settings.task, network.outputs, batch, weighted=rows.weights is not None
                )
                self._batches.append(_Batches(first, count, batch, network, loss))
        self._evaluate = Evaluator(
            partial(architecture.evaluation, members, values),
            settings,
            valid or rows.sample(STARTING_ROWS),
            data,
        )
        streams = {seed: i for i, seed in enumerate(dict.fromkeys(m.seed for m in members))}
        self._seeds = list(streams)
        self._stream = torch.tensor([streams[m.seed] for m in members], device=device)
        self._device = device

    def epoch(self, number: int) -> Tensor:
        """One pass over the training rows; Float["member"], the mean loss on the way."""
        quiet = np.errstate(all="ignore")  # who diverges is found out by the loss
        with quiet, nullcontext() if self._architecture.uses_autograd else _below_autograd():
            return self._epoch(number)

    def _epoch(self, number: int) -> Tensor:
        count = self._rows.count
        orders = np.stack([batch_order(seed, number, count) for seed in self._seeds])
        order = torch.from_numpy(orders).to(self._device)
        for batches in self._batches:
            network, loss = batches.network, batches.loss
            load, begin = self._feed.into(network), network.begin
            forward, backward = network.forward, network.backward
            outputs, gradient, update = network.outputs, loss.gradient, self._optimiser.step
            for step, index, targets, share in self._ahead(order, batches):
                begin(number, step)
                load(index)
                forward()
                backward(gradient(outputs, targets, share))
                update()
        totals = [batches.loss.epoch_total() for batches in self._batches]
        return sum(totals[1:], totals[0]) / count

    def _ahead(
        self, order: Tensor, batches: _Batches
    ) -> Iterator[tuple[int, Tensor, Tensor, Tensor | None]]:
        """(step, rows, targets, shares) of each batch, `AHEAD` of them looked up at a time."""
        size, start = batches.rows, batches.first * self._batches[0].rows
        for done in range(0, batches.count, AHEAD):
            some = min(AHEAD, batches.count - done)
            part = order[:, start + done * size : start + (done + some) * size]
            rows = part.unflatten(1, (some, size))[self._stream]
            index = self._feed.index(rows, batches.network.padded)
            targets = batches.loss.prepare(self._feed.targets(index))
            share = self._feed.shares(index, size)
            first = batches.first + done
            yield from zip(
                range(first, first + some),
                index.unbind(),
                targets.unbind(),
                [None] * some if share is None else share.unbind(),
                strict=True,
            )

    def evaluate(self) -> Tensor:
        """Float["member"], the mean loss on validation rows (some training rows without any)."""
        with np.errstate(all="ignore"):
            return self._evaluate()

    def keep(self, positions: NDArray[np.int64]) -> Trainer:
        """The same training with the members at `positions` only."""
        index = torch.from_numpy(positions).to(self._device)
        opt = self._optimiser
        return Trainer(
            [self.members[p] for p in positions],
            self._settings,
            self._architecture,
            self._rows,
            self._valid,
            self.values.take(index),
            (opt.first.take(index), opt.second.take(index), opt.steps),
        )


def _factors(settings: Settings, rows: int) -> NDArray[np.float64] | None:
    if settings.lr_schedule == "constant":
        return None
    batches = -(-rows // min(settings.batch_size, rows))
    return factors(settings.lr_schedule, settings.epochs * batches)
