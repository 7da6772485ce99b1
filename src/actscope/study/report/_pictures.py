"""A study's pictures with a row for each activation: scores, and dead units.

Each picture has a caption, a text alternative, and a version of its own for a phone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from actscope import render
from actscope.render import INK, MUTED, Axes, Figure, Markup
from actscope.study._result import Comparison, Interval
from actscope.study.report import _present as show
from actscope.study.scoring._metrics import metric_named


@dataclass(frozen=True)
class Picture:
    """One picture, or a grid of panels, and the sentence that says what to see."""

    caption: str
    pictures: tuple[Markup, ...]


def axis_format(metric: str) -> Callable[[float, float], str]:
    """How the numbers on a score's axis read."""
    if not metric_named(metric).percent:
        return lambda value, _position: f"{value:g}"
    return lambda value, _position: f"{round(100 * value, 3):g}%"


def finite(values: Iterable[float]) -> list[float]:
    """Those that can be drawn."""
    return [float(v) for v in values if math.isfinite(v)]


def score_window(
    means: Sequence[float], bounds: Sequence[float], lower: bool = False
) -> tuple[float, float]:
    """The stretch of scores to show: all, unless a few far worse would flatten the rest.

    Everything within five times the median distance from the best is shown (with its interval);
    what lies further is marked at the edge, its number beside it. lower: lower is better.
    """
    if lower:
        low, high = score_window([-m for m in means], [-b for b in bounds])
        return -high, -low
    best = max(means)
    floor = best - max(5 * float(np.median([best - m for m in means])), 1e-3)
    inside = [m for m in means if m >= floor]
    shown = [*inside, *(b for b in bounds if floor <= b)]
    low, high = min(shown), max(shown)
    if min(means) > low - (high - low):  # little to win by cutting
        low = min([*means, *(b for b in bounds if b >= low - 2 * (high - low))])
    margin = 0.06 * (high - low) or 0.01
    return low - margin, high + margin


# --- scores


def scores(c: Comparison) -> Picture | None:
    """Mean test scores with intervals, best first; baselines below, with lines upward."""
    rows = [r for r in c.rows if math.isfinite(r.score.mean)]
    if not rows:
        return None
    looks = render.looks(r.activation for r in c.rows)
    bounds = finite(b for r in rows for b in (r.score.low, r.score.high))
    lower = metric_named(c.metric).lower
    window = score_window([r.score.mean for r in rows], bounds, lower)
    baselines = [(n, i) for n, i in c.baselines.items() if math.isfinite(i.mean)]
    window = _with_baselines(window, [i for _, i in baselines], lower)
    names = [r.activation for r in rows]
    metric = show.metric_name(c.metric)
    shown = [*(r.score for r in rows), *(i for _, i in baselines)]
    off_scale = any(_off(i.mean, window, lower) for i in shown)

    def draw(fig: Figure, narrow: bool) -> None:
        ax = fig.add_subplot()
        ax.grid(axis="y", visible=False)
        below = len(rows) + 0.4
        for y, row in enumerate(rows):
            look = looks[row.activation]
            _interval(ax, y, row.score, window, look.color, look.marker, lower)
            weight = "bold" if row.activation == c.verdict.best else "normal"
            _number(ax, y, c.metric, row.score, narrow, INK, weight)
        for k, (_name, of) in enumerate(baselines):
            y = below + k
            if not _off(of.mean, window, lower):
                ax.plot([of.mean] * 2, [-0.5, y], color=MUTED, lw=1.2, ls=(0, (4, 3)), zorder=1)
            _interval(ax, y, of, window, MUTED, "|", lower)
            _number(ax, y, c.metric, of, narrow, MUTED, "normal")
        limit = 16 if narrow else 30
        ticks = [*range(len(rows)), *(below + k for k in range(len(baselines)))]
        labels = [render.label(n, limit) for n in [*names, *(n for n, _ in baselines)]]
        ax.set_yticks(ticks, labels)
        for tick, name in zip(ax.get_yticklabels(), labels, strict=True):
            tick.set_fontsize(12)
            tick.set_color(INK if name in labels[: len(rows)] else MUTED)
            tick.set_fontweight("bold" if name == c.verdict.best else "normal")
        ax.tick_params(axis="y", pad=12)  # room for the arrow of a score off the scale
        ax.set_xlim(*window)
        ax.set_ylim(ticks[-1] + 0.6, -0.6)
        ax.xaxis.set_major_formatter(axis_format(c.metric))
        ax.locator_params(axis="x", nbins=4 if narrow else 7)
        ax.set_xlabel(f"test {metric}, mean over seeds" + lower * " (lower is better)")

    height = 62 + 27 * (len(rows) + len(baselines) + 0.4)
    spoken = "; ".join(
        f"{render.label(name)} {show.score(c.metric, i.mean)}"
        + (f" ({show.interval(c.metric, i)})" if show.interval(c.metric, i) else "")
        for name, i in [*((r.activation, r.score) for r in rows), *baselines]
    )
    edge, far = ("right", "high") if lower else ("left", "low")
    caption = (
        f"Each mark is the mean test {metric} over the seeds and each line its 95% interval; "
        "where lines overlap, do not read an order into the marks"
        + (
            f"; an arrow at the {edge} edge stands for a score too {far} for this scale."
            * off_scale
        )
        + ("." * (not off_scale))
    )
    title = f"Test {metric} of each activation with 95% intervals"
    return Picture(caption, (_wide_and_narrow(draw, height, title, spoken),))


