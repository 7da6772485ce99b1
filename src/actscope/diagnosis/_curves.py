"""A report's pictures of depth and of time: signals and gradients by site, silence by step."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from actscope import render
from actscope.diagnosis._history import Moment
from actscope.diagnosis._pictures import COLORS
from actscope.diagnosis._report import SiteHealth
from actscope.diagnosis._units_shown import share
from actscope.render import FAINT, MUTED, Axes, Figure, Markup

# A panel, in pixels; it fills a column of the page's grid.
WIDTH, HEIGHT = 290.0, 190.0
# Sites whose past is drawn.
PANELS = 8


def depth(sites: Sequence[SiteHealth]) -> list[Markup]:
    """Spread of what enters each activation, and size of the gradient of what leaves it."""
    counted = [site for site in sites if site.units]
    wanted = [
        ("spread of a unit's inputs", [site.unit_std for site in counted]),
        ("mean size of the gradient", [site.gradient for site in counted]),
    ]
    made = []
    for title, values in wanted:
        known = [(n, v) for n, v in enumerate(values, 1) if v is not None and isfinite(v) and v > 0]
        if len(known) > 1:
            made.append(_by_depth(title, known, [site.name for site in counted]))
    return made


def _by_depth(title: str, points: Sequence[tuple[int, float]], names: Sequence[str]) -> Markup:
    def draw(fig: Figure) -> None:
        ax = fig.add_subplot()
        ax.plot(
            [n for n, _ in points], [v for _, v in points],
            color=COLORS[3], marker="o", ms=4 if len(points) < 40 else 0,
        )  # fmt: skip
        _logarithmic(ax)
        low, high = min(v for _, v in points), max(v for _, v in points)
        middle = (low * high) ** 0.5  # never zoomed so far that noise looks like a slope
        ax.set_ylim(min(low / 1.5, middle / 4), max(high * 1.5, middle * 4))
        ax.locator_params(axis="x", integer=True, nbins=7)
        ax.set_title(title)
        ax.set_xlabel("site, from the first to the last")

    first, last = points[0], points[-1]
    spoken = (
        f"{first[1]:.2g} at {render.label(names[first[0] - 1])}, {last[1]:.2g} at "
        f"{render.label(names[last[0] - 1])}."
    )
    return render.picture(draw, WIDTH, HEIGHT, title=title, description=spoken)


def _restless(sites: Sequence[SiteHealth]) -> list[SiteHealth]:
    """Those with a past, the ones with most units that died first, then by change."""
    past = [
        site
        for site in sites
        if site.units and len(site.history) > 2 and any(value > 0 for _, value in site.history)
    ]

    def change(site: SiteHealth) -> tuple[float, float]:
        silent = [value for _, value in site.history]
        return site.share(site.died_units), max(silent) - min(silent)

    chosen = sorted(past, key=change, reverse=True)[:PANELS]
    return [site for site in past if any(site is other for other in chosen)]


def time(sites: Sequence[SiteHealth], moments: Sequence[Moment]) -> list[Markup]:
    """Silent units over the steps, a panel a site; the loss and the learning rate, if told."""
    made = [_silence(site) for site in _restless(sites)]
    for name, values in (
        ("loss", [(m.step, m.loss) for m in moments]),
        ("learning rate", [(m.step, m.lr) for m in moments]),
    ):
        known = [(step, v) for step, v in values if v is not None and isfinite(v)]
        if len(known) > 1:
            made.append(_told(name, known))
    return made


def _silence(site: SiteHealth) -> Markup:
    steps = [step for step, _ in site.history]
    fell = sorted(site.silent_since.values())
    gone = [sum(step < now for step in fell) / (site.units or 1) for now in steps]

    def draw(fig: Figure) -> None:
        ax = fig.add_subplot()
        ax.plot(steps, [value for _, value in site.history], color=FAINT, lw=1.4)
        ax.plot(steps, gone, color=COLORS[0], lw=2.2, drawstyle="steps-post")
        ax.set_ylim(-0.03, 1.03)
        ax.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        _steps(ax, render.label(site.name, 40))

    spoken = (
        f"Silent on the first look: {share(site.history[0][1])}, on the last: "
        f"{share(site.history[-1][1])}; silent for good at the end: {share(gone[-1])}."
    )
    title = f"Silent units of {render.label(site.name, 60)} over the steps"
    return render.picture(draw, WIDTH, HEIGHT, title=title, description=spoken)


def _told(name: str, points: Sequence[tuple[int, float]]) -> Markup:
    values = [value for _, value in points]

    def draw(fig: Figure) -> None:
        ax = fig.add_subplot()
        ax.plot([step for step, _ in points], values, color=MUTED, lw=1.6)
        if min(values) > 0 and max(values) > 30 * min(values):
            _logarithmic(ax)
        _steps(ax, name)

    spoken = f"{values[0]:.3g} at step {points[0][0]}, {values[-1]:.3g} at step {points[-1][0]}."
    return render.picture(draw, WIDTH, HEIGHT, title=f"The {name} over the steps",
                          description=spoken)  # fmt: skip


def _logarithmic(ax: Axes) -> None:
    ax.set_yscale("log")
    ax.minorticks_off()
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")


def _steps(ax: Axes, title: str) -> None:
    ax.locator_params(axis="x", integer=True, nbins=5)
    ax.set_title(title)
    ax.set_xlabel("step")
