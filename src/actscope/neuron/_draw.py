"""The strokes of a neuron's picture, in points, for a wide page or a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actscope.gallery import clipped, value_curve, window
from actscope.render import FAINT, GRID, INK, MUTED, PAPER, Canvas, label, looks

from ._text import brief

if TYPE_CHECKING:
    from actscope.render import Figure

    from ._neuron import Neuron

_SHOWN = 12  # inputs that have a circle of their own
_SIZE = 14.0
_ROW = 46.0  # from one input to the next
_THICKEST = 6.0
_FARTHEST = 1e100  # a sum drawn: beyond it the picture's own arithmetic would overflow
_DASH = (2.2, 1.3)  # in line widths, for a weight below 0


@dataclass(frozen=True)
class Layout:
    """Where things stand: circles at (x, y), the activation in the frame (x, y, width, height)."""

    width: float
    height: float
    inputs: float
    middle: float  # of the inputs, upward
    total: tuple[float, float]
    field: tuple[float, float, float, float]
    output: tuple[float, float]
    name_length: int


def wide(neuron: Neuron) -> Layout:
    """Everything in one line, 720 points long."""
    height = max(206.0, _inputs_height(neuron) + 50)
    middle = height / 2 - 4
    field = (412.0, middle - 64, 190.0, 128.0)
    return Layout(720, height, 138, middle, (322, middle), field, (672, middle), 14)


def narrow(neuron: Neuron) -> Layout:
    """The activation below the inputs, 360 points wide."""
    upper = max(150.0, _inputs_height(neuron) + 34)
    middle = 208 + upper / 2
    field = (40.0, 46.0, 190.0, 128.0)
    return Layout(360, 208 + upper, 132, middle, (300, middle), field, (310, 110), 12)


def _inputs_height(neuron: Neuron) -> float:
    return _ROW * min(len(neuron.weights), _SHOWN)


def draw(fig: Figure, neuron: Neuron, row: Sequence[float] | None, at: Layout) -> None:
    """Put the neuron on an empty figure; row: the inputs whose way through it is shown."""
    canvas = Canvas(fig)
    _inputs(canvas, neuron, row, at)
    sum_ = None if row is None else float(neuron.sum(row))
    output = None if row is None else float(neuron(row))
    (tx, ty), (ox, oy), (fx, fy, fw, fh) = at.total, at.output, at.field
    if fx > tx:
        _arrow(canvas, (tx + 28, ty), (fx - 30, ty))
    else:
        turn, down = fy + fh + 34, fx + fw - 24
        _arrow(canvas, (tx, ty - 50), (tx, turn), (down, turn), (down, fy + fh + 6))
    _arrow(canvas, (fx + fw + 8, oy), (ox - 30, oy))
    _circle(canvas, at.total, 27, "Σ" if sum_ is None else brief(sum_, 4))
    canvas.text(tx, ty - 43, "sum", _SIZE, MUTED, align="center")
    _field(canvas, neuron, sum_, output, at)
    _circle(canvas, at.output, 27, "" if output is None else brief(output))
    said = "output" if output is None or not neuron.decides else _verdict(output)
    canvas.text(ox, oy - 43, said, _SIZE, MUTED if said == "output" else INK, align="center")


def _verdict(output: float) -> str:
    return "fires" if output == 1 else "does not fire"


def _inputs(canvas: Canvas, neuron: Neuron, row: Sequence[float] | None, at: Layout) -> None:
    weights, count = neuron.weights, len(neuron.weights)
    places = range(count) if count <= _SHOWN else range(_SHOWN - 1)
    top = at.middle + _ROW * (min(count, _SHOWN) - 1) / 2
    largest = max(map(abs, weights)) or 1.0
    spots = [(at.inputs, top - _ROW * i) for i in places]
    for i, (x, y) in zip(places, spots, strict=True):
        idle = row is not None and weights[i] * row[i] == 0
        width = max(0.8, _THICKEST * abs(weights[i]) / largest)
        dash = _DASH if weights[i] < 0 else ()
        color = FAINT if idle else INK
        canvas.line([x, at.total[0]], [y, at.total[1]], color, width, dash=dash, flat=bool(dash))
    for i, (x, y) in zip(places, spots, strict=True):
        _weight(canvas, weights[i], (x, y), at.total)
        _circle(canvas, (x, y), 17, "" if row is None else brief(row[i]))
        name = label(neuron.names[i], at.name_length)
        canvas.text(x - 26, y - 0.35 * _SIZE, name, _SIZE, align="right")
    if count > _SHOWN:
        more = f"and {count - len(places)} more"
        canvas.text(at.inputs - 26, top - _ROW * (_SHOWN - 1), more, _SIZE, MUTED, align="right")


def _weight(
    canvas: Canvas, weight: float, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """The number beside its line, a third of the way along, where lines are still apart."""
    text = _signed(brief(weight, 4))
    x = start[0] + 0.36 * (end[0] - start[0])
    y = start[1] + 0.36 * (end[1] - start[1])
    half = 4.2 * len(text) + 4
    canvas.box(x - half, y - 10, 2 * half, 20, PAPER, round_=5)
    canvas.text(x, y - 0.35 * _SIZE, text, _SIZE, weight="bold", align="center")


def _circle(canvas: Canvas, at: tuple[float, float], radius: float, text: str) -> None:
    canvas.dot(*at, radius, PAPER, INK, 1.6)
    shown = _signed(text)
    size = min(_SIZE + 2, 2.3 * radius / max(len(shown), 1) + 1.5)
    if shown:
        canvas.text(at[0], at[1] - 0.35 * size, shown, size, weight="bold", align="center")


def _field(
    canvas: Canvas, neuron: Neuron, sum_: float | None, output: float | None, at: Layout
) -> None:
    """The activation over the sum: its jump or its middle stands at the threshold."""
    x, y, width, height = at.field
    threshold, look = neuron.threshold, looks([neuron.activation.label])[neuron.activation.label]
    left, right = _span(neuron, sum_)
    curve = value_curve(neuron.activation, left - threshold, right - threshold)
    low, high = window(curve.values, (right - left) / 2, air=0.12)

    def across(s: float) -> float:
        return x + (min(max(s, left), right) - left) / (right - left) * width

    def up(v: float) -> float:
        return y + (min(max(v, low), high) - low) / (high - low) * height

    canvas.box(x, y, width, height, GRID, round_=6)
    canvas.box(x + 1, y + 1, width - 2, height - 2, PAPER, round_=5)
    canvas.line([x + 6, x + width - 6], [up(0), up(0)], FAINT, 1, flat=True)
    levels = [0.0]  # and the ends of the range, where they are apart from what is written
    for end in neuron.activation.range:
        if low < end < high and all(abs(up(end) - up(level)) > _SIZE for level in levels):
            levels.append(end)
    for level in levels:
        text, beside = _signed(brief(level)), up(level) - 0.33 * (_SIZE - 2)
        canvas.text(x - 6, beside, text, _SIZE - 2, MUTED, align="right")
    canvas.line([across(threshold)] * 2, [y + 4, y + height - 4], MUTED, 1.2, dash=(3, 2))
    canvas.text(x, y + height + 8, label(neuron.activation.label, 18), _SIZE, weight="bold")
    said = f"threshold {_signed(brief(threshold, 4))}"
    place = min(max(across(threshold), x + 40), x + width - 40)
    canvas.text(place, y - 18, said, _SIZE - 1, MUTED, align="center")
    for stroke in curve.strokes:
        for part in clipped(stroke, low, high):
            points = part.tolist()
            xs, ys = [across(px + threshold) for px, _ in points], [up(py) for _, py in points]
            canvas.line(xs, ys, look.color, 2.4)
    for end in curve.ends:
        fill = look.color if end.closed else PAPER
        canvas.dot(across(end.x + threshold), up(end.y), 3.2, fill, look.color, 1.4)
    if sum_ is not None and output is not None:
        canvas.line([across(sum_)] * 2, [up(0), up(output)], INK, 1, dash=(1.5, 1.5))
        canvas.dot(across(sum_), up(output), 6, INK, PAPER, 1.6)


def _span(neuron: Neuron, sum_: float | None) -> tuple[float, float]:
    """The sums shown: all that inputs of 0 and 1 can give, the threshold and the present one."""
    points = [
        sum(w for w in neuron.weights if w < 0),
        sum(w for w in neuron.weights if w > 0),
        neuron.threshold,
        *([] if sum_ is None else [sum_]),
    ]
    low, high = max(min(points), -_FARTHEST), min(max(points), _FARTHEST)
    beside = max(0.12 * (high - low), 1.0)
    return low - beside, high + beside


def _arrow(canvas: Canvas, *points: tuple[float, float]) -> None:
    xs, ys = zip(*points, strict=True)
    canvas.line(list(xs), list(ys), INK, 1.6)
    (x0, y0), (x, y) = points[-2:]
    sx, sy = (x > x0) - (x < x0), (y > y0) - (y < y0)
    wings = [(x - 7 * sx + 5 * sy, y - 7 * sy + 5 * sx), (x - 7 * sx - 5 * sy, y - 7 * sy - 5 * sx)]
    canvas.line([wings[0][0], x, wings[1][0]], [wings[0][1], y, wings[1][1]], INK, 1.6)


def _signed(text: str) -> str:
    return text.replace("-", "−")
