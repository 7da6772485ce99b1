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
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ._lower import Listing, Operand, Operation

# PyTorch's softplus answers with its input above the threshold; at 40 that is exact in float64
# (at the default of 20 it is off by 2e-9).
SOFTPLUS_THRESHOLD = 40.0
BLOCK = 1 << 14

_UNARY = (
    "exp", "expm1", "log", "log1p", "sqrt", "sigmoid", "tanh", "sinh", "cosh", "asinh", "atan",
    "sin", "cos", "erf", "erfc", "abs", "sign", "reciprocal",
)  # fmt: skip
_COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal")


_SOFTPLUS: Any = functional.softplus  # a builtin: it takes `out` though it does not say so


def _softplus(u: Tensor) -> Tensor:
    return functional.softplus(u, 1.0, SOFTPLUS_THRESHOLD)


def _where(condition: Any, yes: Any, no: Any) -> Any:
    if not isinstance(condition, Tensor):
        return yes if condition else no
    return torch.where(condition, yes, no)


# With tensors, and with plain numbers in the place of one operand.
_PLAIN: dict[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in _UNARY},
    "less": lambda u, v: u < v,
    "less_equal": lambda u, v: u <= v,
    "greater": lambda u, v: u > v,
    "greater_equal": lambda u, v: u >= v,
    "equal": lambda u, v: u == v,
    "add": lambda u, v: u + v,
    "subtract": lambda u, v: u - v,
    "multiply": lambda u, v: u * v,
    "divide": lambda u, v: u / v,
    "negate": lambda u: -u,
    "power": lambda u, v: u**v,
    "where": _where,
    "is_nan": torch.isnan,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "at_least": torch.clamp_min,
    "at_most": torch.clamp_max,
    "clamp": torch.clamp,
    "softplus": _softplus,
}


def _into(name: str, settings: tuple[float, ...]) -> Callable[..., Any]:
    """The operation as a function of tensors alone that takes `out`."""
    match name:
        case "less" | "greater":
            return torch.lt if name == "less" else torch.gt
        case "less_equal" | "greater_equal":
            return torch.le if name == "less_equal" else torch.ge
        case "equal":
            return torch.eq
        case "subtract" | "multiply" | "divide":
            return {"subtract": torch.sub, "multiply": torch.mul, "divide": torch.div}[name]
        case "negate":
            return torch.neg
        case "power":
            return torch.pow
        case "is_nan":
            return lambda u, *, out: torch.ne(u, u, out=out)
        case "at_least":
            return torch.clamp_min
        case "at_most":
            return torch.clamp_max
        case "clamp":
            return partial(torch.clamp, min=settings[0], max=settings[1])
        case "softplus":
            return lambda u, *, out: _SOFTPLUS(u, 1.0, SOFTPLUS_THRESHOLD, out=out)
        case "add" if settings:
            return partial(torch.add, alpha=settings[0])
        case "addcmul":
            return partial(torch.addcmul, value=settings[0])
        case _:
            return getattr(torch, name)


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
    """

    def __init__(self, listing: Listing, full: int, *, double: bool = False) -> None:
        self.listing, self.full, self.double = listing, full, double

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
            values.append(_PLAIN[name](*parts, *settings))
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

        full, out: contiguous on the CPU, all of one shape: (n,), or (row, n) with parameters
            (row, 1) and sums (row,). `out` may be one of `full` where it is the only output.
        """
        x = full[0]
        scalars = self._plan.scalars(parameters, self.dtype_for(x.dtype)) if parameters else ()
        size = BLOCK * torch.get_num_threads()
        if x.numel() <= size:
            self._block(full, out, scalars, sums)
        elif x.dim() == 1:
            count = len(full)
            for piece in zip(*(t.split(size) for t in (*full, *out)), strict=True):
                self._block(piece[:count], piece[count:], scalars, sums)
        else:
            height = max(1, size // x.shape[1])
            for top in range(0, x.shape[0], height):
                here = slice(top, top + height)
                self._block(
                    [t[here] for t in full],
                    [t[here] for t in out],
                    [s[here] if s.dim() == 2 else s for s in scalars],
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
                total += register.sum(-1)

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
    def _plan(self) -> _Plan:
        return _Plan(self.listing, self.full)


def _copy(source: Tensor, *, out: Tensor) -> None:
    out.copy_(source)


class _Plan:
    """Operations with their places: full inputs, outputs, registers, masks, scalars."""

    def __init__(self, listing: Listing, full: int) -> None:
        listing = _fused(listing)
        self.listing, self.full = listing, full
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
                kind = "mask" if operation.name in (*_COMPARISONS, "is_nan") else "register"
                if not free[kind]:
                    free[kind].append(count[kind])
                    count[kind] += 1
                place[number] = (kind, free[kind].pop())
            function = _into(operation.name, operation.settings)
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
            values[number] = _PLAIN[name](*parts, *settings)
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
