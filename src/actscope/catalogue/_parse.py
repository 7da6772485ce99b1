"""From the text of a formula to its tree: a tokenizer and a recursive descent.

    sum     = product { ("+" | "-") product }
    product = unary { ("*" | "/") unary }
    unary   = { "-" | "+" } power
    power   = atom [ ("^" | "**") unary ]
    atom    = number | name | function "(" sum { "," sum } ")" | "(" sum ")"
            | "where" "(" sum ("<" | "<=" | ">" | ">=") sum "," sum "," sum ")"

Nothing here evaluates: a text can only become a tree of `_tree` nodes, or a FormulaError.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, NoReturn

from actscope.errors import FormulaError, did_you_mean

from ._tree import Binary, Call, Compare, Name, Negate, Node, Number, Where
from ._vocabulary import COMPARISONS, VOCABULARY

LONGEST = 2_000  # characters; a formula for people is far shorter
DEEPEST = 60  # nested brackets and signs; keeps every recursion over a tree shallow
CONSTANTS = ("pi",)

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|<=|>=|[-+*/^(),<>]))"
)


class Token(NamedTuple):
    kind: str  # "number", "name", "symbol" or "end"
    text: str
    at: int


@lru_cache(maxsize=512)
def parse(text: str, parameters: Collection[str] = ()) -> Node:
    """Read a formula in x and the given parameters.

    >>> parse("x * sigmoid(x)") == parse("x*sigmoid( x )")
    True

    Raises:
        FormulaError: with the place (counted from 1) and what was expected there.
    """
    return _Reader(text, parameters).formula()


class _Reader:
    def __init__(self, text: str, parameters: Collection[str]) -> None:
        self.text = text
        self.parameters = tuple(parameters)
        self.depth = 0
        self.at = 0
        if len(text) > LONGEST:
            raise FormulaError(
                f"a formula of {len(text)} characters is too long: at most {LONGEST} are read"
            )
        self.tokens = list(self._tokenize())

    def _tokenize(self) -> list[Token]:
        tokens, at = [], 0
        text = self.text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                place = at + len(text[at:]) - len(text[at:].lstrip())
                self._fail(f"{text[place]!r} means nothing here", place)
            kind = str(found.lastgroup)
            tokens.append(Token(kind, found[kind], found.start(kind)))
            at = found.end()
        return [*tokens, Token("end", "", len(text))]

    def _fail(self, why: str, at: int) -> NoReturn:
        shown = " ".join(self.text.split()) or "an empty formula"
        raise FormulaError(f"cannot read {shown!r}: {why} (character {at + 1})")

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
            seen = repr(self.token.text) if self.token.text else "the end"
            self._fail(f"expected {symbol!r} before {seen}", self.token.at)

    # --- the grammar

    def formula(self) -> Node:
        node = self.sum()
        if self.token.kind != "end":
            self._fail(f"{self.token.text!r} is not expected here", self.token.at)
        return node

    def sum(self) -> Node:
        node = self.product()
        while op := self.take("+", "-"):
            node = Binary(op, node, self.product())
        return node

    def product(self) -> Node:
        node = self.unary()
        while op := self.take("*", "/"):
            node = Binary(op, node, self.unary())
        return node

    def unary(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            self._fail(f"nested deeper than {DEEPEST} levels", self.token.at)
        sign = self.take("-", "+")
        if sign is None:
            node = self.power()
        else:
            operand = self.unary()
            node = Negate(operand) if sign == "-" else operand
        self.depth -= 1
        return node

    def power(self) -> Node:
        base = self.atom()
        return Binary("^", base, self.unary()) if self.take("^", "**") else base

    def atom(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.at += 1
            return Number(Fraction(token.text))
        if token.kind == "name":
            self.at += 1
            return self.named(token)
        if self.take("("):
            node = self.sum()
            self.expect(")")
            return node
        seen = repr(token.text) if token.text else "the end"
        self._fail(f"expected a number, a name or '(' instead of {seen}", token.at)

    def named(self, token: Token) -> Node:
        name = token.text
        if name == "where":
            return self.where()
        if name in VOCABULARY:
            return self.call(token)
        if name == "x" or name in self.parameters or name in CONSTANTS:
            return Name(name)
        called = self.token.text == "("
        known = [*VOCABULARY, "where"] if called else ["x", *self.parameters, *CONSTANTS]
        hint = did_you_mean(name, known) or f" Known: {', '.join(known)}."
        self._fail(f"unknown {'function' if called else 'name'} {name!r}.{hint}", token.at)

    def call(self, token: Token) -> Node:
        self.expect("(")
        arguments = [self.sum()]
        while self.take(","):
            arguments.append(self.sum())
        self.expect(")")
        wanted = VOCABULARY[token.text].arguments
        if len(arguments) != wanted:
            self._fail(f"{token.text} takes {wanted} argument(s), not {len(arguments)}", token.at)
        return Call(token.text, tuple(arguments))

    def where(self) -> Node:
        self.expect("(")
        left = self.sum()
        op = self.take(*COMPARISONS)
        if op is None:
            self._fail("where needs a comparison first, as in where(x > 0, x, 0)", self.token.at)
        condition = Compare(op, left, self.sum())
        self.expect(",")
        yes = self.sum()
        self.expect(",")
        no = self.sum()
        self.expect(")")
        return Where(condition, yes, no)
