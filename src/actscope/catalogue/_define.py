"""`define`: a user's own function under a name, and definitions as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actscope.errors import FormulaError, UnknownActivation

from ._names import DEFINED, key
from ._own import OWN, Learned, check_free, entry_for, entry_of_formula
from ._record import Record
from ._records import record_of
from ._tokens import quoted


def define(name: str, formula: str, /, **parameters: float | Learned) -> Record:
    """Give a formula a name by which it can be used everywhere, like a built-in activation.

    The formula is text in x (see docs/catalogue.md), built-in activations may be called in it.
    It is never executed: it becomes a tree, and its facts are worked out in another process,
    within 20 seconds. Defining the same again gives the same record; another formula under a
    name of yours takes its place.

    parameters: numbers used in the formula, or `Learned(start)` for one that training changes.

    >>> mine = define("mine", "x * sigmoid(beta * x)", beta=Learned(1.0))
    >>> mine.symmetry, mine.certified["gain"], mine.parameters["beta"].learned
    (None, True, True)
    >>> forget("mine")

    Raises:
        FormulaError: the formula cannot be read (with the place), is constant, has no finite
            value somewhere in [-10, 10], or takes too long to analyse.
        SettingError: the name or a parameter cannot be used.
    """
    entry = entry_for(name, formula, parameters)
    check_free(name)
    record = record_of(entry)  # before it is remembered: what fails changes nothing
    DEFINED[key(name)] = entry
    return record


def forget(name: str) -> None:
    """Take a name given by `define` away again.

    Raises:
        UnknownActivation: nothing is defined under this name.
    """
    if DEFINED.pop(key(name), None) is None:
        raise UnknownActivation(f"nothing is defined as {quoted(name)}: there is nothing to forget")


def is_own(record: Record) -> bool:
    """Whether a user defined it or gave it as a formula."""
    return record.family == OWN


def to_definition(record: Record) -> dict[str, Any]:
    """What another process needs to have the same function, JSON-ready.

    name: None for a formula without one. parameters: name -> {"value", "learned"}.
    """
    return {
        "name": None if record.name == record.formula else record.name,
        "formula": record.formula,
        "parameters": {
            name: {"value": p.value, "learned": p.learned} for name, p in record.parameters.items()
        },
    }


def from_definition(definition: Mapping[str, Any]) -> Record:
    """The record that `to_definition` described; nothing is remembered under its name.

    Raises:
        FormulaError, SettingError: as `define`.
        KeyError, TypeError, ValueError: a document of another shape.
    """
    name, formula = definition["name"], definition["formula"]
    if name is None:
        if not isinstance(formula, str):
            raise FormulaError(f"a formula is a text, not {type(formula).__name__}")
        return record_of(entry_of_formula(formula))
    parameters: dict[str, float | Learned] = {}
    for word, parameter in definition["parameters"].items():
        value = parameter["value"]
        parameters[word] = Learned(value) if parameter["learned"] else value
    return record_of(entry_for(name, formula, parameters))
