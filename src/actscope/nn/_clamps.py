"""Choices written as clamps: a torch.where costs as much as seven clamps, and hides nan.

where(x > 0, x^2, 0) is max(x, 0)^2, and where(x > 0, x, expm1(x)) is max(x, 0) +
expm1(min(x, 0)): where both branches meet at the threshold, each can be given its own side of
the input alone. The branch that is not taken then cannot overflow either.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from actscope.catalogue.formula import (
    FLOATS,
    Binary,
    Call,
    Compare,
    Name,
    Node,
    Number,
    Where,
    evaluate,
    names_in,
    rewrite,
    substitute,
)

_X = Name("x")
# Parameters are tried at these: a branch that is 0 at the threshold for both is so for all,
# because only a product with 0 can make it so.
_TRIALS = (0.7310585786300049, 1.6180339887498949)


@lru_cache(maxsize=1024)
def clamped(tree: Node) -> Node:
    """The same function (up to rounding and the sign of 0) with fewer choices in it.

    >>> from actscope.catalogue.formula import parse, text
    >>> text(clamped(parse("where(x > 0, x^2, 0)")))
    'max(x, 0)^2'
    """
    return rewrite(tree, _clamped_one)


def _clamped_one(node: Node) -> Node:
    if not isinstance(node, Where):
        return node
    split = _above_and_below(node)
    if split is None:
        return node
    edge, above, below = split
    at_edge = _at(above, edge), _at(below, edge)
    if None in at_edge or at_edge[0] != at_edge[1]:
        return node
    if isinstance(below, Number):
        return _on_side("max", above, edge)
    if isinstance(above, Number):
        return _on_side("min", below, edge)
    if at_edge[0] == 0:
        return Binary("+", _on_side("max", above, edge), _on_side("min", below, edge))
    return node


def _above_and_below(node: Where) -> tuple[Number, Node, Node] | None:
    """(c, f above c, f below c) of a choice by comparing x with a number."""
    match node.condition:
        case Compare(op, left, Number() as edge) if left == _X:
            swapped = op in ("<", "<=")
        case Compare(op, Number() as edge, right) if right == _X:
            swapped = op in (">", ">=")
        case _:
            return None
    return (edge, node.no, node.yes) if swapped else (edge, node.yes, node.no)


def _at(branch: Node, edge: Number) -> float | None:
    """The branch's value at the edge, None where it depends on a parameter."""
    names = names_in(branch) - {"x", "pi"}
    found = {
        evaluate(branch, _values(names, trial) | {"x": float(edge.value)}, FLOATS)
        for trial in (_TRIALS if names else _TRIALS[:1])
    }
    return found.pop() if len(found) == 1 else None


def _values(names: frozenset[str], trial: float) -> dict[str, float]:
    pi: Mapping[str, float] = {"pi": 3.141592653589793}
    return {**pi, **{name: trial * (1 + i / 7) for i, name in enumerate(sorted(names))}}


def _on_side(side: str, branch: Node, edge: Number) -> Node:
    return substitute(branch, "x", Call(side, (_X, edge)))
