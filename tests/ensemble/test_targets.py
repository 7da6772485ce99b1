"""Targets, tables and weights as people give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import type_of_target

import actscope as act
from actscope.ensemble._targets import Targets, read_features
from actscope.ensemble._weights import row_weights

LABELS = ["b", "a", "c", "a", "a", "b"]
ROWS = len(LABELS)


def weights(y: Any, sample: Any = None, classes: Any = None) -> Any:
    return row_weights(Targets.read(y, None, len(y)), sample, classes)


@pytest.mark.parametrize(
    "y",
    [
        LABELS,
        np.array(LABELS),
        np.array(LABELS, dtype=object),
        np.array(LABELS)[:, None],
        pd.Series(LABELS),
        pd.Series(LABELS, dtype="category"),
        pd.Series(LABELS, dtype="string"),
        pd.DataFrame({"label": LABELS}),
    ],
    ids=lambda y: type(y).__name__ + str(getattr(y, "dtype", "")),
)
def test_labels_are_codes_in_sorted_order_whatever_holds_them(y: Any) -> None:
    targets = Targets.read(y, None, ROWS)
    assert targets.task == "classification"
    assert targets.classes == ("a", "b", "c")
    assert targets.values.tolist() == [1, 0, 2, 0, 0, 1]
    assert targets.outputs == 3
    assert targets.encode(["c", "a"], 2).tolist() == [2, 0]


@pytest.mark.parametrize("kind", ["Int64", "boolean", "Float64", "int8", "bool", "object"])
def test_numbers_are_numbers_whatever_holds_them(kind: str) -> None:
    series = pd.Series([0, 1, 1, 0]).astype(kind)  # type: ignore[call-overload]
    targets = Targets.read(series, None, 4)
    assert targets.task == "classification"
    assert targets.classes == (0, 1)
    assert Targets.read(series, "regression", 4).values.tolist() == [[0], [1], [1], [0]]
    frame = pd.DataFrame({"a": series, "b": [0.5, 1, 2, 3]})
    assert read_features(frame, "X").tolist() == [[0, 0.5], [1, 1], [1, 2], [0, 3]]


def test_fractions_are_regression_whatever_holds_them() -> None:
    values = [0.5, 2, 3]
    for y in (values, pd.Series(values, dtype="Float64"), pd.Series(values, dtype=object)):
        targets = Targets.read(y, None, 3)
        assert targets.task == "regression"
        assert targets.values.tolist() == [[0.5], [2], [3]]


EITHER = st.sampled_from([(0, 1), (0, 1, 2), (False, True), (0.0, 1.0), (0.0, 0.5, 1.0)])


@given(data=st.data(), values=EITHER, columns=st.integers(2, 3))
def test_several_columns_are_guessed_as_scikit_learn_does(
    data: st.DataObject, values: tuple[float, ...], columns: int
) -> None:
    row = st.lists(st.sampled_from(values), min_size=columns, max_size=columns)
    y = np.array(data.draw(st.lists(row, min_size=5, max_size=5)))
    ours = Targets.read(y, None, 5).task
    if set(np.unique(y)) <= {0, 1}:
        assert type_of_target(y) == "multilabel-indicator"
        assert ours == "multilabel"
    else:
        assert ours == "regression"


def test_multilabel_names_its_labels_by_column() -> None:
    table = pd.DataFrame({"cat": [True, False, True], "dog": [True, True, False]})
    targets = Targets.read(table, "multilabel", 3)
    assert targets.classes == ("cat", "dog")
    assert targets.values.tolist() == [[1, 1], [0, 1], [1, 0]]
    assert Targets.read(table.to_numpy(), None, 3).classes == (0, 1)
    one = Targets.read(table[["cat"]], "multilabel", 3)
    assert one.values.shape == (3, 1)
    assert one.encode([[0.0]], 1).tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("y", "task", "says"),
    [
        ([1, None, 2], None, "1 missing values"),
        (["a", None, "b"], None, "y has 1 missing values: drop those rows first"),
        (pd.Series([1, None, 2], dtype="Int64"), "classification", "1 missing values"),
        ([0.5, float("nan"), 1.0], None, "1 NaN or infinite"),
        (np.array(["a", 1, "b"], dtype=object), None, "mixes values that have no order"),
        ([[1, 0], [0, 1], [1, 1]], "classification", 'task="multilabel"'),
        ([[1, 0], [0, 2], [1, 1]], "multilabel", "0 and 1 only, not 2"),
        ([0, 1, 1], "multilabel", "must be a table (rows, labels)"),
        ([["a", "b"]] * 3, None, "y must hold numbers"),
        ([["a"], ["a", "b"], []], None, "different lengths"),
        (np.zeros((3, 0)), None, "not shape (3, 0)"),
        (np.zeros((3, 2, 2)), None, "not shape (3, 2, 2)"),
        ([1, 2], None, "each of the 3 rows"),
        (sparse.csr_matrix([[1, 0], [0, 1], [1, 1]]), None, "y is a sparse matrix"),
        ([0, 1, 1], "multi-label", "Did you mean 'multilabel'?"),
    ],
    ids=str,
)
def test_targets_that_cannot_be_trained_on_get_one_line(y: Any, task: Any, says: str) -> None:
    with pytest.raises(act.ActscopeError) as caught:
        Targets.read(y, task, 3)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pd.DataFrame({"age": [1, 2], "city": ["Bern", "Rom"]}), "as its column 'city': encode"),
        (pd.DataFrame({"day": pd.to_datetime(["2020-01-01", "2021-01-01"])}), "column 'day'"),
        (np.array([["2020-01-01"]], dtype="datetime64[D]"), "not datetime64[D]"),
        (np.array([[1j]]), "not complex128"),
        (pd.DataFrame({"a": [1, None]}, dtype="Int64"), "1 NaN or infinite"),
        ([[1, 2], [3]], "X has rows of different lengths"),
    ],
    ids=range(6),
)
def test_tables_that_are_not_numbers_get_one_line(table: Any, says: str) -> None:
    with pytest.raises(act.DataError) as caught:
        read_features(table, "X")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("y", "given_later", "says"),
    [
        (["a", "b"], ["a", "z"], "validation y has classes that y has not: z"),
        (["a", "b"], ["a", None], "1 missing values"),
        ([0.5, 1.5], [[1, 2], [3, 4]], "must have 1 columns, not 2"),
        ([[0, 1], [1, 1]], [[0, 1], [3, 1]], "0 and 1 only, not 3"),
        ([[0, 1], [1, 1]], [0, 1], "must be a table (rows, labels)"),
        ([0.5, 1.5], [1, 2, 3], "each of the 2 rows"),
    ],
    ids=str,
)
def test_validation_targets_must_be_of_the_same_kind(y: Any, given_later: Any, says: str) -> None:
    with pytest.raises(act.DataError) as caught:
        Targets.read(y, None, 2).encode(given_later, 2)
    assert says in str(caught.value)


@given(
    y=st.lists(st.sampled_from("abcd"), min_size=2, max_size=30).filter(lambda y: len(set(y)) > 1),
    seed=st.integers(0, 9),
    balanced=st.booleans(),
)
def test_weights_multiply_as_those_of_scikit_learn(y: list[str], seed: int, balanced: bool) -> None:
    rng = np.random.default_rng(seed)
    sample = rng.random(len(y)) + 0.1
    of_class = {label: rng.random() + 0.1 for label in set(y)}
    theirs = sample * compute_sample_weight("balanced" if balanced else of_class, y)
    ours = weights(y, sample, "balanced" if balanced else of_class)
    np.testing.assert_allclose(ours, theirs / theirs.mean())


def test_weights_keep_a_mean_of_one_at_any_scale() -> None:
    assert weights(LABELS) is None
    for scale in (1e-300, 1.0, 1e308):
        some = weights(LABELS, np.array([1, 1, 1, 1, 1, 0]) * scale)
        np.testing.assert_allclose(some, [1.2] * 5 + [0])


@pytest.mark.parametrize(
    ("sample", "classes", "says"),
    [
        ([1.0] * 5, None, "one number for each of the 6 rows of X, not shape (5,)"),
        (np.ones((6, 2)), None, "not shape (6, 2)"),
        ([1, 1, 1, 1, 1, -2], None, "not be negative, but one is -2"),
        ([0] * 6, None, "0 for every row"),
        ([1, 1, 1, 1, 1, np.nan], None, "sample_weight has 1 NaN"),
        (["x"] * 6, None, "sample_weight must hold numbers"),
        (None, {"a": 1, "b": 2}, "no weight for 'c': 1 leaves a class as it is"),
        (None, {"a": 1, "b": 2, "c": 1, "d": 3}, "names 'd', which is not in y"),
        (None, {"a": 1, "b": 2, "c": -1}, "not be negative, but one is -1"),
        (None, {"a": 1, "b": 2, "c": "much"}, "class_weight must hold numbers"),
        (None, "balance", "Did you mean 'balanced'?"),
        (None, [1, 2, 3], "a mapping from label to weight, not [1, 2, 3]"),
        ([0, 1, 0, 1, 1, 0], {"a": 0, "b": 1, "c": 1}, "leave no row with a weight"),
    ],
    ids=str,
)
def test_bad_weights_get_one_line(sample: Any, classes: Any, says: str) -> None:
    X = np.zeros((ROWS, 1))
    with pytest.raises(act.ActscopeError) as caught:
        act.train_ensemble(X, LABELS, sample_weight=sample, class_weight=classes)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("y", [[0.5] * ROWS, [[0, 1]] * ROWS], ids=["regression", "multilabel"])
def test_class_weights_are_for_classes(y: Any) -> None:
    with pytest.raises(act.SettingError, match="class_weight is for classification"):
        weights(y, None, "balanced")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lr_schedule": "cosin"}, "Did you mean 'cosine'?"),
        ({"clip_grad_norm": 0}, "clip_grad_norm must be a finite number above 0, not 0"),
        ({"clip_grad_norm": "1"}, "clip_grad_norm must be a number above 0, not '1'"),
    ],
    ids=str,
)
def test_bad_schedules_and_limits_get_one_line(change: dict[str, Any], says: str) -> None:
    with pytest.raises(act.SettingError) as caught:
        act.train_ensemble(np.zeros((ROWS, 1)), LABELS, **change)
    assert says in str(caught.value)


RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 3))
SMALL: dict[str, Any] = {
    "hidden": (12,), "epochs": 40, "learning_rates": [3e-2], "batch_size": 16, "progress": False,
}  # fmt: skip


def test_multilabel_predicts_each_label_by_itself() -> None:
    y = np.stack([X[:, 0] > 0, X[:, 1] ** 2 > 0.5, X[:, 0] > -9], 1)
    held = (X[:30], y[:30])
    e = act.train_ensemble(X, y, activations="relu,tanh", seeds=2, validation=held, **SMALL)
    assert e.settings.task == "multilabel"
    p, labels = e.predict_proba(X), e.predict(X)
    assert p.shape == labels.shape == (4, 120, 3)
    assert labels.dtype == np.int64
    assert (labels == (p > 0.5)).all()
    assert (labels == y).mean((1, 2)).min() > 0.95
    assert p[:, :, 2].min() > 0.5  # not probabilities that add up to 1
    np.testing.assert_allclose(p, torch.from_numpy(e.outputs(X)).sigmoid())
    z, truth = torch.from_numpy(e.outputs(X[:30])), torch.from_numpy(y[:30]).double()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        z, truth.expand(4, -1, -1), reduction="none"
    )
    np.testing.assert_allclose(
        loss.sum(2).mean(1), np.asarray(e.members["validation_loss"]), rtol=1e-5
    )


def test_a_weight_of_zero_is_a_row_left_out() -> None:
    y = (X[:, 0] > 0).astype(int)
    wrong = y.copy()
    wrong[:60] = 1 - y[:60]
    weight = np.where(np.arange(120) < 60, 0.0, 2.0)
    e = act.train_ensemble(X, wrong, sample_weight=weight, **SMALL)
    assert (e.predict(X)[0] == y).mean() > 0.9
    assert (act.train_ensemble(X, wrong, **SMALL).predict(X)[0] == y).mean() < 0.8


def test_balanced_classes_find_the_rare_one() -> None:
    noise = RNG.standard_normal(120)
    y = np.where(X[:, 0] + noise > 2.0, "rare", "common")
    settings = {**SMALL, "hidden": (2,), "epochs": 15, "learning_rates": [1e-2]}
    found = [
        (act.train_ensemble(X, y, class_weight=w, **settings).predict(X)[0] == "rare").sum()
        for w in (None, "balanced", {"rare": 20, "common": 1})
    ]
    assert found[0] < found[1]
    assert found[0] < found[2]


def test_a_frame_of_one_column_predicts_one_value_a_row() -> None:
    y = pd.DataFrame({"y": X[:, 0] * 1.5})
    assert act.train_ensemble(pd.DataFrame(X), y, **SMALL).predict(X).shape == (1, 120)


def test_probabilities_of_extreme_logits_stay_finite() -> None:
    from actscope.ensemble._ensemble import sigmoid

    z = np.array([-1e4, -1.0, 0.0, 1.0, 1e4])
    np.testing.assert_allclose(sigmoid(z), torch.from_numpy(z).sigmoid(), rtol=1e-14)
