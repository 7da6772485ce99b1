from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from actscope.ensemble import Rows


@pytest.fixture(autouse=True)
def single_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    return np.asarray(X, np.float32) / 16, np.asarray(y, np.int64)


@pytest.fixture(scope="session")
def rows(digits: tuple[np.ndarray, np.ndarray]) -> Rows:
    """203 rows: batches of 32 leave an incomplete one."""
    X, y = digits
    return Rows(torch.from_numpy(X[None, :203]), torch.from_numpy(y[None, :203]))


@pytest.fixture(scope="session")
def held(digits: tuple[np.ndarray, np.ndarray]) -> Rows:
    X, y = digits
    return Rows(torch.from_numpy(X[None, 300:401]), torch.from_numpy(y[None, 300:401]))
