"""From the text of a formula to its tree: a recursive descent over `_tokens`.

    sum     = product { ("+" | "-") product }
    product = unary { ("*" | "/") unary }
    unary   = { "-" | "+" } power
    power   = atom [ ("^" | "**") unary ]
    atom    = number | name | function "(" sum { "," sum } ")" | "(" sum ")"
            | "where" "(" sum ("<" | "<=" | ">" | ">=") sum "," sum "," sum ")"

A function is a word of the vocabulary, or a built-in activation, which stands for its formula.
Nothing here evaluates: a text can only become a tree of `_tree` nodes, or a FormulaError, and
what would become too large is refused at its place before it is built.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NoReturn, TypeVar

from actscope.errors import did_you_mean

from ._measure import Measure, called, is_activation, measure, objection
from ._names import DEFINED, built_in, key
from ._tokens import LONGEST, Token, complaint, number_of, quoted, tokens
from ._tree import Binary, Call, Compare, Name, Negate, Node, Number, Where, children
from ._vocabulary import COMPARISONS, VOCABULARY

__all__ = ["CONSTANTS", "DEEPEST", "LONGEST", "parse", "read"]

DEEPEST = 60  # nested brackets and signs; keeps every recursion over a tree shallow
CONSTANTS = ("pi",)

_Part = TypeVar("_Part", bound=Node | Compare)


@lru_cache(maxsize=512)
def parse(text: str, parameters: Collection[str] = ()) -> Node:
    """Read a formula in x and the given parameters, activations in it written out.

    >>> parse("x * sigmoid(x)") == parse("x*sigmoid( x )") == parse("silu(x)")
    True

    Raises:
        FormulaError: with the place (counted from 1) and what was expected there.
    """
    return _written_out(read(text, parameters))


@lru_cache(maxsize=512)
def read(text: str, parameters: Collection[str] = ()) -> Node:
    """As `parse`, but an activation stays a call: how a person writes it.

    >>> from actscope.catalogue._text import text
    >>> text(read("relu( x )**2"))
    'relu(x)^2'
    """
    return _Reader(text, parameters).formula()


def _written_out(node: Node) -> Node:
    match node:
        case Negate(operand):
            return Negate(_written_out(operand))
        case Binary(op, left, right):
            return Binary(op, _written_out(left), _written_out(right))
        case Call(function, arguments):
            return called(function, [_written_out(a) for a in arguments])
        case Where(c, yes, no):
            test = Compare(c.op, _written_out(c.left), _written_out(c.right))
            return Where(test, _written_out(yes), _written_out(no))
        case _:
            return node


class _Reader:
    def __init__(self, text: str, parameters: Collection[str]) -> None:
        self.text = text
        self.parameters = tuple(parameters)
        self.depth = 0
        self.at = 0
        self.tokens = tokens(text)
        # By identity, which lasts because the node is kept beside its measure.
        self.measures: dict[int, tuple[Measure, Node | Compare]] = {}

    def _fail(self, why: str, at: int) -> NoReturn:
        raise complaint(self.text, why, at)

    def made(self, node: _Part, at: int) -> _Part:
        """The node, unless it is too large; `at` is the place to complain about."""
        inside = [self.measures[id(child)][0] for child in children(node)]
        of = measure(node, inside)
        why = objection(node, of, inside)
        if why:
            self._fail(why, at)
        self.measures[id(node)] = of, node
        return node

    # --- tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self, *symbols: str) -> str | None:
        if self.token.kind == "symbol" and self.token.text in symbols:
            self.at += 1
            return self.tokens[self.at - 1].text
        return None

    def expect(self, symbol: str) -> None:
        if self.take(symbol) is None:
            seen = quoted(self.token.text) if self.token.text else "the end"
            self._fail(f"expected {symbol!r} before {seen}", self.token.at)

    # --- the grammar

    def formula(self) -> Node:
        node = self.sum()
        if self.token.kind != "end":
            between = self.token.kind != "symbol" or self.token.text == "("
            hint = "; write * between factors" if between else ""
            self._fail(f"{quoted(self.token.text)} is not expected here{hint}", self.token.at)
        return node

    def sum(self) -> Node:
        node = self.product()
        while op := self.take("+", "-"):
            node = self.made(Binary(op, node, self.product()), self.tokens[self.at - 1].at)
        return node

    def product(self) -> Node:
        node = self.unary()
        while op := self.take("*", "/"):
            at = self.token.at
            node = self.made(Binary(op, node, self.unary()), at)
        return node

    def unary(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            self._fail(f"nested deeper than {DEEPEST} levels", self.token.at)
        at = self.token.at
        sign = self.take("-", "+")
        if sign is None:
            node = self.power()
        else:
            operand = self.unary()
            node = self.made(Negate(operand), at) if sign == "-" else operand
        self.depth -= 1
        return node

    def power(self) -> Node:
        base = self.atom()
        if not self.take("^", "**"):
            return base
        at = self.token.at
        return self.made(Binary("^", base, self.unary()), at)

    def atom(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.at += 1
            return self.made(Number(number_of(self.text, token)), token.at)
        if token.kind == "name":
            self.at += 1
            return self.named(token)
        if self.take("("):
            node = self.sum()
            self.expect(")")
            return node
        seen = quoted(token.text) if token.text else "the end"
        self._fail(f"expected a number, a name or '(' instead of {seen}", token.at)

    def named(self, token: Token) -> Node:
        name, calls = token.text, self.token.text == "("
        if name == "where":
            return self.where(token)
        if name in VOCABULARY:
            return self.call(token, name, VOCABULARY[name].arguments)
        if name == "x" or name in self.parameters or name in CONSTANTS:
            return self.made(Name(name), token.at)
        if not is_activation(name):
            self._unknown(token, calls)
        proper = built_in()[key(name)].name
        if not calls:
            self._fail(f"{quoted(name)} is a function here: write {proper}(x)", token.at)
        return self.call(token, proper, 1)

    def _unknown(self, token: Token, calls: bool) -> NoReturn:
        name = token.text
        if key(name) in DEFINED:
            why = f"{quoted(name)} is a function of your own: write out its formula here"
            self._fail(why, token.at)
        if calls:
            functions = [*VOCABULARY, "where"]
            activations = [entry.name for entry in built_in().values()]
            hint = did_you_mean(name, functions) or did_you_mean(name, activations)
            hint = hint or f" Known: {', '.join(functions)}, and activations such as gelu."
        else:
            values = ["x", *self.parameters, *CONSTANTS]
            hint = did_you_mean(name, values) or f" Known: {', '.join(values)}."
            hint += " A parameter gets its value from act.define(name, formula, parameter=number)."
        kind = "function" if calls else "name"
        self._fail(f"unknown {kind} {quoted(name)}.{hint}", token.at)

    def call(self, token: Token, function: str, wanted: int) -> Node:
        self.expect("(")
        arguments = [self.sum()]
        while self.take(","):
            arguments.append(self.sum())
        self.expect(")")
        if len(arguments) != wanted:
            why = f"{function} takes {wanted} argument(s), not {len(arguments)}"
            if function not in VOCABULARY:
                why += "; its parameters are at their defaults inside a formula"
            self._fail(why, token.at)
        return self.made(Call(function, tuple(arguments)), token.at)

    def where(self, token: Token) -> Node:
        self.expect("(")
        left = self.sum()
        at = self.token.at
        op = self.take(*COMPARISONS)
        if op is None:
            self._fail("where needs a comparison first, as in where(x > 0, x, 0)", at)
        condition = self.made(Compare(op, left, self.sum()), at)
        self.expect(",")
        yes = self.sum()
        self.expect(",")
        no = self.sum()
        self.expect(")")
        return self.made(Where(condition, yes, no), token.at)
