"""One activation: its formula, what people call it, and its computed facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from ._facts import Facts, Frozen

if TYPE_CHECKING:
    from .formula import Node


@dataclass(frozen=True)
class Parameter:
    """A number in a formula.

    value: what it is here (for a learned parameter: what training starts from).
    learned: changed by training.
    above: the value must be larger than this.
    whole: the value must be a whole number.
    below: the parameter than which this one must be smaller.
    symbol: how LaTeX writes it; "" for its name.
    """

    value: float
    meaning: str
    learned: bool = False
    above: float = -math.inf
    symbol: str = ""
    name: str = ""
    whole: bool = False
    below: str = ""


@dataclass(frozen=True)
class Entry:
    """What is written by hand about one activation; everything else is derived.

    torch: the name of PyTorch's class, or the name that its class would have.
    differs: where libraries disagree on a default, what each one takes.
    accurate, accurate_slope: the same function and its derivative written so that float64
        arithmetic loses no digits (far out, near zeros); only where the formula itself does.
    """

    name: str
    formula: str
    family: str
    summary: str
    reference: str
    torch: str
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    differs: str = ""
    accurate: str = ""
    accurate_slope: str = ""


@dataclass(frozen=True, kw_only=True)
class Record(Facts):
    """An activation with its facts (see `Facts` for what each one means).

    label: the specification that gives this record back: "relu", or
        "leaky_relu(negative_slope=0.2)" where a parameter is not at its default.

    >>> from actscope import catalogue
    >>> relu = catalogue.get("relu")
    >>> relu.dead_region, relu(2.0), relu.slope(2.0)
    (((-inf, 0.0),), 2.0, 1.0)
    """

    kind: ClassVar[str] = "elementwise"
    name: str
    label: str
    aliases: tuple[str, ...]
    family: str
    formula: str
    reference: str
    summary: str
    torch_name: str
    parameters: Mapping[str, Parameter]
    differs: str = ""
    accurate: str = ""
    accurate_slope: str = ""

    def __hash__(self) -> int:
        return hash((self.label, self.formula))

    def __eq__(self, other: object) -> bool:
        """Facts follow from these; a fact may be nan, which never equals itself."""
        if not isinstance(other, Record):
            return NotImplemented
        mine, theirs = (
            (r.name, r.label, r.family, r.formula, dict(r.parameters)) for r in (self, other)
        )
        return mine == theirs

    def __call__(self, x: Any) -> Any:
        """f(x), for a float (a float comes back) or for every element of a NumPy array."""
        return _apply(self.bound, x)

    def slope(self, x: Any) -> Any:
        """f'(x), for a float or a NumPy array; at a kink, the side that the formula takes."""
        return _apply(self.bound_derivative, x)

    # The formula language is imported on first use: looking up a record needs none of it.

    @cached_property
    def expression(self) -> Node:
        """The formula as a tree, parameters as names."""
        from .formula import parse

        return parse(self.formula, tuple(self.parameters))

    @cached_property
    def derivative_expression(self) -> Node:
        """f' as a tree, parameters as names."""
        from .formula import differentiate

        return differentiate(self.expression)

    @cached_property
    def accurate_expression(self) -> Node:
        """f as a tree (parameters as names) that loses no digits in float64."""
        from .formula import parse, stable

        if self.accurate:
            return parse(self.accurate, tuple(self.parameters))
        return stable(self.expression)

    @cached_property
    def accurate_derivative_expression(self) -> Node:
        """f' as a tree (parameters as names) that loses no digits in float64."""
        from .formula import differentiate, parse, stable

        if self.accurate_slope:
            return parse(self.accurate_slope, tuple(self.parameters))
        return stable(differentiate(self.accurate_expression))

    @cached_property
    def bound(self) -> Node:
        """The formula as a tree in x alone, parameters at their values."""
        from .formula import bind

        return bind(self.expression, self.values)

    @cached_property
    def bound_derivative(self) -> Node:
        """f' as a tree in x alone, in the form that is accurate far out."""
        from .formula import bind, stable

        return stable(bind(self.derivative_expression, self.values))

    @property
    def values(self) -> Mapping[str, float]:
        """The parameters' values by name."""
        return Frozen({name: p.value for name, p in self.parameters.items()})


def _apply(tree: Node, x: Any) -> Any:
    from .formula import at, sample

    return at(tree, float(x)) if isinstance(x, (int, float)) else sample(tree, x)
