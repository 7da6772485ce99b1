"""Chapter 5: real tumours, a probability for each, and the cutoff that makes it a yes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope.render import Markup

from ._plot import Field
from ._svg import BLUE, GRID, INK, MUTED, ORANGE, Drawing
from ._words import number

FEATURES = ("mean radius", "mean texture")
PRICE = 10  # false alarms that one missed tumour is as bad as
_BINS = 25


@dataclass(frozen=True)
class Tumours:
    """Women that the neuron has not learned from.

    malignant: Bool["row"]. probability: Float["row"] of malignant. best: the cutoff chosen on
    the others.
    """

    malignant: NDArray[np.bool_]
    probability: NDArray[np.float64]
    best: float


@dataclass(frozen=True)
class Counts:
    """The four kinds of answers at a cutoff: ill or well, alarmed or not."""

    found: int
    missed: int
    alarms: int
    calm: int

    @property
    def cost(self) -> int:
        return PRICE * self.missed + self.alarms

    @property
    def right(self) -> float:
        return (self.found + self.calm) / (self.found + self.missed + self.alarms + self.calm)


@cache
def tumours() -> Tumours:
    """A sigmoid neuron on two of the table's thirty columns; half of the rows to learn from.

    Source: Breast Cancer Wisconsin (Diagnostic), Street, Wolberg & Mangasarian 1993, as in
    scikit-learn.
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import make_scorer
    from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data: Any = load_breast_cancer()
    columns = [list(data.feature_names).index(name) for name in FEATURES]
    ill = data.target == 0  # in this table 0 is malignant
    split: Any = train_test_split(
        data.data[:, columns], ill, test_size=0.5, stratify=ill, random_state=0
    )
    A, B, a, b = split
    neuron = make_pipeline(StandardScaler(), LogisticRegression())
    score: Any = make_scorer(_saved)
    tuned: Any = TunedThresholdClassifierCV(neuron, scoring=score, thresholds=60, cv=5).fit(A, a)
    probability = tuned.estimator_.predict_proba(B)[:, 1]
    return Tumours(np.asarray(b), probability, float(tuned.best_threshold_))


def _saved(truth: NDArray[Any], said: NDArray[Any]) -> float:
    missed, alarms = (truth & ~said).sum(), (~truth & said).sum()
    return -float(PRICE * missed + alarms)


def counts(cutoff: float) -> Counts:
    """The answers at a cutoff: an alarm where the probability is at least that."""
    of = tumours()
    said, ill = of.probability >= cutoff, of.malignant
    pairs = ((ill, said), (ill, ~said), (~ill, said), (~ill, ~said))
    return Counts(*(int((x & y).sum()) for x, y in pairs))


def crowd_picture(cutoff: float) -> Markup:
    """How many of the ill and of the well get which probability, and the cutoff between."""
    of = tumours()
    drawing = Drawing(440, 250)
    edges = np.linspace(0, 1, _BINS + 1)
    for ill, tone, top in ((True, ORANGE, 40.0), (False, BLUE, 130.0)):
        tall, _ = np.histogram(of.probability[of.malignant == ill], edges)
        field = Field(drawing, 20, top, 400, 66, (0, 1), (0, float(tall.max()) + 1))
        for low, count in zip(edges[:-1], tall.tolist(), strict=True):
            if count:
                alarmed = low + 0.5 / _BINS >= cutoff
                y = field.y(count)
                drawing.box(field.x(low) + 1, y, 400 / _BINS - 2, top + 66 - y, tone,
                            opacity=1 if alarmed else 0.35)  # fmt: skip
        drawing.line([(20, top + 66), (420, top + 66)], GRID, 1)
    at = 20 + cutoff * 400
    drawing.line([(at, 26), (at, 204)], INK, 3, dash="6 4")
    drawing.text(min(max(at, 55), 385), 18, f"cutoff {number(cutoff)}", INK, align="middle",
                 bold=True)  # fmt: skip
    # The names stand where hardly any bars are.
    many = int(of.malignant.sum())
    drawing.text(20, 54, f"{many} malignant", INK, bold=True, halo=True)
    others = f"{len(of.malignant) - many} harmless"
    drawing.text(420, 144, others, INK, align="end", bold=True, halo=True)
    for tick in (0, 0.25, 0.5, 0.75, 1):
        drawing.text(20 + 400 * tick, 218, number(tick), MUTED, size=13, align="middle")
    drawing.text(220, 240, "how sure the neuron is that it is malignant", MUTED, size=13,
                 align="middle")  # fmt: skip
    now = counts(cutoff)
    return drawing.svg(
        "Real tumours by the neuron's probability",
        f"At a cutoff of {number(cutoff)}: {now.found} malignant found, {now.missed} missed; "
        f"{now.alarms} false alarms, {now.calm} harmless left in peace.",
    )


def matrix_picture(cutoff: float) -> Markup:
    """The confusion matrix: four boxes, the darker the more."""
    now = counts(cutoff)
    drawing = Drawing(440, 190)
    drawing.text(205, 18, "alarm", INK, align="middle")
    drawing.text(345, 18, "no alarm", INK, align="middle")
    rows = (
        ("malignant", ((now.found, "found", BLUE), (now.missed, "missed", ORANGE))),
        ("harmless", ((now.alarms, "false alarms", ORANGE), (now.calm, "left in peace", BLUE))),
    )
    for i, (said, cells) in enumerate(rows):
        y = 28.0 + 80 * i
        drawing.text(126, y + 42, said, INK, align="end")
        for j, (count, name, tone) in enumerate(cells):
            x = 138.0 + 140 * j
            drawing.box(x, y, 134, 74, tone, opacity=0.16, round_=8)
            if tone == ORANGE:  # mistakes have an edge too: not by colour alone
                drawing.box(x + 1, y + 1, 132, 72, tone, edge=True, round_=8)
            drawing.text(x + 67, y + 38, count, INK, size=26, align="middle", bold=True)
            drawing.text(x + 67, y + 60, name, INK, size=13, align="middle")
    return drawing.svg(
        "The confusion matrix",
        f"Malignant: {now.found} found, {now.missed} missed. Harmless: {now.alarms} false "
        f"alarms, {now.calm} left in peace.",
    )
