"""What is streamed about the units of one site: sums that add up over batches, ranks, processes.

Nothing here waits for a device: all stays where the activations are until somebody asks. On a
CPU, comparisons that write floating-point numbers and sums of those are several times quicker
than sums of Booleans, and below 2^24 a float32 counts exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import torch
from torch import Tensor

from actscope.catalogue import Record
from actscope.health import Counts, UnitHealth, dead_inputs, judge

# Rows of a table of sums.
OUTSIDE, SATURATED, NONZERO, SIZE, Z, ZZ, MOMENTS, GRADIENT = range(8)
# Sums in float32 count exactly up to here; beyond, they run in float64.
EXACT = 1 << 24

Side = tuple[Callable[..., Tensor], float]


@dataclass(eq=False)
class Units:
    """Of the units of one site, over `samples` inputs of each.

    sums: Float64["8 unit"]: inputs outside the dead region; saturated inputs; outputs that are
    not 0; sum |a|; sum z and sum z^2, which rest on the inputs counted in the next row; sum
    |gradient of a|, which rests on `gradients` samples. Sums of z and of gradients leave out
    looks with an infinity or NaN; sum |a| keeps it. last_outside: Float64["unit"], the last step
    with an input outside, -1: none so far. samples, gradients: Float64[""].
    """

    sums: Tensor
    last_outside: Tensor
    samples: Tensor
    gradients: Tensor

    @classmethod
    def empty(cls, units: int, device: torch.device) -> Units:
        """Of nothing seen."""
        sums = torch.zeros(8, units, dtype=torch.float64, device=device)
        return cls(sums, torch.full_like(sums[0], -1), sums.new_zeros(()), sums.new_zeros(()))

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
        """The three lists, as `health.judge` defines them. What is no number is in no list, and
        no measure for the others."""
        sums = self.sums
        broken = self.broken()
        size = sums[SIZE]
        if broken.any():
            usual = size[~broken].mean() if not broken.all() else torch.ones(())
            size = size.masked_fill(broken, float(usual))
        counts = Counts(
            sums[OUTSIDE] == 0,
            sums[SATURATED],
            size,
            self.samples - sums[NONZERO],
            int(self.samples),
        )
        return judge(counts, record)

    def broken(self) -> Tensor:
        """Bool["unit"]: an output was infinite or no number."""
        return ~self.sums[SIZE].isfinite()

    def silent(self, step: int) -> Tensor:
        """Int64[""]: units without an input outside the dead region at a step."""
        return torch.ne(self.last_outside, step).sum()

    def mean(self) -> Tensor:
        """Float64["unit"], of each unit's input; NaN where there was no number."""
        return self.sums[Z] / self.sums[MOMENTS]

    def variance(self) -> Tensor:
        """Float64["unit"], of each unit's input."""
        return (self.sums[ZZ] / self.sums[MOMENTS] - self.mean() ** 2).clamp_min(0)

    def pooled(self) -> tuple[float, float]:
        """(mean, variance) of all inputs, whichever unit they enter; NaN where there was none."""
        total, square, count = self.sums[[Z, ZZ, MOMENTS]].sum(1).tolist()
        if not count:
            return float("nan"), float("nan")
        return total / count, max(0.0, square / count - (total / count) ** 2)


@dataclass(eq=False)
class Look:
    """One call of an activation, by unit, not yet added: Float["unit"] each, None: not counted.

    samples: inputs of each unit. inside: in the dead region. flat: saturated. zeros: outputs
    that are 0. size: sum |a|. z, zz, moments: of the inputs, on every so many looks.
    """

    units: int
    samples: int | Tensor
    inside: Tensor | None = None
    flat: Tensor | None = None
    zeros: Tensor | None = None
    size: Tensor | None = None
    z: Tensor | None = None
    zz: Tensor | None = None
    moments: Tensor | None = None

    def add_to(self, kept: Units, step: int) -> None:
        """Into the sums."""
        sums, samples = kept.sums, self.samples
        kept.samples += samples
        if self.inside is not None:
            outside = samples - self.inside
            sums[OUTSIDE].add_(outside)
            kept.last_outside.masked_fill_(outside > 0, step)
        elif isinstance(samples, Tensor):
            sums[OUTSIDE].add_(samples)
            kept.last_outside.masked_fill_((samples > 0).expand(self.units), step)
        else:
            sums[OUTSIDE].add_(samples)
            kept.last_outside.fill_(step)
        if self.flat is not None:
            sums[SATURATED].add_(self.flat)
        if self.zeros is not None:
            sums[NONZERO].add_(samples - self.zeros)
        if self.size is not None:
            sums[SIZE].add_(self.size)
        if self.z is not None and self.zz is not None and self.moments is not None:
            sums[Z].add_(self.z)
            sums[ZZ].add_(self.zz)
            sums[MOMENTS].add_(self.moments)


