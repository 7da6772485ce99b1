"""The functions that a formula may use, and their slopes.

A slope is text in u (the argument), in this same vocabulary. `expand` writes the functions
that have kinks as `where`, which is what differentiation and analysis work on; `stable` avoids the
differences that lose digits far out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ._algebra import combine
from ._tidy import choose, factors_of, negate, power, product, quotient, rewrite, total
from ._tree import COMPARE, ONE, ZERO, Binary, Call, Compare, Negate, Node, Number, number

COMPARISONS = tuple(COMPARE)
TWO = number(2)


@dataclass(frozen=True, slots=True)
class Function:
    """One function: how many arguments, its slope, what is plain to see of its symmetry."""

    arguments: int
    meaning: str
    slope: str = ""  # text in u; "" for those that `expand` writes as where
    symmetry: str | None = None  # "odd" or "even", in its one argument


VOCABULARY: dict[str, Function] = {
    "exp": Function(1, "e to the power u", "exp(u)"),
    "expm1": Function(1, "exp(u) - 1, accurate near 0", "exp(u)"),
    "log": Function(1, "natural logarithm", "1 / u"),
    "log1p": Function(1, "log(1 + u), accurate near 0", "1 / (1 + u)"),
    "sqrt": Function(1, "square root", "1 / (2 * sqrt(u))"),
    "sigmoid": Function(1, "1 / (1 + exp(-u))", "sigmoid(u) * (1 - sigmoid(u))"),
    "softplus": Function(1, "log(1 + exp(u))", "sigmoid(u)"),
    "tanh": Function(1, "hyperbolic tangent", "1 - tanh(u)^2", "odd"),
    "sinh": Function(1, "hyperbolic sine", "cosh(u)", "odd"),
    "cosh": Function(1, "hyperbolic cosine", "sinh(u)", "even"),
    "sech": Function(1, "1 / cosh(u)", "-sech(u) * tanh(u)", "even"),
    "asinh": Function(1, "inverse hyperbolic sine", "1 / sqrt(1 + u^2)", "odd"),
    "atan": Function(1, "arc tangent", "1 / (1 + u^2)", "odd"),
    "sin": Function(1, "sine", "cos(u)", "odd"),
    "cos": Function(1, "cosine", "-sin(u)", "even"),
    "erf": Function(1, "error function", "2 / sqrt(pi) * exp(-u^2)", "odd"),
    "normal_cdf": Function(1, "P(Z <= u) of a standard normal Z", "normal_pdf(u)"),
    "normal_pdf": Function(1, "density of a standard normal", "-u * normal_pdf(u)", "even"),
    "abs": Function(1, "absolute value", "sign(u)", "even"),
    "sign": Function(1, "-1, 0 or 1", symmetry="odd"),
    "max": Function(2, "the larger of two"),
    "min": Function(2, "the smaller of two"),
    "clip": Function(3, "u held between low and high: clip(u, low, high)"),
}


@lru_cache(maxsize=1024)
def expand(node: Node) -> Node:
    """The same expression with abs, sign, max, min and clip written as where."""
    return rewrite(node, _expand_one)


def _expand_one(node: Node) -> Node:
    match node:
        case Call("abs", (u,)):
            # Three cases, so that the slope at 0 is 0: sign(u), as in PyTorch and JAX.
            below = choose(Compare("<", u, ZERO), negate(u), ZERO)
            return choose(Compare(">", u, ZERO), u, below)
        case Call("sign", (u,)):
            below = choose(Compare("<", u, ZERO), Negate(ONE), ZERO)
            return choose(Compare(">", u, ZERO), ONE, below)
        case Call("max", (a, b)):
            return choose(Compare(">", a, b), a, b)
        case Call("min", (a, b)):
            return choose(Compare("<", a, b), a, b)
        case Call("clip", (u, low, high)):
            inside = choose(Compare(">=", u, high), high, u)
            return choose(Compare("<=", u, low), low, inside)
        case _:
            return node


def stable(node: Node) -> Node:
    """The same expression without what cancels, overflows or hides its sign.

    1 - sigmoid(u) loses every digit for large u, sigmoid(-u) none; likewise 1 - tanh(u)^2 and
    sech(u)^2. exp(u) exp(-exp(u)) is infinity times 0 where exp(u - exp(u)) is 0. People read
    the first form, arithmetic and interval bounds use the second.
    """
    return rewrite(node, _stable_one)


def _stable_one(node: Node) -> Node:
    match node:
        case Binary("-", left, Call("sigmoid", (u,))) if left == ONE:
            return Call("sigmoid", (negate(u),))
        case Binary("-", left, Binary("^", Call("tanh", (u,)), exponent)) if (
            left == ONE and exponent == TWO
        ):
            return _stable_power(_sech(u), exponent)
        case Binary("-", left, Call("tanh", (u,))) if left == ONE:
            return product(TWO, Call("sigmoid", (product(number(-2), u),)))
        case Binary("+", left, Call("tanh", (u,))) | Binary("+", Call("tanh", (u,)), left) if (
            left == ONE
        ):
            return product(TWO, Call("sigmoid", (product(TWO, u),)))
        case Call("sech", (u,)):
            return _sech(u)
        case Binary("*" | "/"):
            return _merged(node)
        case Binary("+" | "-"):
            return combine(node)
        case Binary("^", base, exponent):
            return _stable_power(base, exponent)
        case _:
            return node


def _sech(u: Node) -> Node:
    """sech(u); for an exponential, which only grows, by way of exp(-u)."""
    if not (isinstance(u, Call) and u.function == "exp"):
        return Call("sech", (u,))
    return product(TWO, Call("exp", (negate(u),)), Call("sigmoid", (product(TWO, u),)))


def _stable_power(base: Node, exponent: Node) -> Node:
    """A whole power of a product, as a product of powers: its exponentials can then merge."""
    coefficient, factors = factors_of(base)
    if not isinstance(exponent, Number) or exponent.value.denominator != 1:
        return power(base, exponent)
    if len(factors) == 1 and coefficient == 1:
        return power(base, exponent)
    parts = [power(part, number(count * exponent.value)) for part, count in factors.items()]
    return _merged(product(power(Number(coefficient), exponent), *parts))


def _merged(node: Node) -> Node:
    """A product with its exponentials as one, and sin(u) cos(u) as sin(2 u) / 2."""
    coefficient, factors = factors_of(node)
    parts: list[Node] = [Number(coefficient)]
    exponents: list[Node] = []
    for factor, count in factors.items():
        match factor:
            case Call("exp", (u,)):
                exponents.append(product(Number(count), u))
            case Call("sin", (u,)) if factors.get(Call("cos", (u,))) == count == 1:
                parts.append(quotient(Call("sin", (product(TWO, u),)), TWO))
            case Call("cos", (u,)) if factors.get(Call("sin", (u,))) == count == 1:
                pass
            case _:
                parts.append(power(factor, Number(count)))
    if len(parts) + len(exponents) == len(factors) + 1 and len(exponents) < 2:
        return node
    if exponents:
        parts.append(Call("exp", (total(*exponents),)))
    return product(*parts)
