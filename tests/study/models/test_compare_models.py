"""A study of a user's own model, from three functions to the verdict and the page."""

from __future__ import annotations

import json
import math
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import nn

import actscope as act

Comparing = Callable[..., act.Comparison]
X = torch.linspace(-3, 3, 128)[:, None]


def _numbers(c: act.Comparison) -> pd.DataFrame:
    return c.members.drop(columns="seconds")


def _scores(c: act.Comparison, name: str) -> np.ndarray:
    return c.members.query("activation == @name")["test_score"].to_numpy()


# --- the verdict


def test_what_cannot_learn_a_sine_loses(sine: act.Comparison) -> None:
    v = sine.verdict
    assert v.best == "tanh"
    assert set(v.worse) == {"identity", "step"}
    assert v.matters
    assert "mean test squared error" in v.text
    assert "No gradient passes through step" in v.text
    assert "the luck of training" in v.text
    assert "one for all" in v.text
    assert sine.members_trained == 15
    means = [row.score.mean for row in sine.rows]
    assert means == sorted(means)  # lower is better


def test_intervals_and_tests_are_those_of_scipy(sine: act.Comparison) -> None:
    best, other = _scores(sine, "tanh"), _scores(sine, "identity")
    row = sine.rows[0].score
    low, high = stats.t.interval(0.95, 4, best.mean(), stats.sem(best))
    assert (row.mean, row.high) == pytest.approx((best.mean(), high))
    assert row.low == pytest.approx(max(low, -math.inf))
    pair = next(p for p in sine.verdict.pairs if {p.first, p.second} == {"tanh", "identity"})
    p = stats.ttest_rel(best, other).pvalue
    assert p <= pair.p_different <= 3 * p * (1 + 1e-9)  # Holm, three pairs


def test_an_overlap_widens_as_nadeau_and_bengio_say(
    sine: act.Comparison, comparing: Comparing
) -> None:
    wide = comparing(overlap=0.5)
    assert _numbers(wide)["test_score"].equals(_numbers(sine)["test_score"])
    for narrow, wider in zip(sine.rows, wide.rows, strict=True):
        ratio = (wider.score.high - wider.score.mean) / (narrow.score.high - narrow.score.mean)
        assert ratio == pytest.approx(math.sqrt((1 / 5 + 0.5) / (1 / 5)))
    for narrow, wider in zip(sine.verdict.pairs, wide.verdict.pairs, strict=True):
        ratio = (wider.high - wider.low) / (narrow.high - narrow.low)
        assert ratio == pytest.approx(math.sqrt((1 / 5 + 0.5) / (1 / 5)))
    assert "speak of other splits" in wide.verdict.text
    assert "the luck of training" not in wide.verdict.text


def test_one_function_under_two_names_is_the_same(
    comparing: Comparing, defining: Callable[..., Any]
) -> None:
    defining("other_tanh", "tanh(x)")
    c = comparing(activations="tanh,other_tanh")
    assert c.verdict.equivalent
    assert not c.verdict.matters
    assert c.plan["definitions"]["other_tanh"]["formula"] == "tanh(x)"
    assert np.allclose(_scores(c, "tanh"), _scores(c, "other_tanh"), atol=2e-3)


# --- the same, however it is run


def test_two_workers_give_the_same_to_the_bit(sine: act.Comparison, comparing: Comparing) -> None:
    two = comparing(example=X, workers=2)
    pd.testing.assert_frame_equal(_numbers(two), _numbers(sine), check_exact=True)
    assert two.verdict == sine.verdict


def test_the_callers_generators_go_on_as_if_nothing_had_been(comparing: Comparing) -> None:
    def draws() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    def seed() -> None:
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)

    seed()
    expected = draws()
    seed()
    comparing(seeds=1, activations="tanh")
    assert draws() == expected


def test_all_activations_meet_the_same_start_and_batches(comparing: Comparing) -> None:
    seen: dict[int, list[tuple[float, ...]]] = {}

    def fit(model: nn.Module, seed: int) -> None:
        first = model[0].weight  # type: ignore[index]
        drawn = (float(torch.rand(())), float(np.random.rand()), random.random())
        seen.setdefault(seed, []).append((*drawn, *first.flatten().tolist()))

    comparing(activations="tanh,identity", seeds=2, fit=fit)
    comparing(activations="tanh", seeds=2, fit=fit, init=False)  # draws no weights itself
    for of_seed in seen.values():
        assert len(of_seed) == 3
        assert of_seed[0] == of_seed[1]
        assert of_seed[2][:3] == of_seed[0][:3]
    assert all(a != b for a, b in zip(seen[0][0], seen[1][0], strict=True))


