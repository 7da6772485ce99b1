"""Learning as pictures: the error and the weights over the steps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pandas as pd

from actscope.gallery import check_path, save
from actscope.render import FAINT, INK, figure, html_fragment, label, looks, picture, sheet

if TYPE_CHECKING:
    from actscope.render import Figure

    from ._learning import Learning

_WIDTH, _HEIGHT = 760.0, 300.0
_MOST = 8  # weights that can be told apart in one field


def plot(learning: Learning, path: str | os.PathLike[str] | None) -> Figure:
    """See `Learning.plot`."""
    where = None if path is None else check_path(path, "learning.svg")
    fig = sheet(lambda blank: _draw(blank, learning), _WIDTH, _HEIGHT)
    if where is not None:
        save(fig, where, title=_title(learning), description=learning.text, dpi=200.0)
    return fig


def fragment(learning: Learning) -> str:
    """The pictures with what happened in words, for a notebook's output."""
    made = picture(
        lambda blank: _draw(blank, learning),
        _WIDTH,
        _HEIGHT,
        title=_title(learning),
        description=learning.text,
        arrange=False,
    )
    return html_fragment(figure(made, caption=learning.text))


def _title(learning: Learning) -> str:
    return f"Learning by {learning.rule.replace('_', ' ')}"


def _draw(fig: Figure, learning: Learning) -> None:
    history = learning.history
    history = pd.concat([history, history.tail(1)])  # the last level is drawn as long as a step
    steps = history["step"].to_numpy().copy()
    steps[-1] += max(1, len(steps) // 50)
    left = fig.add_axes((0.07, 0.15, 0.36, 0.7))
    right = fig.add_axes((0.52, 0.15, 0.32, 0.7))
    left.set_title("Error", pad=12)
    left.plot(steps, history["error"], color=INK, drawstyle="steps-post")
    left.set_ylim(bottom=0)
    right.set_title("Weights and bias", pad=12)
    right.axhline(0, color=FAINT, linewidth=1, zorder=1)
    names = sorted(learning.neuron.names, key=lambda n: -abs(history[n].iloc[-1]))[: _MOST - 1]
    shown = [name for name in learning.neuron.names if name in names]
    styles = looks([*shown, "bias"])
    for name in (*shown, "bias"):
        look = styles[name]
        right.plot(
            steps, history[name], color=look.color, linestyle=look.linestyle, drawstyle="steps-post"
        )
    _name_ends(right, {name: float(history[name].iloc[-1]) for name in (*shown, "bias")}, styles)
    for axes in (left, right):
        axes.set_xlabel("step")
        axes.set_xlim(0, int(steps[-1]))
        axes.locator_params(axis="x", integer=True, nbins=6)


def _name_ends(axes: Any, ends: dict[str, float], styles: Any) -> None:
    """Names at the ends of their lines, moved apart where they would touch."""
    low, high = axes.get_ylim()
    least = 0.085 * (high - low)
    order = sorted(ends, key=lambda name: ends[name])
    heights: list[float] = []
    for name in order:
        heights.append(max(ends[name], heights[-1] + least) if heights else ends[name])
    over = max(0.0, heights[-1] - high)
    for i in reversed(range(len(order))):  # down again from the top
        top = heights[i + 1] - least if i + 1 < len(order) else high
        heights[i] = min(heights[i], top) if over else heights[i]
    for name, height in zip(order, heights, strict=True):
        axes.annotate(
            label(name, 14),
            (1.0, height),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=12,
            color=styles[name].color,
            annotation_clip=False,
        )