class Lens:
    """Looks at the inputs and outputs of one activation, along one axis of units."""

    def __init__(self, record: Record, axis: int) -> None:
        self.record, self.axis = record, axis
        self._dead = None if not record.dead_region else _half_lines(record.dead_region)
        self._flat = _flat_sides(record)
        self._positive = record.range[0] >= 0
        # f(z) is 0 in the dead region and nowhere else.
        self._zero_where_dead = record.name == "relu"

    def inputs(self, z: Tensor, mask: Tensor | None, *, deep: bool) -> Look:
        """What goes in; z: Float["... unit ..."]; mask: Bool, broadcast against z: what counts;
        deep: mean and variance, too."""
        z = z.detach()
        each = z.numel() // z.shape[self.axis]
        samples = each if mask is None else mask.expand_as(z).select(self.axis, 0).sum()
        look = Look(z.shape[self.axis], samples)
        if self._dead is not None:
            if self._dead:
                look.inside = self._count(z, self._dead, mask)
            else:
                look.inside = self._sum(_masked(dead_inputs(z, self.record).float(), mask))
        if self._flat:
            look.flat = self._count(z, self._flat, mask)
        if deep:
            self._moments(look, _masked(z, mask))
        return look

    def outputs(self, look: Look, a: Tensor, mask: Tensor | None, *, gated: bool) -> None:
        """What goes out, into what `inputs` gave."""
        a = a.detach()
        if self._zero_where_dead and not gated:
            look.zeros = look.inside
        else:
            look.zeros = self._count(a, [(torch.eq, 0.0)], mask)
        a = _masked(a, mask)
        look.size = self._sum(a if self._positive and not gated else a.abs())

    def gradient(self, gradient: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """(sum of |gradient| by unit, samples): nothing, if one of them is no number."""
        gradient = gradient.detach()
        total = self._sum(_masked(gradient, mask).abs()).double()
        fine = total.isfinite().all()
        samples = gradient.numel() // max(1, gradient.shape[self.axis])
        if mask is not None:
            samples = mask.expand_as(gradient).select(self.axis, 0).sum()
        return total.masked_fill_(~fine, 0.0), fine * samples

    def _count(self, x: Tensor, sides: Sequence[Side], mask: Tensor | None) -> Tensor:
        counts = [
            self._sum(_masked(compare(x, bound, out=torch.empty_like(x)), mask))
            for compare, bound in sides
        ]
        return counts[0] if len(counts) == 1 else counts[0].add_(counts[1])

    def _moments(self, look: Look, z: Tensor) -> None:
        # In float64, in which squares of float32's largest numbers have room.
        z = z.double()
        look.z, look.zz = self._sum(z), self._sum(z * z)
        broken = ~look.zz.isfinite()
        look.z, look.zz = look.z.masked_fill(broken, 0.0), look.zz.masked_fill(broken, 0.0)
        look.moments = (~broken) * look.samples

    def _sum(self, x: Tensor) -> Tensor:
        dims = [d for d in range(x.dim()) if d != x.dim() + self.axis]
        each = x.numel() // x.shape[self.axis]
        wide = x.dtype is torch.float64 or each >= EXACT
        kind = torch.float64 if wide else torch.float32
        return x.sum(dims, dtype=kind) if dims else x.to(kind)


def _half_lines(regions: Sequence[tuple[float, float]]) -> list[Side]:
    """Comparisons of which at most one holds, and one does in a region; none if it takes more."""
    sides: list[Side] = []
    for low, high in regions:
        if low == -inf and high < inf:
            sides.append((torch.le, high))
        elif high == inf and low > -inf:
            sides.append((torch.ge, low))
        else:
            return []
    if len(sides) > 2 or (len(sides) == 2 and not regions[0][1] < regions[1][0]):
        return []
    return sides


def _flat_sides(record: Record) -> list[Side]:
    """As `health.saturated_inputs`: below the lower point, above the upper one."""
    low, high = record.saturation_points
    sides: list[Side] = [(torch.lt, low)] if low > -inf else []
    return sides + ([(torch.gt, high)] if high < inf else [])


def _masked(x: Tensor, mask: Any) -> Tensor:
    return x if mask is None else x.masked_fill(~mask, 0.0)
