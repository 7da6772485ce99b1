"""Scores against scikit-learn's, or against their definition where ours are scikit-learn's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB

from actscope.errors import SettingError
from actscope.study.scoring import _scorers
from actscope.study.scoring._cutoffs import CUTOFFS, choose_cutoff, scores_by_cutoff
from actscope.study.scoring._metrics import (
    METRICS,
    check_rope,
    choose_metric,
    default_rope,
    metric_named,
    score_labels,
    score_probabilities,
    score_values,
    smallest_step,
)

LABELS = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1": lambda truth, said: sk.f1_score(truth, said, zero_division=0),  # pyright: ignore[reportArgumentType]
}
VALUES = {
    "r2": sk.r2_score,
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
}
codes = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)
TWO, THREE = np.arange(40) % 2, np.arange(60) % 3


@pytest.mark.parametrize("name", LABELS)
@given(pairs=codes)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true", "ignore:A single label")
def test_labels_equal_scikit_learn(name: str, pairs: list[tuple[int, int]]) -> None:
    truth, said = np.array(pairs).T
    if name == "f1":
        truth, said = truth % 2, said % 2
    assert score_labels(METRICS[name], truth, said) == pytest.approx(LABELS[name](truth, said))


@pytest.mark.parametrize("name", VALUES)
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=20))
def test_values_equal_scikit_learn(name: str, pairs: list[tuple[float, float]]) -> None:
    truth, said = np.array(pairs).T
    if ((truth - truth.mean()) ** 2).sum() < 1e-6:
        return
    expected = VALUES[name](truth, said)
    assert score_values(METRICS[name], truth, said) == pytest.approx(expected, rel=1e-6)


def shares(rows: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(rows + classes)
    truth = np.arange(rows) % classes
    p = rng.dirichlet(np.ones(classes), rows)
    p[np.arange(rows), truth] += 0.3
    return truth, p / p.sum(1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 5])
def test_log_loss_is_scikit_learns_a_sure_error_included(classes: int) -> None:
    truth, p = shares(50, classes)
    assert score_probabilities(METRICS["log_loss"], truth, p) == pytest.approx(
        sk.log_loss(truth, p)
    )
    p[0] = np.eye(classes)[1 - truth[0]]
    assert score_probabilities(METRICS["log_loss"], truth, p) == pytest.approx(
        sk.log_loss(truth, p)
    )


def test_roc_auc_is_how_often_a_yes_ranks_above_a_no() -> None:
    truth, p = shares(60, 2)
    p = p.round(1)
    yes, no = p[truth == 1, 1], p[truth == 0, 1]
    wins = [(a > b) + 0.5 * (a == b) for a in yes for b in no]
    assert score_probabilities(METRICS["roc_auc"], truth, p) == pytest.approx(np.mean(wins))


def test_average_precision_is_the_precision_at_each_yes() -> None:
    truth, p = shares(60, 2)
    ranked = truth[np.argsort(-p[:, 1])]
    at = [ranked[: k + 1].mean() for k in np.flatnonzero(ranked)]
    found = score_probabilities(METRICS["average_precision"], truth, p)
    assert found == pytest.approx(np.mean(at))


def test_scores_of_probabilities_for_several_classes_take_each_against_the_rest() -> None:
    truth, p = shares(60, 3)
    for name in ("roc_auc", "average_precision"):
        chosen, _ = choose_metric(name, "classification", THREE, ("a", "b", "c"))
        each = []
        for k in range(3):
            two = np.stack([1 - p[:, k], p[:, k]], axis=1)
            each.append(score_probabilities(METRICS[name], (truth == k).astype(int), two))
        assert score_probabilities(chosen, truth, p) == pytest.approx(np.mean(each))


@pytest.mark.parametrize("name", LABELS)
def test_every_cutoff_is_scored_as_scikit_learn_would(name: str) -> None:
    rng = np.random.default_rng(0)
    truth, p = rng.integers(0, 2, 50), rng.random(50).round(2)
    scores = scores_by_cutoff(METRICS[name], truth, p)
    expected = [LABELS[name](truth, (p > cutoff).astype(int)) for cutoff in CUTOFFS]
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


# --- scikit-learn's own, by name


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", _scorers.names())
def test_a_scorer_gives_what_it_gives_the_model_itself(name: str, classes: int) -> None:
    """Fed with a fitted model's answers, each gives what scikit-learn gives that model."""
    rng = np.random.default_rng(classes)
    X = rng.standard_normal((90, 3))
    scorer = name if name in sk.get_scorer_names() else f"neg_{name}"
    sign = -1 if scorer.startswith("neg_") else 1
    found = metric_named(name)
    if found.task == "regression":
        y = X[:, 0] + rng.standard_normal(90)
        model = LinearRegression().fit(X, y)
        if _scorers.misfit(scorer, "regression", y, 0):
            return
        expected = sk.get_scorer(scorer)(model, X, y)
        assert score_values(found, y, model.predict(X)) == pytest.approx(sign * expected)
        return
    y = (X[:, 0] + rng.standard_normal(90) > 0) * 1
    if classes == 3:
        y = y + (X[:, 1] > 0.5)
    model = GaussianNB().fit(X, y)
    names = tuple("abc"[:classes])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = sk.get_scorer(scorer)(model, X, y)
        except ValueError:
            if name not in METRICS:  # ours take the mean over the classes
                with pytest.raises(SettingError, match="does not fit this table: scikit-learn"):
                    choose_metric(name, "classification", y, names)
            return
    metric, _ = choose_metric(name, "classification", y, names)
    if metric.reads == "probabilities":
        ours = score_probabilities(metric, y, model.predict_proba(X))
    else:
        ours = score_labels(metric, y, model.predict(X))
    if metric.name != "f1_macro" or name == "f1_macro":
        assert ours == pytest.approx(sign * expected)


