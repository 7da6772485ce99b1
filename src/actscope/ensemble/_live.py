"""Networks in training, an epoch at a time, to be looked at and touched in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actscope.catalogue import Record
from actscope.ensemble._check import trainable
from actscope.ensemble._feed import Feed
from actscope.ensemble._loss import loss_of
from actscope.ensemble._network import Perceptron
from actscope.ensemble._plan import Member, Rows, Settings
from actscope.ensemble._threads import one_thread
from actscope.ensemble._train import DIVERGED_FACTOR
from actscope.ensemble._trainer import Trainer
from actscope.health import dead_inputs


class Live:
    """Networks of one shape, trained as `train_ensemble` trains them, bit for bit.

    All start from the draws of one seed and see the same batches. Each call is for one thread
    at a time. Until something is edited, the weights after n epochs are those of
    `train_ensemble(..., epochs=n)`.

    Args:
        rows: what is trained on: X Float["1 row feature"], y as the task of `settings` wants it.
        activations: of each network the record of each hidden layer.

    Raises:
        SettingError: an activation that plain layers cannot be trained with.

    Example:
        >>> from actscope.catalogue import get
        >>> X = torch.tensor([[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]])
        >>> rows = Rows(X, torch.tensor([[[0.0], [1.0], [1.0], [0.0]]]))
        >>> settings = Settings(outputs=1, task="regression", hidden=(8,), batch_size=4)
        >>> live = Live(rows, settings, [[get("tanh")], [get("relu")]], seed=0, learning_rate=0.03)
        >>> view = live.view(rows)
        >>> before = view.losses()
        >>> for _ in range(100):
        ...     live.epoch()
        >>> bool((view.losses() < before / 10).all()), live.epochs
        (True, 100)
    """

    def __init__(
        self,
        rows: Rows,
        settings: Settings,
        activations: Sequence[Sequence[Record]],
        *,
        seed: int,
        learning_rate: float,
    ) -> None:
        self.rows, self.settings = rows, settings
        self.members = tuple(
            Member(
                " > ".join(record.label for record in records),
                learning_rate,
                seed,
                known=tuple(trainable(record) for record in records),
            )
            for records in activations
        )
        self.architecture = Perceptron(rows.X.shape[2], settings)
        self.values = self.architecture.start(self.members, rows.X.dtype, rows.X.device)
        self._all = torch.arange(len(self.members), device=rows.X.device)
        self._start = self.values.take(self._all)
        self._training = self.view(rows)
        self.epochs = 0
        self.restart()

    def restart(self) -> None:
        """Back to the same start: initial weights, no memory of an optimiser, epoch 0."""
        self.values.put(self._all, self._start)
        with one_thread():
            self._trainer = Trainer(
                self.members, self.settings, self.architecture, self.rows, None, self.values
            )
            self._limit = DIVERGED_FACTOR * np.maximum(self._training.losses(), 1.0)
        self.epochs = 0

    def epoch(self) -> None:
        """One pass over the training rows."""
        with one_thread():
            self._trainer.epoch(self.epochs)
        self.epochs += 1

    def view(self, rows: Rows) -> View:
        """These rows, to be looked at through the networks as they are at each time."""
        return View(self, rows)

    def diverged(self, losses: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Bool["member"]: weights that are not finite, or a loss far above that of the start."""
        finite = torch.stack([region.isfinite().all(1) for region in self.values.regions]).all(0)
        return ~finite.cpu().numpy() | ~(losses < self._limit)

    def weights(self) -> NDArray[np.float32]:
        """Float["member n"], layer after layer, each (from, to) row by row."""
        *hidden, last = self.values.weights
        parts = [w.flatten(1) for w in (*hidden, last.transpose(1, 2))]
        return torch.cat(parts, 1).float().cpu().numpy()

    def biases(self) -> NDArray[np.float32]:
        """Float["member n"], layer after layer."""
        return torch.cat([b[:, 0] for b in self.values.biases], 1).float().cpu().numpy()

    def weight(self, member: int, layer: int, source: int | None, unit: int) -> Tensor:
        """A view of one number: the weight from `source` of layer `layer` (0: the inputs) to
        `unit` of the next one, or, from None, that unit's bias."""
        if source is None:
            return self.values.biases[layer][member, 0, unit]
        weights = self.values.weights[layer][member]
        return weights[unit, source] if layer == self.architecture.depth else weights[source, unit]


class View:
    """Some rows, in buffers that are made once, through the networks as they are."""

    def __init__(self, live: Live, rows: Rows) -> None:
        self._live, self._count = live, rows.count
        self._network = live.architecture.evaluation(
            live.members, live.values, rows.count, keep_inputs=True
        )
        self._loss = loss_of(live.settings.task, self._network.outputs, rows.count)
        feed = Feed(rows, torch.zeros(len(live.members), dtype=torch.int64, device=rows.X.device))
        numbers = torch.arange(rows.count, device=rows.X.device)[None, None]
        index = feed.index(numbers, self._network.padded)
        feed.into(self._network)(index[0])
        self._targets = self._loss.prepare(feed.targets(index))[0]

    def look(self) -> None:
        """Bring what the others tell up to date; `losses` does so itself."""
        with one_thread(), np.errstate(all="ignore"):
            self._network.forward()

    def losses(self) -> NDArray[np.float64]:
        """Float["member"], the mean loss now."""
        self.look()
        with one_thread():
            total = self._loss.value(self._network.outputs, self._targets)
        return (total / self._count).double().cpu().numpy()

    def outputs(self) -> NDArray[np.float32]:
        """Float["member output row"]: logits, or values."""
        return self._network.outputs[:, :, : self._count].float().cpu().numpy()

    def units(self) -> NDArray[np.float32]:
        """Float["member unit row"]: what every hidden unit hands on, layer after layer."""
        layers = [a[:, : self._count].transpose(1, 2) for a in self._network.a]
        if not layers:
            return np.zeros((len(self._live.members), 0, self._count), np.float32)
        return torch.cat(layers, 1).float().cpu().numpy()

    def dead(self) -> list[list[list[int]]]:
        """Of each network and hidden layer the dead units (`health`); none in step-like ones."""
        found = []
        for i, member in enumerate(self._live.members):
            records = member.records(self._live.architecture.depth)
            found.append([
                [] if record.step_like
                else dead_inputs(z[i, : self._count], record).all(0).nonzero().flatten().tolist()
                for z, record in zip(self._network.z, records, strict=True)
            ])  # fmt: skip
        return found
