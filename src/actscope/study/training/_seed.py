"""The rows of some seeds, ready to train on: everything here follows from each seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from actscope.data import Dataset, Encoder
from actscope.ensemble import Rows
from actscope.study.training._split import Split, split

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class SeedData:
    """Targets of the three parts of one seed: codes, or raw values.

    A regression's networks are trained on (value - target_mean) / target_scale, both from
    the training rows.
    """

    split: Split
    targets: dict[Part, NDArray[Any]]
    target_mean: float
    target_scale: float


@dataclass(frozen=True)
class Block:
    """Some seeds: their targets, and the rows of each part stacked as the ensemble takes them."""

    seeds: tuple[SeedData, ...]
    rows: dict[Part, Rows]

    def features(self, index: int, part: Part) -> NDArray[np.float32]:
        """Float["row feature"] of one seed."""
        return self.rows[part].X[index].numpy()


def encode(data: Dataset, seeds: Sequence[int]) -> Block:
    """Split for each seed, then fit the encoding on its training rows alone.

    The last block is kept: a worker meets the same seeds with one activation after the other.
    """
    key = data.fingerprint, tuple(seeds)
    if _last.get("key") != key:
        _last.clear()  # before the next one is made: two would not fit
        _last.update(key=key, block=_encode(data, seeds))
    return _last["block"]


_last: dict[str, Any] = {}


def _encode(data: Dataset, seeds: Sequence[int]) -> Block:
    X: dict[Part, NDArray[np.float32]] = {}
    known: list[SeedData] = []
    for i, seed in enumerate(seeds):
        parts = split(data, seed)
        index: dict[Part, NDArray[np.int64]] = {
            "train": parts.train,
            "validation": parts.validation,
            "test": parts.test,
        }
        encoder = Encoder(data.schema).fit(data.frame.iloc[parts.train])
        for part, rows in index.items():
            if part not in X:  # every seed has as many rows in each part
                X[part] = np.empty((len(seeds), len(rows), encoder.width), np.float32)
            X[part][i] = encoder.transform(data.frame.iloc[rows])
        targets: dict[Part, NDArray[Any]] = {}
        targets.update((part, data.target[rows]) for part, rows in index.items())
        mean, scale = 0.0, 1.0
        if data.task == "regression":
            mean = float(targets["train"].mean())
            scale = float(targets["train"].std()) or 1.0  # a constant target: unscaled
        known.append(SeedData(parts, targets, mean, scale))
    return Block(
        tuple(known),
        {part: Rows(torch.from_numpy(X[part]), _targets(known, part, data.task)) for part in X},
    )


def _targets(seeds: Sequence[SeedData], part: Part, task: str) -> torch.Tensor:
    if task == "classification":
        return torch.from_numpy(np.stack([seed.targets[part] for seed in seeds]))
    scaled = [(s.targets[part] - s.target_mean) / s.target_scale for s in seeds]
    return torch.from_numpy(np.stack(scaled).astype(np.float32)[:, :, None])
