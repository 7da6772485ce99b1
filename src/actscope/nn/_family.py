"""A function and its derivatives of every order, as programs that are made when asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

from actscope.catalogue.formula import Node, differentiate, stable

from ._clamps import clamped
from ._lower import Lowering, Promise, Promised
from ._program import Program
from ._safe import agree, capped, safe, sampled, tried

Path = tuple[str, ...]  # the names that a derivative is taken by, in order
_NEAR = 1e-18
_FAR = 1e75  # beyond every float32; its fourth power is within float64
_HUGE = 1e37
_CHEAP = ("add", "subtract", "multiply", "divide", "negate", "reciprocal", "sqrt", "abs", "sign",
          "at_least", "at_most", "clamp", "maximum", "minimum")  # fmt: skip
Limits = tuple[float, float]  # at minus and plus infinity; nan where there is none


class Family:
    """f(x, parameters) as a tree, and what follows from it.

    names: "x" and the parameters that are tensors.
    known: trees of some derivatives, by path, in a form that loses no digits.
    values: of the parameters, to try forms with.
    limits: of derivatives, by path, at -inf and +inf.
    precise: evaluate in float64, as written; otherwise by whatever is fast and safe.
    """

    def __init__(
        self,
        tree: Node,
        names: tuple[str, ...] = ("x",),
        *,
        known: Mapping[Path, Node] | None = None,
        limits: Mapping[Path, Limits] | None = None,
        values: Mapping[str, float] | None = None,
        precise: bool = False,
    ) -> None:
        self.names, self.precise = names, precise
        self._trees: dict[Path, Node] = {(): tree}
        self._known = dict(known or {})
        self._values = tried(names, values)
        self._limits = dict(limits or {})
        self._programs: dict[tuple[Path, int], Program] = {}
        self._pair: Program | None = None

    def tree(self, path: Path) -> Node:
        """The derivative by each name of the path in turn."""
        found = self._trees.get(path)
        if found is None:
            known = self._known.get(path)
            written = differentiate(self.tree(path[:-1]), path[-1])
            if self.precise:
                found = stable(written) if known is None else known
            else:
                found = safe(written, known, self._values)
                # Value and slope share what they can: exp held at 40 in one, so in the other.
                value = capped(self._trees[()])
                if found == capped(written) != written and agree(
                    value, self._trees[()], self._values
                ):
                    self._trees[()] = value
            self._trees[path] = found
        return found

    def program(self, path: Path, factors: int) -> Program:
        """The derivative times this many factors: tensors (x, the factors, the parameters)."""
        found = self._programs.get((path, factors))
        if found is None:
            lowering = self._lowering(factors)
            value = self._promised(lowering, path)
            for i in range(factors):
                value = value * lowering.input(f"factor {i}")
            found = Program(lowering.listing(value), 1 + factors, double=self.precise)
            self._programs[path, factors] = found
        return found

    @property
    def pair(self) -> Program:
        """Value and slope at once, of a function of x alone."""
        if self._pair is None:
            lowering = self._lowering(0)
            slope = self._promised(lowering, ("x",))
            both = (self._promised(lowering, ()), slope)
            self._pair = Program(lowering.listing(*both), 1, double=self.precise)
        return self._pair

    @cached_property
    def slope_is_dear(self) -> bool:
        """Whether computing the slope takes longer than writing it down and reading it."""
        operations = self.program(("x",), 1).listing.operations
        return any(operation.name not in _CHEAP for operation in operations)

    @property
    def parameter_slopes(self) -> Program:
        """factor * the slope by each parameter, all at once: tensors (x, factor, parameters)."""
        lowering = self._lowering(1)
        factor = lowering.input("factor 0")
        slopes = [self._promised(lowering, (name,)) * factor for name in self.names[1:]]
        return Program(lowering.listing(*slopes), 2, double=self.precise)

    def _lowering(self, factors: int) -> Lowering:
        extra = [f"factor {i}" for i in range(factors)]
        return Lowering(["x", *extra, *self.names[1:]], 1 + factors)

    def _promised(self, lowering: Lowering, path: Path) -> Promised:
        tree = self.tree(path)
        value = lowering.value(tree if self.precise else clamped(tree))
        x = lowering.input("x")
        if path in self._limits:
            value = self._at_infinity(lowering, tree, self._limits[path], value)
        if self.precise and not path:
            value = self._at_zero(lowering, tree, value)
        if not (isinstance(value, Promise) and value.nan):
            value = lowering.emit("where", lowering.emit("is_nan", x), x, value)
        return value

    def _at_infinity(
        self, lowering: Lowering, tree: Node, limits: Limits, value: Promised
    ) -> Promised:
        """The value with the limits put in, where the formula does not give them by itself."""
        ends = (-math.inf, math.inf)
        found = sampled(tree, ends, self._values)
        x = lowering.input("x")
        for at, limit, own in zip(ends, limits, found, strict=True):
            if self.names[1:] and not math.isnan(limit):
                put = _limit_from_afar(lowering, tree, at, limit)
            elif own == limit or (math.isnan(own) and math.isnan(limit)):
                continue
            else:
                put = limit
            value = lowering.where(lowering.compare("==", x, at), put, value)
        return value

    def _at_zero(self, lowering: Lowering, tree: Node, value: Promised) -> Promised:
        """The value with the sign of 0 put right: f(-0) is -0 where f rises through 0."""
        found = sampled(tree, (-0.0, 0.0), self._values)
        beside = sampled(tree, (-_NEAR, _NEAR), self._values)
        signs = [math.copysign(1, v) for v in beside]
        if any(found) or 0 in beside or [math.copysign(1, v) for v in found] == signs:
            return value
        x = lowering.input("x")
        zero = x if signs[0] != signs[1] else lowering.emit("abs", x)
        return lowering.where(
            lowering.compare("==", x, 0.0), zero if signs[1] > 0 else -zero, value
        )


def _limit_from_afar(lowering: Lowering, tree: Node, at: float, limit: float) -> Promised:
    """The limit at -inf or +inf for parameters that are tensors; `limit` is for their defaults."""
    far = lowering.value(tree, math.copysign(_FAR, at))
    if not isinstance(far, Promise):
        return far if abs(far) < _HUGE else math.copysign(math.inf, far)
    if math.isinf(limit):  # perhaps as slowly as a logarithm
        return lowering.where(lowering.compare("==", far, 0.0), 0.0, far * math.inf)
    huge = lowering.compare(">", lowering.emit("abs", far), _HUGE)
    return lowering.where(huge, far * math.inf, far)
