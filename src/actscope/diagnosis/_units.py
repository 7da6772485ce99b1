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
# Shapes whose views of the scratch memory are kept.
VIEWS = 64

Side = tuple[Callable[..., Tensor], float]


@dataclass(eq=False)
class Units:
    """Of the units of one site, over `samples` inputs of each.

    sums: Float64["8 unit"]: inputs outside the dead region; saturated inputs; outputs that are
    not 0 (these rest on `counted` samples); sum |a|; sum z and sum z^2, which rest on the inputs
    counted in the next row; sum |gradient of a|, which rests on `gradients` samples. Sums of z and
    of gradients leave out looks with an infinity or NaN; sum |a| keeps it. last_outside:
    Float64["unit"], the last step with an input outside, of all samples, -1: none so far.
    samples, counted, gradients: Float64[""].
    """

    sums: Tensor
    last_outside: Tensor
    samples: Tensor
    counted: Tensor
    gradients: Tensor

    @classmethod
    def empty(cls, units: int, device: torch.device) -> Units:
        """Of nothing seen."""
        sums = torch.zeros(8, units, dtype=torch.float64, device=device)
        return cls(sums, torch.full_like(sums[0], -1), *(sums.new_zeros(()) for _ in range(3)))

    def add(self, other: Units) -> None:
        """Take in what another saw, on any device."""
        here = self.sums.device
        self.sums += other.sums.to(here)
        torch.maximum(self.last_outside, other.last_outside.to(here), out=self.last_outside)
        self.samples += other.samples.to(here)
        self.counted += other.counted.to(here)
        self.gradients += other.gradients.to(here)

    def to(self, device: torch.device | str) -> Units:
        """A copy on a device."""
        parts = (self.sums, self.last_outside, self.samples, self.counted, self.gradients)
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
        all_of = self.samples / self.counted
        counts = Counts(
            self.last_outside < 0,
            sums[SATURATED] * all_of,
            size,
            (self.counted - sums[NONZERO]) * all_of,
            int(self.samples),
        )
        return judge(counts, record)

    def outside(self) -> Tensor:
        """Float64["unit"], inputs outside the dead region of all samples, as far as counted."""
        return self.sums[OUTSIDE] * (self.samples / self.counted)

    def broken(self) -> Tensor:
        """Bool["unit"]: an output was infinite or no number."""
        return ~self.sums[SIZE].isfinite()

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

    samples: inputs of each unit, a number or Int["sample"]. inside: in the dead region. flat:
    saturated. zeros: outputs that are 0. size: sum |a|. z, zz, moments: of the inputs, on every
    so many looks. top: where nothing was counted, the largest input.
    """

    units: int
    samples: int | Tensor
    top: Tensor | None = None
    inside: Tensor | None = None
    flat: Tensor | None = None
    zeros: Tensor | None = None
    size: Tensor | None = None
    z: Tensor | None = None
    zz: Tensor | None = None
    moments: Tensor | None = None

    @property
    def device(self) -> torch.device:
        assert self.size is not None
        return self.size.device


def fold(kept: Units, looks: Sequence[tuple[int, Look]], bound: float = 0.0) -> Tensor:
    """Add (step, look) to the sums, many at a time: that takes few operations.

    bound: of the dead region, where looks have nothing but a `top`.

    Gives for each step (step, units silent in it, inputs seen so far): Float64["step 3"].
    """
    here, each = kept.sums.device, [look for _, look in looks]
    samples = _column([look.samples for look in each], here)
    full = [n for n, look in enumerate(each) if look.top is None]
    counted = samples if len(full) == len(each) else samples[full]
    if each[0].inside is None and each[0].top is None:
        outside = counted.expand(-1, each[0].units)
    else:
        outside = counted - _table([each[n].inside for n in full], here)
    awake = outside > 0
    if len(full) < len(each):
        tops = _table([look.top for look in each], here)
        some, awake = awake, torch.empty(len(each), each[0].units, dtype=torch.bool, device=here)
        awake[[n for n in range(len(each)) if n not in set(full)]] = ~(tops <= bound)
        awake[full] = some
    if full:
        total = outside.sum(0)
        kept.counted += counted.sum()
        kept.sums[OUTSIDE] += total
        if all(each[n].zeros is each[n].inside for n in full):
            kept.sums[NONZERO] += total
        else:
            kept.sums[NONZERO] += (counted - _table([each[n].zeros for n in full], here)).sum(0)
    kept.sums[SIZE] += _table([look.size for look in each], here).sum(0)
    if each[0].flat is not None:
        kept.sums[SATURATED] += _table([look.flat for look in each], here).sum(0)
    deep = [look for look in each if look.z is not None]
    if deep:
        kept.sums[Z] += _table([look.z for look in deep], here).sum(0)
        kept.sums[ZZ] += _table([look.zz for look in deep], here).sum(0)
        kept.sums[MOMENTS] += _table([look.moments for look in deep], here).sum(0)

    steps = [step for step, _ in looks]
    at = torch.tensor(steps, dtype=torch.float64, device=here)
    last = torch.where(awake, at[:, None], -1.0)
    torch.maximum(kept.last_outside, last.amax(0), out=kept.last_outside)
    seen = kept.samples + samples[:, 0].cumsum(0)
    kept.samples = seen[-1].clone()
    if len(set(steps)) < len(steps):  # a site called several times in a pass
        rows = [[n for n, other in enumerate(steps) if other == s] for s in dict.fromkeys(steps)]
        ends = [each[-1] for each in rows]
        last = torch.stack([last[each].amax(0) for each in rows])
        at, seen = at[ends], seen[ends]
    return torch.stack([at, (last < 0).sum(1).double(), seen], 1)


def _table(rows: Sequence[Tensor | None], device: torch.device) -> Tensor:
    """Float64["look unit"], of those that are there."""
    if all(row is None for row in rows):
        return torch.zeros(0, 1, dtype=torch.float64, device=device)
    return torch.stack([row.to(device) for row in rows if row is not None]).double()


def _column(numbers: Sequence[int | Tensor], device: torch.device) -> Tensor:
    """Float64["look 1"]."""
    if any(isinstance(number, Tensor) for number in numbers):
        parts = [torch.as_tensor(n, dtype=torch.float64, device=device) for n in numbers]
        return torch.stack(parts)[:, None]
    return torch.tensor(numbers, dtype=torch.float64, device=device)[:, None]


class Scratch:
    """One piece of memory for what is needed for a moment: new memory is slower than arithmetic.

    As large as the largest activation looked at.
    """

    def __init__(self) -> None:
        self._memory: dict[tuple[torch.dtype, torch.device], Tensor] = {}
        self._views: dict[tuple[torch.Size, torch.dtype, torch.device], Tensor] = {}

    def like(self, x: Tensor) -> Tensor:
        """Of its shape; whatever was in it before is gone."""
        if not x.is_contiguous():
            return torch.empty_like(x)
        found = self._views.get((x.shape, x.dtype, x.device))
        return self._view(x) if found is None else found

    def clear(self) -> None:
        """Give it back."""
        self._memory.clear()
        self._views.clear()

    def _view(self, x: Tensor) -> Tensor:
        key = x.dtype, x.device
        memory = self._memory.get(key)
        with torch.inference_mode(False):
            if memory is None or len(memory) < x.numel():
                self._memory[key] = memory = torch.empty(x.numel(), dtype=x.dtype, device=x.device)
                self._views.clear()  # of what was smaller
            if len(self._views) >= VIEWS:  # inputs of ever new lengths
                self._views.clear()
            self._views[x.shape, *key] = view = memory[: x.numel()].view(x.shape)
        return view


class Lens:
    """Looks at the inputs and outputs of one activation, along one axis of units."""

    def __init__(self, record: Record, axis: int, scratch: Scratch) -> None:
        self.record, self.axis, self._scratch = record, axis, scratch
        self._others: dict[int, list[int]] = {}  # by number of axes, those that are no units
        self._dead = None if not record.dead_region else _half_lines(record.dead_region)
        self._flat = _flat_sides(record)
        self._positive = record.range[0] >= 0
        # f(z) is 0 in the dead region and nowhere else.
        self._zero_where_dead = record.name == "relu"

    def inputs(self, z: Tensor, mask: Tensor | None, *, deep: bool, quick: bool = False) -> Look:
        """What goes in; z: Float["... unit ..."]; mask: Bool, broadcast against z: what counts;
        deep: mean and variance, too. quick: only whether a unit was outside the dead region at
        all, where that is less work than counting."""
        z = z.detach()
        each = z.numel() // z.shape[self.axis]
        samples = each if mask is None else mask.expand_as(z).select(self.axis, 0).sum()
        look = Look(z.shape[self.axis], samples)
        if self._dead is not None:
            if quick and self._zero_where_dead and mask is None and z.dim() > 1:
                look.top = z.amax(self._dims(z))
            elif self._dead:
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
        if look.top is not None:
            pass
        elif self._zero_where_dead and not gated:
            look.zeros = look.inside
        else:
            look.zeros = self._count(a, [(torch.eq, 0.0)], mask)
        a = _masked(a, mask)
        if not self._positive or gated:
            a = torch.abs(a, out=self._scratch.like(a))
        look.size = self._sum(a)

    def gradient(self, gradient: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """(sum of |gradient| by unit, samples): nothing, if one of them is no number."""
        gradient = gradient.detach()
        gradient = _masked(gradient, mask)
        total = self._sum(torch.abs(gradient, out=self._scratch.like(gradient))).double()
        fine = total.isfinite().all()
        samples = gradient.numel() // max(1, gradient.shape[self.axis])
        if mask is not None:
            samples = mask.expand_as(gradient).select(self.axis, 0).sum()
        return total.masked_fill_(~fine, 0.0), fine * samples

    def _count(self, x: Tensor, sides: Sequence[Side], mask: Tensor | None) -> Tensor:
        counts = [
            self._sum(_masked(compare(x, bound, out=self._scratch.like(x)), mask))
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
        wide = x.dtype is torch.float64 or x.numel() >= EXACT * x.shape[self.axis]
        kind = torch.float64 if wide else torch.float32
        dims = self._dims(x)
        return x.sum(dims, dtype=kind) if dims else x.to(kind, copy=True)

    def _dims(self, x: Tensor) -> list[int]:
        """The axes that do not count units."""
        dims = self._others.get(x.dim())
        if dims is None:
            dims = [d for d in range(x.dim()) if d != x.dim() + self.axis]
            self._others[x.dim()] = dims
        return dims


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
