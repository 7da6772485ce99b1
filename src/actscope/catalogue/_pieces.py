"""A formula as smooth pieces: where its conditions flip, and what holds in between."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from ._differentiate import differentiate
from ._evaluate import FLOATS, at
from ._tidy import rewrite, substitute, tidy, total
from ._tree import (
    COMPARE,
    ONE,
    Binary,
    Call,
    Compare,
    Name,
    Negate,
    Node,
    Number,
    Where,
    names_in,
    walk,
)
from ._vocabulary import VOCABULARY, expand, stable

Affine = tuple[Fraction, Fraction]

# A condition that is not affine is searched for sign changes at these steps and this far out;
# such a breakpoint is approximate, so no fact that rests on it is certified.
_REACH, _STEP, _MOST_ROOTS = 64.0, 1 / 32, 64


@dataclass(frozen=True)
class Piece:
    """The formula between two breakpoints (None = no end on that side), free of conditions."""

    low: Fraction | None
    high: Fraction | None
    value: Node
    exact: bool = True  # the breakpoints are exact

    @cached_property
    def slope(self) -> Node:
        return stable(differentiate(self.value))

    @cached_property
    def curve(self) -> Node:
        return stable(differentiate(self.slope))


def pieces(node: Node) -> tuple[Piece, ...]:
    """The formula (in x alone) as smooth pieces from left to right."""
    found = _split(Piece(None, None, stable(tidy(expand(node)))))
    merged = [found[0]]
    for piece in found[1:]:
        last = merged[-1]
        if piece.value == last.value:
            merged[-1] = Piece(last.low, piece.high, last.value, last.exact and piece.exact)
        else:
            merged.append(piece)
    return tuple(merged)


def breakpoints(node: Node) -> tuple[Fraction, ...]:
    """Where a condition of the formula flips, from left to right."""
    parts = _split(Piece(None, None, stable(tidy(expand(node)))))
    return tuple(sorted({p.high for p in parts if p.high is not None}))


def _split(piece: Piece) -> list[Piece]:
    condition = _innermost_condition(piece.value)
    if condition is None:
        return [piece]
    boundary = total(condition.left, Negate(condition.right))
    roots, exact = _roots(boundary)
    inside = [r for r in roots if _within(r, piece)]
    ends = [piece.low, *inside, piece.high]
    result: list[Piece] = []
    for low, high in itertools.pairwise(ends):
        part = Piece(low, high, piece.value, piece.exact and exact)
        holds = _holds(condition, boundary, middle(part))
        decided = stable(_decided(piece.value, condition, holds))
        result += _split(Piece(low, high, decided, part.exact))
    return result


def _within(root: Fraction, piece: Piece) -> bool:
    return (piece.low is None or piece.low < root) and (piece.high is None or root < piece.high)


def middle(piece: Piece) -> Fraction:
    """A point strictly inside the piece."""
    if piece.low is None:
        return Fraction(0) if piece.high is None else piece.high - 1
    return piece.low + 1 if piece.high is None else (piece.low + piece.high) / 2


def _innermost_condition(node: Node) -> Compare | None:
    for part in walk(node):
        if isinstance(part, Where) and not any(isinstance(p, Where) for p in walk(part.condition)):
            return part.condition
    return None


def _decided(node: Node, condition: Compare, holds: bool) -> Node:
    """The tree where this condition is known to hold, or not."""

    def decide(part: Node) -> Node:
        if isinstance(part, Where) and part.condition == condition:
            return part.yes if holds else part.no
        return part

    return rewrite(node, decide)


def _holds(condition: Compare, boundary: Node, point: Fraction) -> bool:
    line = affine(boundary)
    if line is not None:
        return COMPARE[condition.op](line[0] * point + line[1], Fraction(0))
    return FLOATS.compare(condition.op, at(boundary, float(point)), 0.0)


def affine(node: Node) -> Affine | None:
    """(a, b) when the tree is a x + b with rational a and b, else None."""
    match node:
        case Number(value):
            return Fraction(0), value
        case Name("x"):
            return Fraction(1), Fraction(0)
        case Negate(operand):
            line = affine(operand)
            return None if line is None else (-line[0], -line[1])
        case Binary(op, left, right):
            first, second = affine(left), affine(right)
            return None if first is None or second is None else _combined(op, first, second)
        case _:
            return None


def _combined(op: str, first: Affine, second: Affine) -> Affine | None:
    match op:
        case "+":
            return first[0] + second[0], first[1] + second[1]
        case "-":
            return first[0] - second[0], first[1] - second[1]
        case "*" if first[0] == 0 or second[0] == 0:
            return first[0] * second[1] + second[0] * first[1], first[1] * second[1]
        case "/" if second[0] == 0 and second[1] != 0:
            return first[0] / second[1], first[1] / second[1]
        case _:
            return None


def _roots(boundary: Node) -> tuple[list[Fraction], bool]:
    """Where the boundary of a condition is 0, and whether these are all, exactly."""
    line = affine(boundary)
    if line is not None:
        return ([] if line[0] == 0 else [-line[1] / line[0]]), True
    if "x" not in names_in(boundary):
        return [], False
    roots: list[Fraction] = []
    count = round(2 * _REACH / _STEP)
    points = [-_REACH + i * _STEP for i in range(count + 1)]
    signs = [at(boundary, x) for x in points]
    for x, y, a, b in zip(points, points[1:], signs, signs[1:], strict=False):
        if a == 0:
            roots.append(Fraction(x))
        elif a * b < 0:
            roots.append(Fraction(_bisected(boundary, x, y)))
    return roots[:_MOST_ROOTS], False


def _bisected(node: Node, low: float, high: float) -> float:
    sign = math.copysign(1, at(node, low))
    while low < (middle_point := (low + high) / 2) < high:
        if at(node, middle_point) * sign > 0:
            low = middle_point
        else:
            high = middle_point
    return high


def delicate_parts(node: Node) -> list[Node]:
    """What must not be 0 for a piece to be smooth: divisors, what roots and logs are taken of."""
    found: list[Node] = []
    for part in walk(node):
        match part:
            case Binary("/", _, bottom):
                found.append(bottom)
            case Binary("^", base, Number(exponent)):
                if exponent.denominator != 1 or exponent < 0:
                    found.append(base)
            case Binary("^", base, _):
                found.append(base)
            case Call("sqrt" | "log", (u,)):
                found.append(u)
            case Call("log1p", (u,)):
                found.append(total(ONE, u))
            case _:
                pass
    return [part for part in found if "x" in names_in(part)]


def mirrored(node: Node) -> Node:
    """node(-x), with the signs moved outward where the functions allow."""
    # By way of another name: replacing x by -x directly would meet its own result again.
    other = Name("mirrored")
    turned = rewrite(substitute(node, "x", Negate(other)), _mirror_one)
    return tidy(substitute(turned, other.name, Name("x")))


def _mirror_one(node: Node) -> Node:
    match node:
        case Call(function, (Negate(u),)) if VOCABULARY[function].symmetry == "odd":
            return Negate(Call(function, (u,)))
        case Call(function, (Negate(u),)) if VOCABULARY[function].symmetry == "even":
            return Call(function, (u,))
        case Binary("^", Negate(base), Number(exponent)) if exponent.denominator == 1:
            raised = Binary("^", base, Number(exponent))
            return raised if exponent % 2 == 0 else Negate(raised)
        case _:
            return node
