"""What is shown of each unit: one state, the worst that holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actscope.diagnosis._report import Finding, HealthReport, SiteHealth


@dataclass(frozen=True)
class State:
    """How a state of units is called, and what it means."""

    name: str
    meaning: str


STATES = (
    State("dead", "on no input looked at does any gradient pass"),
    State("died", "fired at first while watched, and has been silent since"),
    State("saturated", "next to no slope on 99% of the inputs or more"),
    State("dormant", "hands on at most a fortieth of what the layer's units do on average"),
    State("awake", "none of these"),
)
AWAKE = len(STATES) - 1


def states(site: SiteHealth) -> list[int]:
    """Of each unit, the position in STATES."""
    shown = [AWAKE] * (site.units or 0)
    lists = (site.dead_units, site.died_units, site.saturated_units, site.dormant_units)
    for state, units in reversed(list(enumerate(lists))):
        for unit in units:
            shown[unit] = state
    return shown


def counts(site: SiteHealth) -> list[int]:
    """How many units are in each state."""
    shown = states(site)
    return [shown.count(state) for state in range(len(STATES))]


def share(part: float) -> str:
    """0.034 -> 3.4%; what is not 0 never reads as 0."""
    if 0 < part < 0.001:
        return "<0.1%"
    return f"{100 * part:.1f}%" if part < 0.0995 and part else f"{100 * part:.0f}%"


def of_units(count: int, units: int | None) -> str:
    """3 of 128 -> '3 (2.3%)'."""
    return f"{count} ({share(count / units)})" if count and units else "0"


def worst_first(sites: Sequence[SiteHealth], limit: int) -> list[SiteHealth]:
    """The sites most in trouble, at most so many, in the model's order."""
    counted = [site for site in sites if site.units]

    def trouble(site: SiteHealth) -> float:
        return 1 - counts(site)[AWAKE] / (site.units or 1)

    chosen = sorted(counted, key=trouble, reverse=True)[:limit]
    return [site for site in counted if any(site is other for other in chosen)]


def summary(findings: Iterable[Finding]) -> str:
    """The verdict on all, in a sentence."""
    kinds = [finding.severity for finding in findings]
    named = [
        f"{kinds.count(kind)} {words}{'s' if kinds.count(kind) > 1 else ''}"
        for kind, words in (("serious", "serious finding"), ("warning", "warning"),
                            ("note", "note"))
        if kind in kinds
    ]  # fmt: skip
    if not named:
        return "Healthy: nothing was found."
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{'Not healthy' if 'serious' in kinds else 'Nothing serious'}: {listed}."


def verdict(report: HealthReport) -> str:
    """The summary; or that there was nothing to judge, which is not health."""
    if any(site.units for site in report.sites):
        return summary(report.findings)
    if not report.looked:
        return "Nothing was looked at: the model's own forward did not run while it was watched."
    if not report.sites:
        return "No activation was seen, so nothing can be said of its units."
    return "No unit could be counted, so nothing can be said of them."


def unseen(report: HealthReport) -> str:
    """Names of the modules whose activations Python does not see, or ''."""
    return ", ".join(name or "the model" for name in report.unseen)


def together(findings: Sequence[Finding]) -> list[tuple[Finding, list[str], list[str]]]:
    """Findings of one kind and severity next to one another: (the first, texts, repairs).

    A repair that several share is told once.
    """
    told = []
    for _, group in groupby(findings, key=lambda finding: (finding.severity, finding.kind)):
        alike = list(group)
        repairs = list(dict.fromkeys(finding.repair for finding in alike))
        told.append((alike[0], [finding.text for finding in alike], repairs))
    return told


def rests_on(steps: int, looked: int) -> str:
    """What all the numbers are from."""
    passes = f"{looked:,} pass{'' if looked == 1 else 'es'} looked at"
    return passes if looked == steps else f"{passes}, of {steps:,}"
