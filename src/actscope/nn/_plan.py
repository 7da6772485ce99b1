"""A listing with its places: which register each operation reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ._lower import Listing, Operand, Operation
from ._operations import COMPARISONS, PLAIN, into


def _copy(source: Tensor, *, out: Tensor) -> None:
    out.copy_(source)


class Plan:
    """Operations with their places: full inputs, outputs, registers, masks, scalars."""

    def __init__(self, listing: Listing, full: int, *, quick: bool = False) -> None:
        listing = _fused(listing)
        self.listing, self.full, self._quick = listing, full, quick
        first = len(listing.inputs)
        self.scalar_steps = [
            (first + i, operation)
            for i, operation in enumerate(listing.operations)
            if listing.scalar[first + i]
        ]
        steps = [
            (first + i, operation)
            for i, operation in enumerate(listing.operations)
            if not listing.scalar[first + i]
        ]
        # Every output is written by an operation of its own, so that nothing overwrites it.
        goal: dict[int, int] = {}  # value -> which output it is
        copies: list[tuple[int, Operand]] = []
        for i, output in enumerate(listing.outputs):
            made = isinstance(output, int) and output >= first and not listing.scalar[output]
            if made and output not in goal and isinstance(output, int):
                goal[output] = i
            else:
                copies.append((i, output))
        self.constants: list[float] = []
        self.numbers: list[int] = []  # values of parameters alone that a step reads
        self._place(steps, goal, copies)

    def _place(
        self,
        steps: list[tuple[int, Operation]],
        goal: dict[int, int],
        copies: list[tuple[int, Operand]],
    ) -> None:
        last: dict[int, int] = {}
        for at, (_, operation) in enumerate(steps):
            last |= {o: at for o in operation.inputs if isinstance(o, int)}
        last |= {o: len(steps) for _, o in copies if isinstance(o, int)}
        # A place is ("full", i), ("out", i), ("register", i), ("mask", i), ("scalar", i).
        place: dict[int, tuple[str, int]] = {i: ("full", i) for i in range(self.full)}
        free: dict[str, list[int]] = {"register": [], "mask": []}
        count = {"register": 0, "mask": 0}
        written: list[tuple[Callable[..., Any], list[tuple[str, int]], tuple[str, int]]] = []
        for at, (number, operation) in enumerate(steps):
            operands = [self._operand(o, place) for o in operation.inputs]
            for operand in {o for o in operation.inputs if isinstance(o, int)}:
                kind, i = place.get(operand, ("scalar", 0))
                if kind in free and last[operand] == at:
                    free[kind].append(i)
            if number in goal:
                place[number] = ("out", goal[number])
            else:
                kind = "mask" if operation.name in (*COMPARISONS, "is_nan") else "register"
                if not free[kind]:
                    free[kind].append(count[kind])
                    count[kind] += 1
                place[number] = (kind, free[kind].pop())
            function = into(operation.name, operation.settings, quick=self._quick)
            written.append((function, operands, place[number]))
        for i, source in copies:
            written.append((_copy, [self._operand(source, place)], ("out", i)))
        self.registers, self.masks = count["register"], count["mask"]
        start = {"full": 0, "out": self.full}
        start["register"] = start["out"] + len(self.listing.outputs)
        start["mask"] = start["register"] + self.registers
        start["constant"] = start["mask"] + self.masks
        start["scalar"] = start["constant"] + len(self.constants)
        self.steps = tuple(
            (function, tuple(start[k] + i for k, i in operands), start[target[0]] + target[1])
            for function, operands, target in written
        )

    def _operand(self, operand: Operand, place: dict[int, tuple[str, int]]) -> tuple[str, int]:
        if isinstance(operand, int) and operand in place:
            return place[operand]
        if isinstance(operand, int):
            if operand not in self.numbers:
                self.numbers.append(operand)
            return "scalar", self.numbers.index(operand)
        known = [repr(c) for c in self.constants]  # 0.0 is not -0.0
        if repr(operand) not in known:
            self.constants.append(operand)
            return "constant", len(known)
        return "constant", known.index(repr(operand))

    def scalars(self, parameters: Sequence[Tensor], dtype: torch.dtype) -> list[Tensor]:
        """What the parameters alone decide."""
        values: dict[int, Any] = {self.full + i: p.to(dtype) for i, p in enumerate(parameters)}
        for number, (name, operands, settings) in self.scalar_steps:
            parts = [values[o] if isinstance(o, int) else o for o in operands]
            if name == "where" and not any(isinstance(p, Tensor) for p in parts[1:]):
                parts[1] = torch.tensor(parts[1], dtype=dtype)  # two floats: the default dtype
            values[number] = PLAIN[name](*parts, *settings)
        return [values[n] for n in self.numbers]


def _fused(listing: Listing) -> Listing:
    """a + b * c as one addcmul, a + 2 * b as one addition."""
    first = len(listing.inputs)
    uses = [0] * (first + len(listing.operations))
    for operand in (*(o for p in listing.operations for o in p.inputs), *listing.outputs):
        if isinstance(operand, int):
            uses[operand] += 1
    operations: dict[int, Operation] = {
        first + i: operation for i, operation in enumerate(listing.operations)
    }
    for number, operation in list(operations.items()):
        if operation.name not in ("add", "subtract") or listing.scalar[number]:
            continue
        left, right = operation.inputs
        sign = -1.0 if operation.name == "subtract" else 1.0
        for kept, product in ((left, right), (right, left))[: 1 if sign < 0 else 2]:
            made = operations.get(product) if isinstance(product, int) else None
            if (
                made is None or made.name != "multiply" or uses[product] > 1  # type: ignore[index]
                or not isinstance(kept, int) or listing.scalar[kept] or listing.scalar[product]  # type: ignore[index]
            ):  # fmt: skip
                continue
            u, v = made.inputs
            if isinstance(u, float):
                u, v = v, u
            if isinstance(v, float):
                operations[number] = Operation("add", (kept, u), (sign * v,))
            else:
                operations[number] = Operation("addcmul", (kept, u, v), (sign,))
            del operations[product]  # type: ignore[arg-type]
            break
    kept = [*range(first), *operations]
    new = {old: i for i, old in enumerate(kept)}

    def renamed(operand: Operand) -> Operand:
        return new[operand] if isinstance(operand, int) else operand

    return Listing(
        listing.inputs,
        tuple(o._replace(inputs=tuple(map(renamed, o.inputs))) for o in operations.values()),
        tuple(listing.scalar[n] for n in kept),
        tuple(map(renamed, listing.outputs)),
    )
