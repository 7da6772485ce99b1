"""Where to look at an activation: every exponent, every point at which something happens."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from tests.nn.oracle import Floats

from actscope.catalogue import Record
from actscope.catalogue.formula import Compare, Number, walk


@lru_cache(maxsize=1)
def all_bfloat16() -> torch.Tensor:
    """All 65,536."""
    return torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(torch.bfloat16)


@lru_cache(maxsize=1)
def all_float16() -> torch.Tensor:
    """All 65,536."""
    return all_bfloat16().view(torch.float16)


def delicate(record: Record) -> list[float]:
    """Points around which something happens: kinks, roots, extremes, seams of the forms."""
    found = {0.0, *record.kinks, *(p for p in record.saturation_points if math.isfinite(p))}
    for tree in (record.bound, record.accurate_expression, record.accurate_derivative_expression):
        for part in walk(tree):
            if isinstance(part, Compare):
                found |= {float(n.value) for n in walk(part) if isinstance(n, Number)}
    for curve in (record, record.slope):
        found |= set(_roots(curve))
    return sorted({s * p for p in found for s in (1, -1) if abs(p) < 1e6})


def _roots(curve: Callable[[Any], Any]) -> list[float]:
    """Sign changes between -40 and 40."""
    grid = np.linspace(-40.0123, 40.0123, 4001)
    values = curve(grid)
    roots = []
    for i in np.nonzero(values[:-1] * values[1:] < 0)[0]:
        low, high = float(grid[i]), float(grid[i + 1])
        for _ in range(60):
            middle = (low + high) / 2
            if (curve(middle) < 0) == (values[i] < 0):
                low = middle
            else:
                high = middle
        roots.append(low)
    return roots


def points(record: Record, count: int, seed: int = 0) -> Floats:
    """float32 numbers: every exponent, around every delicate point, the middle, the tails.

    count: about how many.
    """
    draw = np.random.default_rng(seed)
    limits = np.finfo(np.float32)
    every = np.ldexp(draw.uniform(1, 2, 277), np.arange(-149, 128))
    tiny = np.array([limits.smallest_subnormal, limits.smallest_normal, limits.max])
    near = []
    for at in delicate(record):
        here = np.float32(at)
        for way in (np.float32(np.inf), -np.float32(np.inf)):
            step = here
            for _ in range(3):
                near.append(step)
                step = np.nextafter(step, way)
        scale = max(abs(at), 1e-3)
        near.extend(at + scale * s * 2.0**-k for k in range(2, 24, 2) for s in (1, -1))
    share = max(count - 2 * len(every) - len(near) - 6, 40) // 4
    parts = [
        every,
        -every,
        tiny,
        -tiny,
        np.array(near),
        draw.uniform(-8, 8, share),
        draw.uniform(-120, 120, share),
        draw.choice([-1, 1], share) * np.exp(draw.uniform(-12, 12, share)),
        draw.choice([-1, 1], share) * np.exp(draw.uniform(math.log(1e-38), math.log(3e38), share)),
    ]
    return np.unique(np.concatenate(parts).astype(np.float32)).astype(np.float64)
