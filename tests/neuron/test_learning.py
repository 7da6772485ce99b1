"""Four ways to learn, against theorems, PyTorch's gradients, and the rules' own words."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import actscope as act
from actscope import Neuron

from .strategies import UNHURRIED

NAMES = ["marvel", "theatre", "company"]
MOVIE = Neuron([4, 2, 2], threshold=3, names=NAMES)
X, Y = MOVIE.cases(), MOVIE(MOVIE.cases())
IGNORANT = Neuron([0, 0, 0], bias=0, names=NAMES)
SQUARE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])
RNG = np.random.default_rng(5)
ROWS = RNG.standard_normal((12, 3)).round(2)
TARGETS = (ROWS @ [1.5, -1, 0.5] > 0.2).astype(float)


# --- the perceptron rule


@UNHURRIED
@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=3),
    st.integers(-5, 5),
    st.data(),
)
def test_the_perceptron_converges_as_novikoff_proved(
    weights: list[int], bias: int, data: st.DataObject
) -> None:
    row = st.lists(st.integers(-6, 6), min_size=len(weights), max_size=len(weights))
    rows = np.array(data.draw(st.lists(row, min_size=1, max_size=8)))
    teacher = np.array([*weights, bias - 0.5])  # never 0 on whole numbers: always a margin
    with_one = np.column_stack([rows, np.ones(len(rows))])
    y = (with_one @ teacher > 0).astype(float)
    margin = np.abs(with_one @ teacher).min() / np.linalg.norm(teacher)
    radius = np.linalg.norm(with_one, axis=1).max()
    most = (radius / margin) ** 2

    made = Neuron([0] * len(weights)).fit(rows, y, "perceptron", steps=int(most) + 1)

    corrections = made.history["step"].iloc[-1]
    assert made.converged
    assert np.array_equal(made.neuron(rows), y)
    assert corrections <= most
    learned = np.array([*made.neuron.weights, made.neuron.bias])
    assert learned @ learned <= corrections * radius**2 + 1e-9


def test_corrections_by_hand() -> None:
    # Nothing fires; 01 should: + (0, 1, 1). Now all fire; 10 should not: - (1, 0, 1). 11 is left
    # at 0 and should: + (1, 1, 1). Round again, 00 is at 1 and should not: - (0, 0, 1).
    made = Neuron([0, 0]).fit(SQUARE, [0, 1, 0, 1], "perceptron")
    assert made.history[["x1", "x2", "bias"]].to_numpy().tolist() == [
        [0, 0, 0],
        [0, 1, 1],
        [-1, 1, 0],
        [0, 2, 1],
        [0, 2, 0],
    ]
    assert made.history["accuracy"].tolist() == [0.5, 0.5, 0.75, 0.5, 1]
    assert made.neuron == Neuron([0, 2])
    small = Neuron([0, 0]).fit(SQUARE, [0, 1, 0, 1], "perceptron", learning_rate=0.1)
    assert small.neuron == Neuron([0, 0.2])


def test_what_no_line_separates_is_never_learned() -> None:
    made = Neuron([0, 0]).fit(SQUARE, XOR, "perceptron", steps=50)
    assert not made.converged
    assert not made.stuck
    assert made.history["step"].iloc[-1] == 50
    assert made.history["accuracy"].to_numpy().max() <= 0.75


# --- gradients


def _by_torch(
    name: str, loss: str, rate: float, steps: int, surrogate: str | None = None
) -> np.ndarray:
    w = torch.tensor([-0.9, 0.6, 0.3], dtype=torch.float64, requires_grad=True)
    b = torch.tensor(0.15, dtype=torch.float64, requires_grad=True)
    x, y = torch.tensor(ROWS), torch.tensor(TARGETS)
    path = [[*w.tolist(), b.item()]]
    for _ in range(steps):
        z = x @ w + b
        if surrogate is None:
            out = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "silu": torch.nn.functional.silu}[
                name
            ](z)
        else:
            soft = torch.nn.functional.hardtanh(z) if surrogate == "hard_tanh" else z
            out = (z > 0).double().detach() + soft - soft.detach()
        made = (
            torch.nn.functional.mse_loss(out, y)
            if loss == "squared"
            else torch.nn.functional.binary_cross_entropy(out, y)
        )
        gw, gb = torch.autograd.grad(made, (w, b))
        with torch.no_grad():
            w -= rate * gw
            b -= rate * gb
        path.append([*w.tolist(), b.item()])
    return np.array(path)


STARTED = Neuron([-0.9, 0.6, 0.3], bias=0.15)


@pytest.mark.parametrize(
    ("name", "loss"),
    [("sigmoid", "squared"), ("sigmoid", "log"), ("tanh", "squared"), ("silu", "squared")],
)
def test_gradient_descent_is_pytorchs(name: str, loss: str) -> None:
    neuron = STARTED.replace(activation=name)
    made = neuron.fit(ROWS, TARGETS, "gradient", loss=loss, learning_rate=0.5, steps=20)
    found = made.history[["x1", "x2", "x3", "bias"]].to_numpy()
    assert found == pytest.approx(_by_torch(name, loss, 0.5, 20), abs=1e-12)
    assert np.ptp(found, axis=0).min() > 0.01  # it did move


@pytest.mark.parametrize("surrogate", ["identity", "hard_tanh"])
def test_straight_through_is_pytorchs(surrogate: str) -> None:
    # Both rows where |z| is above 1, which the hard tanh holds back, and rows where it is not.
    assert 0 < (np.abs(STARTED.margin(ROWS)) > 1).sum() < len(ROWS)
    kept = {"surrogate": surrogate, "learning_rate": 0.7, "steps": 15, "tolerance": -1}
    made = STARTED.fit(ROWS, TARGETS, "straight_through", **kept)
    found = made.history[["x1", "x2", "x3", "bias"]].to_numpy()
    assert found == pytest.approx(_by_torch("step", "squared", 0.7, 15, surrogate), abs=1e-12)
    assert np.ptp(found, axis=0).min() > 0.01


@pytest.mark.parametrize(
    ("name", "loss"), [("identity", "squared"), ("sigmoid", "log"), ("sigmoid", "squared")]
)
@pytest.mark.parametrize("scale", [0.01, 1, 100])
def test_the_rate_that_it_chooses_never_makes_the_error_larger(
    name: str, loss: str, scale: float
) -> None:
    neuron = STARTED.replace(activation=name)
    errors = neuron.fit(scale * ROWS, TARGETS, "gradient", loss=loss, steps=200).history["error"]
    assert np.diff(errors.to_numpy()).max() <= 1e-12
    assert errors.iloc[-1] < errors.iloc[0]


def test_log_loss_of_the_surest_wrong_answers_still_moves() -> None:
    sure = Neuron([1000], activation="sigmoid")
    made = sure.fit([[1], [-1]], [0, 1], "gradient", loss="log", steps=3)
    assert np.diff(made.history["x1"].to_numpy()).max() < 0


def test_gradients_do_not_pass_a_step() -> None:
    made = IGNORANT.fit(X, Y, "gradient", steps=30)
    assert made.stuck
    assert not made.converged
    assert not made.history["accepted"].to_numpy().any()
    assert made.neuron == IGNORANT
    assert len(made.history) == 31
    assert "never moved: the slope of step is 0" in made.text
    assert not IGNORANT.fit(X, Y, "straight_through").stuck


def test_straight_through_learns_the_movie_table() -> None:
    made = IGNORANT.fit(X, Y, "straight_through")
    assert made.converged
    assert np.array_equal(made.neuron(X), Y)


# --- nudges


@pytest.mark.parametrize("activation", ["sigmoid", "step"])
@pytest.mark.parametrize("seed", range(3))
def test_nudges_keep_what_helps_and_nothing_else(activation: str, seed: int) -> None:
    start = IGNORANT.replace(activation=activation)
    made = start.fit(X, Y, "nudge", seed=seed, steps=300)
    history = made.history
    numbers = history[[*NAMES, "bias"]].to_numpy()
    changed = (np.diff(numbers, axis=0) != 0).sum(axis=1)
    better = np.diff(history["error"]) < 0
    accepted = history["accepted"].to_numpy()[1:]
    assert set(changed.tolist()) == {0, 1}  # one number at a time
    assert np.array_equal(accepted, changed == 1)
    assert np.array_equal(accepted, better)
    assert accepted.any()
    assert not accepted.all()
    last = history["step"].to_numpy()[1:][accepted][-1]
    assert f"300 steps, {accepted.sum()} kept, the last at {last};" in made.text
    outputs = start.replace(weights=numbers[-1, :3], bias=numbers[-1, 3])(X)
    assert history["error"].iloc[-1] == pytest.approx(np.mean((outputs - Y) ** 2), abs=1e-15)


@pytest.mark.parametrize("seed", range(4))
def test_a_smooth_neuron_learns_the_movie_table_from_nudges(seed: int) -> None:
    made = IGNORANT.replace(activation="sigmoid").fit(X, Y, seed=seed)
    assert made.history["accuracy"].iloc[0] == 3 / 8  # an output of 0.5 is no yes
    assert made.converged
    assert np.array_equal(made.neuron(X) > 0.5, Y == 1)


def test_a_step_stands_still_or_wanders() -> None:
    standing = IGNORANT.fit(X, Y, steps=300)
    wandering = IGNORANT.fit(X, Y, steps=300, keep_equal=True)
    equal = np.diff(wandering.history["error"].to_numpy()) == 0
    assert np.any(equal & wandering.history["accepted"].to_numpy()[1:])
    kept = [made.history["accepted"].to_numpy().sum() for made in (standing, wandering)]
    assert kept[1] > 5 * kept[0]
    stuck = Neuron([0, 0]).fit(SQUARE, XOR, steps=200)
    assert stuck.stuck
    assert "none of the small changes tried made the answers better" in stuck.text


def test_a_seed_is_a_path() -> None:
    def path(seed: int | None) -> pd.DataFrame:
        return IGNORANT.replace(activation="sigmoid").fit(X, Y, seed=seed, steps=30).history

    pd.testing.assert_frame_equal(path(1), path(1))
    pd.testing.assert_frame_equal(path(None), path(0))
    assert not path(1).equals(path(2))


# --- what all share


@pytest.mark.parametrize("rule", ["nudge", "perceptron", "gradient", "straight_through"])
def test_the_history_goes_from_start_to_end(rule: str) -> None:
    made = IGNORANT.fit(X, Y, rule, steps=25)
    history = made.history
    assert list(history.columns) == ["step", *NAMES, "bias", "error", "accuracy", "accepted"]
    assert history["step"].tolist() == list(range(len(history)))
    assert not history["accepted"].iloc[0]
    numbers = history[[*NAMES, "bias"]]
    assert numbers.iloc[0].tolist() == [0, 0, 0, 0]
    assert tuple(numbers.iloc[-1]) == (*made.neuron.weights, made.neuron.bias)
    for *weights, bias, error, accuracy in history.iloc[:, 1:-1].to_numpy(dtype=float).tolist():
        now = IGNORANT.replace(weights=weights, bias=bias)
        assert error == np.mean((now(X) - Y) ** 2)
        assert accuracy == np.mean(now(X) == Y)
    assert made.start == IGNORANT
    assert made.rule == rule
    assert made.text in repr(made)


@pytest.mark.parametrize("rule", ["nudge", "perceptron", "gradient", "straight_through"])
def test_who_knows_it_all_learns_nothing(rule: str) -> None:
    made = MOVIE.fit(X, Y, rule)
    assert made.converged
    assert not made.stuck
    assert made.neuron == MOVIE
    assert len(made.history) == 1


def test_tolerance_and_steps_end_it() -> None:
    smooth = IGNORANT.replace(activation="sigmoid")
    errors = smooth.fit(X, Y, "gradient", tolerance=0.05).history["error"].to_numpy()
    assert errors[-1] <= 0.05 < errors[-2]
    nothing = IGNORANT.fit(X, Y, steps=0)
    assert (len(nothing.history), nothing.stuck, nothing.converged) == (1, False, False)


def test_values_are_learned_too_without_an_accuracy() -> None:
    rows = np.array([[0.0], [1.0], [2.0], [3.0]])
    wanted = 2 * rows[:, 0] + 1
    line = Neuron([0], activation="identity")
    made = line.fit(rows, wanted, "gradient", steps=2000, tolerance=1e-12)
    assert made.converged
    assert (*made.neuron.weights, made.neuron.bias) == pytest.approx((2, 1), abs=1e-4)
    assert np.isnan(made.history["accuracy"].to_numpy()).all()
    assert "right" not in made.text


def test_answers_of_tanh_are_minus_one_and_one() -> None:
    signs = 2 * Y - 1
    made = IGNORANT.replace(activation="tanh").fit(X, signs, "gradient")
    assert made.converged
    assert np.array_equal(np.sign(made.neuron(X)), signs)
    assert IGNORANT.replace(activation="sign").fit(X, signs, "nudge", steps=5).rule == "nudge"


def test_names_come_from_the_table() -> None:
    table = MOVIE.truth_table()
    unnamed = Neuron([0, 0, 0])
    made = unnamed.fit(table[NAMES], table["fires"], "perceptron")
    assert made.neuron.names == tuple(NAMES)
    assert made.converged
    same = IGNORANT.fit(table[["fires", *reversed(NAMES)]], table["output"], "perceptron")
    assert same.neuron == made.neuron
    own = Neuron([4, 2, 2], threshold=3).truth_table()  # x1, x2, x3 and the answers
    assert unnamed.fit(own, own[["output"]], "perceptron").neuron == Neuron(
        made.neuron.weights, bias=made.neuron.bias
    )


@pytest.mark.parametrize(
    ("neuron", "rows", "y", "settings", "said"),
    [
        (IGNORANT, X, Y, {"rule": "straight-through"}, "Did you mean 'straight_through'"),
        (IGNORANT, X, Y, {"rule": 5}, "no rule 5: choose nudge, perceptron"),
        (IGNORANT, X, Y, {"rule": "gradient", "seed": 1}, "the rule gradient has no seed"),
        (IGNORANT, X, Y, {"surrogate": "identity"}, "the rule nudge has no surrogate"),
        (IGNORANT, X, Y, {"rule": "straight_through", "surrogate": "relu"}, "choose identity or"),
        (IGNORANT, X, Y, {"steps": 1.5}, "steps is 1.5"),
        (IGNORANT, X, Y, {"steps": -1}, "steps is -1"),
        (IGNORANT, X, Y, {"seed": "a"}, "seed is 'a'"),
        (IGNORANT, X, Y, {"learning_rate": 0}, "learning_rate is 0"),
        (IGNORANT, X, Y, {"learning_rate": np.inf}, "learning_rate is inf"),
        (IGNORANT, X, Y, {"loss": "hinge"}, "no loss 'hinge'"),
        (IGNORANT, X, Y, {"loss": "log"}, "which step does not give"),
        (
            IGNORANT.replace(activation="sigmoid"),
            X,
            Y,
            {"rule": "perceptron"},
            "the perceptron rule is for the step, not for sigmoid",
        ),
        (IGNORANT, X, 2 * Y, {}, "y has 2 in row 4, but step gives only 0 or 1"),
        (IGNORANT, X, 0.5 * Y, {}, "y has 0.5 in row 4, but step gives only 0 or 1"),
        (IGNORANT.replace(activation="tanh"), X, 2 * Y, {}, "but tanh gives -1 to 1"),
        (IGNORANT, X, Y[:7], {}, "one number for each of the 8 rows of X, not 7"),
        (IGNORANT, X, Y.reshape(2, 4), {}, r"not an array of shape \(2, 4\)"),
        (IGNORANT, X, [np.nan, *Y[1:]], {}, "y has nan in row 1"),
        (IGNORANT, X, ["no"] * 8, {}, "y is a number for each row"),
        (IGNORANT, X, None, {}, "y is a number for each row"),
        (IGNORANT, X[0], Y[0], {}, "X must be rows"),
        (IGNORANT, X[:0], Y[:0], {}, "X must be rows"),
        (IGNORANT, X[:, :2], Y, {}, "has 3 inputs, but came rows of 2"),
        (Neuron([0, 0]), pd.DataFrame(SQUARE, columns=["bias", "b"]), XOR, {}, "called 'bias'"),
        (
            IGNORANT.replace(activation="sigmoid"),
            1e200 * X,
            Y,
            {"rule": "gradient"},
            "too steep to walk down: scale them",
        ),
        (IGNORANT, X, Y, {"learning_rate": 1.7e308, "seed": 2}, "take a smaller learning_rate"),
        (
            IGNORANT,
            X,
            Y,
            {"rule": "perceptron", "learning_rate": 1.7e308},
            "take a smaller learning_rate",
        ),
        (
            IGNORANT.replace(activation="identity"),
            X,
            Y,
            {"rule": "gradient", "learning_rate": 100.0},
            "take a smaller learning_rate",
        ),
    ],
)
def test_what_cannot_be_learned_is_one_line(
    neuron: Neuron, rows: object, y: object, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(act.ActscopeError, match=said) as caught:
        neuron.fit(rows, y, **settings)  # pyright: ignore[reportArgumentType]
    assert "\n" not in str(caught.value)


def test_two_inputs_learn_every_table_that_a_line_separates() -> None:
    for y in itertools.product((0, 1), repeat=4):
        made = Neuron([0, 0]).fit(SQUARE, y, "perceptron")
        assert made.converged == (y not in ((0, 1, 1, 0), (1, 0, 0, 1)))
