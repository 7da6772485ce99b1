"""Dead, saturated and dormant units, from what enters an activation and what it hands on.

The three lists are disjoint, in this order. Sources: dead as in keras-contrib's
DeadReluDetector and Voita et al. 2023 (never active on the data looked at); dormant as in
Sokar et al. 2023 (ReDo); saturated from the derivative itself, relative to the function's
own steepest slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

from actscope.catalogue import Record

# Share of samples that must be saturated: a unit that leaves its flat side on more than one
# input in a hundred still gets gradients in nearly every batch.
SATURATED_SHARE = 0.99
# Sokar et al. 2023, default setting of ReDo: E|a| at most this times the layer's mean.
DORMANT_TAU = 0.025


@dataclass(frozen=True)
class UnitHealth:
    """Of one layer in one or many networks.

    dead: Bool["*member unit"], or None for a step-like function, which has no dead list:
        no gradient passes anywhere. saturated, dormant: Bool["*member unit"].
    sparsity: Float["*member"], share of outputs that are exactly 0. samples: rows seen.
    """

    dead: Tensor | None
    saturated: Tensor
    dormant: Tensor
    sparsity: Tensor
    samples: int


def dead_inputs(z: Tensor, record: Record) -> Tensor:
    """Where the derivative is exactly 0 over an interval around, or up to, z.

    >>> import torch; from actscope.catalogue import get
    >>> dead_inputs(torch.tensor([-1.0, 0.0, 1.0]), get("relu")).tolist()
    [True, True, False]
    """
    inside = torch.zeros_like(z, dtype=torch.bool)
    for low, high in record.dead_region:
        inside |= (z >= low) & (z <= high)
    return inside


def saturated_inputs(z: Tensor, record: Record) -> Tensor:
    """Where |f'(z)| < 1e-3 max|f'| on a side with an asymptote (`record.saturates`).

    >>> import torch; from actscope.catalogue import get
    >>> saturated_inputs(torch.tensor([-9.0, 0.0, 4.0]), get("tanh")).tolist()
    [True, False, False]
    """
    low, high = record.saturation_points
    inside = torch.zeros_like(z, dtype=torch.bool)
    if low > -inf:
        inside |= z < low
    if high < inf:
        inside |= z > high
    return inside


@dataclass(frozen=True)
class Counts:
    """What one pass over some rows says about the units of a layer; two of them add up.

    inside: Bool["*member unit"], every z so far in the dead region. saturated: rows with a
    saturated input; size: sum of |a|; zeros: outputs that are exactly 0, each
    Float["*member unit"] in float64. samples: rows.
    """

    inside: Tensor
    saturated: Tensor
    size: Tensor
    zeros: Tensor
    samples: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.inside & other.inside,
            self.saturated + other.saturated,
            self.size + other.size,
            self.zeros + other.zeros,
            self.samples + other.samples,
        )


def count(z: Tensor, a: Tensor, record: Record) -> Counts:
    """Look at some rows of a layer: z and a as in `unit_health`."""
    return Counts(
        inside=dead_inputs(z, record).all(-2),
        saturated=saturated_inputs(z, record).double().sum(-2),
        size=a.abs().double().sum(-2),
        zeros=(a == 0).double().sum(-2),
        samples=z.shape[-2],
    )


def judge(counts: Counts, record: Record) -> UnitHealth:
    """The three lists from what was counted."""
    dead = None if record.step_like else counts.inside
    saturated = counts.saturated >= SATURATED_SHARE * counts.samples
    size = counts.size / counts.samples
    dormant = size <= DORMANT_TAU * size.mean(-1, keepdim=True)
    if dead is not None:
        saturated &= ~dead
        dormant &= ~dead
    dormant &= ~saturated
    sparsity = (counts.zeros / counts.samples).mean(-1)
    return UnitHealth(dead, saturated, dormant, sparsity, counts.samples)


def unit_health(z: Tensor, a: Tensor, record: Record) -> UnitHealth:
    """Judge the units of one layer on the rows looked at.

    Args:
        z: Float["*member row unit"], what enters the activation.
        a: Float["*member row unit"], what the layer hands on (f(z); gate x up if gated).
        record: of the activation.

    >>> import torch; from actscope.catalogue import get
    >>> z = torch.tensor([[-1.0, -1.0], [-2.0, 3.0]])  # the first unit never fires
    >>> unit_health(z, z.relu(), get("relu")).dead.tolist()
    [True, False]
    """
    return judge(count(z, a, record), record)
