"""The cutoff of a classifier on imbalanced data: 0.5, or one chosen on training rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._claim import Measured
from ._numbers import mean
from ._pictures import Dots, Level, Row
from ._train import Array, Split
from ._verdict import Bound, Check

POSITIVE = 0.1  # share of the rarer class
CHOSEN = "balanced accuracy"  # what scikit-learn chooses cutoffs by unless told otherwise

NOT_HALF = Bound(
    "chosen cutoff (balanced accuracy, generated data)", most=0.4, why="a tenth from 0.5"
)
GAINS = Bound("points of the chosen score that a chosen cutoff wins", least=0, above=True)


def breast_cancer(seed: int) -> Split:
    """scikit-learn's breast cancer table with all benign rows, malignant ones thinned to 10%."""
    from sklearn.datasets import load_breast_cancer

    data: Any = load_breast_cancer()
    malignant, benign = (np.flatnonzero(data.target == k) for k in (0, 1))
    rng = np.random.default_rng(seed)
    few = rng.choice(malignant, round(len(benign) * POSITIVE / (1 - POSITIVE)), replace=False)
    rows = np.concatenate([few, benign])
    return _split(data.data[rows], (data.target[rows] == 0).astype(int), seed)


def generated(seed: int) -> Split:
    """4,000 rows, 10% positive, overlapping classes."""
    from sklearn.datasets import make_classification

    made: Any = make_classification(
        4000,
        10,
        n_informative=5,
        n_redundant=2,
        weights=[1 - POSITIVE],
        flip_y=0.02,
        class_sep=0.8,
        random_state=seed,
    )
    X, y = made
    return _split(X, y, seed)


DATA: dict[str, Callable[[int], Split]] = {"generated": generated, "breast cancer": breast_cancer}
TEST = 1 / 3  # share of rows that only score
# Splits of one table again and again are not independent (Nadeau & Bengio 2003): n_test /
# n_train widens the interval. Generated tables are new at each seed.
OVERLAP = {"generated": 0.0, "breast cancer": TEST / (1 - TEST)}


def _split(X: Array, y: Array, seed: int) -> Split:
    from sklearn.model_selection import train_test_split

    parts: Any = train_test_split(X, y, test_size=TEST, stratify=y, random_state=seed)
    A, B, a, b = parts
    return Split(A, a, B, b)


# scikit-learn's own scores check their input anew at each of 500 cutoffs, which takes 50 times
# as long; the tests compare these with them.


def balanced_accuracy(y: Array, said: Array) -> float:
    """Mean of the shares found among positives and among negatives."""
    yes = y == 1
    return float((said[yes] == 1).mean() + (said[~yes] == 0).mean()) / 2


def f1(y: Array, said: Array) -> float:
    """2 TP / (2 TP + FP + FN), 0 where nothing is positive."""
    hits = int(((y == 1) & (said == 1)).sum())
    return 2 * hits / max(int((y == 1).sum() + (said == 1).sum()), 1)


def accuracy(y: Array, said: Array) -> float:
    """Share of right answers."""
    return float((y == said).mean())


SCORES: dict[str, Callable[[Array, Array], float]] = {
    "balanced accuracy": balanced_accuracy,
    "F1": f1,
    "accuracy": accuracy,
}


def tuned(split: Split, score: str) -> tuple[float, float]:
    """The cutoff that cross-validation on training rows chooses, and the points it wins on others.

    A sigmoid neuron (logistic regression) on standardised features.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import make_scorer
    from sklearn.model_selection import TunedThresholdClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    neuron = make_pipeline(StandardScaler(), LogisticRegression())
    judge: Any = make_scorer(SCORES[score])  # the stubs of scikit-learn know names alone
    chosen: Any = TunedThresholdClassifierCV(neuron, scoring=judge, cv=5)
    chosen.fit(split.X, split.y)
    # estimator_ is the same neuron, fitted on all training rows: its cutoff is 0.5.
    tuned_, plain = (
        SCORES[score](split.y_test, of.predict(split.X_test)) for of in (chosen, chosen.estimator_)
    )
    return float(chosen.best_threshold_), 100 * (tuned_ - plain)


def cutoff(seeds: range) -> Measured:
    """Three scores on two data sets, each cutoff chosen for the score it is judged by."""
    found = {
        (data, score): np.array([tuned(make(seed), score) for seed in seeds])
        for data, make in DATA.items()
        for score in SCORES
    }
    cutoffs = {
        (data, score): mean(f"chosen cutoff, {score}, {data}", of[:, 0], "", OVERLAP[data])
        for (data, score), of in found.items()
    }
    won = {
        (data, score): mean(f"points won, {score}, {data}", of[:, 1], "points", OVERLAP[data])
        for (data, score), of in found.items()
    }
    main, half = won["generated", CHOSEN], cutoffs["generated", CHOSEN]

    def further(data: str, score: str) -> Check:
        number = won[data, score]
        return Check(
            GAINS,
            number,
            f"{number.shown} of {score} on {data} data",
            f"nothing sure for {score} on {data} data ({number.interval})",
            essential=False,
        )

    return Measured(
        headline=main,
        checks=(
            Check(
                NOT_HALF,
                half,
                f"with one positive in ten the best cutoff is {half.shown}, not 0.5",
                f"the best cutoff is {half.shown} ({half.interval})",
            ),
            Check(
                GAINS,
                main,
                f"choosing it wins {main.shown} of {CHOSEN} on rows not seen",
                f"choosing it wins nothing sure ({main.interval} of {CHOSEN})",
            ),
            further("generated", "F1"),
            further("generated", "accuracy"),
            further("breast cancer", CHOSEN),
        ),
        others=(*won.values(), *cutoffs.values()),
        picture=Dots(
            "What a chosen cutoff wins over 0.5",
            "Points on rows not trained on, the cutoff chosen for each score on training rows.",
            "points",
            [Row(f"{score}, {data}", number, data) for (data, score), number in won.items()],
            levels=(Level(0, "0.5 as good"),),
        ),
    )
