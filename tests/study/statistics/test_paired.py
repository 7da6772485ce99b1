"""The statistics against scipy, against the definitions, and against simulated truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from actscope.errors import SettingError
from actscope.study.statistics._equivalence import ALPHA
from actscope.study.statistics._forecast import SEED_COUNTS, seeds_to_decide
from actscope.study.statistics._paired import (
    compare_all,
    highest,
    holm,
    paired,
    score_interval,
)

RATIOS = (0.0, 0.25, 1 / 3, 0.5)
finite = st.floats(-2, 2).map(lambda x: round(x, 6))


def binomial_limit(trials: int, rate: float = 0.05) -> float:
    """The share that a true rate exceeds once in a thousand repetitions."""
    return float(stats.binom.ppf(0.999, trials, rate)) / trials


def two_columns(seeds: int = 12, gap: float = 0.004) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seeds)
    common = rng.normal(0.9, 0.02, seeds)
    return common + gap + rng.normal(0, 0.005, seeds), common + rng.normal(0, 0.005, seeds)


# --- one score


@pytest.mark.parametrize("seeds", [2, 5, 20])
def test_interval_without_overlap_is_scipys(seeds: int) -> None:
    scores = np.random.default_rng(0).normal(0.9, 0.02, seeds)
    low, high = stats.ttest_1samp(scores, 0).confidence_interval(0.95)
    ours = score_interval(scores, 0.0)
    assert (ours.mean, ours.low, ours.high) == pytest.approx((scores.mean(), low, high), rel=1e-12)


def test_interval_widens_by_the_overlap_of_the_splits() -> None:
    scores = np.random.default_rng(0).normal(0.9, 0.02, 10)
    plain, corrected = score_interval(scores, 0.0), score_interval(scores, 0.25)
    # 10 seeds: variance x (1/10 + 1/4) instead of 1/10, so width x sqrt(3.5)
    assert corrected.high - corrected.low == pytest.approx(3.5**0.5 * (plain.high - plain.low))


def test_interval_of_one_seed_has_no_bounds() -> None:
    ours = score_interval([0.5], 0.25)
    assert ours.mean == 0.5
    assert np.isnan([ours.low, ours.high]).all()


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng, ratio, seeds = np.random.default_rng(1), 0.25, 8
    rows = correlated(rng, 4000, seeds, ratio)
    hits = [i.low <= 0 <= i.high for i in (score_interval(row, ratio) for row in rows)]
    assert abs(np.mean(hits) - 0.95) < 0.012  # 3.5 standard errors


# --- one pair


@pytest.mark.parametrize("seeds", [2, 3, 12, 50])
def test_without_overlap_the_test_is_scipys_paired_t(seeds: int) -> None:
    first, second = two_columns(seeds)
    oracle = stats.ttest_rel(first, second)
    bounds = oracle.confidence_interval(0.95)
    ours = paired(first, second, 0.0, 0.01)
    assert ours.p_different == pytest.approx(oracle.pvalue, rel=1e-9)
    assert (ours.low, ours.high) == pytest.approx((bounds.low, bounds.high), rel=1e-9)


@pytest.mark.parametrize("ratio", RATIOS)
def test_correction_divides_t_by_the_factor_of_nadeau_and_bengio(ratio: float) -> None:
    first, second = two_columns(12)
    t = stats.ttest_rel(first, second).statistic / np.sqrt(1 + 12 * ratio)
    ours = paired(first, second, ratio, 0.01)
    assert ours.p_different == pytest.approx(2 * stats.t(11).sf(abs(t)), rel=1e-9)


@pytest.mark.parametrize("gap", [-0.02, -0.004, 0.0, 0.004, 0.02])
def test_equivalence_is_the_worse_of_two_one_sided_tests(gap: float) -> None:
    first, second = two_columns(12, gap)
    above = stats.ttest_rel(first, second - 0.01, alternative="greater").pvalue
    below = stats.ttest_rel(first, second + 0.01, alternative="less").pvalue
    assert paired(first, second, 0.0, 0.01).p_equivalent == pytest.approx(
        max(above, below), rel=1e-9
    )


@given(st.lists(st.tuples(finite, finite), min_size=1, max_size=12), st.sampled_from(RATIOS))
def test_a_pair_is_antisymmetric_and_its_numbers_are_possible(
    pairs: list[tuple[float, float]], ratio: float
) -> None:
    first, second = np.array(pairs).T
    one, other = paired(first, second, ratio, 0.01), paired(second, first, ratio, 0.01)
    assert one[:2] == other[:2]
    assert one.difference == -other.difference
    assert 0 <= one.p_different <= 1
    assert 0 <= one.p_equivalent <= 1
    if len(pairs) > 1:
        assert one.low <= one.difference <= one.high
        excludes_zero = one.low > 0 or one.high < 0
        assert excludes_zero == (one.p_different < 0.05)


def test_equal_scores_are_equivalent_and_not_different() -> None:
    same = np.array([0.91, 0.93, 0.92])
    assert paired(same, same, 0.25, 0.01) == (1.0, 0.0, 0.0, 0.0, 0.0)


def test_a_constant_gap_is_certain() -> None:
    first = np.array([0.91, 0.93, 0.92])
    assert paired(first, first - 0.1, 0.25, 0.01)[:2] == (0.0, 1.0)  # rounding leaves sd 1e-17
    assert paired(first, first - 0.005, 0.25, 0.01)[:2] == (0.0, 0.0)
    assert paired(first, first - 0.01, 0.25, 0.01)[:2] == (0.0, 1.0)  # at the edge: not inside


@given(st.lists(finite, min_size=2, max_size=8))
def test_rounding_is_no_evidence(scores: list[float]) -> None:
    first = np.array(scores)
    assert paired(first, (first + 0.1) - 0.1, 0.25, 0.01)[:2] == (1.0, 0.0)
    assert paired(first, first - 0.01, 0.25, 0.01)[:2] == (0.0, 1.0)


def test_a_tie_up_to_rounding_goes_to_the_first() -> None:
    up, down = np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.2, 0.1])
    assert up.mean() > down.mean()  # by 1e-16
    assert highest({"down": down, "up": up}) == "down"
    assert highest({"down": down, "up": up + 1e-9}) == "up"


def test_one_seed_decides_nothing() -> None:
    result = paired([0.9], [0.1], 0.25, 0.01)
    assert result[:2] == (1.0, 1.0)
    assert result.difference == pytest.approx(0.8)
    assert np.isnan([result.low, result.high]).all()


def test_few_test_rows_do_not_prove_equivalence_by_a_lucky_tie() -> None:
    tie = np.full(5, 0.9)
    assert paired(tie, tie, 0.25, 0.01, resolution=1 / 30).p_equivalent > 0.05
    assert paired(tie, tie, 0.25, 0.01, resolution=1 / 3000).p_equivalent < 0.001
    # (1/S + r) / rows is the standard error that one more row would have caused
    error = (1 / 5 + 0.25) / 30
    assert paired(tie, tie, 0.25, 0.01, resolution=1 / 30).p_equivalent == pytest.approx(
        stats.t(4).sf(0.01 / error)
    )


# --- many pairs


def holm_by_definition(p: list[float]) -> list[float]:
    """The smallest alpha at which the step-down procedure rejects, found by trying each."""

    def rejected(alpha: float) -> set[int]:
        out: set[int] = set()
        for rank, index in enumerate(sorted(range(len(p)), key=lambda k: p[k])):
            if p[index] > alpha / (len(p) - rank):
                break
            out.add(index)
        return out

    levels = sorted({1.0, *(min(1.0, m * x) for x in p for m in range(1, len(p) + 1))})
    nudged = [(level, rejected(level * (1 + 1e-12))) for level in levels]
    return [next((a for a, out in nudged if k in out), 1.0) for k in range(len(p))]


@given(st.lists(st.floats(1e-6, 1), max_size=8))
def test_holm_is_the_step_down_procedure(p: list[float]) -> None:
    assert holm(p).tolist() == pytest.approx(holm_by_definition(p), rel=1e-9)


@given(st.lists(st.floats(1e-6, 1), max_size=6), st.integers(0, 5))
def test_claims_that_are_not_tested_now_count_in_their_family(p: list[float], more: int) -> None:
    expected = holm_by_definition([*p, *[1.0] * more])[: len(p)]
    assert holm(p, family=len(p) + more).tolist() == pytest.approx(expected, rel=1e-9)


def test_pairs_are_complete_oriented_and_adjusted_by_family() -> None:
    rng = np.random.default_rng(2)
    means = {"a": 0.9, "b": 0.9, "c": 0.91, "d": 0.8}
    scores = {name: rng.normal(mean, 0.004, 10) for name, mean in means.items()}
    pairs = compare_all(scores, 0.25, 0.01)
    assert [(p.first, p.second) for p in pairs] == list(itertools.combinations("abcd", 2))
    single = [paired(scores[p.first], scores[p.second], 0.25, 0.01) for p in pairs]
    for field in ("difference", "low", "high"):
        expected = [getattr(s, field) for s in single]
        assert [getattr(p, field) for p in pairs] == pytest.approx(expected, rel=1e-12)
    for field in ("p_different", "p_equivalent"):
        expected = holm_by_definition([getattr(s, field) for s in single])
        assert [getattr(p, field) for p in pairs] == pytest.approx(expected, rel=1e-9)


def test_one_wild_score_does_not_blur_the_other_pairs() -> None:
    quiet = np.array([0.5, 0.501, 0.502])
    scores = {"a": quiet, "b": quiet - 1e-4, "wild": quiet - 1e12}
    first = compare_all(scores, 0.25, 0.01)[0]
    assert first.difference == pytest.approx(1e-4)


# --- calibration: simulated studies in which the truth is known


def correlated(
    rng: np.random.Generator, studies: int, seeds: int, ratio: float, names: int = 0
) -> np.ndarray:
    """Unit-variance scores of mean 0 whose seeds correlate as the splits of one table do."""
    rho = ratio / (1 + ratio)  # n_test / (n_test + n_train)
    shape = (studies, names, seeds) if names else (studies, seeds)
    shared = rng.standard_normal((*shape[:-1], 1))
    return rho**0.5 * shared + (1 - rho) ** 0.5 * rng.standard_normal(shape)


def any_called(studies: np.ndarray, ratio: float, rope: float, field: str) -> float:
    called = [
        any(
            getattr(pair, field) < ALPHA
            for pair in compare_all(dict(zip("abcdef", study, strict=False)), ratio, rope)
        )
        for study in studies
    ]
    return float(np.mean(called))


@pytest.mark.parametrize("ratio", [0.0, 0.25])
def test_six_equal_functions_are_rarely_called_different(ratio: float) -> None:
    studies = correlated(np.random.default_rng(3), 2000, 10, ratio, names=6)
    assert any_called(studies, ratio, 0.01, "p_different") <= binomial_limit(2000)


def test_without_the_correction_the_same_studies_mislead() -> None:
    """The reason for the correction, and the proof that the test above can fail."""
    studies = correlated(np.random.default_rng(3), 500, 10, 0.25, names=6)
    assert any_called(studies, 0.0, 0.01, "p_different") > 0.15


def test_one_pair_has_exactly_the_stated_error_rate() -> None:
    studies = correlated(np.random.default_rng(4), 4000, 10, 0.25, names=2)
    rate = any_called(studies, 0.25, 0.01, "p_different")
    assert abs(rate - 0.05) < 0.0121  # 3.5 standard errors: neither too bold nor too shy


def test_real_resampled_splits_keep_the_error_rate() -> None:
    """Six equally good predictors of 250 rows, scored on 10 overlapping test sets of 50."""
    rng, studies, rows, seeds, tested = np.random.default_rng(5), 1500, 250, 10, 50
    right = rng.random((studies, 6, rows)) < 0.8
    order = rng.random((studies, seeds, rows)).argsort(axis=2)
    in_test = (order < tested).astype(np.float32)
    scores = np.einsum("fnr,fsr->fns", right.astype(np.float32), in_test, optimize=True) / tested
    rate = any_called(scores.astype(float), tested / (rows - tested), 0.01, "p_different")
    assert rate <= binomial_limit(studies)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_true_difference_at_the_edge_of_the_rope_is_rarely_called_equivalent(sign: int) -> None:
    studies = correlated(np.random.default_rng(6), 3000, 10, 0.25, names=2)
    studies[:, 0] += sign * 2.5  # a rope of 2.5 standard deviations: equivalence is possible
    rate = any_called(studies, 0.25, 2.5, "p_equivalent")
    assert 0.02 < rate <= binomial_limit(3000)


def test_truly_equal_functions_are_called_equivalent_given_a_wide_rope() -> None:
    studies = correlated(np.random.default_rng(7), 500, 10, 0.25, names=2)
    assert any_called(studies, 0.25, 5.0, "p_equivalent") > 0.9


# --- how many seeds


def test_seeds_to_decide_finds_the_count_at_which_the_test_turns() -> None:
    base = np.array([0.90, 0.91, 0.92, 0.93, 0.94])
    wobble = np.array([0.01, -0.01, 0.005, -0.005, 0.0])
    scores = {"a": base, "b": base - 0.006 + wobble}
    count = seeds_to_decide(scores, "a", 0.05, 0.01)["b"]
    assert count is not None
    d = -0.006 + wobble

    def p_equivalent(seeds: int) -> float:
        return stats.t(seeds - 1).cdf(-0.004 / (d.std(ddof=1) * np.sqrt(1 / seeds + 0.05)))

    # 0.006 is inside the rope: however sure, it is only ever equivalence that can be shown
    assert count == next(c for c in SEED_COUNTS if c > 5 and p_equivalent(c) < 0.05)
    scores["b"] = base - 0.0102 + wobble
    count = seeds_to_decide(scores, "a", 0.05, 0.01)["b"]

    def p_different(seeds: int) -> float:
        return 2 * stats.t(seeds - 1).sf(0.0102 / (d.std(ddof=1) * np.sqrt(1 / seeds + 0.05)))

    assert count == next(c for c in SEED_COUNTS if c > 5 and p_different(c) < 0.05)


def test_overlap_can_put_a_decision_out_of_reach_of_seeds() -> None:
    base = np.array([0.90, 0.91, 0.92, 0.93, 0.94])
    wobble = np.array([0.05, -0.05, 0.03, -0.03, 0.0])
    scores = {"a": base, "b": base - 0.006 + wobble}
    assert seeds_to_decide(scores, "a", 0.5, 0.01) == {"b": None}
    assert seeds_to_decide(scores, "a", 0.0, 0.01)["b"] is not None


def test_seeds_to_decide_asks_only_about_the_undecided() -> None:
    base = np.array([0.90, 0.91, 0.92, 0.93, 0.94])
    assert seeds_to_decide({"a": base, "b": base, "c": base - 0.5}, "a", 0.25, 0.01) == {}
    assert seeds_to_decide({"a": base[:1], "b": base[:1]}, "a", 0.25, 0.01) == {}


# --- what cannot be used


@pytest.mark.parametrize(
    ("scores", "ratio", "rope", "says"),
    [
        ({}, 0.25, 0.01, "at least one"),
        ({"a": [0.1, 0.2], "b": [0.1]}, 0.25, 0.01, "one score for each seed"),
        ({"a": [], "b": []}, 0.25, 0.01, "one score for each seed"),
        ({"a": [0.1, 0.2], "relu": [0.1, float("nan")]}, 0.25, 0.01, "'relu' is not finite"),
        ({"a": [0.1]}, -0.1, 0.01, "test_ratio is -0.1"),
        ({"a": [0.1]}, 0.25, 0.0, "rope is 0.0"),
    ],
)
def test_unusable_input_is_named(
    scores: dict[str, list[float]], ratio: float, rope: float, says: str
) -> None:
    table = {name: np.array(values) for name, values in scores.items()}
    with pytest.raises(SettingError, match=says):
        compare_all(table, ratio, rope)