Window = tuple[float, float]


def _off(mean: float, window: Window, lower: bool) -> bool:
    """Whether a score is too bad for the scale."""
    return mean > window[1] if lower else mean < window[0]


def _with_baselines(window: Window, baselines: Sequence[Interval], lower: bool) -> Window:
    """A baseline close by belongs into the window."""
    if lower:
        turned = [Interval(-i.mean, -i.high, -i.low) for i in baselines]
        low, high = _with_baselines((-window[1], -window[0]), turned, False)
        return -high, -low
    width = window[1] - window[0]
    near = [
        i.low if math.isfinite(i.low) else i.mean
        for i in baselines
        if -width < i.mean - window[0] < 0.1 * width and i.low > window[0] - width
    ]
    ends = [(i.mean, i.high if math.isfinite(i.high) else i.mean) for i in baselines]
    ahead = [min(e, max(m, window[1]) + width) for m, e in ends if m > window[0] and e > window[1]]
    margin = 0.06 * width
    return (
        min([window[0], *(m - margin for m in near)]),
        max([window[1], *(m + margin for m in ahead)]),
    )


def _interval(
    ax: Axes, y: float, of: Interval, window: Window, color: str, marker: str, lower: bool
) -> None:
    if _off(of.mean, window, lower):
        edge, arrow = (window[1], ">") if lower else (window[0], "<")
        ax.plot([edge], [y], marker=arrow, ms=8, color=color, clip_on=False, lw=0)
        return
    if math.isfinite(of.low) and math.isfinite(of.high):
        ax.plot([max(of.low, window[0]), min(of.high, window[1])], [y, y], color=color, lw=2.2)
    if marker == "|":
        ax.plot([of.mean], [y], marker="|", ms=13, mew=2.2, color=color, lw=0)
    else:
        ax.plot([of.mean], [y], marker=marker, ms=8, color=color, lw=0, zorder=3)


def _number(
    ax: Axes, y: float, metric: str, of: Interval, narrow: bool, color: str, weight: str
) -> None:
    bounds = "" if narrow else show.interval(metric, of)
    place = {"transform": ax.get_yaxis_transform(), "va": "center", "clip_on": False}
    ax.text(1.02, y, show.score(metric, of.mean), color=color, fontweight=weight, **place)
    if bounds:
        ax.text(1.13, y, bounds, color=MUTED, fontsize=10.5, **place)


