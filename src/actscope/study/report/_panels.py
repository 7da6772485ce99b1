"""A study's small multiples: a panel for each activation, all the others behind it in grey.

Overlaid, eight curves with bands cannot be told apart; side by side on the same axes they can.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from actscope import render
from actscope.render import FAINT, MUTED, Axes, Figure, Look, Markup
from actscope.study._result import Comparison
from actscope.study.report import _present as show
from actscope.study.report._pictures import Picture, axis_format, finite, score_window
from actscope.study.scoring._metrics import metric_named

_SIZE = (292.0, 190.0)
_PLACE = (0.15, 0.21, 0.82, 0.66)  # of the axes, the same in every panel so that they line up
_MOST_POINTS = 150  # of a curve: more than a panel has pixels to show


def _panels(
    c: Comparison,
    frame: pd.DataFrame,
    *,
    title: str,
    own: Callable[[Axes, pd.DataFrame, Look], object],
    other: Callable[[Axes, pd.DataFrame], object],
    finish: Callable[[Axes], object],
    describe: Callable[[pd.DataFrame], str],
) -> tuple[Markup, ...]:
    """One panel an activation, best first: `other` draws the rest, `own` it, `finish` the axes."""
    parts = {str(name): part for name, part in frame.groupby("activation", sort=False)}
    looks = render.looks(row.activation for row in c.rows)
    names = [row.activation for row in c.rows if row.activation in parts]

    def draw(fig: Figure, name: str) -> None:
        ax = fig.add_axes(_PLACE)
        for each in names:
            if each != name:
                other(ax, parts[each])
        own(ax, parts[name], looks[name])
        finish(ax)
        ax.set_title(render.label(name, 26), color=looks[name].color, pad=8)

    return tuple(
        render.picture(
            lambda fig, name=name: draw(fig, name),
            *_SIZE,
            title=f"{render.label(name)}: {title}",
            description=describe(parts[name]),
            arrange=False,
        )
        for name in names
    )


def _column(part: pd.DataFrame, name: str) -> np.ndarray:
    return part[name].to_numpy(dtype=float, na_value=math.nan)


def _thin(part: pd.DataFrame) -> pd.DataFrame:
    keep = np.unique(np.linspace(0, len(part) - 1, min(len(part), _MOST_POINTS)).round())
    return part.iloc[keep.astype(int)]


# --- learning curves


def curves(c: Comparison) -> Picture | None:
    """Validation loss against epoch with a band over the seeds, training loss dashed."""
    frame = c.curves.sort_values("epoch", kind="stable")
    means = finite(frame["validation_loss"].astype(float))
    if not means:
        return None
    first = frame.groupby("activation", sort=False)["validation_loss"].first().astype(float)
    # A diverging loss can reach 1e30: ten times a usual start is as much as is worth showing.
    both = finite(frame["train_loss"].astype(float)) + means
    top = min(max(both), 10 * float(np.median(finite(first) or means)))
    drawn = [v for v in both if v <= top]
    # Training loss may go to 0; validation loss is what the picture is about.
    bottom = max(min([v for v in drawn if v > 0] or [0.0]), min(means) / 10)
    scale: Literal["log", "linear"] = "log" if bottom > 0 and top / bottom > 20 else "linear"
    limits = (bottom / 1.25, top * 1.25) if scale == "log" else (0.0, top * 1.06)
    epochs = frame["epoch"].astype(float)

    def other(ax: Axes, part: pd.DataFrame) -> None:
        part = _thin(part)
        ax.plot(_column(part, "epoch"), _column(part, "validation_loss"), color=FAINT, lw=1.2)

    def own(ax: Axes, part: pd.DataFrame, look: Look) -> None:
        part = _thin(part)
        x = _column(part, "epoch")
        low, high = (np.clip(_column(part, k), *limits) for k in ("low", "high"))
        ax.fill_between(x, low, high, color=look.color, alpha=0.2, lw=0)
        ax.plot(x, _column(part, "train_loss"), color=look.color, lw=1.2, ls=(0, (3, 2)))
        ax.plot(x, _column(part, "validation_loss"), color=look.color, lw=2)

    def finish(ax: Axes) -> None:
        ax.set_yscale(scale)
        ax.set_ylim(*limits)
        ax.set_xlim(min(epochs), max(max(epochs), min(epochs) + 1))
        ax.locator_params(axis="x", nbins=5, integer=True)
        if scale == "log":
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            ax.minorticks_off()
        ax.set_xlabel("epoch")

    def describe(part: pd.DataFrame) -> str:
        known = part.loc[np.isfinite(_column(part, "validation_loss"))]
        if len(known) == 0:
            return "no finite loss."
        start, end = known.iloc[0], known.iloc[-1]
        return (
            f"validation loss {start['validation_loss']:.3g} after epoch {start['epoch']:g}, "
            f"{end['validation_loss']:.3g} after epoch {end['epoch']:g}; training loss "
            f"{end['train_loss']:.3g} there."
        )

    caption = (
        "The solid line is the mean loss on validation rows, the band its spread over the "
        "networks (95% of them) and the dashed line the loss on training rows: a widening gap "
        "between the lines is overfitting. The other activations are grey; a network that has "
        "stopped training keeps its last loss."
    )
    made = _panels(
        c, frame, title="learning curve", own=own, other=other, finish=finish, describe=describe
    )
    return Picture(caption, made)


# --- score against learning rate


def learning_rates(c: Comparison) -> Picture | None:
    """Validation score against learning rate; None when only one was tried."""
    frame = c.by_rate.sort_values("learning_rate")
    means = finite(frame["mean"].astype(float))
    if len(set(frame["learning_rate"])) < 2 or not means:
        return None
    bounds = finite([*frame["low"].astype(float), *frame["high"].astype(float)])
    lower = metric_named(c.metric).lower
    window = score_window(means, bounds, lower)
    rates = sorted(set(frame["learning_rate"].astype(float)))
    chosen = {row.activation: row.learning_rate for row in c.rows}

    def line(ax: Axes, part: pd.DataFrame, **style: object) -> None:
        values = _column(part, "mean")
        values = np.minimum(values, window[1]) if lower else np.maximum(values, window[0])
        ax.plot(_column(part, "learning_rate"), values, **style)  # pyright: ignore[reportArgumentType]

    def other(ax: Axes, part: pd.DataFrame) -> None:
        line(ax, part, color=FAINT, lw=1.2)

    def own(ax: Axes, part: pd.DataFrame, look: Look) -> None:
        line(ax, part, color=look.color, lw=2, ls=look.linestyle)
        best = chosen.get(str(part["activation"].iloc[0]))
        for record in part.to_dict("records"):
            rate, mean = float(record["learning_rate"]), float(record["mean"])
            if not math.isfinite(mean):
                continue
            if mean > window[1] if lower else mean < window[0]:  # off the scale: an arrow there
                edge, arrow = (window[1], "^") if lower else (window[0], "v")
                ax.plot([rate], [edge], marker=arrow, ms=7, color=look.color, clip_on=False)
                continue
            low, high = float(record["low"]), float(record["high"])
            if math.isfinite(low) and math.isfinite(high):
                ends = [max(low, window[0]), min(high, window[1])]
                ax.plot([rate, rate], ends, color=look.color, lw=1.6, alpha=0.6)
            filled = look.color if rate == best else "none"
            ax.plot([rate], [mean], marker=look.marker, ms=7, mfc=filled, mec=look.color, lw=0)

    def finish(ax: Axes) -> None:
        ax.set_xscale("log")
        ax.set_xlim(rates[0] / 1.5, rates[-1] * 1.5)
        ax.set_xticks(rates if len(rates) <= 4 else rates[:: math.ceil(len(rates) / 4)])
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.minorticks_off()
        ax.set_ylim(*window)
        ax.locator_params(axis="y", nbins=5)
        ax.yaxis.set_major_formatter(axis_format(c.metric))
        ax.set_xlabel("learning rate")

    def describe(part: pd.DataFrame) -> str:
        return "; ".join(
            f"{show.score(c.metric, float(record['mean']))} at {float(record['learning_rate']):g}"
            for record in part.to_dict("records")
        )

    caption = (
        f"Validation {show.metric_name(c.metric)} at each learning rate, with intervals; the "
        "filled mark is the rate most seeds chose: a flat line forgives a badly chosen rate, and "
        "a best one at the end says to try beyond it."
    )
    made = _panels(
        c,
        frame,
        title="score against learning rate",
        own=own,
        other=other,
        finish=finish,
        describe=describe,
    )
    return Picture(caption, made)


# --- score against cutoff


def cutoffs(c: Comparison) -> Picture | None:
    """Test score against cutoff; None unless there are two classes."""
    frame = c.cutoffs
    values = finite(frame["score"].astype(float)) if not frame.empty else []
    if not values:
        return None
    frame = frame.sort_values("cutoff", kind="stable")
    chosen = {row.activation: row.cutoff for row in c.rows}
    margin = 0.05 * (max(values) - min(values)) or 0.01

    def other(ax: Axes, part: pd.DataFrame) -> None:
        ax.plot(_column(part, "cutoff"), _column(part, "score"), color=FAINT, lw=1.2)

    def own(ax: Axes, part: pd.DataFrame, look: Look) -> None:
        ax.axvline(0.5, color=MUTED, lw=1, ls=(0, (1, 2)))
        x, y = _column(part, "cutoff"), _column(part, "score")
        ax.plot(x, y, color=look.color, lw=2)
        cutoff = chosen.get(str(part["activation"].iloc[0]))
        if cutoff is not None and math.isfinite(cutoff):
            ax.axvline(cutoff, color=look.color, lw=1.4, ls=(0, (4, 2)))
            at = float(np.interp(cutoff, x, y))
            ax.plot([cutoff], [at], marker=look.marker, ms=7, color=look.color)

    def finish(ax: Axes) -> None:
        ax.set_xlim(0, 1)
        ax.set_ylim(min(values) - margin, max(values) + margin)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        ax.locator_params(axis="y", nbins=5)
        ax.yaxis.set_major_formatter(axis_format(c.metric))
        ax.set_xlabel("cutoff")

    def describe(part: pd.DataFrame) -> str:
        best = part.loc[part["score"].astype(float).idxmax()]
        cutoff = chosen.get(str(part["activation"].iloc[0]))
        words = "" if cutoff is None else f"; median chosen on validation rows: {cutoff:.2f}"
        return (
            f"highest test score {show.score(c.metric, float(best['score']))} at cutoff "
            f"{float(best['cutoff']):.2f}{words}."
        )

    caption = (
        f"Test {show.metric_name(c.metric)} when a row counts as a yes above this probability: "
        "the dashed line is the median of the cutoffs that the seeds chose on their validation "
        "rows (the table's scores use each seed's own), the dotted one is 0.5, and a "
        "broad top means that the exact cutoff hardly matters."
    )
    made = _panels(
        c,
        frame,
        title="score against cutoff",
        own=own,
        other=other,
        finish=finish,
        describe=describe,
    )
    return Picture(caption, made)
