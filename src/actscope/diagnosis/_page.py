"""A health report as one self-contained HTML page: the verdict first, then the evidence."""

from __future__ import annotations

from collections.abc import Sequence

from actscope import render
from actscope.diagnosis import _curves as curves
from actscope.diagnosis._pictures import Picture, bars, raster
from actscope.diagnosis._report import HealthReport, SiteHealth
from actscope.diagnosis._units_shown import STATES, of_units, rests_on, share, together, verdict
from actscope.render import Markup, Section, element, html_table


def page(report: HealthReport) -> str:
    """The page of a report: no script, no outside request, every name escaped."""
    units = [_table(report.sites), _figure(bars(report.sites)), _figure(raster(report.sites))]
    depth, time = curves.depth(report.sites), curves.time(report.sites, report.moments)
    sections = [Section("What was found", _findings(report))]
    if report.sites:
        sections.append(Section("The units", units))
    if depth:
        sections.append(Section("From the first site to the last", [_grid(depth, DEPTH)]))
    if time:
        sections.append(Section("While it was watched", [_grid(time, TIME)]))
    sections.append(Section("What the words mean", [_words(), *_left_out(report)]))
    footer = f"Made by actscope, from {rests_on(report.steps, report.looked)}."
    return render.html_page(
        "The health of a model's units", sections, lead=_lead(report), footer=footer
    )


def fragment(report: HealthReport) -> str:
    """A report as a notebook shows it."""
    return render.html_fragment(
        _lead(report), _findings(report), _table(report.sites), _figure(bars(report.sites))
    )


DEPTH = (
    "With weights of the right scale the spread stays much as it is from layer to layer, and so "
    "does the gradient on its way back; a steady slope means that signals or gradients shrink "
    "or grow with depth."
)
TIME = (
    "Red: the share of units that never fired again; grey: the share silent on that look alone, "
    "which is never 0 where batches are small."
)


def _lead(report: HealthReport) -> list[Markup]:
    units = sum(site.units or 0 for site in report.sites)
    sites = f"{len(report.sites)} site{'' if len(report.sites) == 1 else 's'}"
    return [
        element("p", verdict(report), class_="verdict"),
        element("p", f"{units:,} units at {sites}; {rests_on(report.steps, report.looked)}."),
    ]


def _findings(report: HealthReport) -> list[Markup]:
    if not report.findings:
        healthy = any(site.samples for site in report.sites)
        words = "Nothing is wrong with the units on these inputs." if healthy else "Nothing."
        return [element("p", words)]
    return [
        element(
            "div",
            element("h3", f"{first.severity}: {first.kind.replace('_', ' ')}".capitalize()),
            [element("p", render.label(text, None)) for text in texts],
            _repair(repairs),
        )
        for first, texts, repairs in together(report.findings)
    ]


def _repair(repairs: Sequence[str]) -> list[Markup]:
    """The code, and what it says behind it as a sentence, which can be folded on a phone."""
    parts = [repair.partition("  # ") for repair in repairs]
    code = "\n".join(render.label(code, None) for code, _, _ in parts)
    comments = dict.fromkeys(f"{words[:1].upper()}{words[1:]}:" for _, _, words in parts if words)
    made = [element("p", comment) for comment in comments]
    return [*made, element("pre", element("code", code), tabindex=0)]


def _table(sites: Sequence[SiteHealth]) -> Markup | None:
    if not sites:
        return None
    columns = ["site", "activation", "units", "dead", "died", "saturated", "dormant", "zeros",
               "inputs"]  # fmt: skip
    rows = [[render.label(site.name, 80), _activation(site), *_numbers(site)] for site in sites]
    caption = "In the model's order; each share is of the site's units."
    made = html_table(columns, rows, caption=caption, numeric=range(2, len(columns)))
    return made if len(sites) <= 40 else render.details(f"All {len(sites)} sites", made)


def _activation(site: SiteHealth) -> str:
    return render.label(site.activation, 60) + (" (gated)" if site.gated else "")


def _numbers(site: SiteHealth) -> list[str]:
    if not site.units:
        return ["unknown", *[""] * 6]
    return [
        str(site.units),
        "none can learn" if site.step_like else of_units(len(site.dead_units), site.units),
        of_units(len(site.died_units), site.units),
        of_units(len(site.saturated_units), site.units),
        of_units(len(site.dormant_units), site.units),
        share(site.sparsity),
        f"{site.samples:,}",
    ]


def _figure(picture: Picture | None) -> Markup | None:
    return render.figure(picture.picture, caption=picture.caption) if picture else None


def _grid(pictures: Sequence[Markup], caption: str) -> Markup:
    inside = element("div", pictures, class_="grid")
    return element("figure", element("figcaption", caption), inside)


def _words() -> Markup:
    listed = [[element("dt", s.name), element("dd", s.meaning)] for s in STATES[:-1]]
    listed.append([element("dt", "zeros"), element("dd", "outputs that are exactly 0, which is no "
                   "fault: half of a healthy ReLU layer's are")])  # fmt: skip
    listed.append([element("dt", "inputs"), element("dd", "on how many inputs of each unit all "
                   "this rests; of a convolution each position counts")])  # fmt: skip
    return element("dl", listed, class_="facts")


def _left_out(report: HealthReport) -> list[Markup]:
    made = []
    for heading, names in (
        ("Left out", [f"{name}: {why}" for name, why in report.left_out]),
        ("Registered and not called", report.idle),
        ("Not seen, as it runs outside Python", [name or "the model" for name in report.unseen]),
    ):
        if names:
            listed = element("ul", [element("li", render.label(name, None)) for name in names])
            made.append(render.details(f"{heading} ({len(names)})", listed))
    return made
