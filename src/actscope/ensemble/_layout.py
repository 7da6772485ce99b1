"""Where the parameters of many networks lie in memory.

Each layer of a network (its bias and weight, all learned parameters) gets one region,
Float["member padded"], whose first elements are the parameters themselves. The members of a
slice are neighbours, so that the optimiser runs over plain flat stretches.

A bias is the weight of an input that is always 1: it stands in the same matrix, and what a
layer reads has a 1 beside it. One product then does the sums, one the gradients of both.

A member's result must not depend on who shares its ensemble, not even in the last bit. Two
things would make it: PyTorch's vectorised loops end in a scalar tail that rounds differently,
and a matrix product may round differently where it is not aligned to a cache line. So every
member's share of a parameter is whole cache lines, and every row of a buffer whole vectors.
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


def rows_of(
    like: Tensor, members: int, rows: int, width: int, *, ones: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Zeros, Float["member row width"], in three views of one buffer whose rows are whole vectors.

    The first is `width` wide; the second as wide as whole vectors allow, for operations that
    run element by element; the third is the first with a column of ones before it.
    """
    before = LINE if ones else 0
    wide = round_up(width, VECTOR)
    buffer = like.new_zeros(members, rows, before + wide)
    if ones:
        buffer[:, :, before - 1] = 1.0
    start = before - 1 if ones else before
    return (
        buffer[:, :, before : before + width],
        buffer[:, :, before:],
        buffer[:, :, start : before + width],
    )


def side_by_side(members: int, widths: Sequence[int], like: Tensor) -> list[Tensor]:
    """["member width"] of zeros for each width, one after the other in one piece of memory."""
    flat = like.new_zeros(members * sum(widths))
    parts = flat.split([members * width for width in widths])
    return [part.view(members, width) for part, width in zip(parts, widths, strict=True)]


class Values:
    """One value for every parameter of every member.

    regions: Float["member padded"] each, contiguous, a member's share in whole cache lines.
        The first `decayed` of them are weights; those from `trained` on are only carried
        along (running statistics).
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

    def weights_only(self) -> list[Tensor]:
        """["member ..."], views of what weight decay shrinks."""
        return list(self.regions[: self.decayed])

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
    def layers(self) -> tuple[tuple[int, int], ...]:
        """(1 + in, out) of each hidden layer; the output layer is kept as (out, 1 + in).

        Products with few outputs are three times as fast with the outputs first: the
        softmax then runs along the middle axis, its inner loops along the batch.

        >>> Shape(64, (100, 50), 10).layers
        ((65, 100), (101, 50), (10, 51))
        """
        fan_in = (self.inputs, *self.hidden)
        pairs = [(1 + below, width) for below, width in zip(fan_in, self.hidden, strict=False)]
        return (*pairs, (self.outputs, 1 + fan_in[-1]))

    @cached_property
    def learners(self) -> tuple[int, ...]:
        """Values in memory of one learned parameter, in each hidden layer: whole vectors."""
        if self.per_unit:
            return tuple(round_up(width, VECTOR) for width in self.hidden)
        return (1,) * len(self.hidden)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Elements per member of each region: the layers, the learned parameters."""
        layers = tuple(rows * columns for rows, columns in self.layers)
        learned = (sum(self.learners) * self.learned,) if self.learned else ()
        return (*layers, *learned)

    @property
    def parameters(self) -> int:
        """Parameters of one member, what only fills vectors left out."""
        learners = sum(self.hidden) if self.per_unit else len(self.hidden)
        return sum(rows * columns for rows, columns in self.layers) + learners * self.learned


class Store(Values):
    """The parameters of perceptrons, and views of them by layer.

    layers: Float["member 1+in out"], the last one Float["member out 1+in"]: biases, then
    weights. weights: Float["member in out"], the last one Float["member out in"]. biases:
    Float["member 1 unit"]. learned: of each hidden layer its learned parameters,
    Float["member 1 unit"] or, shared by the units, Float["member 1 1"]; wide_learned: the same
    in whole vectors.
    """

    def __init__(self, shape: Shape, regions: Sequence[Tensor]) -> None:
        count = len(shape.layers)
        super().__init__(regions, 0)
        self.shape = shape
        self.layers = tuple(
            region[:, : rows * columns].unflatten(1, (rows, columns))
            for region, (rows, columns) in zip(self.regions, shape.layers, strict=False)
        )
        *hidden, last = self.layers
        self.weights = (*(layer[:, 1:] for layer in hidden), last[:, :, 1:])
        self.biases = (*(layer[:, :1] for layer in hidden), last[:, :, :1].transpose(1, 2))
        self.wide_learned: list[tuple[Tensor, ...]] = [()] * len(shape.hidden)
        if shape.learned:
            used = self.regions[count][:, : shape.sizes[-1]]
            parts = used.split([width * shape.learned for width in shape.learners], 1)
            self.wide_learned = [
                part.unflatten(1, (shape.learned, 1, width)).unbind(1)
                for part, width in zip(parts, shape.learners, strict=True)
            ]
        self.learned = [
            tuple(values[:, :, :width] for values in layer)
            for layer, width in zip(self.wide_learned, shape.hidden, strict=True)
        ]

    def like(self, regions: Sequence[Tensor]) -> Self:
        """Other numbers in the same places."""
        return type(self)(self.shape, regions)

    def weights_only(self) -> list[Tensor]:
        """Without biases and learned parameters."""
        return list(self.weights)

    def stretches(self) -> list[Tensor]:
        """As above; where learned parameters stand depends on what the neighbours learn."""
        learned = [values.flatten(1) for layer in self.wide_learned for values in layer]
        return [*self.regions[: len(self.shape.layers)], *learned]

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
