"""Sums over powers of one polynomial, brought over a common power.

The quotient rule leaves sqrt(D) - x^2 / sqrt(D) where 1 / sqrt(D) is meant (D = 1 + x^2): the
difference cancels, in floats and in interval bounds alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ._tidy import factors_of, power, product, quotient, terms_of, total
from ._tree import Binary, Call, Name, Node, Number, number

# A polynomial over names: {((name, power), ...) sorted: coefficient}.
Monomial = tuple[tuple[str, int], ...]
Polynomial = dict[Monomial, Fraction]

_MOST_TERMS = 40
_MOST_POWER = 8


def combine(node: Node) -> Node:
    """The sum over a common power of a polynomial, where that leaves at most two terms."""
    if not isinstance(node, Binary) or node.op not in "+-":
        return node
    terms = [(c, {} if rest is None else factors_of(rest)[1]) for c, rest in terms_of(node)]
    for base in dict.fromkeys(b for _, factors in terms for b in _bases(factors)):
        found = _over_common(terms, base)
        if found is not None:
            return found
    return node


def _bases(factors: dict[Node, Fraction]) -> Iterator[Node]:
    """What is divided by, or rooted and divided by."""
    for factor, exponent in factors.items():
        if exponent < 0:
            match factor:
                case Call("sqrt", (under,)):
                    yield under
                case Binary("+" | "-"):
                    yield factor
                case _:
                    pass


def _over_common(terms: list[tuple[Fraction, dict[Node, Fraction]]], base: Node) -> Node | None:
    divisor = _polynomial(base)
    if divisor is None:
        return None
    root = Call("sqrt", (base,))
    split = []
    for coefficient, factors in terms:
        exponent = factors.get(base, Fraction(0)) + factors.get(root, Fraction(0)) / 2
        rest = _product({f: e for f, e in factors.items() if f not in (base, root)})
        if rest is None:
            return None
        split.append((exponent, _times(rest, {(): coefficient})))
    least = min(exponent for exponent, _ in split)
    whole: Polynomial = {}
    for exponent, rest in split:
        steps = exponent - least
        if steps.denominator != 1 or steps > _MOST_POWER:
            return None
        for _ in range(int(steps)):
            rest = _times(rest, divisor)
        for monomial, coefficient in rest.items():
            whole[monomial] = whole.get(monomial, Fraction(0)) + coefficient
    whole = {m: c for m, c in whole.items() if c}
    if not 0 < len(whole) <= 2:
        return None
    top = total(*(_node(m, c) for m, c in whole.items()))
    if least.denominator == 1:
        return quotient(top, power(base, number(-least)))
    return quotient(top, power(root, number(-2 * least)))


def _node(monomial: Monomial, coefficient: Fraction) -> Node:
    return product(Number(coefficient), *(power(Name(n), number(p)) for n, p in monomial))


def _product(factors: dict[Node, Fraction]) -> Polynomial | None:
    result: Polynomial = {(): Fraction(1)}
    for factor, exponent in factors.items():
        if exponent.denominator != 1 or not 0 < exponent <= _MOST_POWER:
            return None
        part = _polynomial(factor)
        if part is None:
            return None
        for _ in range(int(exponent)):
            result = _times(result, part)
            if len(result) > _MOST_TERMS:
                return None
    return result


def _polynomial(node: Node) -> Polynomial | None:
    """The expression as a polynomial over its names; None when it is not one."""
    whole: Polynomial = {}
    for coefficient, rest in terms_of(node):
        if rest is None:
            part: Polynomial | None = {(): Fraction(1)}
        elif isinstance(rest, Name):
            part = {((rest.name, 1),): Fraction(1)}
        else:
            factors = factors_of(rest)[1]
            part = None if factors == {rest: 1} else _product(factors)
        if part is None:
            return None
        for monomial, value in part.items():
            whole[monomial] = whole.get(monomial, Fraction(0)) + coefficient * value
    return whole


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    result: Polynomial = {}
    for first, a in left.items():
        for second, b in right.items():
            powers = dict(first)
            for name, count in second:
                powers[name] = powers.get(name, 0) + count
            key = tuple(sorted(powers.items()))
            result[key] = result.get(key, Fraction(0)) + a * b
    return result
