"""From what a user typed to an entry: names, parameters and formulas, checked."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any, cast

from actscope.errors import FormulaError, SettingError

from ._evaluate import at
from ._facts import Frozen
from ._measure import objection_to
from ._names import built_in, key
from ._parse import CONSTANTS, parse, read
from ._record import Entry, Parameter
from ._text import text
from ._tidy import bind
from ._tokens import shown
from ._tree import Node, names_in
from ._vocabulary import VOCABULARY
from .entries import GATED, VECTOR

OWN = "own"  # the family of what a user defined
LONGEST_NAME = 40
SMALLEST, LARGEST = 1e-3, 1e3  # sizes of parameters, as for the built-in activations

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TAKEN = ("x", "where", *CONSTANTS, *VOCABULARY)
_NOT_PARAMETERS = ("name", "formula")  # the arguments of `define` itself
# Every sixteenth and every twentieth from -10 to 10: zeros and halves, and what lies between.
# Small whole numbers first: they read best in a complaint.
GRID = tuple(
    sorted(
        {k / 16 for k in range(-160, 161)} | {k / 20 for k in range(-200, 201)},
        key=lambda x: (not x.is_integer(), abs(x), x),
    )
)


@dataclass(frozen=True)
class Learned:
    """A parameter that training changes, and the value it starts from."""

    value: float = 1.0


def entry_for(name: str, formula: str, parameters: Mapping[str, float | Learned]) -> Entry:
    """The entry of a definition, checked; nothing is remembered or analysed. The name may be taken.

    Raises:
        SettingError: a name or a parameter that cannot be used.
        FormulaError: a formula that cannot be read, or has no value somewhere.
    """
    _check_word(name)
    values = {word: _parameter(word, value) for word, value in parameters.items()}
    written = checked(formula, {word: p.value for word, p in values.items()})
    return Entry(
        name,
        written,
        family=OWN,
        summary="Your own function.",
        reference="defined here",
        torch="".join(part[:1].upper() + part[1:] for part in name.split("_")),
        parameters=Frozen(values),
    )


def entry_of_formula(formula: str) -> Entry:
    """The entry of a formula without a name; it is called by its own text.

    Raises:
        FormulaError: as `entry_for`.
    """
    written = checked(formula, {})
    return Entry(
        written,
        written,
        family=OWN,
        summary="Your own formula.",
        reference="given as a formula",
        torch="Formula",
        parameters=Frozen({}),
    )


def _check_word(name: Any) -> None:
    if not isinstance(name, str):
        raise SettingError(f"the name of a function is a text, not {type(name).__name__}")
    said = shown(name)
    if not _WORD.fullmatch(name) or keyword.iskeyword(name) or len(name) > LONGEST_NAME:
        raise SettingError(
            f"{said} cannot be the name of a function: use a letter, then letters, digits or _, "
            f"at most {LONGEST_NAME}, and no word of Python's"
        )


def check_free(name: str) -> None:
    """Refuse a name that means something already.

    Raises:
        SettingError: an activation of the catalogue, or a word of the formula language.
    """
    said = shown(name)
    taken = built_in_by_any_word().get(key(name))
    if taken is not None:
        raise SettingError(f"{said} is {taken} of the catalogue: choose another name")
    if key(name) in {key(word) for word in _TAKEN}:
        raise SettingError(f"{said} is a word of the formula language: choose another name")


@lru_cache(maxsize=1)
def built_in_by_any_word() -> Mapping[str, str]:
    """Key -> name of every activation of the catalogue, of all kinds."""
    others = {
        key(word): entry.name
        for entry in (*GATED, *VECTOR)
        for word in (entry.name, entry.torch, *entry.aliases)
    }
    return {**others, **{word: entry.name for word, entry in built_in().items()}}


def _parameter(word: str, value: Any) -> Parameter:
    if not _WORD.fullmatch(word) or keyword.iskeyword(word) or len(word) > LONGEST_NAME:
        raise SettingError(
            f"{shown(word)} cannot be the name of a parameter: use a letter, then letters, digits "
            f"or _, at most {LONGEST_NAME}, and no word of Python's"
        )
    if word in _TAKEN or word in _NOT_PARAMETERS:
        raise SettingError(f"{word!r} has a meaning already: give the parameter another name")
    learned = isinstance(value, Learned)
    given = value.value if learned else value
    if isinstance(given, bool) or not isinstance(given, Real):
        raise SettingError(
            f"the parameter {word} must be a number or Learned(number), not {type(given).__name__}"
        )
    # Whole numbers of any length come by here; a nan is never below.
    number = float(given) if -LARGEST <= cast("float", given) <= LARGEST else math.inf
    if number and not SMALLEST <= abs(number) <= LARGEST:
        raise SettingError(
            f"the parameter {word} must be 0 or a number between {SMALLEST:g} and {LARGEST:g} "
            "in size"
        )
    meaning = "start of a learned parameter" if learned else "a number in the formula"
    return Parameter(number + 0.0, meaning, learned=learned, name=word)


def checked(formula: Any, values: Mapping[str, float]) -> str:
    """The formula as text with tidy spaces, if it is one that a network can use.

    Raises:
        FormulaError: it cannot be read, does not use x or a parameter, is constant, or has no
            finite value at a point of a grid on [-10, 10].
    """
    if not isinstance(formula, str):
        raise FormulaError(
            f"a formula is a text such as 'x * tanh(x)', not {type(formula).__name__}"
        )
    names = tuple(values)
    tree = parse(formula, names)
    said = shown(formula)
    unused = [name for name in names if name not in names_in(tree)]
    if unused:
        raise FormulaError(f"{said} does not use the parameter {unused[0]}: remove it")
    bound = bind(tree, values)
    why = objection_to(bound)
    if why:
        raise FormulaError(f"cannot use {said}: {why}")
    if "x" not in names_in(bound):
        raise FormulaError(f"{said} is the same for every x: a formula must depend on x")
    _check_values(said, bound)
    return text(read(formula, names))


def _check_values(said: str, tree: Node) -> None:
    for x in GRID:
        value = at(tree, x)
        if not math.isfinite(value):
            raise FormulaError(
                f"{said} has no finite value at x = {x:g}: a network needs one for every x, so "
                "guard roots, logarithms and divisors: log(max(x, 0.1)), 1 / (1 + abs(x))"
            )
