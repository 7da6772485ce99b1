"""One activation: its formula, what people call it, and its computed facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ._differentiate import differentiate
from ._evaluate import at, sample
from ._facts import Facts, Frozen
from ._parse import parse
from ._tree import Node, number, substitute, tidy
from ._vocabulary import stable


@dataclass(frozen=True)
class Parameter:
    """A number in a formula.

    value: what it is here (for a learned parameter: what training starts from).
    learned: changed by training.
    above: the value must be larger than this.
    symbol: how LaTeX writes it; "" for its name.
    """

    value: float
    meaning: str
    learned: bool = False
    above: float = -math.inf
    symbol: str = ""
    name: str = ""


@dataclass(frozen=True)
class Entry:
    """What is written by hand about one activation; everything else is derived.

    torch: the name of PyTorch's class, or the name that its class would have.
    """

    name: str
    formula: str
    family: str
    summary: str
    reference: str
    torch: str
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


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

    name: str
    label: str
    aliases: tuple[str, ...]
    family: str
    formula: str
    reference: str
    summary: str
    torch_name: str
    parameters: Mapping[str, Parameter]

    def __hash__(self) -> int:
        return hash((self.label, self.formula))

    def __call__(self, x: Any) -> Any:
        """f(x), for a float (a float comes back) or for every element of a NumPy array."""
        return _apply(self.bound, x)

    def slope(self, x: Any) -> Any:
        """f'(x), for a float or a NumPy array; at a kink, the side that the formula takes."""
        return _apply(self.bound_derivative, x)

    @cached_property
    def expression(self) -> Node:
        """The formula as a tree, parameters as names."""
        return parse(self.formula, tuple(self.parameters))

    @cached_property
    def derivative_expression(self) -> Node:
        """f' as a tree, parameters as names."""
        return differentiate(self.expression)

    @cached_property
    def bound(self) -> Node:
        """The formula as a tree in x alone, parameters at their values."""
        return bind(self.expression, self.parameters)

    @cached_property
    def bound_derivative(self) -> Node:
        """f' as a tree in x alone, in the form that is accurate far out."""
        return stable(bind(self.derivative_expression, self.parameters))

    @property
    def values(self) -> Mapping[str, float]:
        """The parameters' values by name."""
        return Frozen({name: p.value for name, p in self.parameters.items()})


def bind(tree: Node, parameters: Mapping[str, Parameter]) -> Node:
    """The tree with each parameter's value in the place of its name."""
    for name, parameter in parameters.items():
        tree = substitute(tree, name, number(parameter.value))
    return tidy(tree)


def _apply(tree: Node, x: Any) -> Any:
    return at(tree, float(x)) if isinstance(x, (int, float)) else sample(tree, x)
