"""A user's functions: what each takes, called with it, and what one raises told in one line."""

from __future__ import annotations

import inspect
import textwrap
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from actscope.errors import SettingError

RATE = "lr"
_NAMES = {"seed": "seed", "lr": RATE, "learning_rate": RATE}
_FIXED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
# What a training that ran off to infinity ends in, where it ends in an error at all.
DIVERGED = (FloatingPointError, OverflowError)


@dataclass(frozen=True)
class Function:
    """One function of the user's.

    role: "build", "fit", ... takes: by the name of its parameter, which of "model", "seed" and
    "lr" it is given.
    """

    role: str
    body: Callable[..., Any]
    takes: Mapping[str, str]

    def __call__(self, where: str, **values: Any) -> Any:
        """Call it with those of `values` that it takes; where: "with relu, seed 0", for an error.

        Raises:
            FloatingPointError, OverflowError: as it does: its training ran off.
            SettingError: any other error of its own, with that as the cause.
        """
        ahead, named = [], {}
        for name, what in self.takes.items():
            if _parameters(self.body)[name].kind is inspect.Parameter.POSITIONAL_ONLY:
                ahead.append(values[what])
            else:
                named[name] = values[what]
        try:
            return self.body(*ahead, **named)
        except DIVERGED:
            raise
        except Exception as error:
            raise SettingError(f"{self.role} failed {where}: {_said(error, self.body)}") from error


def function(role: str, body: Any, offered: Sequence[str]) -> Function:
    """`body` as one that is given what its signature takes of `offered`.

    The model goes to the first parameter that needs a value, under any name, or to `model`; the
    others go by theirs.

    Raises:
        SettingError: no function, or one that takes something else.

    >>> function("fit", lambda net, seed, epochs=3: None, ("model", "seed")).takes
    {'net': 'model', 'seed': 'seed'}
    """
    if not callable(body):
        raise SettingError(f"{role} is {body!r}: give a function, {role}({', '.join(offered)})")
    takes: dict[str, str] = {}
    for parameter in _parameters(body).values():
        name, what = parameter.name, _NAMES.get(parameter.name)
        needed = parameter.default is inspect.Parameter.empty
        if parameter.kind in _FIXED:
            continue
        if what in offered:
            takes[name] = what  # type: ignore[assignment]
        elif "model" in {*offered} - {*takes.values()} and (needed or name == "model"):
            takes[name] = "model"
        elif needed:
            *others, last = offered
            allowed = f"{', '.join(others)} and {last}" if others else last
            raise SettingError(
                f"{role} takes {name!r}, which it cannot be given: it is given {allowed}; give "
                f"{name!r} a default, or make it one of these"
            )
    if "model" in offered and "model" not in takes.values():
        raise SettingError(f"{role} takes no model: write it as {role}({', '.join(offered)})")
    return Function(role, body, takes)


def source(body: Callable[..., Any]) -> str:
    """The text of a function, a method's class or a partial's function; its name where none is.

    >>> source(len)
    'len'
    """
    inner = body
    while isinstance(inner, partial):
        inner = inner.func
    if not (inspect.isroutine(inner) or inspect.isclass(inner)):
        inner = type(inner)
    try:
        return textwrap.dedent(inspect.getsource(inner)).strip()
    except (OSError, TypeError):
        return name_of(inner)


def name_of(body: Callable[..., Any]) -> str:
    """What a person calls it."""
    while isinstance(body, partial):
        body = body.func
    return getattr(body, "__name__", None) or type(body).__name__


def _parameters(body: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(body).parameters
    except (TypeError, ValueError):
        raise SettingError(
            f"what {name_of(body)} takes cannot be read: wrap it in a function of your own"
        ) from None


def _said(error: Exception, body: Callable[..., Any]) -> str:
    """The error in one line, with the line of the user's own file where it came from."""
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    said = f"{type(error).__name__}: {first}".rstrip(": ")
    code = getattr(inspect.unwrap(body), "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if code is not None and f.filename == code.co_filename]
    return f"{said} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else said
