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
    rows = z.shape[-2]
    dead = None if record.step_like else dead_inputs(z, record).all(-2)
    share = saturated_inputs(z, record).double().mean(-2)
    saturated = share >= SATURATED_SHARE
    size = a.abs().mean(-2)
    dormant = size <= DORMANT_TAU * size.mean(-1, keepdim=True)
    if dead is not None:
        saturated &= ~dead
        dormant &= ~dead
    dormant &= ~saturated
    sparsity = (a == 0).double().mean((-2, -1))
    return UnitHealth(dead, saturated, dormant, sparsity, rows)
