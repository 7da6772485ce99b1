"""Chapter 2: the neuron of the film, its reasons stacked up against a bar."""

from __future__ import annotations

from collections.abc import Sequence

from actscope.neuron import Neuron
from actscope.render import Markup

from ._network import INPUTS
from ._svg import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, Drawing
from ._words import number, table

TONES = (BLUE, GREEN, PURPLE)


def neuron(weights: Sequence[float], threshold: float) -> Neuron:
    """The film neuron with weights and a threshold of one's own."""
    return Neuron(weights, threshold=threshold, names=INPUTS)


def sum_in_words(of: Neuron, inputs: Sequence[float]) -> str:
    """The weighted sum with its numbers.

    >>> sum_in_words(neuron([4, 2, 2], 3), [1, 0, 1])
    '4 × 1 + 2 × 0 + 2 × 1 = 6'
    """
    parts = []
    for weight, x in zip(of.weights, inputs, strict=True):
        said = f"({number(weight)})" if weight < 0 else number(weight)
        parts.append(f"{said} × {number(x)}")
    return f"{' + '.join(parts)} = {number(of.sum(inputs))}"


def verdict_in_words(of: Neuron, inputs: Sequence[float]) -> str:
    """What the total is compared with, and what follows.

    >>> verdict_in_words(neuron([4, 2, 2], 3), [1, 0, 1])
    '6 is more than 3: I go.'
    >>> verdict_in_words(neuron([4, 2, 2], 6), [1, 0, 1])
    '6 is only equal to 6, not more: I stay at home.'
    """
    total, bar = of.sum(inputs), of.threshold
    said = f"{number(total)} is "
    if of(inputs) == 1:
        return f"{said}more than {number(bar)}: I go."
    if total == bar:
        return f"{said}only equal to {number(bar)}, not more: I stay at home."
    return f"{said}less than {number(bar)}: I stay at home."


def scale_picture(of: Neuron, inputs: Sequence[float]) -> Markup:
    """The reasons one after the other on a line of numbers, and the bar that they must pass."""
    low = min(-4.0, sum(min(w, 0) for w in of.weights), of.threshold)
    high = max(10.0, sum(max(w, 0) for w in of.weights), of.threshold)
    drawing = Drawing(440, 210)

    def x(value: float) -> float:
        return 20 + (value - low) / (high - low) * 400

    at, y = 0.0, 44.0
    for name, weight, given, tone in zip(INPUTS, of.weights, inputs, TONES, strict=True):
        after = at + weight * given
        if given and weight:
            drawing.box(x(min(at, after)), y, x(max(at, after)) - x(min(at, after)), 22, tone,
                        round_=3)  # fmt: skip
            label = f"{name} {'+' if weight > 0 else ''}{number(weight)}"
        else:
            drawing.line([(x(at), y), (x(at), y + 22)], tone, 3)
            label = f"{name}: nothing"
        right = x(max(at, after)) + 7
        # Seven units a letter: a label that would leave the picture stands before its bar.
        if right + 7 * len(label) < 438:
            drawing.text(right, y + 16, label, INK, size=13, halo=True)
        else:
            drawing.text(x(min(at, after)) - 7, y + 16, label, INK, size=13, align="end", halo=True)
        at, y = after, y + 32
    base = 160.0
    drawing.line([(20, base), (420, base)], "faint", 1.5)
    step = 2 if high - low <= 24 else 4
    for tick in range(round(low / step) * step, int(high) + 1, step):
        if low <= tick <= high:
            drawing.text(x(tick), base + 18, number(tick), MUTED, size=13, align="middle")
    bar = x(of.threshold)
    drawing.line([(bar, 30), (bar, base + 4)], ORANGE, 3, dash="6 4")
    said = f"threshold {number(of.threshold)}"
    drawing.text(min(max(bar, 55), 385), 20, said, INK, align="middle", bold=True)
    fires = of(inputs) == 1
    drawing.dot(x(at), base, 8, INK)
    total = f"total {number(at)} {'→ yes' if fires else '→ no'}"
    drawing.text(min(max(x(at), 60), 380), base + 42, total, INK, size=16, align="middle",
                 bold=True)  # fmt: skip
    return drawing.svg(
        "The reasons and the threshold",
        f"The total is {number(at)}, the threshold {number(of.threshold)}: "
        f"{'yes' if fires else 'no'}.",
    )


def cases_table(of: Neuron, inputs: Sequence[float]) -> Markup:
    """All eight cases; the one that is set stands out."""
    frame = of.truth_table()
    rows = [
        [*("yes" if x else "no" for x in row[:3]), number(row[3]), "go" if row[4] else "stay"]
        for row in frame[[*of.names, "sum", "output"]].to_numpy().tolist()
    ]
    now = int(sum(x * 2 ** (2 - i) for i, x in enumerate(inputs)))
    return table([*INPUTS, "total", "decision"], rows, "All eight cases", now)
