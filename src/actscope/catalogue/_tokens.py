"""The tokens of a formula, and complaints that point at a place in it."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import NamedTuple

from actscope.errors import FormulaError

LONGEST = 2_000  # characters; a formula for people is far shorter
DIGITS = 150  # of one number, with its point: 1e-99 written out, and 40 digits more
LARGEST = Fraction(10) ** 99  # a number and its inverse stay well inside the range of floats
_SHOWN = 30  # characters on each side of the place, where a formula is long

# ASCII only: "\d" and "\s" would let in the digits and spaces of every script.
_SPACES = " \t\r\n"
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<symbol>\*\*|<=|>=|[-+*/^(),<>])"
)
_MEANT = {  # what people type or paste, and what it is here
    "²": "^2",
    "³": "^3",
    "×": "*",
    "·": "*",
    "⋅": "*",
    "∗": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "≤": "<=",
    "≥": ">=",
    "π": "pi",
    "σ": "sigmoid",
    "Φ": "normal_cdf",
    "√": "sqrt",
    "х": "x",
    "Х": "x",
    "χ": "x",
    "а": "a",
    "е": "e",
    "о": "o",
    "р": "p",
    "с": "c",
    "=": "<= or >=",
    "[": "(",
    "]": ")",
    "{": "(",
    "}": ")",
}


class Token(NamedTuple):
    kind: str  # "number", "name", "symbol" or "end"
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The tokens of a formula, "end" last.

    Raises:
        FormulaError: too long, or a character that means nothing here.
    """
    if len(text) > LONGEST:
        raise FormulaError(
            f"a formula of {len(text):,} characters is too long: at most {LONGEST:,} are read"
        )
    found, at = [], 0
    while at < len(text):
        if text[at] in _SPACES:
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            raise complaint(text, _strange(text[at]), at)
        found.append(Token(str(match.lastgroup), match[0], at))
        at = match.end()
    return [*found, Token("end", "", len(text.rstrip(_SPACES)))]


def _strange(character: str) -> str:
    """Why this character is refused, and what may have been meant."""
    called = repr(character)
    if not character.isascii():
        called += f" ({unicodedata.name(character, f'U+{ord(character):04X}')})"
    meant = _MEANT.get(character) or unicodedata.normalize("NFKC", character)
    known = meant != character and meant.isascii() and meant.strip()
    return f"{called} means nothing here" + (f"; write {meant}" if known else "")


def complaint(text: str, why: str, at: int) -> FormulaError:
    """An error in one line: the formula (cut around the place where it is long), why, where.

    >>> print(complaint("x * y", "unknown name 'y'", 4))
    cannot read 'x * y': unknown name 'y' (character 5)
    """
    return FormulaError(f"cannot read {shown(text, at)}: {why} (character {at + 1})")


def shown(text: str, at: int = 0) -> str:
    """The formula in quotes, or what is near the place in a long one."""
    low, high = max(0, at - _SHOWN), at + _SHOWN
    if len(text) <= 2 * _SHOWN + 20:
        low, high = 0, len(text)
    part = " ".join(text[low:high].split())
    if not part:
        return "an empty formula"
    return repr(f"{'…' if low else ''}{part}{'…' if high < len(text) else ''}")


def quoted(word: str) -> str:
    """A word in quotes, cut where it is long."""
    return repr(word if len(word) <= 40 else f"{word[:39]}…")


def number_of(text: str, token: Token) -> Fraction:
    """The exact value of a number.

    Raises:
        FormulaError: too many digits, or out of range.
    """
    mantissa, _, exponent = token.text.lower().partition("e")
    if len(mantissa) > DIGITS:
        why = f"a number of {len(mantissa)} characters is too long: at most {DIGITS} are read"
        raise complaint(text, why, token.at)
    size = exponent.lstrip("+-").lstrip("0")
    # Three digits at most become an integer: 1e999999999 would fill the memory.
    value = Fraction(token.text) if len(size) <= 3 else LARGEST * 10
    if value and not 1 / LARGEST <= value <= LARGEST:
        why = f"{quoted(token.text)} is out of range: numbers go from 1e-99 to 1e99"
        raise complaint(text, why, token.at)
    return value
