"""Points of a plane to learn from: the playground's data sets.

Each maker stands by itself (NumPy and nothing else): the playground's exported code holds a
copy of its source. Points lie within [-3, 3] when nothing is noisy; noise is a share of that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Task = Literal["classification", "regression"]
Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
Maker = Callable[[int, float, Generator], Pair]

ROWS = 500
DOMAIN = (-3.0, 3.0)
EXAMPLE_ROWS = 100


def circle(rows: int, noise: float, rng: Generator) -> Pair:
    """A disc of one class within a ring of the other."""
    inside = np.arange(rows) < rows // 2
    radius = np.where(inside, rng.uniform(0, 1.25, rows), rng.uniform(1.75, 2.5, rows))
    angle = rng.uniform(0, 2 * np.pi, rows)
    points = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points + noise * rng.uniform(-2.5, 2.5, (rows, 2)), inside.astype(float)


def xor(rows: int, noise: float, rng: Generator) -> Pair:
    """Four squares: one class where both inputs have the same sign."""
    points = rng.uniform(0.15, 2.5, (rows, 2)) * rng.choice([-1.0, 1.0], (rows, 2))
    target = points[:, 0] * points[:, 1] > 0
    return points + noise * rng.uniform(-2.5, 2.5, (rows, 2)), target.astype(float)


def gaussians(rows: int, noise: float, rng: Generator) -> Pair:
    """Two clouds that a line separates."""
    target = np.arange(rows) % 2
    centre = np.where(target, 1.0, -1.0)[:, None]
    spread = 0.4 + 1.6 * noise
    return centre + spread * rng.standard_normal((rows, 2)), target.astype(float)


def spiral(rows: int, noise: float, rng: Generator) -> Pair:
    """Two arms wound around each other."""
    target = np.arange(rows) % 2
    along = rng.uniform(0.03, 1, rows)
    angle = 1.75 * 2 * np.pi * along + np.pi * target
    points = 2.6 * along[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return points + noise * rng.uniform(-0.8, 0.8, (rows, 2)), target.astype(float)


def moons(rows: int, noise: float, rng: Generator) -> Pair:
    """Two half circles that reach into each other."""
    target = np.arange(rows) % 2
    angle = rng.uniform(0, np.pi, rows)
    x1 = np.where(target, 1 - np.cos(angle), np.cos(angle)) - 0.5
    x2 = np.where(target, 0.5 - np.sin(angle), np.sin(angle)) - 0.25
    points = 1.6 * np.column_stack([x1, x2])
    return points + noise * rng.standard_normal((rows, 2)), target.astype(float)


def plane(rows: int, noise: float, rng: Generator) -> Pair:
    """Values that rise evenly along the diagonal."""
    points = rng.uniform(-3, 3, (rows, 2))
    return points, points.sum(axis=1) / 6 + noise * rng.uniform(-1, 1, rows)


def gaussian_bumps(rows: int, noise: float, rng: Generator) -> Pair:
    """Hills and hollows in turn around the middle."""
    points = rng.uniform(-3, 3, (rows, 2))
    angles = np.arange(6) * np.pi / 3
    centres = 1.9 * np.column_stack([np.cos(angles), np.sin(angles)])
    near = ((points[:, None] - centres) ** 2).sum(axis=2)
    value = (np.array([1, -1, 1, -1, 1, -1]) * np.exp(-near / 0.8)).sum(axis=1)
    return points, value + noise * rng.uniform(-1, 1, rows)


@dataclass(frozen=True)
class DataSet:
    """A maker as it is offered."""

    label: str
    task: Task
    make: Maker


DATA: dict[str, DataSet] = {
    "circle": DataSet("Circle", "classification", circle),
    "xor": DataSet("Four squares", "classification", xor),
    "gaussians": DataSet("Two clouds", "classification", gaussians),
    "spiral": DataSet("Spiral", "classification", spiral),
    "moons": DataSet("Two moons", "classification", moons),
    "plane": DataSet("Slope", "regression", plane),
    "gaussian_bumps": DataSet("Hills", "regression", gaussian_bumps),
}


@dataclass(frozen=True, eq=False)
class Plane:
    """Points to learn from.

    points: Float["row 2"]. target: Float["row"], 0 or 1 for classes. domain: what is shown of
    either axis.
    """

    points: NDArray[np.float64]
    target: NDArray[np.float64]
    task: Task
    domain: tuple[float, float] = DOMAIN

    def split(self, share: float, rng: Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Which rows are trained on and which are kept for testing, at least one of either."""
        order = rng.permutation(len(self.points))
        count = train_count(len(order), share)
        return order[:count], order[count:]


def train_count(rows: int, share: float) -> int:
    """How many of so many rows are trained on.

    >>> train_count(500, 0.5), train_count(4, 0.1), train_count(4, 0.9)
    (250, 1, 3)
    """
    return min(max(1, int(rows * share)), rows - 1)


def made(name: str, noise: float, rng: Generator) -> Plane:
    """A data set by its name."""
    kind = DATA[name]
    points, target = kind.make(ROWS, noise, rng)
    return Plane(points, target, kind.task)


def example(name: str) -> list[list[float]]:
    """[x1, x2, target] of a few points without noise: its small picture."""
    points, target = DATA[name].make(EXAMPLE_ROWS, 0.0, np.random.default_rng(0))
    return listed(Plane(points, target, DATA[name].task), np.arange(EXAMPLE_ROWS))


def listed(plane: Plane, rows: NDArray[np.int64]) -> list[list[float]]:
    """[x1, x2, target] of some rows, rounded to what a screen can show."""
    table = np.column_stack([plane.points[rows], plane.target[rows]])
    return [[round(value, 4) for value in row] for row in table.tolist()]


FEATURES: dict[str, str] = {
    "x1": "x1",
    "x2": "x2",
    "x1^2": "x1**2",
    "x2^2": "x2**2",
    "x1*x2": "x1 * x2",
    "sin(x1)": "np.sin(x1)",
    "sin(x2)": "np.sin(x2)",
}

_FEATURE: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]] = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1^2": lambda x1, x2: x1**2,
    "x2^2": lambda x1, x2: x2**2,
    "x1*x2": lambda x1, x2: x1 * x2,
    "sin(x1)": lambda x1, x2: np.sin(x1),
    "sin(x2)": lambda x1, x2: np.sin(x2),
}


def inputs(points: NDArray[np.float64], names: tuple[str, ...]) -> NDArray[np.float64]:
    """Float["row feature"]: what a network is given of points, Float["row 2"]."""
    return np.column_stack([_FEATURE[name](points[:, 0], points[:, 1]) for name in names])


def grid(domain: tuple[float, float], size: int) -> NDArray[np.float64]:
    """Float["size*size 2"], row by row from the top (x2 high) left (x1 low), cells' middles."""
    low, high = domain
    middle = low + (np.arange(size) + 0.5) * (high - low) / size
    x1, x2 = np.meshgrid(middle, middle[::-1])
    return np.column_stack([x1.ravel(), x2.ravel()])
