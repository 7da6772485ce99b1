"""Rows into passes: batches looked up ahead, evaluation in blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from actscope.ensemble._architecture import Pass
from actscope.ensemble._loss import Loss, loss_of, shares
from actscope.ensemble._plan import Rows, Settings

# Rows that are evaluated together.
EVALUATION_ROWS = 256


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
        self._feed, self._count, self._device = Feed(rows, data), rows.count, rows.X.device
        made: dict[int, tuple[Pass, Loss, Callable[[Tensor], object]]] = {}
        self._blocks: list[tuple[int, Pass, Loss, Callable[[Tensor], object]]] = []
        for start in range(0, rows.count, EVALUATION_ROWS):
            size = min(EVALUATION_ROWS, rows.count - start)
            if size not in made:
                network = make(size)
                loss = loss_of(settings.task, network.outputs, size)
                made[size] = network, loss, self._feed.into(network)
            self._blocks.append((start, *made[size]))

    def __call__(self) -> Tensor:
        total: Tensor | None = None
        for start, network, loss, load in self._blocks:
            # Looked up anew each time: kept, it would take members x rows.
            numbers = torch.arange(start, start + network.rows, device=self._device)[None, None]
            index = self._feed.index(numbers, network.padded)
            load(index[0])
            network.forward()
            targets = loss.prepare(self._feed.targets(index))
            part = loss.value(network.outputs, targets[0])
            total = part if total is None else total + part
        assert total is not None
        return total / self._count
