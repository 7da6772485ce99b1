"""What is streamed about the units of one site: sums that add up over batches, ranks, processes.

Nothing here waits for a device: all stays where the activations are until somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor

from actscope.catalogue import Record
from actscope.health import Counts, UnitHealth, dead_inputs, judge, saturated_inputs

# Rows of a table of sums.
OUTSIDE, SATURATED, NONZERO, SIZE, Z, ZZ, GRADIENT = range(7)
# Sums in float32 count exactly up to here; beyond, they run in float64.
EXACT = 1 << 24


@dataclass(eq=False)
class Units:
    """Of the units of one site, over `samples` inputs of each.

    sums: Float64["7 unit"]: inputs outside the dead region; saturated inputs; outputs that are
    not 0; sum |a|; sum z; sum z^2; sum |gradient of a|, which rests on `gradients` samples.
    last_outside: Float64["unit"], the last step with an input outside, -1: none so far.
    samples, gradients: Float64[""].
    """

    sums: Tensor
    last_outside: Tensor
    samples: Tensor
    gradients: Tensor

    def add(self, other: Units) -> None:
        """Take in what another saw, on any device."""
        here = self.sums.device
        self.sums += other.sums.to(here)
        torch.maximum(self.last_outside, other.last_outside.to(here), out=self.last_outside)
        self.samples += other.samples.to(here)
        self.gradients += other.gradients.to(here)

    def to(self, device: torch.device | str) -> Units:
        """A copy on a device."""
        parts = (self.sums, self.last_outside, self.samples, self.gradients)
        return Units(*(part.to(device, copy=True) for part in parts))

    def health(self, record: Record) -> UnitHealth:
        """The three lists, as `health.judge` defines them."""
        sums = self.sums
        counts = Counts(
            sums[OUTSIDE] == 0,
            sums[SATURATED],
            sums[SIZE],
            self.samples - sums[NONZERO],
            int(self.samples),
        )
        return judge(counts, record)

    def mean(self) -> Tensor:
        """Of each unit's input."""
        return self.sums[Z] / self.samples

    def variance(self) -> Tensor:
        """Of each unit's input."""
        return (self.sums[ZZ] / self.samples - self.mean() ** 2).clamp_min(0)


class Lens:
    """Looks at the inputs and outputs of one activation, along one axis of units."""

    def __init__(self, record: Record, axis: int) -> None:
        self.record, self.axis = record, axis
        regions = record.dead_region
        self._high = regions[0][1] if len(regions) == 1 and regions[0][0] == -inf else None
        self._dead = bool(regions)
        low, high = record.saturation_points
        self._saturates = bool(record.saturates) and (low > -inf or high < inf)
        self._positive = record.range[0] >= 0
        # f(z) is 0 in the dead region and nowhere else.
        self._zero_where_dead = record.name == "relu"

    def inputs(self, z: Tensor, step: int, mask: Tensor | None) -> Units:
        """What goes in; z: Float["... unit ..."]; mask: Bool, broadcast against z: what counts."""
        z = z.detach()
        dims = self._others(z)
        units, device = z.shape[self.axis], z.device
        sums = torch.zeros(7, units, dtype=torch.float64, device=device)
        counted = z if mask is None else z.masked_fill(~mask, 0.0)
        each = z.numel() // units
        if mask is None:
            samples = torch.full((), each, dtype=torch.float64, device=device)
        else:
            samples = mask.expand_as(z).select(self.axis, 0).sum(dtype=torch.float64)
        if not self._dead:
            sums[OUTSIDE] = samples
        elif self._high is not None:
            high = self._high
            if mask is not None:
                outside = self._count((z > high) & mask, dims, each)
            else:
                outside = self._count(torch.gt(z, high, out=torch.empty_like(z)), dims, each)
            sums[OUTSIDE] = outside
        else:
            outside = ~dead_inputs(z, self.record)
            sums[OUTSIDE] = self._count(outside if mask is None else outside & mask, dims, each)
        if self._saturates:
            flat = saturated_inputs(z, self.record)
            sums[SATURATED] = self._count(flat if mask is None else flat & mask, dims, each)
        wide = _wide(z)
        sums[Z] = counted.sum(dims, dtype=wide)
        sums[ZZ] = (counted * counted).sum(dims, dtype=wide)
        if self._zero_where_dead:
            sums[NONZERO] = sums[OUTSIDE]
        last = torch.where(sums[OUTSIDE] > 0, float(step), -1.0)
        return Units(sums, last, samples, torch.zeros_like(samples))

    def outputs(self, seen: Units, a: Tensor, mask: Tensor | None, *, gated: bool) -> None:
        """What goes out, into what `inputs` gave."""
        a = a.detach()
        if mask is not None:
            a = a.masked_fill(~mask, 0.0)
        dims, wide = self._others(a), _wide(a)
        size = a if self._positive and not gated else a.abs()
        seen.sums[SIZE] = size.sum(dims, dtype=wide)
        if gated or not self._zero_where_dead:
            nonzero = torch.ne(a, 0, out=torch.empty_like(a))
            seen.sums[NONZERO] = self._count(nonzero, dims, a.numel() // a.shape[self.axis])

    def gradient(self, gradient: Tensor) -> tuple[Tensor, int]:
        """(sum of |gradient| by unit, samples)."""
        gradient = gradient.detach()
        total = gradient.abs().sum(self._others(gradient), dtype=_wide(gradient))
        return total, gradient.numel() // max(1, gradient.shape[self.axis])

    def _others(self, x: Tensor) -> list[int]:
        return [d for d in range(x.dim()) if d != x.dim() + self.axis]

    def _count(self, which: Tensor, dims: list[int], each: int) -> Tensor:
        kind = torch.float32 if each < EXACT else torch.float64
        return which.sum(dims, dtype=kind) if dims else which.to(kind)


def _wide(x: Tensor) -> torch.dtype:
    return torch.float64 if x.dtype is torch.float64 else torch.float32
