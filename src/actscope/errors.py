"""Every exception that a user of actscope can meet.

ActscopeError
├── UnknownActivation (KeyError)   a name that is not in the catalogue
├── FormulaError (ValueError)      a formula that cannot be read
├── DataError (ValueError)         a table that cannot be used as it is
├── SettingError (ValueError)      an argument outside what is allowed
├── StoreError (OSError)           a result that cannot be written or read back
├── EngineError (RuntimeError)     workers that end, or cannot be reached
└── UnhealthyModel (AssertionError) what a test of a model's health found

Each message is one line: what came, what is allowed, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ActscopeError(Exception):
    """Base of every error that actscope raises on purpose."""

    def __str__(self) -> str:  # KeyError would show the repr of the message
        return " ".join(str(part) for part in self.args)


class UnknownActivation(ActscopeError, KeyError):
    """A name that is not in the catalogue."""


class FormulaError(ActscopeError, ValueError):
    """A formula that cannot be read."""


class DataError(ActscopeError, ValueError):
    """A table that cannot be used as it is."""


class SettingError(ActscopeError, ValueError):
    """An argument outside what is allowed."""


class StoreError(ActscopeError, OSError):
    """A result that cannot be written or read back."""


class EngineError(ActscopeError, RuntimeError):
    """Workers that end, or cannot be reached."""


class UnhealthyModel(ActscopeError, AssertionError):
    """What `assert_healthy` raises: a failed assertion to pytest, its text the findings."""


def did_you_mean(word: str, allowed: Iterable[str], limit: int = 3) -> str:
    """' Did you mean ...?' with the nearest allowed words, or '' when none is near.

    >>> did_you_mean("gelo", ["gelu", "tanh"])
    " Did you mean 'gelu'?"
    """
    by_lower = {name.lower(): name for name in allowed}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=limit, cutoff=0.6)
    if not near:
        return ""
    return f" Did you mean {' or '.join(repr(by_lower[n]) for n in near)}?"
