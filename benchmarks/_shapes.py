"""What training is measured on: four tables and the networks that go with them."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
RATE = 1e-3
MNIST_ROWS = 10_000


class Part(NamedTuple):
    """X: Float32["row feature"]; y: Int64["row"] class codes or Float32["row"]."""

    X: Array
    y: Array


@dataclass(frozen=True)
class Data:
    """source: in words, where the rows are from. Who chooses by `valid` is scored on `test`."""

    source: str
    train: Part
    valid: Part
    test: Part


@dataclass(frozen=True)
class Shape:
    """Networks of one shape, and how they are trained.

    members: how many are trained as one. singles: how many a contestant that trains one after
    the other trains in a round.
    """

    name: str
    title: str
    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    task: Literal["classification", "regression"]
    batch_size: int
    epochs: int
    members: int
    singles: int
    load: Callable[[Path | None], Data]

    @property
    def widths(self) -> tuple[int, ...]:
        """From the inputs to the outputs."""
        return (self.inputs, *self.hidden, self.outputs)

    def steps(self, rows: int) -> int:
        """Steps of the optimiser, incomplete last batches among them."""
        return self.epochs * -(-rows // self.batch_size)

    def full_steps(self, rows: int) -> float:
        """Work in full batches: an incomplete one counts for its rows."""
        return self.epochs * rows / self.batch_size

    def tiny(self) -> Shape:
        """The same, so small that it only shows that everything runs."""
        return replace(self, epochs=1, members=2, singles=1)


def digits(_: Path | None) -> Data:
    """scikit-learn's 8x8 digits."""
    from sklearn.datasets import load_digits

    X, y = (np.asarray(part) for part in load_digits(return_X_y=True))
    return _split("scikit-learn's 8x8 digits", (X / 16).astype(np.float32), y, 1347)


def mnist(folder: Path | None) -> Data:
    """10,000 handwritten digits of 28x28 pixels, or numbers in their place."""
    found = _mnist_files(folder) if folder is not None else None
    if found is not None:
        X, y = found
        X = X.reshape(len(X), -1)[:MNIST_ROWS].astype(np.float32) / 255
        return _split("MNIST, 10,000 images", X, y[:MNIST_ROWS].astype(np.int64), 8000)
    draw = np.random.default_rng(0)
    y = draw.integers(0, 10, MNIST_ROWS)
    ink = (draw.random((10, 784)) < 0.2).astype(np.float32)  # a fifth of MNIST's pixels is inked
    X = ink[y] * draw.random((MNIST_ROWS, 784), np.float32)
    X += (draw.random((MNIST_ROWS, 784)) < 0.1).astype(np.float32)
    return _split("generated numbers in MNIST's place", X.clip(0, 1), y, 8000)


def wide(_: Path | None) -> Data:
    """A wide table with a target that no straight line fits."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((36_000, 100), np.float32)
    directions = draw.standard_normal((100, 4), np.float32) / 10
    a, b, c, d = (X @ directions).T
    y = np.tanh(2 * a) + np.sin(2 * b) + c * d + 0.1 * draw.standard_normal(len(X))
    return _split("generated", X, ((y - y.mean()) / y.std()).astype(np.float32), 32_000)


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("digits", "8x8 digits, 64-64-64-10", 64, (64, 64), 10, "classification",
              32, 10, 64, 3, digits),
        Shape("mnist-100", "MNIST, 784-100-10", 784, (100,), 10, "classification",
              64, 3, 8, 2, mnist),
        Shape("mnist-256", "MNIST, 784-256-256-10", 784, (256, 256), 10, "classification",
              128, 3, 4, 1, mnist),
        Shape("wide", "A wide table, 100-128-128-1", 100, (128, 128), 1, "regression",
              256, 2, 8, 1, wide),
    )
}  # fmt: skip


def layers(shape: Shape) -> list[tuple[int, int, float]]:
    """(inputs, outputs, bound) of each layer: weights and biases start uniform within the bound.

    Glorot's, as scikit-learn has it and cannot have it otherwise: so everybody starts so.
    """
    pairs = zip(shape.widths[:-1], shape.widths[1:], strict=True)
    return [(a, b, (6 / (a + b)) ** 0.5) for a, b in pairs]


def data_folder(given: str | None) -> Path | None:
    """Where MNIST may be: --data, or the variable ACTSCOPE_DATA."""
    name = given or os.environ.get("ACTSCOPE_DATA")
    return Path(name) if name else None


def _split(source: str, X: Array, y: Array, train: int) -> Data:
    """Rows in one random order: the first are for training, of the rest one half each."""
    order = np.random.default_rng(1).permutation(len(X))
    half = train + (len(X) - train) // 2
    parts = (order[:train], order[train:half], order[half:])
    return Data(source, *(Part(np.ascontiguousarray(X[p]), y[p]) for p in parts))


def _mnist_files(folder: Path) -> tuple[Array, Array] | None:
    """Images and labels: mnist*.npz with X and y, or the idx files, packed or not."""
    for path in sorted(folder.glob("mnist*.npz")):
        with np.load(path, allow_pickle=False) as kept:
            return kept["X"], kept["y"]
    for images in sorted(folder.glob("t*-images*idx3-ubyte*")):
        labels = images.with_name(images.name.replace("images", "labels").replace("idx3", "idx1"))
        if labels.exists():
            return _idx(images), _idx(labels)
    return None


def _idx(path: Path) -> Array:
    """An idx file of bytes: 0, 0, type 8, axes; the length of each, big-endian; the data."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    if content[:3] != b"\0\0\x08":
        raise SystemExit(f"{path} is no idx file of bytes; give the folder of MNIST's idx files")
    axes = content[3]
    lengths = np.frombuffer(content, ">i4", axes, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(lengths)
