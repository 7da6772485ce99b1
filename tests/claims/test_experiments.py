"""Parts of the experiments against other ways to the same answer."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics

import actscope as act
from actscope.claims import (
    _cost,
    _cousins,
    _cutoff,
    _dying,
    _groups,
    _kink,
    _layers,
    _learning,
    _lines,
    _neuron,
    _steps,
    _train,
)
from actscope.claims._numbers import Number, mean
from actscope.claims._verdict import verdict

# --- one neuron


def test_the_share_of_flips_is_the_gaussian_one() -> None:
    """A nudge s flips a sum between -s and 0; sums are normal, their variance 1 + inputs at 1."""
    found = _neuron.nudge_step(range(20))
    spreads = np.sqrt([2, 3, 3, 4])  # Marvel alone, with either, with both; the bias adds 1
    expected = 100 * np.mean(norm.cdf(0) - norm.cdf(-0.01 / spreads))
    flips = next(c.number for c in found.checks if "flip an answer" in c.number.name)
    assert flips.low <= expected <= flips.high
    assert flips.high - flips.low < expected  # it says something


@pytest.mark.parametrize("activation", ["step", "sigmoid"])
def test_a_nudge_is_that_of_the_neuron_itself(activation: str) -> None:
    rng = np.random.default_rng(3)
    weights, biases = rng.standard_normal((2000, 3)), rng.standard_normal((2000, 1))
    found = _neuron.nudged(activation, seed=3, size=0.5)
    for i in (0, 700, 1999):
        neuron = act.Neuron(weights[i].tolist(), bias=float(biases[i, 0]), activation=activation)
        change = neuron.nudge(weight=0, by=0.5).change
        assert found[i] == pytest.approx(change[_neuron.CASES[:, 0] == 1], abs=1e-12)


@pytest.mark.parametrize(
    ("activation", "ties"), [("sigmoid", False), ("step", True), ("step", False)]
)
def test_climbing_is_climbing(activation: str, ties: bool) -> None:
    """One run, one nudge after the other, with the numbers that its seed gives."""
    seed = 16  # a step that keeps ties and one that does not part ways
    f: Any = act.get(activation)
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal(4)
    which, moves = rng.integers(0, 4, 2000), rng.normal(0, 0.1, 2000)

    def sums(of: Any) -> list[float]:
        return [float(of[:3] @ case + of[3]) for case in _neuron.CASES]

    def error(of: Any) -> float:
        return sum((f(z) - y) ** 2 for z, y in zip(sums(of), _neuron.ANSWERS, strict=True))

    right = {}
    now = error(weights)
    for k in range(1000):
        right[k] = [z > 0 for z in sums(weights)] == _neuron.ANSWERS.tolist()
        tried = weights.copy()
        tried[which[k]] += moves[k]
        then = error(tried)
        if then < now or (ties and then == now):
            weights, now = tried, then
    found = _learning.climb(activation, ties, range(seed, seed + 1))
    assert {k: bool(found[k][0]) for k in (0, 100, 300, 750)} == {
        k: right[k] for k in (0, 100, 300, 750)
    }


# --- tanh and sigmoid


def test_the_proof_fails_for_another_stretch() -> None:
    assert _cousins.remainder() == 0
    left = _cousins.remainder(stretch=1)
    with mpmath.workdps(50):
        at = mpmath.mpf("1.7")
        expected = mpmath.tanh(at) - (2 / (1 + mpmath.exp(-at)) - 1)
        (t,) = left.free_symbols
        value = float(left.subs(t, mpmath.exp(at)))
    assert value == pytest.approx(float(expected), rel=1e-12)
    assert abs(value) > 0.1


def test_groups_are_scored_at_the_rate_that_other_rows_choose() -> None:
    """The same networks trained alone, one rate after the other."""
    cell = "sum of two groups", "standardised", 1
    split, (X, y) = _groups.problem(cell[0], cell[1], seed=4)
    found = _groups.scores(*cell, seed=4)
    for name in ("tanh", "sigmoid"):
        tried = []
        for rate in _groups.RATES:
            e = _train.train(
                split, hidden=(16,), activations=[name], seeds=[4], learning_rates=rate, epochs=40
            )
            at = e.predict_proba(X)[0][np.arange(len(y)), y]
            tried.append((-np.log(at).mean(), (e.predict(split.X_test)[0] == split.y_test).mean()))
        _, right = min(tried)
        assert found[name][0] == pytest.approx(right)


def test_rows_that_choose_are_not_those_that_score() -> None:
    split, (X, _) = _groups.problem("which group", "as they are", seed=0)
    parts = [{tuple(row) for row in of} for of in (split.X, split.X_test, X)]
    assert sum(map(len, parts)) == len(set().union(*parts)) == 2000


# --- layers


def entering(module: torch.nn.Module, X: Any) -> list[torch.Tensor]:
    seen: list[torch.Tensor] = []
    linear = [m for m in module.modules() if isinstance(m, torch.nn.Linear)]
    for layer in linear[:-1]:
        layer.register_forward_hook(lambda _m, _x, z: seen.append(z.detach()))
    with torch.no_grad():
        module(torch.from_numpy(X).float())
    return seen


def test_what_enters_and_leaves_a_layer_is_what_torch_says() -> None:
    split = _train.digits()
    e = _train.train(split, hidden=(8, 8), activations=["relu", "tanh"], seeds=1, epochs=1)
    for member in range(2):
        for z, (ours, a) in zip(
            entering(e.module(member), split.X), _train.hidden(e, member, split.X), strict=True
        ):
            assert ours == pytest.approx(z.numpy(), abs=1e-5)
            assert a == pytest.approx((z.relu() if member == 0 else z.tanh()).numpy(), abs=1e-5)


def test_means_of_layers_by_hand() -> None:
    e = _train.train(_train.digits(), hidden=(8,), activations=["relu"], seeds=2, epochs=1)
    found = _layers.Outputs.of(e, "relu")
    for member in range(2):
        ((_, a),) = _train.hidden(e, member, _train.digits().X)
        assert found.active[member, 0] == pytest.approx(np.count_nonzero(a) / a.size)
        assert found.mean[member, 0] == pytest.approx(a.sum() / a.size)
        assert found.spread[member, 0] == pytest.approx(np.sqrt(a.var()))


def test_linear_layers_are_one_map_and_bent_ones_are_not() -> None:
    split = _lines.quadrants(0)
    e = _train.train(
        split, hidden=(8, 8), activations=["identity", "relu"], seeds=1, learning_rates=0.01,
        epochs=3,
    )  # fmt: skip
    outputs = e.outputs(split.X_test)
    assert _lines.apart(e.weights(0), split.X_test, outputs[0]) < 1e-5
    assert _lines.apart(e.weights(1), split.X_test, outputs[1]) > 0.1


# --- steps


def test_hidden_weights_move_without_steps() -> None:
    """The measure of what does not move can see what does."""
    plan = {"activations": ["relu"], "hidden": (8,), "seeds": 2}
    start = _train.train(_train.digits(), learning_rates=_train.NO_RATE, epochs=1, **plan)
    trained = _train.train(_train.digits(), learning_rates=0.003, epochs=1, **plan)
    assert _steps.hidden_moves(start, start) == 0
    assert _steps.hidden_moves(trained, start) > 1e-3


def test_straight_through_steps_forward_and_bends_backward() -> None:
    network: Any = _steps.through_steps(1)(None)
    through = network[1]
    z = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0], requires_grad=True)
    a = through(z)
    a.sum().backward()
    assert a.tolist() == [0, 0, 0, 1, 1]
    assert z.grad is not None
    assert z.grad.tolist() == [0, 0.5, 0.5, 0.5, 0]  # hard tanh's, halved as the step is 1 high


# --- dying


def test_half_a_training_is_the_whole_one_halfway() -> None:
    plan = {"activations": ["relu"], "hidden": (8,), "seeds": 2, "learning_rates": 0.03}
    whole, half = (_train.train(_train.digits(), epochs=n, **plan) for n in (4, 2))
    assert (_train.losses(whole)[:, :2] == _train.losses(half)).all()


def test_gradients_of_dead_units_alone() -> None:
    e = _train.train(
        _train.digits(), hidden=(32,), activations=["relu"], seeds=1, learning_rates=0.1, epochs=2
    )
    ((z, _),) = _train.hidden(e, 0, _train.digits().X)
    dead = (z <= 0).all(axis=0)
    assert 0 < dead.sum() < 32
    assert _dying.gradients(e, 0, "relu").tolist() == [0] * int(dead.sum())
    assert _train.dead_share(e, _train.digits().X)[0, 0] == dead.mean()


def test_returns_and_falls_by_hand() -> None:
    at = (1, 0.1)
    half = np.zeros((3, 1, 10), dtype=bool)
    half[0, 0, :8], half[1, 0, :2], half[2, 0, :2] = True, True, True
    end = half.copy()
    end[0, 0, :2] = False  # two of eight return in one run, none in the others
    runs = _dying.Runs(
        dead={at: end}, dead_half={at: half}, loss={at: np.array([1.0, np.nan, 5.0])},
        loss_half={at: np.array([4.0, 1.0, 1.0])}, right={}, ensembles={},
    )  # fmt: skip
    assert _dying._returned(runs, slice(None), "").value == pytest.approx(100 * 0.25 / 3)
    assert _dying._falls(runs, 0.5).value == pytest.approx(75)  # the first alone has most dead
    # What grew, or is not finite, did not fall.
    assert _dying._falls(runs, 0.1).value == pytest.approx(25)
    assert np.isnan(_dying._falls(runs, 0.9).value)


@given(st.lists(st.floats(0.01, 3), min_size=2, max_size=6), st.floats(0.02, 2))
def test_steps_to_a_loss(curve: list[float], target: float) -> None:
    steps, never = _train.steps_to(np.array([curve]), target, per_epoch=7)
    first = next((k for k, loss in enumerate(curve) if loss <= target), None)
    assert never[0] == (first is None)
    if first is None:
        assert steps[0] == 7 * len(curve)
    elif first == 0:
        assert steps[0] == 3.5
    else:  # between the middles of two epochs, and on the straight line between them
        place = steps[0] / 7 - (first - 0.5)
        assert -1e-9 <= place <= 1 + 1e-9
        between = np.log(curve[first - 1]) * (1 - place) + np.log(curve[first]) * place
        assert between == pytest.approx(np.log(target), abs=1e-6)


# --- cutoffs


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=30))
def test_scores_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    y, said = np.array(pairs).T
    assert _cutoff.f1(y, said) == pytest.approx(
        metrics.f1_score(y, said) if (y | said).any() else 0
    )
    assert _cutoff.accuracy(y, said) == pytest.approx(metrics.accuracy_score(y, said))
    if 0 < y.sum() < len(y):
        expected = metrics.balanced_accuracy_score(y, said)
        assert _cutoff.balanced_accuracy(y, said) == pytest.approx(expected)


@pytest.mark.parametrize(("data", "within"), [("breast cancer", 0.002), ("generated", 0.012)])
def test_data_have_one_positive_in_ten(data: str, within: float) -> None:
    split = _cutoff.DATA[data](0)
    share = np.concatenate([split.y, split.y_test]).mean()
    assert share == pytest.approx(0.1, abs=within)


def test_a_chosen_cutoff_is_that_of_the_scores_name() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import TunedThresholdClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    split = _cutoff.breast_cancer(1)
    cutoff, won = _cutoff.tuned(split, "balanced accuracy")
    neuron = make_pipeline(StandardScaler(), LogisticRegression()).fit(split.X, split.y)
    named: Any = TunedThresholdClassifierCV(neuron, scoring="balanced_accuracy", cv=5)
    named.fit(split.X, split.y)
    assert cutoff == named.best_threshold_
    p = neuron.predict_proba(split.X_test)[:, 1]
    scores = [metrics.balanced_accuracy_score(split.y_test, p >= c) for c in (cutoff, 0.5)]
    assert won == pytest.approx(100 * (scores[0] - scores[1]))


# --- ReLU's price and kink


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"relu": 1, "sigmoid": 2, "tanh": 3}, "holds"),
        ({"relu": 1, "sigmoid": 1.1, "tanh": 3}, "holds in part"),
        ({"relu": 1, "sigmoid": 2, "tanh": 0.9}, "not confirmed"),
    ],
)
def test_made_up_times(
    seconds: dict[str, float], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def times(_size: int, _device: str, rounds: range) -> dict[str, list[float]]:
        return {name: [s * (1 + k / 10) for k in rounds] for name, s in seconds.items()}

    def trainings(_rounds: range) -> dict[str, Number]:
        return {name: mean(name, [1.5, 1.5]) for name in ("sigmoid", "tanh")}

    monkeypatch.setattr(_cost, "_times", times)
    monkeypatch.setattr(_cost, "_trainings", trainings)
    monkeypatch.setattr(_cost, "_graphics", lambda _rounds: [])
    found = _cost.relu_cheap(range(4))
    assert verdict(found.checks) == expected
    assert found.headline.value == pytest.approx(min(seconds["sigmoid"], seconds["tanh"]))


@pytest.mark.parametrize("at_zero", _kink.CHOICES)
def test_a_kink_with_a_slope(at_zero: float) -> None:
    z = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    a = _kink.kinked(z, at_zero)
    a.sum().backward()
    assert a.tolist() == [0, 0, 2]
    assert z.grad is not None
    assert z.grad.tolist() == [0, at_zero, 1]


def test_zeros_are_counted_where_there_are_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rows or weights every input is 0, and then the slope there matters."""
    split = _train.digits()
    blank = _train.Split(0 * split.X[:64], split.y[:64], split.X_test, split.y_test)
    monkeypatch.setattr(_kink, "digits", lambda: blank)
    monkeypatch.setattr(_kink, "EPOCHS", 1)
    for layer in ("weight", "bias"):
        reset = torch.nn.Linear.reset_parameters

        def zero(self: torch.nn.Linear, reset: Any = reset, layer: str = layer) -> None:
            reset(self)
            torch.nn.init.zeros_(getattr(self, layer))

        monkeypatch.setattr(torch.nn.Linear, "reset_parameters", zero)
    _, zeros, of = _kink.trained(0, 0.0)
    assert of == 64 * 3 * 64
    assert zeros > of / 2
