"""Networks of a user's own, trained as members of an ensemble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any, Self

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from actscope.catalogue import Record
from actscope.ensemble._factory import Attempt, Factory, Maker, build, generators
from actscope.ensemble._layout import padded_rows
from actscope.ensemble._plan import Member, Rows, Settings
from actscope.ensemble._stacked_check import Seen, look
from actscope.ensemble._stacked_layout import Layout, StackedValues
from actscope.ensemble._stacked_pass import Room, StackedPass
from actscope.ensemble._stacked_tape import Tape, record
from actscope.errors import SettingError

# Steps of members after which a tape is worth its making (some milliseconds).
WORTH = 50


class Stacked:
    """The architecture that a user's factory makes; all members of a chunk share an activation."""

    def __init__(
        self,
        factory: Factory,
        records: Sequence[Record],
        seed: int,
        example: Tensor,
        sizes: Sequence[int],
        outputs: int,
        dtype: torch.dtype,
    ) -> None:
        """example: rows of X, as many as the largest of `sizes`, the batches of an epoch.

        Raises:
            SettingError: networks that cannot be trained, each in one line.
        """
        self._factory, self.outputs, self._dtype = factory, outputs, dtype
        self._example = example
        self._seen: dict[str, Seen] = {}
        self._tapes: dict[tuple[str, int], Tape | None] = {}
        self._steps: Counter[tuple[str, int]] = Counter()
        for known in records:
            maker = Maker(known)
            network = build(factory, maker, seed, example=example, dtype=dtype)
            self._seen[known.label] = look(network, maker, example, sizes, outputs, dtype)

    @classmethod
    def of(
        cls,
        factory: Factory,
        members: Sequence[Member],
        settings: Settings,
        rows: Rows,
        dtype: torch.dtype,
    ) -> Self:
        """The architecture for these members, tried on the first of the rows.

        Raises:
            SettingError: as above.
        """
        size = min(settings.batch_size, rows.count)
        rest = rows.count % size
        records = {m.activation: m.records(1)[0] for m in members}.values()
        return cls(
            factory,
            list(records),
            members[0].seed,
            rows.X[0, :size].clone(),  # a network may overwrite what it is given
            [size, rest] if rest else [size],
            settings.outputs,
            dtype,
        )

    @property
    def like(self) -> NDArray[Any]:
        """What rows look like: their shape and kind of number."""
        return self._example[:1].cpu().numpy()

    @property
    def uses_autograd(self) -> bool:
        """Whether its passes ask autograd for gradients."""
        return True

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of one row."""
        return tuple(self._example.shape[1:])

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_tapes": {}}  # functions made at run time: made again if needed

    def start(
        self, members: Sequence[Member], dtype: torch.dtype, device: torch.device
    ) -> StackedValues:
        """The initial parameters of every member: what its factory draws under its seed."""
        dtype = self._dtype  # X may hold whole numbers
        seen = self._seen[members[0].activation]
        networks = []
        owners: dict[int, int] = {id(t): -1 for t in _tensors(seen.network)}
        for number, member in enumerate(members):
            known = member.records(1)[0]
            network = build(
                self._factory, Maker(known), member.seed, example=self._example, dtype=dtype
            )
            if any(owners.setdefault(id(t), number) != number for t in _tensors(network)):
                raise SettingError(
                    f"model(activation) for {known.label} gave two networks with parameters in "
                    "common: make every layer inside the factory"
                )
            if Layout.of(network, seen.moving, dtype) != seen.layout:
                raise SettingError(
                    f"model(activation) for {known.label} gave networks of different shapes: "
                    "all seeds of an activation must have the same parameters"
                )
            networks.append(network)
        return StackedValues.start(seen.layout, networks, device)

    def training(
        self, members: Sequence[Member], values: StackedValues, grads: StackedValues, rows: int
    ) -> StackedPass:
        """A pass with gradients."""
        label = members[0].activation
        return StackedPass(
            members,
            values,
            grads,
            self._room(values, rows),
            self._seen[label],
            partial(self._tape, label, rows),
        )

    def evaluation(
        self, members: Sequence[Member], values: StackedValues, rows: int
    ) -> StackedPass:
        """A pass forward, the networks in evaluation mode."""
        seen = self._seen[members[0].activation]
        return StackedPass(members, values, None, self._room(values, rows), seen, _no_tape)

    def member_bytes(self, batch_size: int) -> int:
        """What one member keeps in use while it is trained."""
        rows = batch_size / len(self._example)
        return max(seen.held + int(rows * seen.kept) for seen in self._seen.values())

    def _room(self, values: StackedValues, rows: int) -> Room:
        count = values.members
        # A product may round differently where its operands do not start a cache line.
        padded = padded_rows(rows, [self.outputs, prod(self.features)])
        return Room(
            rows,
            padded,
            self._example.new_zeros(count, padded, *self.features),
            values.regions[0].new_zeros(count, self.outputs, padded),
        )

    def _tape(self, label: str, rows: int, steps: int) -> tuple[bool, Tape | None]:
        """Told of so many more steps of members: whether it is decided, and the tape."""
        key = label, rows
        if key not in self._tapes:
            self._steps[key] += steps
            if self._steps[key] < WORTH:
                return False, None
            self._tapes[key] = self._written_out(label, rows)
        return True, self._tapes[key]

    def _written_out(self, label: str, rows: int) -> Tape | None:
        """A step on so many rows, if it can be written out."""
        seen, x = self._seen[label], self._example[:rows]
        tape = None
        with generators(x.device), Attempt():
            if seen.steady:
                some = next(p for p in seen.network.parameters() if p.requires_grad)
                tape = record(seen.network, x, some.new_ones(rows, self.outputs))
        return tape


def _no_tape(steps: int) -> tuple[bool, Tape | None]:
    return True, None


def _tensors(network: nn.Module) -> list[Any]:
    return [*network.parameters(), *network.buffers()]
