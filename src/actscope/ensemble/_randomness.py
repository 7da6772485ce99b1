"""Randomness that is a member's own: it follows from the seed, the epoch and the step alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

_STREAM = 2  # beside the streams of _init: 0 for weights, 1 for batches


class Masks:
    """What dropout lets through: 0 with probability p, else 1 / (1 - p) (Srivastava et al. 2014).

    seeds: of each member; members of one seed get one mask, as they get the same batches.
    rows: of a batch; the last, smaller batch of an epoch has a stream of its own.
    """

    def __init__(self, seeds: Sequence[int], p: float, rows: int, like: Tensor) -> None:
        self._order = list(dict.fromkeys(seeds))
        place = {seed: i for i, seed in enumerate(self._order)}
        self._which = torch.tensor([place[seed] for seed in seeds], device=like.device)
        self._p, self._rows, self._like = p, rows, like
        self._epoch, self._generators = -1, list[np.random.Generator]()

    def buffer(self, rows: int, width: int) -> Tensor:
        """Float["member row unit"], to be filled."""
        return self._like.new_zeros(len(self._which), rows, width)

    def fill(self, buffers: Sequence[Tensor], epoch: int) -> None:
        """New masks for the next step of this epoch."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._generators = [
                np.random.default_rng([seed, _STREAM, epoch, self._rows]) for seed in self._order
            ]
        for buffer in buffers:
            shape = buffer.shape[1:]
            kept = np.stack([g.random(shape, np.float32) >= self._p for g in self._generators])
            drawn = torch.from_numpy(kept).to(buffer.device, buffer.dtype).mul_(1 / (1 - self._p))
            torch.index_select(drawn, 0, self._which, out=buffer)
