"""Measuring claims: which, how thoroughly, and the outcomes as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from actscope.errors import SettingError, did_you_mean

from ._claim import Claim, Outcome
from ._registry import CLAIMS
from ._verdict import sentence, verdict


def run(
    names: str | Iterable[str] | None = None,
    thorough: bool = False,
    on_result: Callable[[Outcome], None] | None = None,
    *,
    seeds: int | None = None,
) -> tuple[Outcome, ...]:
    """Measure claims of the article about activation functions.

    The conditions behind a verdict are fixed beforehand (`Outcome.checks`); a condition is met
    only where a number's whole 95% interval meets it.

    Args:
        names: ids of claims (`claims.names()`), in the order wanted; None: all.
        thorough: more seeds, so narrower intervals, in several times the time.
        on_result: called with each outcome as soon as it is there.
        seeds: this many for each claim in place of its own number, at least 2.

    Raises:
        SettingError: a name that is none, or too few seeds.

    Example:
        >>> [(outcome.id, outcome.verdict) for outcome in run(["movie"])]
        [('movie', 'holds')]
    """
    if seeds is not None and seeds < 2:
        raise SettingError(f"seeds={seeds} leaves no interval; give 2 or more")
    outcomes = []
    for claim in chosen(names):
        outcomes.append(measure(claim, seeds or (claim.thorough if thorough else claim.seeds)))
        if on_result is not None:
            on_result(outcomes[-1])
    return tuple(outcomes)


def measure(claim: Claim, seeds: int) -> Outcome:
    """One claim on seeds 0 to seeds - 1."""
    start = time.perf_counter()
    found = claim.measure(range(seeds if claim.seeds else 0))
    numbers = dict.fromkeys((found.headline, *(c.number for c in found.checks), *found.others))
    return Outcome(
        id=claim.id,
        claim=claim.says,
        verdict=verdict(found.checks),
        text=sentence(found.checks, found.note),
        number=found.headline,
        numbers=tuple(numbers),
        checks=found.checks,
        how=claim.how,
        picture=found.picture,
        seeds=seeds if claim.seeds else 0,
        seconds=time.perf_counter() - start,
    )


def names() -> list[str]:
    """The ids of all claims.

    >>> names()[:3]
    ['movie', 'nudge-step', 'small-changes']
    """
    return [claim.id for claim in CLAIMS]


def chosen(wanted: str | Iterable[str] | None) -> tuple[Claim, ...]:
    """The claims of these names, each once; None: all."""
    if wanted is None:
        return CLAIMS
    by_id = {claim.id: claim for claim in CLAIMS}
    asked = list(dict.fromkeys([wanted] if isinstance(wanted, str) else wanted))
    for name in asked:
        if name not in by_id:
            raise SettingError(
                f"there is no claim {name!r}.{did_you_mean(name, by_id)}"
                " `actscope claims --list` shows all."
            )
    return tuple(by_id[name] for name in asked)
