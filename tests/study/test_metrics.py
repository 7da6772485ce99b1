"""Scores against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from actscope.errors import SettingError
from actscope.study._metrics import (
    CUTOFFS,
    METRICS,
    choose_cutoff,
    choose_metric,
    score_labels,
    score_values,
    scores_by_cutoff,
)

SK = {"accuracy": sk.accuracy_score, "balanced_accuracy": sk.balanced_accuracy_score}
codes = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


@pytest.mark.parametrize("name", SK)
@given(pairs=codes)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label")
def test_labels_equal_scikit_learn(name: str, pairs: list[tuple[int, int]]) -> None:
    truth, said = np.array(pairs).T
    assert score_labels(METRICS[name], truth, said) == pytest.approx(SK[name](truth, said))


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=20))
def test_values_equal_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    truth, said = np.array(pairs).T
    if ((truth - truth.mean()) ** 2).sum() < 1e-6:
        return
    assert score_values(truth, said) == pytest.approx(sk.r2_score(truth, said), rel=1e-6)


@pytest.mark.parametrize("name", SK)
def test_every_cutoff_is_scored_as_scikit_learn_would(name: str) -> None:
    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 2, 50), rng.random(50).round(2)
    scores = scores_by_cutoff(METRICS[name], truth, p)
    expected = [SK[name](truth, (p > cutoff).astype(int)) for cutoff in CUTOFFS]
    np.testing.assert_allclose(scores, expected)
    cutoff, score = choose_cutoff(METRICS[name], truth, p)
    assert score == pytest.approx(max(expected))
    assert expected[int(np.flatnonzero(np.isclose(CUTOFFS, cutoff))[0])] == pytest.approx(score)


def test_a_half_that_is_as_good_as_any_is_kept() -> None:
    truth, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    assert choose_cutoff(METRICS["accuracy"], truth, p) == (0.5, 1.0)


def test_rare_positives_want_a_low_cutoff() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(4000) < 0.05).astype(int)
    p = np.clip(0.05 + 0.1 * truth + 0.03 * rng.standard_normal(4000), 0.001, 0.999)
    cutoff, score = choose_cutoff(METRICS["balanced_accuracy"], truth, p)
    assert 0.08 <= cutoff <= 0.12
    assert score > 0.9 > scores_by_cutoff(METRICS["balanced_accuracy"], truth, p)[49] + 0.3


def test_default_metric_says_when_classes_are_imbalanced() -> None:
    even, skewed = np.repeat([0, 1], 50), np.repeat([0, 1], [90, 10])
    assert choose_metric(None, "classification", even, ("a", "b")) == (METRICS["accuracy"], None)
    metric, note = choose_metric(None, "classification", skewed, ("a", "b"))
    assert metric.name == "balanced_accuracy"
    assert note is not None
    assert "90 rows of 'a'" in note
    assert choose_metric("accuracy", "classification", skewed, ("a", "b"))[1] is None
    with pytest.raises(SettingError, match="must be one of r2"):
        choose_metric("accuracy", "regression", even, ())
