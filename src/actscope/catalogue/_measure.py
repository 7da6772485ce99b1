"""How large a formula is once everything in it is written out, known before it is built.

relu(x) is one word and eight nodes; abs(u) contains u three times. Nested, such words double
the tree at each level, so sizes are computed with numbers, and a formula that is too large is
refused before a tree of that size exists.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from ._evaluate import at
from ._names import built_in, key
from ._tree import Binary, Call, Compare, Name, Negate, Node, Number, Where, children, walk
from ._vocabulary import VOCABULARY, expand

MOST_NODES = 250  # as it is read, activations written out
MOST_PLAIN = 1_000  # with abs, sign, max, min, clip written as where
MOST_EXPONENT = 64
LARGEST = Fraction(10) ** 99  # of a part that is a plain number


class Measure(NamedTuple):
    """nodes, plain: as above. value: of a part without x and parameters; else None."""

    nodes: int
    plain: int
    value: float | None = None


class Growth(NamedTuple):
    """What a call adds: its own nodes, and how often it repeats each argument."""

    own: int
    repeats: tuple[int, ...]


def is_activation(word: str) -> bool:
    """Whether a formula may call this word because it is a built-in activation."""
    return word not in VOCABULARY and key(word) in built_in()


def called(function: str, arguments: Sequence[Node]) -> Node:
    """The call written out: an activation by its formula, at its default parameters."""
    if function in VOCABULARY:
        return Call(function, tuple(arguments))
    return replaced(_body(function), "x", arguments[0])


@lru_cache(maxsize=512)
def _body(activation: str) -> Node:
    """The formula of a built-in activation as a tree in x."""
    from ._parse import parse

    entry = built_in()[key(activation)]
    tree = parse(entry.formula, tuple(entry.parameters))
    for name, parameter in entry.parameters.items():
        value = Fraction(repr(float(parameter.value)))
        number: Node = Number(abs(value))  # as the parser would read it: text gives it back
        tree = replaced(tree, name, number if value >= 0 else Negate(number))
    return tree


def replaced(node: Node, name: str, by: Node) -> Node:
    """Every `name` replaced and nothing else changed."""
    match node:
        case Name(other):
            return by if other == name else node
        case Negate(operand):
            return Negate(replaced(operand, name, by))
        case Binary(op, left, right):
            return Binary(op, replaced(left, name, by), replaced(right, name, by))
        case Call(function, arguments):
            return Call(function, tuple(replaced(a, name, by) for a in arguments))
        case Where(c, yes, no):
            test = Compare(c.op, replaced(c.left, name, by), replaced(c.right, name, by))
            return Where(test, replaced(yes, name, by), replaced(no, name, by))
        case _:
            return node


@lru_cache(maxsize=512)
def _growth(function: str) -> tuple[Growth, Growth]:
    """Of a word, and of the same with the functions that have kinks written as where."""
    if function in VOCABULARY:
        names = tuple(f"u{i}" for i in range(VOCABULARY[function].arguments))
        tree: Node = Call(function, tuple(Name(name) for name in names))
    else:
        names, tree = ("x",), _body(function)
    return _counted(tree, names), _counted(expand(tree), names)


def _counted(tree: Node, names: Sequence[str]) -> Growth:
    parts = list(walk(tree))
    repeats = tuple(sum(part == Name(name) for part in parts) for name in names)
    return Growth(len(parts) - sum(repeats), repeats)


def measure(node: Node | Compare, inside: Sequence[Measure]) -> Measure:
    """Of a node whose children have these measures."""
    match node:
        case Number(value):  # one beyond the range of floats would raise
            return Measure(1, 1, float(value) if abs(value) <= LARGEST else math.inf)
        case Name(name):
            return Measure(1, 1, math.pi if name == "pi" else None)
        case Call(function):
            nodes, plain = _growth(function)
            return Measure(
                nodes.own + sum(n * m.nodes for n, m in zip(nodes.repeats, inside, strict=True)),
                plain.own + sum(n * m.plain for n, m in zip(plain.repeats, inside, strict=True)),
                _value(node, inside),
            )
        case _:
            nodes, plain = 1 + sum(m.nodes for m in inside), 1 + sum(m.plain for m in inside)
            return Measure(nodes, plain, _value(node, inside))


def _value(node: Node | Compare, inside: Sequence[Measure]) -> float | None:
    if isinstance(node, Compare | Where):
        return None  # one of the two branches, which are looked at themselves
    # Not a float: a part of it was refused already, or will be.
    known = [m.value for m in inside if m.value is not None and math.isfinite(m.value)]
    if len(known) < len(inside):
        return None
    numbers = [Number(Fraction(value)) for value in known]
    match node:
        case Negate():
            return -known[0]
        case Binary(op):
            return at(Binary(op, numbers[0], numbers[1]), 0.0)
        case Call(function):
            return at(called(function, numbers), 0.0)
    return None


def objection(node: Node | Compare, of: Measure, inside: Sequence[Measure]) -> str:
    """Why this part of a formula is refused; "" when it is not."""
    if of.nodes > MOST_NODES or of.plain > MOST_PLAIN:
        return (
            f"with every function written out it has {max(of.nodes, of.plain):,} parts, "
            f"at most {MOST_NODES if of.nodes > MOST_NODES else MOST_PLAIN:,} are read"
        )
    if isinstance(node, Binary) and node.op == "^":
        exponent = inside[1].value
        if exponent is not None and abs(exponent) > MOST_EXPONENT:
            return f"an exponent of {exponent:g} is too large: at most {MOST_EXPONENT}"
    if of.value is not None:
        if math.isnan(of.value):
            return "this part is no number"
        if not math.isfinite(of.value) or abs(of.value) > LARGEST:
            return "this part is larger than 1e99 or infinite"
    return ""


def objection_to(node: Node) -> str:
    """Why a tree is refused, sizes of its numbers and parts; "" when it is not."""

    def look(part: Node | Compare) -> Measure:
        inside = [look(child) for child in children(part)]
        of = measure(part, inside)
        why = objection(part, of, inside)
        if why:
            raise _Objection(why)
        return of

    try:
        look(node)
    except _Objection as found:
        return str(found)
    return ""


class _Objection(Exception):
    """Leaves the recursion of `objection_to`."""
