"""Where the parameters of many networks lie in memory.

Each parameter tensor of a network (a weight, all biases, all learned parameters) gets one
region, Float["member padded"], whose first elements are the tensor itself. The members of a
slice are neighbours, so that the optimiser runs over plain flat stretches.

A member's result must not depend on who shares its ensemble, not even in the last bit. Two
things would make it: PyTorch's vectorised loops end in a scalar tail that rounds differently,
and a matrix product rounds differently where its result is not aligned to a cache line. So
every member's share of a buffer is whole vectors, and of a parameter whole cache lines; hidden
widths that would not allow it get a few units more, whose weights are and stay 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd, lcm
from typing import Any, Self

import torch
from torch import Tensor

# Floats in two of the widest vectors (AVX-512); PyTorch unrolls its loops twice.
VECTOR = 32
# Floats in a cache line of 64 bytes, and in one vector: what fused optimisers step by.
LINE = 16


def round_up(size: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is at least `size`."""
    return -(-size // multiple) * multiple


def padded_rows(rows: int, widths: Sequence[int]) -> int:
    """The fewest rows >= `rows` for which rows x width is whole vectors, for every width.

    >>> padded_rows(32, [64, 10]), padded_rows(3, [64, 10]), padded_rows(3, [64])
    (32, 16, 3)
    """
    return round_up(rows, lcm(*(VECTOR // gcd(VECTOR, width) for width in widths)))


def _filling(sizes: Sequence[int]) -> int:
    """The smallest factor that makes each of `sizes` whole cache lines."""
    return lcm(*(LINE // gcd(LINE, size) for size in sizes))


def side_by_side(members: int, widths: Sequence[int], like: Tensor) -> list[Tensor]:
    """["member width"] of zeros for each width, one after the other in one piece of memory."""
    flat = like.new_zeros(members * sum(widths))
    parts = flat.split([members * width for width in widths])
    return [part.view(members, width) for part, width in zip(parts, widths, strict=True)]


class Values:
    """One value for every parameter of every member.

    regions: Float["member padded"] each, contiguous, a member's share in whole cache lines.
        The first `decayed` of them are weights, which weight decay shrinks; those from
        `trained` on are only carried along (running statistics).
    """

    def __init__(self, regions: Sequence[Tensor], decayed: int, trained: int | None = None) -> None:
        self.regions = tuple(regions)
        self.decayed = decayed
        self.trained = len(self.regions) if trained is None else trained

    @property
    def members(self) -> int:
        return self.regions[0].shape[0]

    def like(self, regions: Sequence[Tensor]) -> Self:
        """Other numbers in the same places."""
        return type(self)(regions, self.decayed, self.trained)

    def stretches(self) -> list[Tensor]:
        """["member width"], what is trained, in pieces that are the same for a member alone."""
        return list(self.regions[: self.trained])

    def zeros_like(self) -> Self:
        """The same places, all 0."""
        return self.like(self._side_by_side(self.members))

    def take(self, index: Tensor) -> Self:
        """A copy of the members at `index`."""
        copies = self._side_by_side(len(index))
        for region, copy in zip(self.regions, copies, strict=True):
            torch.index_select(region, 0, index, out=copy)
        return self.like(copies)

    def _side_by_side(self, members: int) -> list[Tensor]:
        return side_by_side(members, [r.shape[1] for r in self.regions], self.regions[0])

    def put(self, index: Tensor, other: Values) -> None:
        """Overwrite the members at `index` with those of `other`, in order."""
        for mine, theirs in zip(self.regions, other.regions, strict=True):
            mine.index_copy_(0, index, theirs)


@dataclass(frozen=True)
class Shape:
    """A multilayer perceptron: inputs -> hidden[0] -> ... -> outputs.

    learned: learned parameters of the activation (PReLU: 1).
    per_unit: each unit learns its own; else a layer's units share them.
    """

    inputs: int
    hidden: tuple[int, ...]
    outputs: int
    learned: int = 0
    per_unit: bool = False

    @cached_property
    def padded_hidden(self) -> tuple[int, ...]:
        """Hidden widths in memory: every weight then is whole cache lines.

        >>> Shape(64, (100, 100), 10).padded_hidden, Shape(64, (64, 64), 10).padded_hidden
        ((100, 104), (64, 64))
        """
        above, padded = self.outputs, list(self.hidden)
        for layer in reversed(range(len(padded))):
            beside = (above, self.inputs) if layer == 0 else (above,)
            # A product with a dimension of 1 takes another path when it stands alone.
            above = padded[layer] = round_up(max(2, padded[layer]), _filling(beside))
        return tuple(padded)

    @cached_property
    def weights(self) -> tuple[tuple[int, int], ...]:
        """(in, out) in memory of each hidden layer; the output layer is kept as (out, in).

        Products with few outputs are three times as fast with the outputs first: the
        softmax then runs along the middle axis, its inner loops along the batch.
        """
        fan_in = (self.inputs, *self.padded_hidden)
        pairs = zip(fan_in[:-1], self.padded_hidden, strict=True)
        return (*pairs, (self.outputs, fan_in[-1]))

    @cached_property
    def used(self) -> tuple[tuple[int, int], ...]:
        """As `weights`, without padding."""
        fan_in = (self.inputs, *self.hidden)
        return (*zip(fan_in[:-1], self.hidden, strict=True), (self.outputs, fan_in[-1]))

    @cached_property
    def biases(self) -> tuple[int, ...]:
        """Where each layer's bias starts in the region of biases, and its end."""
        ends = [0]
        for width in (*self.padded_hidden, self.outputs):
            ends.append(ends[-1] + width)
        return tuple(ends)

    @cached_property
    def learners(self) -> tuple[int, ...]:
        """Values in memory of one learned parameter, in each hidden layer."""
        return self.padded_hidden if self.per_unit else (1,) * len(self.hidden)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Elements per member of each region: the weights, the biases, the learned ones."""
        weights = tuple(rows * columns for rows, columns in self.weights)
        learned = (sum(self.learners) * self.learned,) if self.learned else ()
        return (*weights, self.biases[-1], *learned)

    @property
    def parameters(self) -> int:
        """Parameters of one member, padding left out."""
        weights = sum(rows * columns for rows, columns in self.used)
        learners = sum(self.hidden) if self.per_unit else len(self.hidden)
        return weights + sum(self.hidden) + self.outputs + learners * self.learned


class Store(Values):
    """The parameters of perceptrons, and views of them by layer.

    weights: Float["member in out"], the last one Float["member out in"]. biases:
    Float["member 1 unit"]. learned: of each hidden layer its learned parameters,
    Float["member 1 unit"] or, shared by the units, Float["member 1 1"]. full_weights,
    full_biases, full_learned: the same with the padding.
    """

    def __init__(self, shape: Shape, regions: Sequence[Tensor]) -> None:
        layers = len(shape.weights)
        super().__init__(regions, layers)
        self.shape = shape
        self.full_weights = tuple(
            region[:, : rows * columns].unflatten(1, (rows, columns))
            for region, (rows, columns) in zip(self.regions, shape.weights, strict=False)
        )
        self.weights = tuple(
            weight[:, :rows, :columns]
            for weight, (rows, columns) in zip(self.full_weights, shape.used, strict=True)
        )
        flat = self.regions[layers]
        self.full_biases = tuple(
            flat[:, start:end].unsqueeze(1)
            for start, end in zip(shape.biases[:-1], shape.biases[1:], strict=True)
        )
        widths = (*shape.hidden, shape.outputs)
        self.biases = tuple(
            bias[:, :, :width] for bias, width in zip(self.full_biases, widths, strict=True)
        )
        self.full_learned: list[tuple[Tensor, ...]] = [()] * len(shape.hidden)
        if shape.learned:
            used = self.regions[layers + 1][:, : shape.sizes[-1]]
            parts = used.split([count * shape.learned for count in shape.learners], 1)
            self.full_learned = [
                part.unflatten(1, (shape.learned, 1, count)).unbind(1)
                for part, count in zip(parts, shape.learners, strict=True)
            ]
        self.learned = [
            tuple(values[:, :, :width] for values in layer)
            for layer, width in zip(self.full_learned, shape.hidden, strict=True)
        ]

    def like(self, regions: Sequence[Tensor]) -> Self:
        """Other numbers in the same places."""
        return type(self)(self.shape, regions)

    def stretches(self) -> list[Tensor]:
        """As above; where learned parameters stand depends on what the neighbours learn."""
        learned = [values.flatten(1) for layer in self.full_learned for values in layer]
        return [*self.regions[: len(self.shape.weights) + 1], *learned]

    def __reduce__(self) -> Any:
        # Views of one piece of memory: pickled one by one, each would take all of it along.
        return type(self), (self.shape, [region.clone() for region in self.regions])

    @classmethod
    def zeros(cls, shape: Shape, members: int, *, dtype: torch.dtype, device: torch.device) -> Self:
        """All zero, for `members` networks."""
        widths = [round_up(size, LINE) for size in shape.sizes]
        return cls(
            shape,
            side_by_side(members, widths, torch.empty(0, dtype=dtype, device=device)),
        )