def _wide_and_narrow(
    draw: Callable[[Figure, bool], None], height: float, title: str, description: str
) -> Markup:
    """The same picture in two widths; the style sheet shows the one that fits."""
    made = [
        render.element(
            "div",
            render.picture(
                lambda fig, n=narrow: draw(fig, n),
                width,
                height,
                title=title,
                description=description,
            ),
            class_="narrow" if narrow else "wide",
        )
        for width, narrow in ((860.0, False), (350.0, True))
    ]
    return render.element("div", made)


# --- dead units


def dead(c: Comparison) -> Picture | None:
    """Share of dead units, a bar for each hidden layer, grouped by activation."""
    frame = c.dead_by_layer
    if frame.empty:
        return None
    groups = []  # (name, [(layer, share), ...]), in the table's order
    for row in c.rows:
        own = frame.loc[frame["activation"] == row.activation]
        bars = zip(own["layer"].astype(int), own["dead_share"].astype(float), strict=True)
        groups.append((row.activation, sorted(bars)))
    looks = render.looks(name for name, _ in groups)
    layers = max((len(bars) for _, bars in groups), default=1) or 1
    largest = max(finite(s for _, bars in groups for _, s in bars), default=0.0)
    pitch = 13.0 if layers > 1 else 20.0  # pixels for one bar
    tops = np.cumsum([0.0, *(max(len(bars), 1) * pitch + 12 for _, bars in groups)])

    def draw(fig: Figure, narrow: bool) -> None:
        ax = fig.add_subplot()
        ax.grid(axis="y", visible=False)
        middles = []
        for top, (name, bars) in zip(tops, groups, strict=False):
            height = max(len(bars), 1) * pitch
            middles.append(top + height / 2)
            if not any(math.isfinite(s) for _, s in bars):
                words = "slope 0 everywhere" + ("" if narrow else ": no unit can learn")
                _beside(ax, 0, top + height / 2, words)
            elif not any(s > 0 for _, s in bars):
                _beside(ax, 0, top + height / 2, "none")
            else:
                _bars(ax, top, pitch, bars, looks[name].color)
        ax.set_yticks(middles, [render.label(n, 16 if narrow else 30) for n, _ in groups])
        for tick in ax.get_yticklabels():
            tick.set_fontsize(12)
            tick.set_color(INK)
        # room for the numbers beside the longest bar
        ax.set_xlim(0, min(max(largest, 0.01), 1.0) * (1.9 if narrow else 1.25))
        ax.set_ylim(tops[-1], -12)
        ax.xaxis.set_major_formatter(lambda value, _: f"{round(100 * value, 3):g}%")
        ax.locator_params(axis="x", nbins=3 if narrow else 6)
        ax.set_xlabel("dead units on test rows, mean over seeds")
        ax.xaxis.set_visible(largest > 0)  # no scale where there is nothing to measure

    spoken = "; ".join(
        f"{render.label(name)}: " + ", ".join(f"layer {layer} {show.share(s)}" for layer, s in bars)
        for name, bars in groups
        if any(math.isfinite(s) for _, s in bars)
    )
    caption = (
        "No hidden unit was dead on the test rows in any network, so dead units explain none of "
        "the differences here."
        if largest == 0
        else "Each bar is the share of a layer's units that answer to no test row at all, so that "
        "no gradient can move them any more."
    )
    title = "Share of dead units in each hidden layer"
    return Picture(caption, (_wide_and_narrow(draw, float(tops[-1]) + 60, title, spoken),))


def _bars(
    ax: Axes, top: float, pitch: float, bars: Sequence[tuple[int, float]], color: str
) -> None:
    for k, (layer, value) in enumerate(bars):
        if math.isfinite(value):
            y = top + (k + 0.5) * pitch
            ax.barh(y, value, height=pitch - 3, color=color, alpha=0.55 if k % 2 else 1.0)
            _beside(ax, value, y, f"layer {layer}: {show.share(value)}")


def _beside(ax: Axes, x: float, y: float, words: str) -> None:
    """A small remark right of a point (an offset: SVG drops leading spaces)."""
    offset = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(words, (x, y), color=MUTED, fontsize=10.5, **offset)
