"""Two reports of one model, before and after: what changed, site by site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actscope import render
from actscope.diagnosis._units_shown import STATES, states
from actscope.errors import SettingError

if TYPE_CHECKING:
    from actscope.diagnosis._report import Finding, HealthReport, SiteHealth

# The lists that a unit can come into or leave; "died" counts as dead: either way it is silent.
LISTS = ("dead", "saturated", "dormant")


@dataclass(frozen=True)
class SiteDifference:
    """One site's units, before and after.

    activation: (before, after). comparable: the same number of units; else the lists are empty.
    became: per list of LISTS, the units that are in it now and were not. left: those that were
    and are not.
    """

    name: str
    activation: tuple[str, str]
    comparable: bool
    became: dict[str, list[int]]
    left: dict[str, list[int]]

    @property
    def revived(self) -> list[int]:
        """Units that were dead and are not."""
        return self.left["dead"]

    @property
    def changed(self) -> bool:
        """Whether anything is to be told."""
        lists = any(self.became.values()) or any(self.left.values())
        return lists or self.activation[0] != self.activation[1] or not self.comparable

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "activation": list(self.activation),
            "comparable": self.comparable,
            "became": self.became,
            "left": self.left,
        }


@dataclass(frozen=True)
class Difference:
    """What changed from one report to a later one. print() shows it.

    sites: in both. only_before, only_after: names of sites in one alone. gone, new: findings
    of the first that the second has not, and the other way round (told apart by kind and site).
    """

    sites: list[SiteDifference]
    only_before: list[str]
    only_after: list[str]
    gone: list[Finding]
    new: list[Finding]

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        lists = (self.only_before, self.only_after, self.gone, self.new)
        return any(lists) or any(site.changed for site in self.sites)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "schema": 1,
            "sites": [site.to_dict() for site in self.sites],
            "only_before": self.only_before,
            "only_after": self.only_after,
            "gone": [finding.to_dict() for finding in self.gone],
            "new": [finding.to_dict() for finding in self.new],
        }

    def table(self) -> render.Renderable:
        """A row for each site that changed: units that came into a list (+) and left it (-)."""
        columns = [render.Column("site"), render.Column("activation"),
                   *(render.Column(name, right=True) for name in LISTS)]  # fmt: skip
        return render.table(columns, [_line(site) for site in self.sites if site.changed])

    def __rich__(self) -> render.Renderable:
        parts: list[render.Renderable] = []
        changed = sum(site.changed for site in self.sites)
        if not self.changed:
            return render.line("Nothing changed: the same units and findings as before.")
        parts.append(render.line(
            f"{changed} of {len(self.sites)} sites changed (+ came into the list, - left it).",
            style="bold",
        ))  # fmt: skip
        if changed:
            parts.append(self.table())
        for word, findings in (("gone", self.gone), ("new", self.new)):
            parts += [render.line(f"{word}: {f.severity}: {f.text}") for f in findings]
        for word, names in (("before", self.only_before), ("after", self.only_after)):
            if names:
                parts.append(render.line(f"Only {word}: {', '.join(names)}.", style="dim"))
        return render.group(*parts)

    def __str__(self) -> str:
        return render.text_of(self.__rich__())


def difference(before: HealthReport, after: HealthReport) -> Difference:
    """From one report to a later one of the same model, or of one that was changed.

    Raises:
        SettingError: what is no report.
    """
    if not hasattr(after, "sites") or not hasattr(after, "findings"):
        raise SettingError(
            f"diff takes the later report, of act.diagnose or watched.report(); this is {after!r}"
        )
    first = {site.name: site for site in before.sites}
    second = {site.name: site for site in after.sites}
    old = {(f.kind, f.site) for f in before.findings}
    now = {(f.kind, f.site) for f in after.findings}
    return Difference(
        [_site(first[name], site) for name, site in second.items() if name in first],
        [name for name in first if name not in second],
        [name for name in second if name not in first],
        [f for f in before.findings if (f.kind, f.site) not in now],
        [f for f in after.findings if (f.kind, f.site) not in old],
    )


def _site(before: SiteHealth, after: SiteHealth) -> SiteDifference:
    activation = before.activation, after.activation
    if before.units != after.units or not after.units:
        empty: dict[str, list[int]] = {name: [] for name in LISTS}
        return SiteDifference(after.name, activation, before.units == after.units, empty, empty)
    was, is_ = _lists(before), _lists(after)
    return SiteDifference(
        after.name,
        activation,
        True,
        {name: sorted(is_[name] - was[name]) for name in LISTS},
        {name: sorted(was[name] - is_[name]) for name in LISTS},
    )


def _lists(site: SiteHealth) -> dict[str, set[int]]:
    named: dict[str, set[int]] = {name: set() for name in LISTS}
    for unit, state in enumerate(states(site)):
        name = STATES[state].name.replace("died", "dead")
        if name in named:
            named[name].add(unit)
    return named


def _line(site: SiteDifference) -> render.Line:
    before, after = (render.label(name, 32) for name in site.activation)
    activation = before if before == after else f"{before} to {after}"
    if not site.comparable:
        return render.Line([render.label(site.name), activation, "other units", "", ""])
    changes = [_change(site.became[name], site.left[name]) for name in LISTS]
    return render.Line([render.label(site.name), activation, *changes])


def _change(came: Sequence[int], went: Sequence[int]) -> str:
    words = [f"+{len(came)}"] * bool(came) + [f"-{len(went)}"] * bool(went)
    return " ".join(words) or "0"
