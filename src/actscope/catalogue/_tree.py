"""Expressions as frozen trees."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from actscope.errors import SettingError


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number; decimals are fractions, so 0.1 is one tenth."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """The variable x, a parameter, or the constant pi."""

    name: str


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """left op right, with op one of + - * / ^."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the vocabulary."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """left op right, with op one of < <= > >=; only as the condition of a Where."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Where:
    condition: Compare
    yes: Node
    no: Node


Node: TypeAlias = Number | Name | Negate | Binary | Call | Where

ZERO, ONE, X = Number(Fraction(0)), Number(Fraction(1)), Name("x")

COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def number(value: int | float | Fraction) -> Number:
    """The exact number that a person means: 0.1 is one tenth, not its nearest double.

    Raises:
        SettingError: not a finite number.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(f"a parameter must be a finite number, not {value}")
    return Number(Fraction(repr(value)) if isinstance(value, float) else Fraction(value))


def children(node: Node | Compare) -> tuple[Node | Compare, ...]:
    """The parts of a node, in the order of `rebuild`."""
    match node:
        case Negate(operand):
            return (operand,)
        case Binary(_, left, right) | Compare(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case Where(condition, yes, no):
            return (condition, yes, no)
        case _:
            return ()


def walk(node: Node | Compare) -> Iterator[Node | Compare]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def names_in(node: Node) -> frozenset[str]:
    """The names that the expression uses (x, parameters, pi)."""
    return frozenset(part.name for part in walk(node) if isinstance(part, Name))
