"""Training: epochs over one chunk of members, each stopped by itself, none by another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actscope.ensemble._init import batch_order, initial
from actscope.ensemble._layout import Shape, Store
from actscope.ensemble._loss import CrossEntropy, HalfSquaredError, Loss
from actscope.ensemble._network import Backward, Network, Span, shape_of
from actscope.ensemble._optimiser import Optimiser, Rate
from actscope.ensemble._plan import Member, Rows, Settings
from actscope.nn._kernels import kernel

_T = TypeVar("_T")

# A loss this many times its value before training has nowhere good to go; it is also how a
# divergence shows that float32 still holds (softmax losses grow only linearly).
DIVERGED_FACTOR = 1e3
# Rows that are evaluated together.
EVALUATION_ROWS = 256
# Finished members cost as much as living ones until they are taken out; taking out costs
# about as much as an epoch of a small table.
COMPACT_SHARE = 0.25


@dataclass(frozen=True)
class Trained:
    """One chunk after training.

    store: final (or best) parameters. start_loss: of the starting weights, on validation rows
    (training rows without any): who is never below it has learned nothing. The tables are
    Float["epoch member"], NaN after a member's last epoch. seconds: each member's share of
    the (processor's) time.
    """

    members: tuple[Member, ...]
    store: Store
    start_loss: NDArray[np.float64]
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    epochs: NDArray[np.int64]
    best_epoch: NDArray[np.int64]
    diverged: NDArray[np.bool_]
    seconds: NDArray[np.float64]


def spans_of(members: Sequence[Member]) -> list[Span]:
    """Neighbours that share an activation."""
    return [
        Span(first, last, kernel(members[first].record))
        for _, first, last in _runs([m.activation for m in members])
    ]


def _rates_of(members: Sequence[Member]) -> list[Rate]:
    return [Rate(first, last, lr) for lr, first, last in _runs([m.learning_rate for m in members])]


def _runs(values: Sequence[_T]) -> list[tuple[_T, int, int]]:
    runs, start = [], 0
    for value, group in groupby(values):
        end = start + sum(1 for _ in group)
        runs.append((value, start, end))
        start = end
    return runs


def start_weights(
    members: Sequence[Member],
    shape: Shape,
    settings: Settings,
    dtype: torch.dtype,
    device: torch.device,
) -> Store:
    """The initial parameters of every member."""
    store = Store.zeros(shape, len(members), dtype=dtype, device=device)
    fan_in = (shape.inputs, *shape.hidden)
    sizes = tuple(zip(fan_in, (*shape.hidden, shape.outputs), strict=True))
    for i, member in enumerate(members):
        record = member.record
        weights, biases = initial(record, member.seed, sizes, settings.init)
        weights[-1] = weights[-1].T  # kept as (out, in)
        for view, value in zip(store.weights, weights, strict=True):
            view[i] = torch.from_numpy(np.ascontiguousarray(value))
        for view, value in zip(store.biases, biases, strict=True):
            view[i, 0] = torch.from_numpy(value)
        start = kernel(record).start
        if start and store.learned is not None:
            store.learned[i, :, : len(start)] = torch.tensor(start, dtype=dtype)
    return store


def loss_for(settings: Settings, outputs: Tensor, rows: int) -> Loss:
    """The loss of a task."""
    kind = CrossEntropy if settings.task == "classification" else HalfSquaredError
    return kind(outputs, rows)


class Feed:
    """Rows of each member's own data set into a network's input buffer."""

    def __init__(self, rows: Rows, data: Tensor) -> None:
        self._X = rows.X.reshape(-1, rows.X.shape[2])
        self._y = rows.y.reshape(-1, *rows.y.shape[2:])
        self._offset = (data * rows.count)[:, None]

    def index(self, rows: Tensor, padded: int) -> Tensor:
        """Int["member*padded"] of flat rows from Int["member row"] (or one row of them)."""
        index = rows + self._offset
        if padded > index.shape[1]:
            index = torch.cat([index, index[:, :1].expand(-1, padded - index.shape[1])], 1)
        return index.reshape(-1)

    def load(self, index: Tensor, network: Network) -> Tensor:
        """Fill the inputs; gives the targets as the loss wants them."""
        torch.index_select(self._X, 0, index, out=network.inputs.view(-1, network.inputs.shape[2]))
        members = network.store.members
        y = self._y.index_select(0, index).view(members, network.padded, *self._y.shape[1:])
        return y if y.dim() == 2 else y.transpose(1, 2)


class Evaluator:
    """The mean loss of every member over the rows of its own data set."""

    def __init__(
        self, store: Store, spans: Sequence[Span], settings: Settings, rows: Rows, data: Tensor
    ) -> None:
        self._feed, self._count = Feed(rows, data), rows.count
        self._blocks = []
        made: dict[int, tuple[Network, Loss]] = {}
        for start in range(0, rows.count, EVALUATION_ROWS):
            size = min(EVALUATION_ROWS, rows.count - start)
            if size not in made:
                network = Network(store, spans, size)
                made[size] = network, loss_for(settings, network.outputs, size)
            network, loss = made[size]
            numbers = torch.arange(start, start + size, device=rows.X.device)[None]
            index = self._feed.index(numbers, network.padded)
            self._blocks.append((network, loss, index))

    def __call__(self) -> Tensor:
        total: Tensor | None = None
        for network, loss, index in self._blocks:
            targets = self._feed.load(index, network)
            part = loss.value(network.forward(), targets)
            total = part if total is None else total + part
        assert total is not None
        return total / self._count


class _Trainer:
    """One chunk in training: its parameters, buffers and optimiser, and how to shrink them."""

    def __init__(
        self,
        members: Sequence[Member],
        settings: Settings,
        rows: Rows,
        valid: Rows | None,
        values: Store,
        state: tuple[Store, Store, int] | None = None,
    ) -> None:
        self.members, self._settings, self._rows, self._valid = members, settings, rows, valid
        self.values = values
        device = values.regions[0].device
        spans = spans_of(members)
        grads = Store(values.shape, [torch.zeros_like(r) for r in values.regions])
        self._optimiser = Optimiser(
            settings.optimizer,
            values,
            grads,
            _rates_of(members),
            l2=settings.l2,
            momentum=settings.momentum,
            state=state,
        )
        data = torch.tensor([m.data for m in members], device=device)
        self._feed = Feed(rows, data)
        batch = min(settings.batch_size, rows.count)
        self._sizes = [min(batch, rows.count - s) for s in range(0, rows.count, batch)]
        self._passes: dict[int, tuple[Network, Backward, Loss]] = {}
        for size in set(self._sizes):
            network = Network(values, spans, size)
            loss = loss_for(settings, network.outputs, size)
            self._passes[size] = network, Backward(network, grads), loss
        self._evaluate = Evaluator(values, spans, settings, valid or rows, data)
        streams = {seed: i for i, seed in enumerate(dict.fromkeys(m.seed for m in members))}
        self._seeds = list(streams)
        self._stream = torch.tensor([streams[m.seed] for m in members])
        self._device = device

    def epoch(self, number: int) -> Tensor:
        """One pass over the training rows; Float["member"], the mean loss on the way."""
        count = self._rows.count
        orders = np.stack([batch_order(seed, number, count) for seed in self._seeds])
        order = torch.from_numpy(orders)[self._stream].to(self._device)
        total = torch.zeros(len(self.members), dtype=self.values.regions[0].dtype).to(self._device)
        start = 0
        for size in self._sizes:
            network, backward, loss = self._passes[size]
            index = self._feed.index(order[:, start : start + size], network.padded)
            targets = self._feed.load(index, network)
            value, grad = loss.gradient(network.forward(), targets)
            total += value
            backward.run(grad)
            self._optimiser.step()
            start += size
        return total / count

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
            self._rows,
            self._valid,
            self.values.take(index),
            (opt.first.take(index), opt.second.take(index), opt.steps),
        )


def train_chunk(
    members: Sequence[Member],
    settings: Settings,
    rows: Rows,
    valid: Rows | None = None,
    on_epoch: Callable[[int], None] | None = None,
) -> Trained:
    """Train neighbours (`chunks`) as one; on_epoch(n) after each epoch of n living members."""
    dtype, device = rows.X.dtype, rows.X.device
    # On a processor the time of this thread alone: a busy machine must not make a function
    # look expensive.
    clock = time.thread_time if device.type == "cpu" else time.perf_counter
    count, epochs = len(members), settings.epochs
    assert settings.patience is None or valid is not None
    shape = shape_of(
        rows.X.shape[2],
        settings.hidden,
        settings.outputs,
        [s.kernel for s in spans_of(members)],
    )
    values = start_weights(members, shape, settings, dtype, device)
    trainer = _Trainer(members, settings, rows, valid, values)
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
