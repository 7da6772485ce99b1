"""Racing on simulated studies whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from actscope.errors import SettingError
from actscope.study.scoring._metrics import METRICS
from actscope.study.statistics._equivalence import ALPHA
from actscope.study.statistics._racing import Race, State, look, plan_race, run_race, start, trained
from actscope.study.verdict._verdict import decide

RATIO, SEEDS = 1 / 3, 20
TINY = 1e-6  # a rope so small that every sure difference counts
NAMES = "abcdef"


def studies(rng: np.random.Generator, count: int, *shifts: float) -> np.ndarray:
    """(study, name, seed): unit-variance scores whose seeds correlate as resampled splits do."""
    rho = RATIO / (1 + RATIO)
    shape = (count, len(shifts))
    common = rho**0.5 * rng.standard_normal((*shape, 1))
    own = (1 - rho) ** 0.5 * rng.standard_normal((*shape, SEEDS))
    return common + own + np.array(shifts)[None, :, None]


def raced(table: np.ndarray, race: Race, rope: float = TINY) -> tuple[State, bool, str]:
    """The race, whether anything was called different by its end, and the best."""
    scores = dict(zip(NAMES, table, strict=False))
    state = run_race(scores, race, test_ratio=RATIO, rope=rope)
    cut = {n: s[: state.dropped[n].seeds] if n in state.dropped else s for n, s in scores.items()}
    verdict = decide(
        cut, test_ratio=RATIO, metric=METRICS["r2"], rope=rope, baselines={},
        raced=state.final(race),
    )  # fmt: skip
    return state, verdict.matters or bool(state.rejected), verdict.best


def test_levels_are_the_spending_function_of_lan_and_demets() -> None:
    race = plan_race(20, RATIO)
    t = [(1 / 20 + RATIO) / (1 / n + RATIO) for n in (5, 10, 20)]
    spent = [2 - 2 * stats.norm.cdf(stats.norm.ppf(0.975) / x**0.5) for x in t]
    assert race.looks == (5, 10, 20)
    assert np.cumsum(race.levels) == pytest.approx(spent)
    assert sum(race.levels) == pytest.approx(ALPHA)


@pytest.mark.parametrize(
    ("seeds", "looks"), [(1, ()), (5, ()), (7, ()), (8, (5,)), (10, (5,)), (40, (5, 10, 20))]
)
def test_looks_double_and_leave_the_last_one_something_to_tell(
    seeds: int, looks: tuple[int, ...]
) -> None:
    race = plan_race(seeds, RATIO)
    assert race.looks == (*looks, seeds)
    assert sum(race.levels) == pytest.approx(ALPHA)


@pytest.mark.parametrize("names", [2, 6])
def test_equals_are_rarely_called_different_at_any_look(names: int) -> None:
    count = 800
    tables = studies(np.random.default_rng(1), count, *[0.0] * names)
    race = plan_race(SEEDS, RATIO)
    rate = np.mean([raced(table, race)[1] for table in tables])
    assert rate <= stats.binom.ppf(0.999, count, ALPHA) / count
    assert names > 2 or rate > 0.02  # so shy a race would save nothing


def test_the_full_error_at_each_look_would_be_too_much() -> None:
    """The reason for spending, and the proof that the test above can fail."""
    tables = studies(np.random.default_rng(1), 500, 0.0, 0.0)
    greedy = Race((3, 5, 7, 10, 14, 20), (ALPHA,) * 6)
    rate = np.mean([raced(table, greedy)[1] for table in tables])
    assert rate > stats.binom.ppf(0.999, 500, ALPHA) / 500


def test_two_equals_among_losers_are_not_called_different() -> None:
    """The pairs already rejected no longer count: the error rate holds all the same."""
    tables = studies(np.random.default_rng(2), 500, 0.0, 0.0, -40.0, -40.0)
    race = plan_race(SEEDS, RATIO)
    wrong = 0
    for table in tables:
        state, _, _ = raced(table, race)
        assert {"c", "d"} <= set(state.dropped)
        wrong += frozenset("ab") in state.rejected or frozenset("cd") in state.rejected
        wrong += len(state.running) == 2 and raced_pair_differs(table, state, race)
    assert wrong / 500 <= stats.binom.ppf(0.999, 500, ALPHA) / 500


def raced_pair_differs(table: np.ndarray, state: State, race: Race) -> bool:
    d = table[0] - table[1]
    error = d.std(ddof=1) * np.sqrt(1 / SEEDS + RATIO)
    p = 2 * stats.t(SEEDS - 1).sf(abs(d.mean()) / error)
    return p * (state.pairs - len(state.rejected)) < race.levels[-1]


def test_losers_leave_early_and_the_best_stays() -> None:
    tables = studies(np.random.default_rng(3), 200, 0.0, -6.0, -6.0, -12.0)
    race = plan_race(SEEDS, RATIO)
    found = [raced(table, race, rope=0.5) for table in tables]
    assert all(best == "a" for _, _, best in found)
    share = np.mean([trained(state, race) for state, _, _ in found]) / (4 * SEEDS)
    assert share < 0.6
    assert all("a" in state.running for state, _, _ in found)


def test_a_look_sees_only_its_own_seeds_and_drops_who_is_behind() -> None:
    rng = np.random.default_rng(4)
    scores = {"good": rng.normal(0.9, 0.01, 12), "bad": rng.normal(0.5, 0.01, 12)}
    race = Race((6, 20), (0.03, 0.02))
    first = {name: values[:6] for name, values in scores.items()}
    options = {"test_ratio": 0.25, "rope": 0.01}
    state = look(start(["bad", "good"]), race, scores, **options)
    assert state == look(start(["bad", "good"]), race, first, **options)
    assert state.running == ("good",)
    drop = state.dropped["bad"]
    assert (drop.seeds, drop.behind, drop.level) == (6, "good", 0.03)
    d = first["good"] - first["bad"]
    t = d.mean() / (d.std(ddof=1) * np.sqrt(1 / 6 + 0.25))
    assert drop.p == pytest.approx(2 * stats.t(5).sf(t), rel=1e-9)
    assert trained(state, race) == 12


def test_a_sure_difference_too_small_to_matter_drops_nobody() -> None:
    base = np.linspace(0.9, 0.95, 10)
    scores = {"a": base, "b": base - 0.004}
    state = run_race(scores, plan_race(10, 0.25), test_ratio=0.25, rope=0.01)
    assert state.running == ("a", "b")
    assert state.rejected == {frozenset("ab")}


def test_what_a_race_dropped_is_told_in_the_verdict() -> None:
    rng = np.random.default_rng(5)
    means = {"relu": 0.95, "tanh": 0.93, "step": 0.6}
    scores = {n: rng.normal(m, 0.002, 20) for n, m in means.items()}
    race = plan_race(20, RATIO)
    state = run_race(scores, race, test_ratio=RATIO, rope=0.01)
    cut = {n: s[: state.dropped[n].seeds] if n in state.dropped else s for n, s in scores.items()}
    options: dict[str, Any] = {"test_ratio": RATIO, "rope": 0.01, "baselines": {}}
    verdict = decide(
        cut, metric=METRICS["accuracy"], step_like=["step"], raced=state.final(race), **options
    )
    assert (verdict.best, verdict.worse) == ("relu", ("tanh", "step"))
    lost = 100 * (scores["relu"][:5].mean() - scores["step"][:5].mean())
    assert f"step by {lost:.1f} (" in verdict.text
    assert "its hidden layers cannot train; stopped after 5 seeds" in verdict.text
    errors = {n: 1 - s for n, s in cut.items()}
    turned = decide(errors, metric=METRICS["rmse"], raced=state.final(race), **options)
    assert (turned.best, turned.worse) == (verdict.best, verdict.worse)


@pytest.mark.parametrize("looks", [(1, 5), (5, 5), (10, 20), (25,)])
def test_looks_that_cannot_be_are_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match="must ascend"):
        plan_race(20, RATIO, looks)


def test_a_look_without_its_scores_is_refused() -> None:
    race = plan_race(10, RATIO)
    scores = {"a": np.arange(5.0), "b": np.arange(4.0)}
    with pytest.raises(SettingError, match="needs 5 scores of 'b'"):
        look(start("ab"), race, scores, test_ratio=RATIO, rope=0.01)
    done = State(("a", "b"), taken=1)
    with pytest.raises(SettingError, match="all 1 looks are taken"):
        look(done, race, scores, test_ratio=RATIO, rope=0.01)
