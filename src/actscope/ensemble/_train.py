"""Training: epochs over one chunk of members, each stopped by itself, none by another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actscope.ensemble._architecture import Architecture, Pass
from actscope.ensemble._init import batch_order
from actscope.ensemble._layout import Values
from actscope.ensemble._loss import Loss, loss_of, shares
from actscope.ensemble._network import Perceptron
from actscope.ensemble._optimiser import Optimiser, Rate
from actscope.ensemble._plan import Member, Rows, Settings, runs
from actscope.ensemble._schedule import factors

# Where nothing is for autograd, leaving its layer out saves a tenth of a microsecond an operation,
# a tenth of the time of a small network. A private name, pinned version.
_below_autograd: Any = torch.__dict__["_C"]._AutoDispatchBelowAutograd

# A loss this many times its value before training has nowhere good to go; it is also how a
# divergence shows that float32 still holds (softmax losses grow only linearly).
DIVERGED_FACTOR = 1e3
# Rows that are evaluated together.
EVALUATION_ROWS = 256
# Batches whose rows and targets are looked up together.
AHEAD = 64
# Finished members cost as much as living ones until they are taken out; taking out costs
# about as much as an epoch of a small table.
COMPACT_SHARE = 0.25


@dataclass(frozen=True)
class Trained:
    """One chunk after training.

    values: final (or best) parameters, as the architecture lays them out. start_loss: of the
    starting weights, on validation rows (training rows without any): who is never below it
    has learned nothing. The tables are Float["epoch member"], NaN after a member's last
    epoch. seconds: each member's share of the (processor's) time.
    """

    members: tuple[Member, ...]
    architecture: Architecture[Any]
    values: Any
    start_loss: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    epochs: NDArray[np.int64]
    best_epoch: NDArray[np.int64]
    diverged: NDArray[np.bool_]
    seconds: NDArray[np.float64]


class Feed:
    """Rows of each member's own data set into a network's input buffer."""

    def __init__(self, rows: Rows, data: Tensor) -> None:
        self._X = rows.X.flatten(0, 1)
        self._y = rows.y.flatten(0, 1)
        self._weights = None if rows.weights is None else rows.weights.flatten()
        self._offset = (data * rows.count)[:, None]

    def index(self, rows: Tensor, padded: int) -> Tensor:
        """Int["batch member*padded"] of flat rows from Int["member batch row"] (or one member)."""
        if padded > rows.shape[2]:
            rows = torch.cat([rows, rows[:, :, :1].expand(-1, -1, padded - rows.shape[2])], 2)
        return (rows.transpose(0, 1) + self._offset).flatten(1)

    def targets(self, index: Tensor) -> Tensor:
        """The targets of rows, outputs before rows, from Int["batch member*padded"]."""
        batches, members = len(index), len(self._offset)
        y = self._y.index_select(0, index.flatten()).view(batches, members, -1, *self._y.shape[1:])
        return y if y.dim() == 3 else y.transpose(2, 3).contiguous()

    def shares(self, index: Tensor, rows: int) -> Tensor | None:
        """As `_loss.shares`, from Int["batch member*padded"]; None if all rows count the same."""
        if self._weights is None:
            return None
        weights = self._weights.index_select(0, index.flatten())
        return shares(weights.view(len(index), len(self._offset), -1), rows)

    def into(self, network: Pass) -> Callable[[Tensor], object]:
        """What fills its inputs with the rows of Int["member*padded"]."""
        return partial(torch.index_select, self._X, 0, out=network.inputs.flatten(0, 1))


class Evaluator:
    """The mean loss of every member over the rows of its own data set."""

    def __init__(
        self,
        make: Callable[[int], Pass],
        settings: Settings,
        rows: Rows,
        data: Tensor,
    ) -> None:
        feed, self._count = Feed(rows, data), rows.count
        self._blocks = []
        made: dict[int, tuple[Pass, Loss]] = {}
        for start in range(0, rows.count, EVALUATION_ROWS):
            size = min(EVALUATION_ROWS, rows.count - start)
            if size not in made:
                network = make(size)
                made[size] = network, loss_of(settings.task, network.outputs, size)
            network, loss = made[size]
            numbers = torch.arange(start, start + size, device=rows.X.device)[None, None]
            index = feed.index(numbers, network.padded)
            targets = loss.prepare(feed.targets(index))
            load = partial(feed.into(network), index[0])
            self._blocks.append((load, network, loss, targets[0]))

    def __call__(self) -> Tensor:
        total: Tensor | None = None
        for load, network, loss, targets in self._blocks:
            load()
            network.forward()
            part = loss.value(network.outputs, targets)
            total = part if total is None else total + part
        assert total is not None
        return total / self._count


@dataclass(frozen=True)
class _Batches:
    """`count` batches of `rows` rows each, one after the other, through one pass."""

    first: int
    count: int
    rows: int
    network: Pass
    loss: Loss


class _Trainer:
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
            partial(architecture.evaluation, members, values), settings, valid or rows, data
        )
        streams = {seed: i for i, seed in enumerate(dict.fromkeys(m.seed for m in members))}
        self._seeds = list(streams)
        self._stream = torch.tensor([streams[m.seed] for m in members], device=device)
        self._device = device

    def epoch(self, number: int) -> Tensor:
        """One pass over the training rows; Float["member"], the mean loss on the way."""
        with nullcontext() if self._architecture.uses_autograd else _below_autograd():
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
        """Float["member"], the mean loss on validation rows (training rows without any)."""
        return self._evaluate()

    def keep(self, positions: NDArray[np.int64]) -> _Trainer:
        """The same training with the members at `positions` only."""
        index = torch.from_numpy(positions).to(self._device)
        opt = self._optimiser
        return _Trainer(
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


def train_chunk(
    members: Sequence[Member],
    settings: Settings,
    rows: Rows,
    valid: Rows | None = None,
    on_epoch: Callable[[int], None] | None = None,
    architecture: Architecture[Any] | None = None,
) -> Trained:
    """Train neighbours (`chunks`) as one; on_epoch(n) after each epoch of n living members.

    architecture: None: the perceptron that `settings` describe.
    """
    dtype, device = rows.X.dtype, rows.X.device
    # On a processor the time of this thread alone: a busy machine must not make a function
    # look expensive.
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    count, epochs = len(members), settings.epochs
    assert settings.patience is None or valid is not None
    kind = architecture or Perceptron(rows.X.shape[2], settings)
    values = kind.start(members, dtype, device)
    trainer = _Trainer(members, settings, kind, rows, valid, values)
    final = trainer.values.take(torch.arange(count, device=device))  # best so far, or last

    train_loss = np.full((epochs, count), np.nan)
    valid_loss = np.full((epochs, count), np.nan)
    ran, best_epoch = np.zeros(count, np.int64), np.zeros(count, np.int64)
    diverged, seconds = np.zeros(count, bool), np.zeros(count)
    start_loss = trainer.evaluate().double().cpu().numpy()
    limit = DIVERGED_FACTOR * np.maximum(start_loss, 1.0)
    best_loss = np.full(count, np.inf)
    alive = np.arange(count)  # members in the trainer
    going = np.ones(count, bool)  # members not yet finished
    for epoch in range(epochs):
        started = clock()
        loss = trainer.epoch(epoch).double().cpu().numpy()
        seen = loss if valid is None else trainer.evaluate().double().cpu().numpy()
        live = going[alive]
        now = alive[live]
        train_loss[epoch, now] = loss[live]
        if valid is not None:
            valid_loss[epoch, now] = seen[live]
        ran[now] = epoch + 1
        bad = ~((loss[live] < limit[now]) & (seen[live] < limit[now]))  # NaN is bad, too
        diverged[now[bad]] = True
        if settings.patience is None:
            best_epoch[now[~bad]] = epoch + 1
            going[now[bad]] = False
            to_keep = bad | (epoch == epochs - 1)  # a diverged member as it ended
        else:
            to_keep = ~bad & (seen[live] < best_loss[now])
            best_loss[now[to_keep]] = seen[live][to_keep]
            best_epoch[now[to_keep]] = epoch + 1
            going[now[bad]] = False
            going &= ran - best_epoch < settings.patience
        if to_keep.any():
            positions = np.flatnonzero(live)[to_keep]
            final.put(_index(now[to_keep], device), trainer.values.take(_index(positions, device)))
        seconds[now] += (clock() - started) / len(now)
        if on_epoch:
            on_epoch(len(now))
        if not going.any():
            break
        stay = going[alive]
        if np.mean(~stay) >= COMPACT_SHARE:
            trainer = trainer.keep(np.flatnonzero(stay))
            alive = alive[stay]
    finite = torch.stack([region.isfinite().all(1) for region in final.regions]).all(0)
    diverged |= ~finite.cpu().numpy()
    return Trained(
        tuple(members),
        kind,
        final,
        start_loss,
        train_loss,
        valid_loss,
        ran,
        best_epoch,
        diverged,
        seconds,
    )


def _index(positions: NDArray[np.int64], device: torch.device) -> Tensor:
    return torch.from_numpy(positions).to(device)
