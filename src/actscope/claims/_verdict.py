"""From numbers to a verdict: the conditions are constants, written before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ._numbers import Number, brief

Verdict = Literal["holds", "holds in part", "not confirmed"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Bound:
    """What a number must be for a claim to hold, and why just that much is asked for.

    It is met when the number's whole 95% interval lies from `least` to `most`; `above` asks for
    more than `least`. So a number that too few seeds leave open never speaks for a claim.

    >>> Bound("half", least=40, most=60, why="within a tenth of half").met(
    ...     Number("active", 52, 38, 66, "%", runs=3))
    False
    """

    what: str
    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    why: str = ""

    def met(self, number: Number) -> bool:
        if self.above and not number.low > self.least:
            return False
        return self.least <= number.low and number.high <= self.most  # NaN: one run decides nothing

    @property
    def words(self) -> str:
        """The condition as people read it.

        >>> Bound("share of runs", least=95, why="nearly all").words
        'share of runs: at least 95 (nearly all)'
        """
        if self.least == self.most:
            said = f"exactly {brief(self.least)}"
        elif math.isfinite(self.least) and math.isfinite(self.most):
            said = f"{brief(self.least)} to {brief(self.most)}"
        elif math.isfinite(self.least):
            said = f"{'above' if self.above else 'at least'} {brief(self.least)}"
        else:
            said = f"at most {brief(self.most)}"
        return f"{self.what}: {said}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True)
class Check:
    """A number under its bound, and what may be said of it either way.

    essential: without it the claim is not confirmed; the others part "holds" from "in part".
    met, missed: clauses of a sentence; "" where there is nothing worth saying.
    """

    bound: Bound
    number: Number
    met: str
    missed: str
    essential: bool = True

    @property
    def ok(self) -> bool:
        return self.bound.met(self.number)


def verdict(checks: Sequence[Check]) -> Verdict:
    """All conditions: "holds"; all essential ones: "holds in part"; else "not confirmed"."""
    if not any(check.essential for check in checks):
        raise ValueError("a claim needs at least one essential condition")
    if not all(check.ok for check in checks if check.essential):
        return "not confirmed"
    return "holds" if all(check.ok for check in checks) else "holds in part"


def sentence(checks: Sequence[Check], note: str = "") -> str:
    """One plain sentence: what is so, then what is not, then a note.

    >>> at = Bound("x", least=0)
    >>> sentence([Check(at, Number("x", 1, 1, 1), "it works", "it fails"),
    ...           Check(at, Number("y", -1, -1, -1), "always", "not always", essential=False)])
    'It works; but not always.'
    """
    so = [check.met for check in checks if check.ok and check.met]
    not_so = [check.missed for check in checks if not check.ok and check.missed]
    first, second = "; ".join(so), "; ".join(not_so)
    said = f"{first}; but {second}" if first and second else first or second
    said = f"{said}; {note}" if note else said
    return said[:1].upper() + said[1:] + "."
