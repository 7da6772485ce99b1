"""What is streamed about the units of one site: sums that add up over batches, ranks, processes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import inf
from typing import Any

import torch
from torch import Tensor

from actscope.catalogue import Record
from actscope.health import Counts, UnitHealth, dead_inputs, judge, saturated_inputs


@dataclass(frozen=True, eq=False)
class Units:
    """Of the units of one site, over `samples` inputs each. All tensors are Float64["unit"].

    outside: inputs outside the dead region; saturated: saturated inputs; nonzero: outputs that
    are not 0; size: sum |a|; z, zz: sums of inputs and of their squares; gradient: sum |da| over
    `gradients` samples. last_outside: the last step with an input outside, -1 for none.
    """

    samples: Tensor
    outside: Tensor
    saturated: Tensor
    nonzero: Tensor
    size: Tensor
    z: Tensor
    zz: Tensor
    gradient: Tensor
    gradients: Tensor
    last_outside: Tensor

    def __add__(self, other: Units) -> Units:
        parts = {
            f.name: getattr(self, f.name) + getattr(other, f.name)
            for f in fields(self)
            if f.name != "last_outside"
        }
        return Units(**parts, last_outside=torch.maximum(self.last_outside, other.last_outside))

    @classmethod
    def nothing(cls, units: int, device: torch.device) -> Units:
        """Before the first look."""
        zeros = torch.zeros(units, dtype=torch.float64, device=device)
        one = torch.zeros((), dtype=torch.float64, device=device)
        parts: dict[str, Any] = {f.name: zeros for f in fields(cls)}
        return cls(**{**parts, "samples": one, "gradients": one, "last_outside": zeros - 1})

    def health(self, record: Record) -> UnitHealth:
        """The three lists, as `health.judge` defines them."""
        counts = Counts(
            self.outside == 0,
            self.saturated,
            self.size,
            self.samples - self.nonzero,
            int(self.samples),
        )
        return judge(counts, record)

    def mean(self) -> Tensor:
        """Of each unit's input."""
        return self.z / self.samples

    def variance(self) -> Tensor:
        """Of each unit's input."""
        return (self.zz / self.samples - self.mean() ** 2).clamp_min(0)

    def cpu(self) -> Units:
        """On the processor."""
        return Units(**{f.name: getattr(self, f.name).cpu() for f in fields(self)})


@dataclass(frozen=True, eq=False)
class Look:
    """One batch at one site, before it is known whether the pass ends well."""

    units: Units
    record: Record

    def with_output(self, a: Tensor, axis: int, mask: Tensor | None) -> Look:
        """The same with another output: the product, where the activation is a gate's factor."""
        nonzero, size = _of_output(a, axis, mask)
        return replace(self, units=replace(self.units, nonzero=nonzero, size=size))


def look(
    z: Tensor, a: Tensor | None, record: Record, axis: int, step: int, mask: Tensor | None
) -> Look:
    """z: Float["... unit ..."], what enters; a: what leaves, None if that comes later.

    axis: of the units, from the end. mask: Bool, broadcast against z: what counts.
    """
    dims = _others(z, axis)
    units = z.shape[axis]
    device = z.device
    z = z.detach()
    if mask is None:
        samples = torch.tensor(float(z.numel() // max(1, units)), dtype=torch.float64)
        samples = samples.to(device)
    else:
        samples = mask.expand_as(z).select(axis, 0).sum().double()
    if record.dead_region:
        outside = _count(_outside(z, record), dims, mask)
    else:
        outside = samples.expand(units)
    if record.saturates and max(map(abs, record.saturation_points)) > 0:
        saturated = _count(saturated_inputs(z, record), dims, mask)
    else:
        saturated = torch.zeros(units, dtype=torch.float64, device=device)
    counted = z if mask is None else z * mask
    wide = torch.float64 if z.dtype is torch.float64 else torch.float32
    total = counted.sum(dims, dtype=wide).double()
    squares = torch.linalg.vector_norm(counted, 2, dims, dtype=wide).double() ** 2
    nothing = torch.zeros(units, dtype=torch.float64, device=device)
    last = torch.where(outside > 0, float(step), -1.0).double()
    nonzero, size = (nothing, nothing) if a is None else _of_output(a, axis, mask)
    zero = torch.zeros((), dtype=torch.float64, device=device)
    return Look(
        Units(samples, outside, saturated, nonzero, size, total, squares, nothing, zero, last),
        record,
    )


def look_at_gradient(gradient: Tensor, axis: int) -> tuple[Tensor, int]:
    """(sum |da| by unit, how many samples)."""
    gradient = gradient.detach()
    dims = _others(gradient, axis)
    total = torch.linalg.vector_norm(gradient, 1, dims, dtype=_wide(gradient)).double()
    return total, gradient.numel() // max(1, gradient.shape[axis])


def _of_output(a: Tensor, axis: int, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    a = a.detach()
    if mask is not None:
        a = a * mask
    dims = _others(a, axis)
    nonzero = _count(a != 0, dims, None)
    return nonzero, torch.linalg.vector_norm(a, 1, dims, dtype=_wide(a)).double()


def _wide(x: Tensor) -> torch.dtype:
    return torch.float64 if x.dtype is torch.float64 else torch.float32


def _others(x: Tensor, axis: int) -> list[int]:
    return [d for d in range(x.dim()) if d != x.dim() + axis]


def _count(which: Tensor, dims: list[int], mask: Tensor | None) -> Tensor:
    if mask is not None:
        which = which & mask
    return (which.sum(dims) if dims else which).double()


def _outside(z: Tensor, record: Record) -> Tensor:
    """Inputs where the derivative is not 0 all around."""
    regions = record.dead_region
    if len(regions) == 1 and regions[0][0] == -inf:
        return z > regions[0][1]
    return ~dead_inputs(z, record)
