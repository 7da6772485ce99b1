"""600 handwritten digits, ready to train on."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from actscope.ensemble import Rows

SIDE = 8
COUNT = 600


@cache
def digits() -> Rows:
    """8 x 8 pixels, each less its mean and over its spread, as a study has its columns.

    Source: Optical Recognition of Handwritten Digits, Alpaydin & Kaynak 1998, as in scikit-learn.
    """
    X = pixels()
    spread = X.std(0)
    X = (X - X.mean(0)) / np.where(spread > 0, spread, 1)
    return Rows(torch.tensor(X[None], dtype=torch.float32), torch.tensor(_loaded()[1][None]))


def pixels() -> NDArray[np.float64]:
    """Float["row pixel"], 0 for paper to 16 for ink."""
    return _loaded()[0]


@cache
def _loaded() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    from sklearn.datasets import load_digits

    data: Any = load_digits()
    return data.data[:COUNT], data.target[:COUNT]
