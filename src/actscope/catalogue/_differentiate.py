"""The derivative of a tree, as a tree.

At a kink the derivative follows the condition of the formula: where(x > 0, x, 0) has slope 0
at 0, the convention that PyTorch follows too.
"""

from __future__ import annotations

from functools import lru_cache

from ._algebra import combine
from ._parse import parse
from ._tidy import choose, negate, power, product, quotient, substitute, total
from ._tree import ONE, ZERO, Binary, Call, Name, Negate, Node, Number, Where, names_in, number
from ._vocabulary import VOCABULARY, expand


@lru_cache(maxsize=1024)
def differentiate(node: Node, name: str = "x") -> Node:
    """d node / d name, tidied.

    >>> from actscope.catalogue._text import text
    >>> text(differentiate(parse("x * sigmoid(x)")))
    'sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x))'
    """
    match node:
        case Number():
            return ZERO
        case Name(other):
            return ONE if other == name else ZERO
        case Negate(operand):
            return negate(differentiate(operand, name))
        case Binary("+", left, right):
            return total(differentiate(left, name), differentiate(right, name))
        case Binary("-", left, right):
            return total(differentiate(left, name), Negate(differentiate(right, name)))
        case Binary("*", left, right):
            return total(
                product(differentiate(left, name), right),
                product(left, differentiate(right, name)),
            )
        case Binary("/", top, bottom):
            if name not in names_in(bottom):
                return quotient(differentiate(top, name), bottom)
            change = total(
                product(differentiate(top, name), bottom),
                Negate(product(top, differentiate(bottom, name))),
            )
            return quotient(combine(change), power(bottom, number(2)))
        case Binary("^", base, exponent):
            return _of_power(base, exponent, name)
        case Where(condition, yes, no):
            return choose(condition, differentiate(yes, name), differentiate(no, name))
        case Call(function, arguments):
            inner = [differentiate(argument, name) for argument in arguments]
            if all(slope == ZERO for slope in inner):
                return ZERO
            rule = VOCABULARY[function].slope
            if not rule:
                return differentiate(expand(node), name)
            outer = substitute(parse(rule, ("u",)), "u", arguments[0])
            return product(outer, inner[0]) if len(names_in(outer)) else product(inner[0], outer)
    raise AssertionError(f"no rule for {node}")


def _of_power(base: Node, exponent: Node, name: str) -> Node:
    slope = differentiate(base, name)
    if name not in names_in(exponent):
        return product(exponent, power(base, total(exponent, Negate(ONE))), slope)
    # (b^e)' = b^e (e' log b + e b' / b)
    inside = total(
        product(differentiate(exponent, name), Call("log", (base,))),
        quotient(product(exponent, slope), base),
    )
    return product(Binary("^", base, exponent), inside)
