"""A health report in the terminal: the verdict, the table of sites, the findings."""

from __future__ import annotations

from collections.abc import Sequence

from actscope import render
from actscope.diagnosis._report import HealthReport, SiteHealth
from actscope.diagnosis._units_shown import (
    of_units,
    rests_on,
    share,
    together,
    unseen,
    verdict,
    worst_first,
)

# More sites than this fill more than a screen: then those in trouble come first.
SCREEN = 30
# Findings of one kind that are shown.
ALIKE = 12
NONE = "–"


def table(report: HealthReport, sites: Sequence[SiteHealth] | None = None) -> render.Renderable:
    """A row for each site, those with a serious finding in bold."""
    shown = report.sites if sites is None else sites
    died = any(site.died_units for site in shown)
    gradients = any(site.gradient is not None for site in shown)
    columns = [
        render.Column("site"),
        render.Column("activation"),
        render.Column("units", right=True),
        render.Column("dead", right=True),
        *([render.Column("died", right=True)] if died else []),
        render.Column("saturated", right=True),
        render.Column("dormant", right=True),
        render.Column("zeros", right=True, spare=True),
        render.Column("inputs", right=True, spare=True),
        *([render.Column("gradient", right=True, spare=True)] if gradients else []),
    ]
    serious = {finding.site for finding in report.findings if finding.severity == "serious"}
    lines = [
        render.Line(_cells(site, died, gradients), strong=site.name in serious) for site in shown
    ]
    return render.table(columns, lines)


def _cells(site: SiteHealth, died: bool, gradients: bool) -> list[str]:
    name, activation = render.label(site.name, 40), render.label(site.activation, 32)
    if not site.units:
        return [name, activation, NONE, *[""] * (5 + died + gradients)]
    dead = NONE if site.step_like else of_units(len(site.dead_units), site.units)
    return [
        name,
        activation + (" (gated)" if site.gated else ""),
        str(site.units),
        dead,
        *([of_units(len(site.died_units), site.units)] if died else []),
        of_units(len(site.saturated_units), site.units),
        of_units(len(site.dormant_units), site.units),
        share(site.sparsity),
        f"{site.samples:,}",
        *([NONE if site.gradient is None else f"{site.gradient:.1e}"] if gradients else []),
    ]


def whole(report: HealthReport) -> render.Renderable:
    """All that fits a screen or two."""
    sites = report.sites
    parts = [
        render.line(verdict(report), style="bold"),
        render.line(f"{_count(sites)}; {rests_on(report.steps, report.looked)}.", style="dim"),
    ]
    if len(sites) > SCREEN:
        shown = worst_first(sites, SCREEN)
        parts += [
            table(report, shown),
            render.line(
                f"{len(sites) - len(shown)} more sites are not shown: report.table() has all.",
                style="dim",
            ),
        ]
    elif sites:
        parts.append(table(report))
    for first, texts, repairs in together(report.findings):
        told = [f"{first.severity}: {text}" for text in texts[:ALIKE]]
        if len(texts) > ALIKE:
            told.append(f"and {len(texts) - ALIKE} more of this kind: report.findings has all")
        parts += [render.line(text, style="bold") for text in told]
        parts += [render.line(f"    {repair}") for repair in repairs[:ALIKE]]
    if report.unseen:
        text = f"Not seen, as it runs outside Python: {unseen(report)}."
        parts.append(render.line(text, style="dim"))
    return render.group(*parts)


def _count(sites: Sequence[SiteHealth]) -> str:
    units = sum(site.units or 0 for site in sites)
    return f"{units:,} units at {len(sites)} site{'' if len(sites) == 1 else 's'}"
