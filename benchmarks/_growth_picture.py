"""docs/training.svg: the growth curves as small multiples, time above memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from actscope import render

WIDTH, HEIGHT = 1000, 500  # points
TITLES = {
    "members": "Networks trained as one",
    "width": "Width of both hidden layers",
    "rows": "Rows",
    "workers": "Cores",
}
# Left edge and width of each column, in shares of the picture; the last has few points.
COLUMNS = ((0.06, 0.255), (0.345, 0.255), (0.63, 0.205), (0.865, 0.115))
OURS, PEER, LEAST = render.looks(["relu"])["relu"].color, "#5a616c", "#a2aab6"


def svg(document: dict[str, Any]) -> str:
    """The picture as text. `document` is what benchmarks/growth.py --json prints."""
    fig = render.sheet(lambda figure: _draw(figure, document["curves"]), WIDTH, HEIGHT)
    return render.file_bytes(
        fig, ".svg", title="How training time and memory grow", description=_words(document)
    ).decode()


def _draw(fig: render.Figure, curves: Sequence[dict[str, Any]]) -> None:
    points = {curve["over"]: curve["points"] for curve in curves}
    every = [point for found in points.values() for point in found]
    times = [point[key] for point in every for key in _KEYS if point[key] is not None]
    memory = [max(1.0, point["memory_mb"]) for point in every]
    usual = _usual(points["width"])
    for (over, found), (left, width) in zip(points.items(), COLUMNS, strict=True):
        time = fig.add_axes((left, 0.44, width, 0.44))
        held = fig.add_axes((left, 0.1, width, 0.22))
        x = [point[over] for point in found]
        loop = [point["loop_us"] for point in found]
        if loop[0] is not None:
            _line(time, x, loop, PEER, 1.8, True)
        elif (
            usual is not None and over == "members"
        ):  # one network after the other: none costs less beside others
            _line(time, x, [usual] * len(x), PEER, 1.8, False)
        least = [point["products_us"] for point in found]
        if least[0] is not None:
            time.plot(x, least, color=LEAST, linewidth=1.6, linestyle=(0, (4, 2.5)))
        ours = [point["us_per_network_step"] for point in found]
        if over == "workers":
            time.plot(x, [ours[0] / n for n in x], color=OURS, linewidth=1.2, linestyle=(0, (1, 2)))
        _line(time, x, ours, OURS, 2.6, True)
        _line(held, x, [max(1.0, point["memory_mb"]) for point in found], OURS, 2.6, True)
        if over == "rows" and loop[0] is not None:
            for text, values, color in (
                ("PyTorch loop", loop, PEER),
                ("actscope", ours, OURS),
                ("matrix products alone", least, PEER),
            ):
                below = text.startswith("matrix")
                time.annotate(
                    text, (x[0], values[0]), xytext=(0, -8 if below else 7), fontsize=12,
                    textcoords="offset points", color=color, va="top" if below else "baseline",
                )  # fmt: skip
        for axes, limits in ((time, times), (held, memory)):
            _scales(axes, x, limits, first=left == COLUMNS[0][0])
        time.set_title(TITLES[over], fontsize=14.5, fontweight="bold", pad=9)
        if over == "workers":
            time.annotate(
                "half\nthe time", (x[-1], ours[0] / x[-1]), xytext=(0, -8), fontsize=11,
                textcoords="offset points", ha="right", va="top", color=OURS,
            )  # fmt: skip
    fig.text(0.012, 0.955, "Microseconds a network and step", fontsize=13, color=render.MUTED)
    fig.text(0.012, 0.345, "Megabytes, above what the program held before", fontsize=13,
             color=render.MUTED)  # fmt: skip


_KEYS = ("us_per_network_step", "loop_us", "products_us")


def _line(
    axes: render.Axes, x: Sequence[float], y: Sequence[float], color: str, width: float, dots: bool
) -> None:
    axes.plot(x, y, color=color, linewidth=width, marker="o" if dots else "", markersize=width + 2)


def _scales(axes: render.Axes, x: Sequence[int], values: Sequence[float], *, first: bool) -> None:
    """Both axes logarithmic, y the same along a row, few ticks and those in plain numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(min(values) / 1.6, max(values) * 1.5)
    decades = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
    axes.yaxis.set_major_locator(FixedLocator([10.0**n for n in decades]))
    tens = [n for n in (1, 10, 100, 1000, 10_000, 100_000) if x[0] <= n <= x[-1]]
    shown = list(x) if len(x) <= 3 else tens if len(tens) > 2 else list(x[::2])
    axes.xaxis.set_major_locator(FixedLocator(shown))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    if len(x) > 1:
        reach = (x[-1] / x[0]) ** (0.25 if len(x) == 2 else 0.05)
        axes.set_xlim(x[0] / reach, x[-1] * reach)
    axes.set_axisbelow(True)
    if not first:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda *_: ""))


def _usual(widths: Sequence[dict[str, Any]]) -> float | None:
    """What the PyTorch loop takes at the digits' own width, which the other curves keep."""
    return next((point["loop_us"] for point in widths if point["width"] == 64), None)


def _words(document: dict[str, Any]) -> str:
    """The picture for who cannot see it."""
    parts = []
    for curve in document["curves"]:
        first, last = curve["points"][0], curve["points"][-1]
        over = curve["over"]
        parts.append(
            f"{TITLES[over]} from {first[over]:,} to {last[over]:,}: "
            f"{first['us_per_network_step']:.0f} to {last['us_per_network_step']:.0f} microseconds "
            f"a network and step, {first['memory_mb']:.0f} to {last['memory_mb']:.0f} megabytes."
        )
    return " ".join(parts)