def test_each_network_is_trained_by_one_thread(comparing: Comparing) -> None:
    seen: list[int] = []
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        comparing(fit=lambda model: seen.append(torch.get_num_threads()), seeds=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1, 1]


def test_a_study_goes_on_where_it_was_stopped(
    sine: act.Comparison, comparing: Comparing, tmp_path: Path
) -> None:
    done: list[str] = []

    def score(model: nn.Module, fails: Any = (lambda: None,)) -> torch.Tensor:
        done.append("")
        fails[0]()
        return nn.functional.mse_loss(model(X[1::2]), torch.sin(2 * X[1::2]))

    def stop() -> None:
        if len(done) == 9:
            raise KeyboardInterrupt

    def stopping(model: nn.Module) -> torch.Tensor:
        return score(model, (stop,))

    # the text of a function is what tells it from another: that of these two is the same
    with pytest.raises(KeyboardInterrupt):
        comparing(example=X, score=_texted(stopping), out=tmp_path)
    done.clear()
    c = comparing(example=X, score=_texted(lambda model: score(model)), resume=tmp_path)
    assert len(done) == 20 - 8  # 15 networks and 5 untrained ones, of which 8 were kept
    pd.testing.assert_frame_equal(_numbers(c), _numbers(sine), check_exact=True)
    assert c.verdict == sine.verdict
    assert (tmp_path / "index.html").exists()
    again = comparing(example=X, score=_texted(lambda model: score(model)), out=tmp_path)
    assert len(done) == 12
    assert again.verdict == sine.verdict


class _texted:  # noqa: N801
    """Any function, under the text of this class."""

    def __init__(self, body: Callable[..., Any]) -> None:
        self.body = body

    def __call__(self, model: nn.Module) -> Any:
        return self.body(model)


def test_another_plan_in_a_folder_is_refused(comparing: Comparing, tmp_path: Path) -> None:
    def fit(model: nn.Module) -> None:
        torch.rand(1)

    def other(model: nn.Module) -> None:
        torch.rand(2)

    small: dict[str, Any] = {"seeds": 1, "activations": "tanh", "example": X}
    comparing(fit=fit, out=tmp_path, **small)
    with pytest.raises(act.SettingError) as told:
        comparing(fit=other, out=tmp_path, **small)
    assert "fit differs in line 1: 'def fit(model: nn.Module)" in str(told.value)
    with pytest.raises(act.SettingError, match="seeds 0 there, 0,1 here"):
        comparing(fit=fit, resume=tmp_path, **{**small, "seeds": 2})
    with pytest.raises(act.DataError, match="not what it was"):
        comparing(fit=fit, resume=tmp_path, **{**small, "example": X + 1})
    with pytest.raises(act.SettingError, match=r"go on with it by act\.compare_models"):
        act.compare("sklearn:iris", resume=tmp_path)
    with pytest.raises(act.SettingError, match=r"go on with it by act\.compare_models"):
        act.compare("sklearn:iris", activations="relu", out=tmp_path, progress=False)


# --- learning rates


def test_the_rate_is_chosen_by_validate_for_each_seed(comparing: Comparing) -> None:
    def fit(model: nn.Module, seed: int, lr: float) -> None:
        model.lr, model.seed = lr, seed  # type: ignore[assignment]

    def validate(model: Any) -> float:  # likes 0.1 in even seeds, 0.3 in odd ones
        return -abs(model.lr - (0.1, 0.3)[model.seed % 2])

    def score(model: Any) -> float:
        return model.lr

    c = comparing(
        fit=fit, validate=validate, score=score, learning_rates=[0.1, 0.3, 0.9], example=X,
        higher_is_better=True, metric="the rate", seeds=4, activations="tanh,identity",
    )  # fmt: skip
    assert c.rows[0].learning_rates == {0.1: 2, 0.3: 2}
    chosen = c.members.query("chosen and activation == 'tanh'").set_index("seed")["learning_rate"]
    assert chosen.to_dict() == {0: 0.1, 1: 0.3, 2: 0.1, 3: 0.3}
    assert c.rows[0].score.mean == pytest.approx(0.2)
    assert c.members_trained == 24
    assert "one for all" not in c.verdict.text


