"""The ensemble under scikit-learn's settings scores what scikit-learn's MLPClassifier does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.model_selection import train_test_split

import actscope as act

# Mean and standard deviation of test accuracy over 20 initialisations of MLPClassifier with its
# defaults (100 hidden units, Adam 1e-3, batches of 200, L2 1e-4, 200 iterations) on one fixed
# stratified split of the 8x8 digits; `benchmarks/agreement.py` measures them anew.
SCIKIT_LEARN = {
    "identity": (0.9742, 0.0023),
    "sigmoid": (0.9681, 0.0017),
    "tanh": (0.9781, 0.0025),
    "relu": (0.9802, 0.0019),
}
SEEDS = 20


@pytest.fixture(scope="module")
def accuracies(digits: tuple[np.ndarray, np.ndarray]) -> dict[str, np.ndarray]:
    X, y = digits
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    e = act.train_ensemble(
        X_train,
        y_train,
        hidden=100,
        activations=list(SCIKIT_LEARN),
        seeds=SEEDS,
        learning_rates=[1e-3],
        epochs=200,
        batch_size=200,
        l2=1e-4 / 200,  # scikit-learn divides its alpha by the rows of the batch
        init="glorot",
    )
    right = (e.predict(X_test) == y_test).mean(1).reshape(len(SCIKIT_LEARN), SEEDS)
    return dict(zip(SCIKIT_LEARN, right, strict=True))


@pytest.mark.parametrize("name", SCIKIT_LEARN)
def test_mean_accuracy_agrees_within_the_interval_of_the_difference(
    name: str, accuracies: dict[str, np.ndarray]
) -> None:
    mean, sd = SCIKIT_LEARN[name]
    ours = accuracies[name]
    error = np.sqrt((ours.var(ddof=1) + sd**2) / SEEDS)
    # 99.9% interval of the difference, so that four tests do not fail by chance elsewhere;
    # measured on one machine: differences of 0.03 to 0.08 percentage points.
    assert abs(ours.mean() - mean) < stats.t.ppf(0.9995, 2 * SEEDS - 2) * error
    assert abs(ours.mean() - mean) < 0.003
    assert ours.std(ddof=1) < 2 * sd
