"""What to train: members, settings, rows; and how many members go through memory together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeVar

from torch import Tensor

from actscope.catalogue import Record, get
from actscope.ensemble._init import Init
from actscope.ensemble._loss import Task
from actscope.ensemble._optimiser import Name
from actscope.ensemble._schedule import Schedule

T = TypeVar("T")

# What a chunk may keep in use, as a first guess (see `_sizing`). Measured with 1 MB of second-level
# cache a core: the digits' networks (64-64-64-10, batch 32) are quickest at 36 members, 784-100-10
# and 100-128-128-1 at 4, 784-256-256-10 alone; half as many cost 5 to 25% more, twice as many up
# to 5%. Two threads on two cores gain 1.6 times at 18 members, 1.74 at 36: the fewer calls, the
# less they wait for Python's lock.
CHUNK_BYTES = 8_000_000
CHUNK_MEMBERS = 128


@dataclass(frozen=True)
class Member:
    """One network: its activation (a record's label), learning rate, seed, data set.

    data: which of the stacked data sets it is trained on.
    known: the record itself, where the label alone may not lead to it: in another process, or
        when a name is defined anew; several are those of the hidden layers, in order.
    """

    activation: str
    learning_rate: float
    seed: int
    data: int = 0
    known: Record | tuple[Record, ...] | None = None

    def records(self, depth: int) -> tuple[Record, ...]:
        """The record of each of `depth` hidden layers."""
        if isinstance(self.known, tuple):
            return self.known
        return (get(self.activation) if self.known is None else self.known,) * depth


@dataclass(frozen=True)
class Settings:
    """What all members share.

    l2: coefficient of 1/2 l2 |w|^2 in the loss of a batch (scikit-learn's alpha / batch).
    patience: stop a member after so many epochs without a lower validation loss, and give
        back its best weights; None trains exactly `epochs` epochs and keeps the last ones.
    lr_schedule: how the learning rates go over all planned steps; see `_schedule`.
    clip_grad_norm: what each member's whole gradient is scaled down to; None: as it is.
    dropout: the share of hidden units that a step leaves out.
    learned_per: what an activation learns is each layer's, or each unit's own.
    """

    outputs: int
    task: Task = "classification"
    hidden: tuple[int, ...] = (64, 64)
    epochs: int = 10
    batch_size: int = 32
    optimizer: Name = "adam"
    momentum: float = 0.9
    l2: float = 0.0
    init: Init = "gain"
    patience: int | None = None
    lr_schedule: Schedule = "constant"
    clip_grad_norm: float | None = None
    dropout: float = 0.0
    learned_per: Literal["layer", "unit"] = "layer"


@dataclass(frozen=True)
class Rows:
    """Stacked data sets of equal size.

    X: Float["data row feature"]. y: Int["data row"] class codes, or Float["data row output"].
    weights: Float["data row"] >= 0, how much each row counts in training; None: all the same.
    """

    X: Tensor
    y: Tensor
    weights: Tensor | None = None

    def sample(self, count: int) -> Rows:
        """At most so many rows of each data set, evenly spaced: a table may be sorted."""
        step = -(-self.count // count)
        return Rows(self.X[:, ::step], self.y[:, ::step])

    @property
    def count(self) -> int:
        return self.X.shape[1]


def runs(values: Sequence[T]) -> list[tuple[T, int, int]]:
    """(value, first, last) of equal neighbours.

    >>> runs(["a", "a", "b"])
    [('a', 0, 2), ('b', 2, 3)]
    """
    found, start = [], 0
    for value, group in groupby(values):
        end = start + sum(1 for _ in group)
        found.append((value, start, end))
        start = end
    return found


def members_per_chunk(member_bytes: int) -> int:
    """How many members share the cache: as many as `CHUNK_BYTES` holds, at most `CHUNK_MEMBERS`."""
    return max(1, min(CHUNK_MEMBERS, CHUNK_BYTES // member_bytes))


def chunks(members: Sequence[Member], size: int, workers: int = 1) -> Iterator[list[int]]:
    """Indices of members, neighbours sharing activation and rate, at most `size` at a time.

    As many chunks as keep all workers busy until the end.
    """
    order = sorted(
        range(len(members)),
        key=lambda i: (members[i].activation, members[i].learning_rate, members[i].seed),
    )
    parts = -(-len(order) // (size * workers)) * workers
    even = -(-len(order) // parts)  # 65 members: 33 + 32 rather than 64 + 1
    for start in range(0, len(order), even):
        yield order[start : start + even]