def test_an_error_goes_by_its_own_name_and_lower_is_better() -> None:
    for name in ("neg_brier_score", "brier_score"):
        metric = metric_named(name)
        assert (metric.name, metric.lower, metric.sign) == ("brier_score", True, -1)
        truth, p = shares(40, 2)
        expected = ((p[:, 1] - truth) ** 2).mean()
        assert score_probabilities(metric, truth, p) == pytest.approx(expected)


def test_every_scorer_of_scikit_learn_is_known_or_for_another_task() -> None:
    """A new one in a later version has to be looked at: what is it for, what matters?"""
    seen = {"classification": set(), "regression": set()}
    for name in _scorers.names():
        seen[metric_named(name).task].add(metric_named(name).name)
    assert {"r2", "rmse", "mae", "mean_squared_error", "max_error"} <= seen["regression"]
    assert not {"r2", "rmse", "mae", "explained_variance"} & seen["classification"]
    assert "rand_score" not in seen["classification"]


# --- which one, and what matters


def test_default_metric_says_when_classes_are_imbalanced() -> None:
    even, skewed = np.repeat([0, 1], 50), np.repeat([0, 1], [90, 10])
    assert choose_metric(None, "classification", even, ("a", "b")) == (METRICS["accuracy"], None)
    metric, note = choose_metric(None, "classification", skewed, ("a", "b"))
    assert metric.name == "balanced_accuracy"
    assert note is not None
    assert "90 rows of 'a'" in note
    assert choose_metric("accuracy", "classification", skewed, ("a", "b"))[1] is None


def test_the_class_that_counts_as_yes_is_said() -> None:
    for name in ("f1", "average_precision", "precision", "recall"):
        note = choose_metric(name, "classification", TWO, ("ham", "spam"))[1]
        assert note is not None
        assert "of the class 'spam'" in note
    assert choose_metric("roc_auc", "classification", TWO, ("ham", "spam"))[1] is None


@pytest.mark.parametrize(
    ("name", "task", "classes", "says"),
    [
        ("accuracy", "regression", (), "must be one of r2, rmse, mae or .* not 'accuracy'"),
        ("rmse", "classification", ("a", "b"), "not 'rmse', which is for regression"),
        ("neg_max_error", "classification", ("a", "b"), "which is for regression"),
        ("precision", "classification", ("a", "b", "c"), "try 'precision_macro'"),
        ("acuracy", "classification", ("a", "b"), "not known.*Did you mean 'accuracy'"),
        ("rand_score", "classification", ("a", "b"), "'rand_score' is not known"),
        ("neg_mean_poisson_deviance", "regression", (), "needs predictions above 0"),
    ],
)
def test_a_metric_that_does_not_fit_is_refused_in_a_line(
    name: str, task: str, classes: tuple[str, ...], says: str
) -> None:
    target = np.linspace(-1, 1, 30) if task == "regression" else np.arange(30) % len(classes)
    with pytest.raises(SettingError, match=says) as refused:
        choose_metric(name, task, target, classes)
    assert "\n" not in str(refused.value)


def test_ropes() -> None:
    target = np.array([0.0, 4.0, 8.0])  # variance 32/3
    expected = {
        "accuracy": 0.01, "log_loss": 0.01, "roc_auc": 0.01, "r2": 0.01, "precision": 0.01,
        "rmse": 0.033, "mae": 0.033, "mean_squared_error": 0.11,  # 0.0327 and 0.1067
    }  # fmt: skip
    found = {name: default_rope(metric_named(name), target) for name in expected}
    assert found == pytest.approx(expected)
    with pytest.raises(SettingError, match=r"'brier_score'.*--rope"):
        default_rope(metric_named("brier_score"), target)


@pytest.mark.parametrize("rope", [0, -1, float("nan"), float("inf"), "x", True, None])
def test_a_rope_is_a_number_above_0(rope: object) -> None:
    with pytest.raises(SettingError, match="rope is"):
        check_rope(rope)  # pyright: ignore[reportArgumentType]


def test_smallest_steps() -> None:
    rows = np.array([30, 10])
    truth = np.repeat([0, 1], rows)
    worse = truth.copy()
    worse[-1] = 0  # one row of the second, rarer class goes the other way
    for name in ("accuracy", "balanced_accuracy"):
        metric = METRICS[name]
        assert smallest_step(metric, rows) == pytest.approx(1 - score_labels(metric, truth, worse))
    lost = 1 - score_labels(METRICS["f1"], truth, worse)
    assert smallest_step(METRICS["f1"], rows) == pytest.approx(lost, rel=0.1)
    p = np.stack([1 - truth, truth], axis=1) * 0.8 + 0.1
    p[-1] = p[0]  # level with every row of the other class
    lost = 1 - score_probabilities(METRICS["roc_auc"], truth, p)
    assert smallest_step(METRICS["roc_auc"], rows) == pytest.approx(lost)
    assert smallest_step(METRICS["rmse"], rows) == smallest_step(METRICS["log_loss"], rows) == 0
