"""What one tab trains: its points, its networks, and what there is to see of them."""

from __future__ import annotations

import re
import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from actscope.catalogue import Record, get
from actscope.ensemble import Live, Rows, Settings, View
from actscope.errors import ActscopeError
from actscope.web._config import MAX_STEPS, OPTIMIZERS, OWN, Config, Refused
from actscope.web._data2d import Plane, grid, inputs, listed, made

GRID = 30
# A typed formula is analysed in a process of its own: not more of them than this at once. Names
# are looked up, and need not wait for anybody's formula.
_ANALYSES = threading.Semaphore(2)
_NAME = re.compile(r"\w+")


class Workbench:
    """Networks made of a set-up, at some epoch of their training.

    Raises:
        Refused: the set-up cannot be made, with the field that is wrong.
    """

    def __init__(self, config: Config, own: Plane | None = None) -> None:
        plane, rng = points_for(config, own)
        train, test = plane.split(config.train / 100, rng)
        if -(-len(train) // config.batch) > MAX_STEPS:
            least = -(-len(train) // MAX_STEPS)
            raise Refused(f"batch must be at least {least} for {len(train):,} rows", "batch")
        self.plane, self.train, self.test = plane, train, test
        records = [tuple(_record(name) for name in names) for names in config.networks]
        self.records = records
        self.config = _named(config, records)
        _, optimizer, momentum = OPTIMIZERS[config.optimizer]
        settings = Settings(
            outputs=1,
            task="multilabel" if plane.task == "classification" else "regression",
            hidden=config.hidden,
            batch_size=config.batch,
            optimizer=optimizer,  # type: ignore[arg-type]
            momentum=momentum,
            l2=config.l2,
            init=config.init,  # type: ignore[arg-type]
        )
        try:
            self.live = Live(
                self._rows(train),
                settings,
                records,
                seed=config.seed,
                learning_rate=config.learning_rate,
            )
        except ActscopeError as error:
            raise Refused(str(error), "networks") from None
        self._train_view = self.live.view(self._rows(train))
        self._test_view = self.live.view(self._rows(test))
        cells = grid(plane.domain, GRID)
        self._grid_view = self.live.view(self._of(cells, np.zeros(len(cells))))
        self._features = inputs(cells, config.features).T.reshape(-1, GRID, GRID)
        self.edited = False

    @property
    def layers(self) -> list[int]:
        """Units of each layer, inputs and output too."""
        return [len(self.config.features), *self.config.hidden, 1]

    def ready(self) -> dict[str, Any]:
        """What "ready" says of it."""
        return {
            "config": self.config.document(),
            "task": self.plane.task,
            "layers": self.layers,
            "features": list(self.config.features),
            "points": {
                "train": listed(self.plane, self.train),
                "test": listed(self.plane, self.test),
            },
            "domain": list(self.plane.domain),
            "seed": self.config.seed,
            "grid": GRID,
        }

    def epoch(self) -> None:
        """One pass over the training points."""
        self.live.epoch()

    def restart(self) -> None:
        """The same start again; what was edited by hand is undone."""
        self.live.restart()
        self.edited = False

    def edit(self, network: int, layer: int, source: int | None, unit: int, value: float) -> None:
        """Set one weight, or (source None) a bias."""
        self._check(network, layer + 1, unit)
        if source is not None and source >= self.layers[layer]:
            raise Refused(f"layer {layer} has {self.layers[layer]} units, no unit {source}", "from")
        self.live.weight(network, layer, source, unit).fill_(value)
        self.edited = True

    def _check(self, network: int, layer: int, unit: int) -> None:
        count, layers = len(self.config.networks), self.layers
        if network >= count:
            raise Refused(f"there are {count} networks, no network {network}", "network")
        if not 1 <= layer < len(layers):
            raise Refused(f"there are layers 1 to {len(layers) - 1}, no layer {layer}", "layer")
        if unit >= layers[layer]:
            raise Refused(f"layer {layer} has {layers[layer]} units, no unit {unit}", "unit")

    def seen(self, *, features: bool) -> tuple[dict[str, Any], list[tuple[str, NDArray[Any]]]]:
        """A frame: what its header says of this moment, and its numbers.

        features: with the maps of the inputs, which stay as they are.
        """
        train, test = self._train_view, self._test_view
        losses = np.stack([train.losses(), test.losses()], 1)
        scores = np.stack([self._scores(train, self.train), self._scores(test, self.test)], 1)
        self._grid_view.look()
        shown = self._outward(self._grid_view.outputs())
        maps = np.concatenate([self._grid_view.units(), shown], 1)
        header = {
            "epoch": self.live.epochs,
            "losses": losses.tolist(),
            "scores": scores.tolist(),
            "dead": train.dead(),
            "diverged": self.live.diverged(losses[:, 0]).tolist(),
        }
        parts: list[tuple[str, NDArray[Any]]] = [
            ("maps", maps.reshape(*maps.shape[:2], GRID, GRID)),
            ("weights", self.live.weights()),
            ("biases", self.live.biases()),
        ]
        return header, [*parts, ("features", self._features)] if features else parts

    def unit_weights(
        self, network: int, layer: int, unit: int
    ) -> tuple[NDArray[np.float64], float, bool]:
        """(weights, bias, dead) of one unit of layer 1 or above."""
        self._check(network, layer, unit)
        below = range(self.layers[layer - 1])
        weights = [float(self.live.weight(network, layer - 1, i, unit)) for i in below]
        bias = float(self.live.weight(network, layer - 1, None, unit))
        self._train_view.look()
        hidden = layer <= len(self.config.hidden)
        dead = hidden and unit in self._train_view.dead()[network][layer - 1]
        return np.array(weights), bias, dead

    def _scores(self, view: View, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Float["network"]: the share of right answers, or R2, of rows that were looked at."""
        outputs, target = view.outputs()[:, 0].astype(float), self.plane.target[rows]
        if self.plane.task == "classification":
            right = (outputs > 0) == (target > 0.5)
            return np.where(np.isfinite(outputs).all(1), right.mean(1), np.nan)
        with np.errstate(all="ignore"):
            left = ((outputs - target) ** 2).mean(1)
            return 1 - left / target.var() if target.var() > 0 else np.full(len(left), np.nan)

    def _outward(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Outputs as a map shows them: classes from -1 to 1 (2 p - 1), values as they are."""
        return np.tanh(outputs / 2) if self.plane.task == "classification" else outputs

    def _rows(self, rows: NDArray[np.int64]) -> Rows:
        return self._of(self.plane.points[rows], self.plane.target[rows])

    def _of(self, points: NDArray[np.float64], target: NDArray[np.float64]) -> Rows:
        X = inputs(points, self.config.features) if len(points) else points
        return Rows(torch.tensor(X).float()[None], torch.tensor(target[:, None]).float()[None])


def points_for(config: Config, own: Plane | None) -> tuple[Plane, np.random.Generator]:
    """The points of a set-up, and the generator that then draws which are trained on."""
    rng = np.random.default_rng(config.seed)
    if config.data != OWN:
        return made(config.data, config.noise / 100, rng), rng
    if own is None:
        raise Refused("there are no points of your own yet: click some, or drop a CSV", "data")
    return own, rng


def _record(name: str) -> Record:
    try:
        with nullcontext() if _NAME.fullmatch(name) else _ANALYSES:
            return get(name)
    except ActscopeError as error:
        raise Refused(str(error), "networks") from None


def _named(config: Config, records: list[tuple[Record, ...]]) -> Config:
    return replace(config, networks=tuple(tuple(r.label for r in rs) for rs in records))
