"""The verdict on simulated studies whose truth is known, and the words it is told in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from actscope.study._result import Verdict
from actscope.study.scoring._metrics import METRICS, metric_named
from actscope.study.verdict._verdict import decide

LINEAR, MAJORITY = "linear model", "majority class"
KINDS: dict[str, Any] = {"linear": {"identity"}, "step_like": {"step"}}


def study(seeds: int = 10, noise: float = 0.002, **means: float) -> dict[str, np.ndarray]:
    """Scores with exactly these means: splits move all of them together, noise moves each."""
    rng = np.random.default_rng(11)

    def centred(spread: float) -> np.ndarray:
        draws = rng.normal(0, spread, seeds)
        return draws - draws.mean()

    split = centred(0.01)
    spaced = {"linear_model": LINEAR, "majority_class": MAJORITY}
    return {spaced.get(name, name): mean + split + centred(noise) for name, mean in means.items()}


def judge(
    scores: Mapping[str, np.ndarray], metric: str = "accuracy", **changes: Any
) -> tuple[Verdict, list[str]]:
    """Decide on networks and baselines simulated together; also the lines of the text."""
    baselines = {n: scores[n] for n in (MAJORITY, "mean", LINEAR) if n in scores}
    networks = {n: s for n, s in scores.items() if n not in baselines}
    known = {"test_ratio": 0.25, "metric": metric_named(metric), "rope": 0.01, **KINDS}
    options = {**known, "baselines": baselines, **changes}
    verdict = decide(networks, **options)
    assert "nan" not in verdict.text
    return verdict, verdict.text.split("\n")


# --- what it decides, and its first line


def test_a_real_difference_among_serious_candidates_matters() -> None:
    verdict, lines = judge(
        study(gelu=0.978, sigmoid=0.95, relu=0.976, step=0.8, majority_class=0.1, linear_model=0.9)
    )
    assert verdict.best == "gelu"
    assert verdict.equivalent == ("relu",)
    assert verdict.worse == ("sigmoid", "step")
    assert verdict.undecided == ()
    assert verdict.matters
    assert lines[0] == (
        "Does the choice of activation function matter here? Yes: sigmoid and step are clearly "
        "worse. Use gelu (or relu: practically as good)."
    )
    assert lines[1].startswith("Best: gelu, mean test accuracy 97.8% over 10 seeds.")
    assert lines[2] == "Practically equivalent to gelu (within one percentage point): relu."
    assert lines[3].startswith("Clearly worse than gelu, in percentage points with 95% intervals:")
    assert "its hidden layers cannot train" in lines[3]
    assert len(lines) == 4


def test_only_the_weak_fall_behind() -> None:
    verdict, lines = judge(
        study(gelu=0.978, tanh=0.977, relu=0.978, identity=0.9, step=0.7, linear_model=0.9)
    )
    assert set(verdict.worse) == {"identity", "step"}
    assert verdict.matters
    assert "Only in that identity (linear) and step (its hidden layers cannot train)" in lines[0]
    assert "Among the 3 nonlinear, trainable ones all are practically as good" in lines[0]


def test_only_the_weak_fall_behind_and_the_serious_are_open() -> None:
    verdict, lines = judge(
        study(noise=0.012, gelu=0.97, relu=0.965, identity=0.8, linear_model=0.8)
    )
    assert verdict.worse == ("identity",)
    assert len(verdict.undecided) == 1
    assert "Only in that identity (linear) falls behind." in lines[0]
    assert "Among the 2 nonlinear, trainable ones no clear difference from the best" in lines[0]
    assert "Yet" not in verdict.text  # that relu is better than identity goes without saying


def test_a_linear_winner_is_not_set_among_the_nonlinear() -> None:
    _, lines = judge(study(identity=0.98, relu=0.978, tanh=0.977, step=0.7, linear_model=0.9))
    assert lines[0].endswith(
        "Only in that step (its hidden layers cannot train) falls behind. "
        "Use identity (or relu or tanh: practically as good)."
    )


def test_the_same_names_are_a_real_difference_when_they_are_not_weak() -> None:
    scores = study(gelu=0.978, tanh=0.977, relu=0.978, identity=0.9, step=0.7)
    _, lines = judge(scores, linear=(), step_like=())
    assert "Yes: identity and step are clearly worse." in lines[0]
    assert "linear" not in " ".join(lines)


def test_no_difference_at_all() -> None:
    verdict, lines = judge(study(relu=0.97, tanh=0.97, gelu=0.971))
    assert not verdict.matters
    assert len(verdict.equivalent) == 2
    assert lines[0].endswith(
        f"No: all 3 are practically as good as the best, {verdict.best} "
        "(within one percentage point). Use any of them."
    )
    _, lines = judge(study(relu=0.97, tanh=0.97))
    assert "No: relu and tanh are practically the same" in lines[0]


def test_nothing_clear_says_what_would_settle_it() -> None:
    verdict, lines = judge(study(noise=0.03, relu=0.9, tanh=0.895))
    assert not verdict.matters
    assert len(verdict.undecided) == 1
    assert (
        f"Not that these 10 seeds can show: none is clearly worse than {verdict.best}" in lines[0]
    )
    assert lines[2].startswith(f"Not decided: {verdict.undecided[0]}.")
    assert "more rows of data are needed" in lines[2]


def test_seeds_that_would_settle_it_are_named() -> None:
    wobble = np.array([0.01, -0.01, 0.008, -0.008, 0.0, 0.0, 0.009, -0.009])
    base = np.linspace(0.9, 0.95, 8)
    verdict, lines = judge({"relu": base, "tanh": base - 0.006 + wobble}, test_ratio=0.05)
    assert verdict.undecided == ("tanh",)
    assert "seeds would probably settle tanh" in lines[-1]
    assert "rows of data" not in lines[-1]


def test_a_sure_but_tiny_difference_is_equivalence() -> None:
    verdict, _ = judge(study(noise=0.0001, relu=0.975, tanh=0.972))
    assert verdict.pairs[0].p_different < 0.001
    assert verdict.equivalent == ("tanh",)


def test_a_clear_difference_between_two_undecided_is_told() -> None:
    base = np.linspace(0.90, 0.95, 10)
    wild = np.tile([0.2, -0.17], 5)
    scores = {"wild": base + wild, "relu": base, "tanh": base - 0.03 + np.tile([1e-3, -1e-3], 5)}
    verdict, lines = judge(scores)
    assert verdict.best == "wild"
    assert verdict.undecided == ("relu", "tanh")
    assert any("Yet relu is clearly better than tanh." in line for line in lines)


def test_differences_are_told_with_their_interval() -> None:
    _, lines = judge({"relu": np.full(6, 0.95), "tanh": np.full(6, 0.85)})
    assert lines[-1].endswith("tanh by 10.0 (10.0 to 10.0).")
    gap = np.array([0.10, 0.12, 0.08, 0.10, 0.11, 0.09])
    _, lines = judge({"tanh": 0.95 - gap, "relu": np.full(6, 0.95)}, test_ratio=0.0)
    low, high = stats.ttest_1samp(gap, 0).confidence_interval(0.95)
    assert lines[-1].endswith(f"tanh by 10.0 ({100 * low:.1f} to {100 * high:.1f}).")


def test_a_long_list_of_equals_stays_short_in_the_first_line() -> None:
    verdict, lines = judge(
        study(
            noise=0.0005, step=0.5, a=0.97, b=0.97, c=0.97, d=0.97, e=0.97, f=0.97, g=0.97, h=0.97
        )
    )
    assert len(verdict.equivalent) == 7
    assert "or 4 more: practically as good" in lines[0]
    assert all(name in lines[2] for name in verdict.equivalent)


# --- baselines


def test_a_linear_model_that_does_as_well() -> None:
    _, lines = judge(study(relu=0.97, tanh=0.95, linear_model=0.97, majority_class=0.5))
    assert lines[0].startswith(
        "The activation function is not your question here: a linear model does as well (97."
    )
    assert lines[1].startswith("If you use a network all the same, does the choice")


def test_a_linear_model_that_does_better() -> None:
    _, lines = judge(study(relu=0.93, tanh=0.92, linear_model=0.97, majority_class=0.5))
    assert "a linear model is clearly better than the best network" in lines[0]


def test_a_linear_model_that_no_network_clearly_beats() -> None:
    _, lines = judge(study(noise=0.02, relu=0.9, tanh=0.9, linear_model=0.9, majority_class=0.5))
    assert "not your first question here: no network is clearly better than a linear" in lines[0]


def test_a_majority_that_no_network_beats() -> None:
    _, lines = judge(study(relu=0.51, tanh=0.505, linear_model=0.51, majority_class=0.505))
    assert "no network is clearly better than always answering with the commonest class" in lines[0]
    assert "linear model" not in lines[0]


def test_the_toughest_of_the_trivial_baselines_is_told() -> None:
    _, lines = judge(
        {"relu": np.full(5, 0.51)},
        baselines={"coin": np.full(5, 0.505), MAJORITY: np.full(5, 0.51)},
    )
    assert lines[0].count("clearly better than always answering with the commonest class") == 1
    assert "the baseline 'coin' gives 50.5%" in lines[2]


def test_many_tries_do_not_beat_a_baseline_by_luck() -> None:
    gap = np.array([0.05, 0.01, 0.03, -0.01, 0.04, 0.02])  # p = 0.03 on its own
    base = np.linspace(0.7, 0.8, 6)
    alone, five = {"f0": base + gap}, {f"f{k}": base + gap for k in range(5)}
    options: dict[str, Any] = {"test_ratio": 0.0, "baselines": {LINEAR: base}}
    assert 0.01 < stats.ttest_rel(base + gap, base).pvalue < 0.05
    assert "do not yet show" not in judge(alone, **options)[0].text
    assert "do not yet show that a network beats a linear model" in judge(five, **options)[0].text


def test_networks_that_earn_their_keep_get_no_lecture() -> None:
    _, lines = judge(study(relu=0.97, tanh=0.95, linear_model=0.9, majority_class=0.5))
    assert lines[0].startswith("Does the choice of activation function matter here?")
    assert "always answering with the commonest class gives 50." in lines[1]
    assert "a linear model gives 9" in lines[1]


def test_a_gap_that_few_seeds_cannot_prove_is_not_called_level() -> None:
    scores = {
        "relu": np.array([0.97, 0.90]),
        "tanh": np.array([0.96, 0.92]),
        MAJORITY: np.array([0.6, 0.8]),
    }
    _, lines = judge(scores)
    assert "not your question" not in lines[0]
    assert "do not yet show that a network beats always answering" in lines[-1]


def test_identity_among_the_best_is_worth_a_remark() -> None:
    _, lines = judge(study(relu=0.975, identity=0.974, step=0.7, linear_model=0.9))
    assert "Among the best is identity, which keeps the whole network linear" in lines[1]
    _, lines = judge(study(relu=0.975, identity=0.9, step=0.974, linear_model=0.9))
    assert "Among the best is step, whose hidden layers cannot train" in lines[1]


# --- cautions


def test_the_edge_of_the_learning_rates() -> None:
    scores = study(relu=0.975, tanh=0.974, sigmoid=0.9, elu=0.9)
    assert judge(scores)[0].best == "relu"
    text = "\n".join(judge(scores, edge={"sigmoid": "high", "elu": "low", "tanh": "high"})[1])
    assert "the best for sigmoid was the largest tried in most seeds: try larger ones" in text
    assert "the best for elu was the smallest tried in most seeds: try smaller ones" in text
    assert "the best for tanh" not in text  # neither best nor judged worse
    text = "\n".join(judge(scores, edge={"relu": "high"})[1])
    assert "judging" not in text
    assert "the best for relu was the largest tried in most seeds: larger ones may do" in text


def test_networks_that_diverged_are_counted() -> None:
    _, lines = judge(study(relu=0.97, exp=0.9), diverged={"exp": (3, 30), "relu": (0, 30)})
    assert lines[-1] == "Diverged (training ran off to infinity): 3 of 30 networks with exp."


def test_one_seed_is_not_evidence() -> None:
    verdict, lines = judge(
        {"relu": np.array([0.9]), "step": np.array([0.1]), MAJORITY: np.array([0.9])}
    )
    assert verdict.best == "relu"
    assert verdict.undecided == ("step",)
    assert not verdict.matters
    assert "One seed cannot tell" in lines[0]
    assert "95%" not in verdict.text


@pytest.mark.parametrize(("seeds", "warned"), [(2, True), (4, True), (5, False)])
def test_very_few_seeds_are_said(seeds: int, warned: bool) -> None:
    _, lines = judge(study(seeds=seeds, relu=0.97, tanh=0.9))
    assert any(f"{seeds} seeds are very few" in line for line in lines) == warned


def test_too_few_seeds_to_guess_how_many_would_do() -> None:
    for seeds, guessed in ((4, False), (5, True)):
        verdict, _ = judge(study(seeds=seeds, noise=0.02, relu=0.9, tanh=0.895))
        assert verdict.undecided
        assert ("settle" in verdict.text or "more rows" in verdict.text) == guessed


def test_a_single_activation_has_nothing_to_be_compared_with() -> None:
    verdict, lines = judge(study(relu=0.97, linear_model=0.97))
    assert (verdict.best, verdict.worse, verdict.matters) == ("relu", (), False)
    assert "a linear model does as well" in lines[0]
    assert "Only relu was tried" in lines[1]


# --- metrics


def test_r2_is_told_in_plain_numbers() -> None:
    scores = {**study(relu=0.85, tanh=0.7, mean=0.0, linear_model=0.5), "exp": np.full(10, -2e6)}
    verdict, lines = judge(scores, metric="r2")
    assert verdict.worse == ("tanh", "exp")
    assert "mean test R2 0.8" in lines[1]
    assert "always answering with the mean gives 0.0" in lines[1]
    assert "exp by 2e+06" in lines[2]
    assert "percentage" not in verdict.text
    assert "%" not in verdict.text.replace("95%", "")
    assert "-0.000" not in verdict.text


def test_zero_has_no_sign() -> None:
    flat = {"relu": np.array([-0.0003, -0.0001])}
    assert "accuracy 0.0%" in judge(flat)[0].text
    assert "R2 0.000" in judge(flat, metric="r2")[0].text


def test_metric_and_rope_are_spelled_out() -> None:
    scores = study(noise=0.0005, relu=0.97, tanh=0.97)
    assert "balanced accuracy" in judge(scores, metric="balanced_accuracy")[0].text
    assert "within 2 percentage points" in judge(scores, rope=0.02)[0].text
    assert "within 0.01 of R2" in judge(scores, metric="r2")[0].text


# --- properties over all studies

counts = st.integers(0, 400)
names = ["relu", "tanh", "gelu", "identity", "step"]


@st.composite
def studies(draw: st.DrawFn) -> dict[str, np.ndarray]:
    """Right answers out of 400 rows, for some activations and both baselines."""
    seeds = draw(st.integers(1, 8))
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    centre = draw(counts)
    near = st.integers(max(0, centre - 6), min(400, centre + 6))
    score = st.one_of(near, near, counts)
    row = st.lists(score, min_size=seeds, max_size=seeds).map(lambda c: np.array(c) / 400)
    return {name: draw(row) for name in [*chosen, MAJORITY, LINEAR]}


def sets(verdict: Verdict) -> tuple[set[str], set[str], set[str]]:
    return set(verdict.equivalent), set(verdict.worse), set(verdict.undecided)


@given(studies())
def test_best_and_lists_part_the_names(scores: dict[str, np.ndarray]) -> None:
    verdict, lines = judge(scores)
    told = [verdict.best, *verdict.equivalent, *verdict.worse, *verdict.undecided]
    assert sorted(told) == sorted(set(scores) - {MAJORITY, LINEAR})
    assert verdict.matters == bool(verdict.worse)
    assert all(scores[n].mean() <= scores[verdict.best].mean() + 1e-12 for n in told)
    assert all(lines)


@given(studies(), st.randoms(use_true_random=False))
def test_the_order_given_does_not_change_the_sets(
    scores: dict[str, np.ndarray], rng: random.Random
) -> None:
    verdict, _ = judge(scores)
    means = [s.mean() for n, s in scores.items() if n not in {MAJORITY, LINEAR}]
    shuffled = dict(rng.sample(list(scores.items()), len(scores)))
    other, _ = judge(shuffled)
    if sum(m >= max(means) - 1e-9 for m in means) == 1:  # a tie goes to the first given
        assert other.best == verdict.best
        assert sets(other) == sets(verdict)
    else:
        first = [n for n in shuffled if n not in {MAJORITY, LINEAR}]
        assert other.best == next(n for n in first if scores[n].mean() >= max(means) - 1e-9)


@given(studies(), st.integers(-300, 300).map(lambda k: k / 700))
def test_a_constant_added_to_all_scores_changes_no_list(
    scores: dict[str, np.ndarray], shift: float
) -> None:
    verdict, _ = judge(scores)
    moved, _ = judge({name: values + shift for name, values in scores.items()})
    assert moved.best == verdict.best
    assert sets(moved) == sets(verdict)


# --- calibration


@pytest.mark.parametrize("ratio", [0.0, 0.25])
def test_a_copy_with_its_own_seeds_is_rarely_called_different(ratio: float) -> None:
    """A/A: relu and a copy, splits of one table (seeds correlate), 2,000 studies."""
    rng, seeds, rho = np.random.default_rng(8), 10, ratio / (1 + ratio)
    shared = rng.standard_normal((2000, 2, 1))
    own = rng.standard_normal((2000, 2, seeds))
    scores = 0.95 + 0.01 * (rho**0.5 * shared + (1 - rho) ** 0.5 * own)
    called = [
        decide(
            {"relu": relu, "copy": copy},
            test_ratio=ratio,
            metric=METRICS["accuracy"],
            rope=0.0005,  # so small that every sure difference is called
            baselines={},
        ).matters
        for relu, copy in scores
    ]
    assert np.mean(called) <= stats.binom.ppf(0.999, 2000, 0.05) / 2000
    assert np.mean(called) > 0.01  # so shy a test would be useless
