"""How the learning rate goes over a training that is planned to take so many steps."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Schedule = Literal["constant", "cosine", "one_cycle"]
SCHEDULES: tuple[Schedule, ...] = ("constant", "cosine", "one_cycle")

# OneCycleLR's own settings.
_WARM_UP = 0.3  # the share of the steps that go up
_START = 1 / 25  # of the highest rate
_END = _START / 1e4


def factors(schedule: Schedule, steps: int) -> NDArray[np.float64]:
    """Float["step"]: by what the learning rate is multiplied at each of `steps` steps.

    constant: 1. cosine: (1 + cos(pi t / T)) / 2 at step t of T, from 1 towards 0, as
    `torch.optim.lr_scheduler.CosineAnnealingLR` over all steps (Loshchilov & Hutter 2017,
    without restarts). one_cycle: from 1/25 up to 1 over 30% of the steps and down to
    1/250,000, along half cosines, as `OneCycleLR` (Smith & Topin 2018).

    Momentum stays as it was set, as `OneCycleLR(cycle_momentum=False)`: it is a setting of
    its own, and a change of rate should be told apart from a change of momentum.

    >>> factors("cosine", 4).round(3).tolist()
    [1.0, 0.854, 0.5, 0.146]
    """
    t = np.arange(steps, dtype=np.float64)
    if schedule == "constant":
        return np.ones(steps)
    if schedule == "cosine":
        return _half_cosine(t / steps, 1.0, 0.0)
    top, last = _WARM_UP * steps - 1, steps - 1
    # With 3 steps or fewer the top lies before the first one; only the way down is left.
    up = _half_cosine(t / top, _START, 1.0) if top > 0 else t
    down = _half_cosine((t - top) / (last - top), 1.0, _END)
    return np.where(t <= top, up, down)


def _half_cosine(way: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """From `start` (way 0) to `end` (way 1)."""
    return end + (start - end) * 0.5 * (1 + np.cos(np.pi * way))
