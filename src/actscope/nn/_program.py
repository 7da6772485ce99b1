"""Running a listing: in blocks that stay in the cache, or as ordinary tensor operations.

In blocks, every operation writes into a register of 2^14 elements a thread that is used again
and again: nothing is allocated, memory is read once and written once, whatever the formula.
Elements do not see each other, so results do not depend on how they are cut into blocks (the
last elements that do not fill a vector register excepted: there PyTorch itself rounds a few
functions differently).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ._lower import Listing
from ._operations import PLAIN
from ._operations import SOFTPLUS_THRESHOLD as SOFTPLUS_THRESHOLD
from ._plan import Plan

BLOCK = 1 << 14

_SINGLE = (torch.float16, torch.bfloat16)  # computed in float32


class _Workspace(threading.local):
    """The registers of a thread: one memory for all programs, seen in the shapes they need."""

    def __init__(self) -> None:
        self.memory: dict[torch.dtype, Tensor] = {}
        self.known: dict[Any, list[Tensor]] = {}

    def registers(self, dtype: torch.dtype, count: int, shape: tuple[int, ...]) -> list[Tensor]:
        size = math.prod(shape)
        step = -(-size // 64) * 64  # each register starts a cache line
        with torch.inference_mode(False):
            memory = self.memory.get(dtype)
            if memory is None or memory.numel() < count * step:
                memory = torch.empty(count * step, dtype=dtype, device="cpu")
                self.memory[dtype] = memory
            return [memory[i * step : i * step + size].view(shape) for i in range(count)]


_WORKSPACE = _Workspace()


class Program:
    """A listing, ready to run.

    full: how many of its inputs are as large as x (they come first); the rest are parameters.
    double: compute in float64 whatever the dtype, and round once at the end.
    quick: see `_operations.into`; only in blocks.
    """

    def __init__(
        self, listing: Listing, full: int, *, double: bool = False, quick: bool = False
    ) -> None:
        self.listing, self.full, self.double, self._quick = listing, full, double, quick

    def quickly(self) -> Program:
        """The same in less time, for training: see `_operations.into`."""
        return Program(self.listing, self.full, quick=True)

    def dtype_for(self, dtype: torch.dtype) -> torch.dtype:
        """What it computes in, for an input of this dtype."""
        if self.double:
            return torch.float64
        return torch.float32 if dtype in _SINGLE else dtype

    # --- as ordinary operations

    def plain(self, inputs: Sequence[Tensor | float]) -> list[Tensor]:
        """The outputs by ordinary operations: any device, traceable, broadcasting."""
        x = inputs[0]
        assert isinstance(x, Tensor)
        dtype = self.dtype_for(x.dtype)
        values: list[Any] = [i.to(dtype) if isinstance(i, Tensor) else i for i in inputs]
        for name, operands, settings in self.listing.operations:
            parts = [values[o] if isinstance(o, int) else o for o in operands]
            if name == "where" and not any(isinstance(p, Tensor) for p in parts[1:]):
                parts[1] = values[0].new_full((), parts[1])  # two floats: the default dtype
            if name in ("maximum", "minimum"):
                parts = [p if isinstance(p, Tensor) else values[0].new_full((), p) for p in parts]
            values.append(PLAIN[name](*parts, *settings))
        shape = torch.broadcast_shapes(*(i.shape for i in inputs if isinstance(i, Tensor)))
        results = []
        for output in self.listing.outputs:
            value = values[output] if isinstance(output, int) else output
            if not isinstance(value, Tensor):
                value = values[0].new_full(shape, value)
            elif value.shape != shape:
                value = value.expand(shape).clone()
            elif any(value is i for i in inputs):  # a Function must not hand back its input
                value = value.clone()
            results.append(value.to(x.dtype))
        return results

    def _expect(self, full: int, parameters: int, outputs: int) -> None:
        wanted = self.full, len(self.listing.inputs) - self.full, len(self.listing.outputs)
        assert (full, parameters, outputs) == wanted, ((full, parameters, outputs), wanted)

    # --- in blocks

    def small(self, full: Sequence[Tensor], out: Sequence[Tensor]) -> None:
        """`run` for at most BLOCK contiguous elements of any shape, without parameters."""
        self._block(full, out)

    def run(
        self,
        full: Sequence[Tensor],
        parameters: Sequence[Tensor],
        out: Sequence[Tensor],
        sums: Sequence[Tensor] = (),
    ) -> None:
        """Write the first outputs into `out` and add the others, summed, to `sums`.

        full, out: contiguous on the CPU, all of one shape: (n,), or (member, row, unit) with
            parameters and sums (member, 1, unit) or (member, 1, 1). `out` may be one of
            `full` where it is the only output.
        """
        x = full[0]
        self._expect(len(full), len(parameters), len(out) + len(sums))
        scalars = self._plan.scalars(parameters, self.dtype_for(x.dtype)) if parameters else ()
        size = BLOCK * torch.get_num_threads()
        if x.numel() <= size:
            self._block(full, out, scalars, sums)
        elif x.dim() == 1:
            count = len(full)
            for piece in zip(*(t.split(size) for t in (*full, *out)), strict=True):
                self._block(piece[:count], piece[count:], scalars, sums)
        else:
            height = max(1, size // x[0].numel())
            for top in range(0, x.shape[0], height):
                here = slice(top, top + height)
                self._block(
                    [t[here] for t in full],
                    [t[here] for t in out],
                    [s[here] if s.dim() == 3 else s for s in scalars],
                    [s[here] for s in sums],
                )

    def _block(
        self,
        full: Sequence[Tensor],
        out: Sequence[Tensor],
        scalars: Sequence[Tensor] = (),
        sums: Sequence[Tensor] = (),
    ) -> None:
        x = full[0]
        key = (self, x.dtype, x.shape)
        spare = _WORKSPACE.known.get(key)
        if spare is None:
            spare = self._spare(key, len(sums))
        converts = self.double or x.dtype in _SINGLE
        if converts and x.dtype is not torch.float64:
            values = [*spare, *scalars]
            for register, given in zip(spare, full, strict=False):
                register.copy_(given)
        else:
            converts = False
            values = [*full, *out, *spare, *scalars]
        for function, operands, target in self._plan.steps:
            if len(operands) == 2:
                function(values[operands[0]], values[operands[1]], out=values[target])
            elif len(operands) == 1:
                function(values[operands[0]], out=values[target])
            else:
                function(*[values[o] for o in operands], out=values[target])
        if converts:
            for given, register in zip(out, values[len(full) :], strict=False):
                given.copy_(register)
        if sums:
            for total, register in zip(sums, values[len(full) + len(out) :], strict=False):
                total += register.sum_to_size(total.shape)

    def _spare(self, key: tuple[Any, torch.dtype, tuple[int, ...]], sums: int) -> list[Tensor]:
        """What a block needs besides its own memory: registers, masks and constants."""
        _, given, shape = key
        plan, dtype = self._plan, self.dtype_for(given)
        count = plan.registers + sums
        if given != dtype:
            count += self.full + len(self.listing.outputs) - sums
        with torch.inference_mode(False):
            found = [
                *_WORKSPACE.registers(dtype, count, shape),
                *_WORKSPACE.registers(torch.bool, plan.masks, shape),
                *(torch.tensor(c, dtype=dtype, device="cpu") for c in plan.constants),
            ]
        if len(_WORKSPACE.known) >= 256:  # many shapes: do not keep them all
            _WORKSPACE.known.clear()
        _WORKSPACE.known[key] = found
        return found

    @cached_property
    def _plan(self) -> Plan:
        return Plan(self.listing, self.full, quick=self._quick)
