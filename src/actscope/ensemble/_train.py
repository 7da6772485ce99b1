"""Training one chunk of members: each stopped by itself, none by another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actscope.ensemble._architecture import Architecture
from actscope.ensemble._network import Perceptron
from actscope.ensemble._plan import Member, Rows, Settings
from actscope.ensemble._trainer import Trainer

# A loss this many times its value before training has nowhere good to go; it is also how a
# divergence shows that float32 still holds (softmax losses grow only linearly).
DIVERGED_FACTOR = 1e3
# Finished members cost as much as living ones until they are taken out; taking out costs
# about as much as an epoch of a small table.
COMPACT_SHARE = 0.25


@dataclass(frozen=True, eq=False, repr=False)
class Trained:
    """One chunk after training.

    values: final (or best) parameters, as the architecture lays them out. start_loss: of the
    starting weights, on validation rows (some training rows without any): who is never
    below it has learned nothing. The tables are Float["epoch member"], NaN after a member's last
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
    trainer = Trainer(members, settings, kind, rows, valid, values)
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
        # The limit is of the rows seen here: training rows may be of another scale.
        bad = ~(np.isfinite(loss[live]) & (seen[live] < limit[now]))
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
