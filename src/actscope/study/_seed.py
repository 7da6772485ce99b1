"""The rows of one seed, ready to train on: everything here follows from the seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from actscope.data import Dataset, Encoder
from actscope.ensemble import Rows
from actscope.study._split import Split, split

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class SeedData:
    """Features, Float["row feature"], and targets of the three parts of one seed.

    targets are codes or raw values; a regression's networks are trained on
    (value - target_mean) / target_scale, both from the training rows.
    """

    split: Split
    features: dict[Part, NDArray[np.float32]]
    targets: dict[Part, NDArray[Any]]
    target_mean: float
    target_scale: float


def seed_data(data: Dataset, seed: int) -> SeedData:
    """Split, then fit the encoding on the training rows alone."""
    parts = split(data, seed)
    rows: dict[Part, NDArray[np.int64]] = {
        "train": parts.train,
        "validation": parts.validation,
        "test": parts.test,
    }
    encoder = Encoder(data.schema).fit(data.frame.iloc[parts.train])
    mean, scale = 0.0, 1.0
    if data.task == "regression":
        mean = float(data.target[parts.train].mean())
        scale = float(data.target[parts.train].std()) or 1.0  # a constant target: unscaled
    return SeedData(
        parts,
        {part: encoder.transform(data.frame.iloc[index]) for part, index in rows.items()},
        {part: data.target[index] for part, index in rows.items()},
        mean,
        scale,
    )


def stacked(seeds: Sequence[SeedData], part: Part, task: str) -> Rows:
    """One part of several seeds as the ensemble takes it."""
    X = torch.from_numpy(np.stack([seed.features[part] for seed in seeds]))
    if task == "classification":
        return Rows(X, torch.from_numpy(np.stack([seed.targets[part] for seed in seeds])))
    scaled = [(s.targets[part] - s.target_mean) / s.target_scale for s in seeds]
    return Rows(X, torch.from_numpy(np.stack(scaled).astype(np.float32)[:, :, None]))
