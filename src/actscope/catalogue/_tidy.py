"""Building trees so that they stay tidy, and rewriting them.

The constructors `total`, `product`, `quotient`, `power`, `choose` simplify only what holds for
every real number: they fold numbers, drop neutral elements, collect equal terms and factors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from ._tree import (
    COMPARE,
    ONE,
    ZERO,
    Binary,
    Call,
    Compare,
    Name,
    Negate,
    Node,
    Number,
    Where,
    number,
)


def terms_of(node: Node) -> Iterator[tuple[Fraction, Node | None]]:
    """A sum as (coefficient, rest) pairs; rest is None for a plain number."""
    match node:
        case Number(value):
            yield value, None
        case Negate(operand):
            yield from ((-coefficient, rest) for coefficient, rest in terms_of(operand))
        case Binary("+", left, right):
            yield from terms_of(left)
            yield from terms_of(right)
        case Binary("-", left, right):
            yield from terms_of(left)
            yield from terms_of(Negate(right))
        case _:
            coefficient, factors = factors_of(node)
            yield coefficient, _assemble(Fraction(1), factors)


@lru_cache(maxsize=4096)
def total(*parts: Node) -> Node:
    """The sum of the parts, equal terms collected."""
    collected: dict[Node | None, Fraction] = {}
    for part in parts:
        for coefficient, rest in terms_of(part):
            collected[rest] = collected.get(rest, Fraction(0)) + coefficient
    terms = [
        (value, Number(abs(value)) if rest is None else _scaled(abs(value), rest))
        for rest, value in collected.items()
        if value != 0
    ]
    if not terms:
        return ZERO
    # A sum reads better when it does not begin with a minus.
    first = next((i for i, (value, _) in enumerate(terms) if value > 0), 0)
    terms.insert(0, terms.pop(first))
    value, node = terms[0]
    result = node if value > 0 else negate(node)
    for value, node in terms[1:]:
        result = Binary("+" if value > 0 else "-", result, node)
    return result


def _scaled(coefficient: Fraction, rest: Node) -> Node:
    _, factors = factors_of(rest)
    return _assemble(coefficient, factors)


Factors: TypeAlias = dict[Node, Fraction]


def factors_of(node: Node) -> tuple[Fraction, Factors]:
    """A product as a number and {base: exponent}."""
    match node:
        case Number(value):
            return value, {}
        case Negate(operand):
            coefficient, factors = factors_of(operand)
            return -coefficient, factors
        case Binary("*", left, right):
            return _multiplied(factors_of(left), factors_of(right), 1)
        case Binary("/", left, right) if right != ZERO:
            return _multiplied(factors_of(left), factors_of(right), -1)
        case Binary("^", base, Number(exponent)) if exponent.denominator == 1:
            # x^0.5 x^0.5 is x only for x >= 0, so only whole exponents are collected.
            return Fraction(1), {base: exponent}
        case _:
            return Fraction(1), {node: Fraction(1)}


def _multiplied(
    left: tuple[Fraction, Factors], right: tuple[Fraction, Factors], sign: int
) -> tuple[Fraction, Factors]:
    factors = dict(left[1])
    for base, exponent in right[1].items():
        factors[base] = factors.get(base, Fraction(0)) + sign * exponent
    coefficient = left[0] * right[0] if sign > 0 else left[0] / right[0]
    return coefficient, {base: e for base, e in factors.items() if e != 0}


def _assemble(coefficient: Fraction, factors: Factors) -> Node:
    above = [power(b, Number(e)) for b, e in factors.items() if e > 0]
    below = [power(b, Number(-e)) for b, e in factors.items() if e < 0]
    if coefficient == 0:
        return ZERO
    top, bottom = _readable(abs(coefficient))
    if top != 1 or not above:
        above.insert(0, Number(top))
    if bottom != 1:
        below.append(Number(bottom))
    result = _joined(above)
    if below:
        result = (
            Number(coefficient)
            if len(above) == len(below) == 1 and not factors
            else Binary("/", result, _joined(below))
        )
        if isinstance(result, Number):
            return result
    return result if coefficient > 0 else Negate(result)


def _readable(value: Fraction) -> tuple[Fraction, Fraction]:
    """Split into top / bottom: x / 6 reads better than 0.1666 x, and 0.01 x than x / 100."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if value.denominator == 1 or (rest == 1 and not (value.numerator == 1 and value >= 0.2)):
        return value, Fraction(1)
    return Fraction(value.numerator), Fraction(value.denominator)


