"""`train_ensemble` as a user meets it."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch

import actscope as act

RNG = np.random.default_rng(0)
X = RNG.standard_normal((90, 3))
LABELS = np.where(X[:, 0] + X[:, 1] ** 2 > 0.5, "yes", "no")
VALUES = X[:, 0] ** 2 + X[:, 1]
SMALL: dict[str, Any] = {"hidden": (8,), "epochs": 15, "learning_rates": [1e-2], "batch_size": 16}


def test_members_follow_the_order_of_the_arguments() -> None:
    e = act.train_ensemble(
        X,
        LABELS,
        hidden=8,
        activations=["tanh", "relu"],
        learning_rates=[1e-2, 1e-3],
        seeds=[5, 2],
        epochs=2,
    )
    table: Any = e.members
    assert table["activation"].tolist() == ["tanh"] * 4 + ["relu"] * 4
    assert table["learning_rate"].tolist() == [1e-3, 1e-3, 1e-2, 1e-2] * 2
    assert table["seed"].tolist() == [5, 2] * 4
    assert table["epochs"].eq(2).all()
    assert table["final_loss"].notna().all()
    assert not table["diverged"].any()


def test_labels_and_probabilities_belong_together() -> None:
    e = act.train_ensemble(X, LABELS, seeds=3, **SMALL)
    p = e.predict_proba(X)
    assert p.shape == (3, 90, 2)
    np.testing.assert_allclose(p.sum(2), 1.0)
    labels = e.predict(X)
    assert e.classes == ("no", "yes")
    assert (labels == np.asarray(e.classes)[p.argmax(2)]).all()
    assert (labels == LABELS).mean() > 0.8


def test_weights_reproduce_the_outputs_by_hand() -> None:
    e = act.train_ensemble(X, LABELS, activations="tanh,prelu", seeds=2, dtype="float64", **SMALL)
    for member in range(2):
        (w1, b1), (w2, b2) = e.weights(member)
        expected = np.tanh(X @ w1 + b1) @ w2 + b2
        np.testing.assert_allclose(e.outputs(X)[member], expected, rtol=1e-10)


def test_regression_with_one_and_two_outputs() -> None:
    one = act.train_ensemble(X, VALUES, seeds=2, **{**SMALL, "epochs": 60})
    assert one.predict(X).shape == (2, 90)
    assert np.corrcoef(one.predict(X)[0], VALUES)[0, 1] > 0.9
    two = act.train_ensemble(X, np.stack([VALUES, -VALUES], 1), seeds=2, **SMALL)
    assert two.predict(X).shape == (2, 90, 2)
    with pytest.raises(act.SettingError, match="regression"):
        two.predict_proba(X)


def test_task_is_guessed_and_can_be_set() -> None:
    whole = np.arange(90) % 3
    assert act.train_ensemble(X, whole, **SMALL).settings.task == "classification"
    assert act.train_ensemble(X, whole, task="regression", **SMALL).settings.task == "regression"
    assert act.train_ensemble(X, VALUES, **SMALL).settings.task == "regression"


def test_chunk_size_does_not_matter() -> None:
    def run(size: int | None) -> Any:
        e = act.train_ensemble(
            X, LABELS, activations="gelu,relu", seeds=5, members_at_once=size, **SMALL
        )
        return e.outputs(X)

    assert np.array_equal(run(None), run(1))
    assert np.array_equal(run(None), run(3))


def test_patience_keeps_the_best_epoch() -> None:
    held = (X[60:], LABELS[60:])
    given = {**SMALL, "epochs": 200, "learning_rates": [0.05]}
    e = act.train_ensemble(X[:60], LABELS[:60], seeds=4, validation=held, patience=5, **given)
    table: Any = e.members
    assert (table["epochs"] < 200).all()
    assert (table["epochs"] - table["best_epoch"]).eq(5).all()
    p = e.predict_proba(X[60:])
    truth = (LABELS[60:] == "yes").astype(int)
    loss = -np.log(p[:, np.arange(30), truth]).mean(1)
    np.testing.assert_allclose(loss, table["validation_loss"], rtol=1e-4)


def test_health_counts_units_killed_on_purpose() -> None:
    e = act.train_ensemble(X, LABELS, activations="relu,step,tanh", seeds=1, **SMALL)
    for _, part in e.parts:
        store = part.values
        relu = [m.activation for m in part.members].index("relu")
        store.weights[0][relu, :, 2] = 0.0
        store.biases[0][relu, 0, 2] = -1.0
    table: Any = e.health(X).set_index("member")
    assert table.loc[0, "dead_units"] == [2]
    assert table.loc[1, "dead_units"] is None  # a step has no dead list
    assert table.loc[2, "dead_units"] == []
    assert table["samples"].eq(90).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"activations": "relu,gelo"}, "gelu"),
        ({"activations": []}, "activations is empty"),
        ({"seeds": 0}, "seeds must be at least 1, not 0"),
        ({"seeds": -3}, "seeds must be at least 1"),
        ({"seeds": "many"}, "seeds must be a whole number, not 'many'"),
        ({"seeds": [1.5]}, "each seed must be a whole number"),
        ({"learning_rates": [-1.0]}, "above 0, not -1"),
        ({"learning_rates": [float("nan")]}, "finite"),
        ({"learning_rates": ["fast"]}, "not 'fast'"),
        ({"hidden": (8, 0)}, "each width in hidden must be at least 1, not 0"),
        ({"hidden": 2.5}, "whole number"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": True}, "whole number"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"l2": -1}, "l2 must be"),
        ({"init": "kaiming"}, "init must be one of gain, glorot"),
        ({"device": "cuda:99"}, "device 'cuda:99' cannot be used here"),
        ({"device": "gpu"}, "device 'gpu' cannot be used here"),
        ({"patience": 3}, "patience needs validation"),
        ({"task": "ranking"}, "task must be one of"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_settings_get_one_line(change: dict[str, Any], says: str) -> None:
    with pytest.raises(act.ActscopeError) as caught:
        act.train_ensemble(X, LABELS, **{**SMALL, **change})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ((X[:, 0], LABELS), "must be a table"),
        ((X, LABELS[:5]), "one entry for each of the 90 rows"),
        ((np.where(X > 2, np.nan, X), LABELS), "NaN or infinite"),
        ((X, np.full(90, "same")), "one class only ('same')"),
        ((X.astype(str), np.full(90, "a")), "one class only"),
        ((np.full((90, 2), "text"), LABELS), "X must hold numbers"),
        ((X[:0], LABELS[:0]), "must be a table"),
    ],
    ids=range(7),
)
def test_bad_data_get_one_line(data: tuple[Any, Any], says: str) -> None:
    with pytest.raises(act.DataError) as caught:
        act.train_ensemble(*data, **SMALL)
    assert says in str(caught.value)


def test_the_callers_threads_are_left_alone() -> None:
    import torch

    torch.set_num_threads(2)
    act.train_ensemble(X, LABELS, **SMALL)
    assert torch.get_num_threads() == 2


def test_an_ensemble_is_one_line_and_pickles_to_about_its_weights() -> None:
    e = act.train_ensemble(X, LABELS, hidden=(64, 64), seeds=20, epochs=1)
    assert repr(e) == "Ensemble(20 members, classification)"
    stored = pickle.dumps(e)
    weights = sum(region.nbytes for _, part in e.parts for region in part.values.regions)
    assert len(stored) < 1.2 * weights + 100_000
    np.testing.assert_array_equal(pickle.loads(stored).outputs(X), e.outputs(X))
    assert e == e
    assert hash(e)


def test_tensors_of_any_kind_are_read() -> None:
    tensor = torch.tensor(X, requires_grad=True)
    plain = act.train_ensemble(X, LABELS, **SMALL).outputs(X)
    np.testing.assert_array_equal(
        act.train_ensemble(tensor, LABELS, **SMALL).outputs(tensor), plain
    )
    assert act.train_ensemble(tensor.bfloat16(), LABELS, **SMALL).outputs(X).shape == plain.shape


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"X": torch.tensor(X).to_sparse()}, "must be a dense tensor"),
        ({"X": np.ma.masked_less(X, 0)}, "has masked values"),
        ({"X": X * 1e300}, "too large for float32"),
        ({"device": None}, "cannot be used here"),
        ({"device": "meta"}, "cannot be used here"),
        ({"epochs": 10**18}, "epochs must be at most 10,000,000"),
        ({"optimizer": "sgd", "momentum": 1.0}, "momentum must be at least 0 and below 1"),
        ({"activations": [("relu", "tanh")], "hidden": 4}, "of which there is 1"),
    ],
)
def test_more_mistakes_are_one_line(change: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"X": X, "y": LABELS, **SMALL, **change}
    with pytest.raises(act.ActscopeError, match=says) as caught:
        act.train_ensemble(given.pop("X"), given.pop("y"), **given)
    assert "\n" not in str(caught.value)


def test_a_tuple_of_one_is_that_activation() -> None:
    e = act.train_ensemble(X, LABELS, **{**SMALL, "hidden": 4, "activations": ["tanh", ("tanh",)]})
    assert set(e.members["activation"]) == {"tanh"}