# --- networks that diverge, functions that fail


def _breaks(how: str) -> Callable[..., None]:
    def fit(model: nn.Module) -> None:
        if not isinstance(model[1], nn.Tanh):  # type: ignore[index]
            return
        if how == "raises":
            raise FloatingPointError("overflow")
        with torch.no_grad():
            next(model.parameters()).fill_(math.nan)

    return fit


@pytest.mark.parametrize("how", ["raises", "gives no number"])
def test_a_network_that_ran_off_counts_as_untrained_or_worse(
    comparing: Comparing, how: str
) -> None:
    c = comparing(fit=_breaks(how), activations="tanh,identity")
    rows = {row.activation: row for row in c.rows}
    assert (rows["tanh"].diverged, rows["identity"].diverged) == (5, 0)
    assert np.isnan(_scores(c, "tanh")).all()
    assert c.verdict.best == "identity"
    untrained = c.baselines["untrained network"].mean
    assert rows["tanh"].score.mean >= untrained  # lower is better
    assert rows["tanh"].score.mean >= _scores(c, "identity").max() - 1e-12
    assert "5 of 5 networks with tanh" in c.verdict.text
    assert math.isnan(rows["tanh"].dead_share or 0.0)


def test_more_is_better_unless_it_is_said(comparing: Comparing) -> None:
    worth = {nn.Tanh: 0.7, nn.GELU: 0.9, nn.ReLU: 0.8}

    def score(model: Any) -> float:
        return next(value for kind, value in worth.items() if isinstance(model[1], kind))

    c = comparing(
        fit=lambda model: None, score=score, example=X, activations="tanh,gelu,relu", seeds=2,
        metric="accuracy", higher_is_better=None, rope=None,
    )  # fmt: skip
    assert [row.activation for row in c.rows] == ["gelu", "relu", "tanh"]
    assert c.plan["rope"] == 0.01


@pytest.mark.parametrize(("untrained", "counts"), [(0.9, 0.9), (0.05, 0.3)])
def test_what_nothing_learned_is_worth(
    comparing: Comparing, untrained: float, counts: float
) -> None:
    def fit(model: Any) -> None:
        model.name = "tanh" if isinstance(model[1], nn.Tanh) else "other"

    def score(model: Any, seed: int) -> float:
        if not hasattr(model, "name"):
            return untrained
        return math.inf if model.name == "tanh" else 0.2 + 0.1 * seed

    c = comparing(fit=fit, score=score, example=X, activations="tanh,identity", seeds=2)
    assert c.rows[0].activation == "identity"
    assert c.rows[1].score.mean == pytest.approx(counts)


def test_where_all_ran_off_nothing_is_said_of_the_activations(comparing: Comparing) -> None:
    c = comparing(score=lambda model: float("nan"), example=X, seeds=2)
    assert c.verdict.text.startswith("No network learned anything: every one diverged")
    assert not c.verdict.matters
    assert "–" in c._repr_html_()


def test_an_error_of_the_users_own_is_one_line(comparing: Comparing) -> None:
    def fit(model: nn.Module, seed: int) -> None:
        if seed == 1:
            raise RuntimeError("no\nluck")

    said = "fit failed with tanh, seed 1: RuntimeError: no"
    with pytest.raises(act.SettingError, match=said) as told:
        comparing(fit=fit, activations="tanh")
    assert isinstance(told.value.__cause__, RuntimeError)
    with pytest.raises(act.SettingError, match=said) as told:
        comparing(fit=fit, activations="tanh", workers=2)
    assert 'raise RuntimeError("no' in str(told.value.__cause__)