def _joined(parts: Iterable[Node]) -> Node:
    result: Node | None = None
    for part in parts:
        result = part if result is None else Binary("*", result, part)
    return ONE if result is None else result


@lru_cache(maxsize=4096)
def product(*parts: Node) -> Node:
    """The product of the parts, equal factors collected."""
    result: tuple[Fraction, Factors] = (Fraction(1), {})
    for part in parts:
        result = _multiplied(result, factors_of(part), 1)
    return _assemble(*result)


@lru_cache(maxsize=4096)
def quotient(left: Node, right: Node) -> Node:
    """left / right."""
    if right == ZERO:  # left for the evaluators, which answer with infinity or nan
        return Binary("/", left, right)
    return _assemble(*_multiplied(factors_of(left), factors_of(right), -1))


def negate(node: Node) -> Node:
    """-node."""
    match node:
        case Number(value):
            return Number(-value)
        case Negate(operand):
            return operand
        case Binary("-", left, right):
            return Binary("-", right, left)
        case _:
            return Negate(node)


def power(base: Node, exponent: Node) -> Node:
    """base ^ exponent."""
    if exponent == ONE:
        return base
    if exponent == ZERO:
        return ONE
    if isinstance(base, Number) and isinstance(exponent, Number):
        whole = exponent.value.denominator == 1 and _stays_small(base.value, exponent.value)
        if whole and (base.value != 0 or exponent.value > 0):
            return Number(base.value ** int(exponent.value))
    if isinstance(base, Binary) and base.op == "^" and _whole(exponent) and _whole(base.right):
        return power(base.left, product(base.right, exponent))
    return Binary("^", base, exponent)


def _whole(node: Node) -> bool:
    return isinstance(node, Number) and node.value.denominator == 1


def _stays_small(base: Fraction, exponent: Fraction) -> bool:
    """Whether base ^ exponent is worth writing out: 9^9^9 would fill the memory."""
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    return abs(exponent) <= 64 and abs(exponent) * bits <= 512


def choose(condition: Compare, yes: Node, no: Node) -> Node:
    """yes where the condition holds, else no."""
    if yes == no:
        return yes
    left, right = condition.left, condition.right
    if isinstance(left, Number) and isinstance(right, Number):
        return yes if COMPARE[condition.op](left.value, right.value) else no
    return Where(condition, yes, no)


OPERATORS: dict[str, Callable[[Node, Node], Node]] = {
    "+": total,
    "-": lambda left, right: total(left, Negate(right)),
    "*": product,
    "/": quotient,
    "^": power,
}


# --- rewriting -----------------------------------------------------------------------------


def rewrite(node: Node, change: Callable[[Node], Node]) -> Node:
    """Apply `change` to every node from the leaves up, tidying on the way."""
    match node:
        case Negate(operand):
            built = negate(rewrite(operand, change))
        case Binary(op, left, right):
            built = OPERATORS[op](rewrite(left, change), rewrite(right, change))
        case Call(function, arguments):
            built = Call(function, tuple(rewrite(a, change) for a in arguments))
        case Where(condition, yes, no):
            test = Compare(
                condition.op, rewrite(condition.left, change), rewrite(condition.right, change)
            )
            built = choose(test, rewrite(yes, change), rewrite(no, change))
        case _:
            built = node
    return change(built)


def substitute(node: Node, name: str, by: Node) -> Node:
    """The expression with every `name` replaced."""
    return rewrite(node, lambda part: by if part == Name(name) else part)


def bind(node: Node, values: Mapping[str, float]) -> Node:
    """The expression with each value in the place of its name, tidied."""
    for name, value in values.items():
        node = substitute(node, name, number(value))
    return tidy(node)


def tidy(node: Node) -> Node:
    """The same expression, rebuilt with the tidy constructors."""
    return rewrite(node, lambda part: part)
