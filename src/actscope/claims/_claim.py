"""A claim, what measuring it gives, and the outcome that people see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ._numbers import Number
from ._pictures import Picture
from ._verdict import Check, Verdict


@dataclass(frozen=True)
class Measured:
    """What an experiment found: the conditions with their numbers, further numbers, a picture.

    headline: the number that the summary shows. note: what else is worth saying; it bears on no
    condition.
    """

    headline: Number
    checks: tuple[Check, ...]
    picture: Picture
    others: tuple[Number, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """One claim about activation functions, and the experiment that measures it.

    id: its name in the article's list. says: the claim in our own words. how: what is done to
    measure it. measure: a pure function of the seeds (and, for times, of the machine).
    seeds: how many, 0 where nothing is random; thorough: how many with `thorough=True`.
    cost: seconds it takes about, for the time left.
    """

    id: str
    says: str
    how: str
    measure: Callable[[range], Measured]
    seeds: int
    thorough: int
    cost: float


@dataclass(frozen=True)
class Outcome:
    """A measured claim.

    verdict: "holds", "holds in part" or "not confirmed", from the intervals alone. text: one
    sentence. number: the main one; numbers: all. rule: the conditions, fixed beforehand.
    seconds: of the clock.
    """

    id: str
    claim: str
    verdict: Verdict
    text: str
    number: Number
    numbers: tuple[Number, ...]
    checks: tuple[Check, ...]
    how: str
    picture: Picture
    seeds: int
    seconds: float