def test_a_fit_that_trains_nothing_is_told(comparing: Comparing) -> None:
    c = comparing(fit=lambda model: None, activations="tanh,identity", seeds=2)
    assert "fit changed no parameter of the model with tanh and identity" in c.verdict.text
    assert c.verdict.text.startswith("The activation function is not your question here")
    assert "how the networks are trained" in c.verdict.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"build": 3}, "build is 3: give a function, build(seed)"),
        ({"build": lambda: 3}, "build gives a int"),
        ({"build": lambda: nn.Linear(1, 1)}, "(with tanh, seed 0)"),
        ({"fit": lambda model: nn.Linear(1, 1)}, "fit gives another model"),
        ({"score": lambda model: 1.0}, "score does not call the model"),
        ({"score": lambda model: "x", "example": X}, "score gives a str with tanh, seed 0"),
        ({"score": lambda model: torch.ones(2), "example": X}, "score gives a Tensor with tanh"),
        ({"rope": None}, "how much of squared error matters is not known: give rope="),
        ({"rope": 0}, "rope is 0"),
        ({"metric": "accuracy"}, "accuracy is better when it is higher"),
        ({"metric": ""}, "metric is ''"),
        ({"metric": "r2", "higher_is_better": None, "score": lambda m: 2.0, "example": X}, "to 1"),
        ({"higher_is_better": "no"}, "higher_is_better is 'no'"),
        ({"learning_rates": [0.1, 0.2]}, "several learning_rates need validate(model)"),
        ({"learning_rates": 0.1, "fit": lambda model: None}, "fit takes no lr"),
        ({"init": "he"}, "init is 'he': give True, False or 'lsuv'"),
        ({"overlap": -1}, "overlap must be a finite number 0 or more"),
        ({"replace": "gelu"}, "the model does not apply gelu in a hidden layer"),
        ({"activations": "tan"}, "no activation 'tan'"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"engine": "spark"}, "engine"),
        ({"out": "a", "resume": "b"}, "out and resume contradict each other"),
        ({"resume": "not-there"}, "no study in not-there"),
        ({"example": torch.ones(2, 7)}, "the model cannot be run on the example"),
    ],
)
def test_a_mistake_is_one_line(
    comparing: Comparing, given: dict[str, Any], said: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(act.ActscopeError) as told:
        comparing(**{"activations": "tanh", "seeds": 1, **given})
    assert said in str(told.value)
    assert "\n" not in str(told.value)


# --- health, and what is shown


def test_health_is_that_of_the_trained_network(comparing: Comparing) -> None:
    def fit(model: nn.Module) -> None:
        with torch.no_grad():
            model[0].weight.fill_(1.0)  # type: ignore[index]
            model[0].bias.copy_(torch.tensor([-99.0] * 4 + [1.0] * 12))  # type: ignore[index]

    c = comparing(fit=fit, activations="relu", seeds=2, example=X)
    layers = c.dead_by_layer.set_index("layer")
    assert layers.loc[1, "units"] == 16
    assert layers.loc[1, "dead_share"] == 4 / 16
    few = comparing(fit=fit, activations="relu", seeds=2, example=X[:9])
    assert math.isnan(few.rows[0].dead_share or 0.0)
    assert few.dead_by_layer.empty


def test_it_is_shown_and_saved(sine: act.Comparison, tmp_path: Path) -> None:
    folder = sine.save(tmp_path / "kept")
    document = json.loads((folder / "results.json").read_text())
    assert document["metric"] == "squared error"
    assert document["verdict"]["best"] == "tanh"
    assert document["results"][0]["learning_rates"] == {}
    page = (folder / "index.html").read_text()
    assert "act.compare_models(" in page
    assert "higher_is_better=False" in page
    assert "What was done to the model" in page
    assert "actscope compare " not in page
    assert "def fit(model: nn.Module" in page
    assert "Learning curves" not in page
    assert "put in at sites 1 and 3" in page
    assert not (folder / "winner.json").exists()
    assert "lower is better" in page


def test_a_result_can_be_pickled_with_its_own_metric(sine: act.Comparison) -> None:
    again = pickle.loads(pickle.dumps(sine))
    assert again._repr_html_() == sine._repr_html_()
    assert again.metric == "squared error"


def test_the_untrained_network_is_left_out_where_score_cannot_have_it(comparing: Comparing) -> None:
    def fit(model: nn.Module) -> None:
        model.ready = True  # type: ignore[assignment]

    def score(model: Any) -> float:
        return float(model.ready)

    c = comparing(fit=fit, score=score, example=X, seeds=2, metric="m", higher_is_better=True)
    assert c.baselines == {}
    assert c.rows[0].score.mean == 1.0
