"""Splits by group and by time: what they never do, and what two seeds' tests share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import actscope as act
from actscope.data import Dataset, load
from actscope.errors import DataError
from actscope.study._plan import make_plan
from actscope.study.statistics._equivalence import ALPHA
from actscope.study.statistics._paired import paired
from actscope.study.training._arranged import overlap_ratio
from actscope.study.training._shard import cut_shards
from actscope.study.training._split import check_splittable, ratio_of_test, rows_tested, split

# Of these periods some lie far apart: without Satterthwaite's degrees of freedom 8% are called.
SEEDS = range(100, 110)


def table(rows: int = 200, groups: int = 20, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.standard_normal((rows, 2)), columns=["a", "b"])
    frame["patient"] = [f"p{k}" for k in rng.integers(0, groups, rows)]
    frame["day"] = rng.permutation(rows)
    frame["y"] = np.where(rng.random(rows) < 0.4, "no", "yes")
    return frame


def by(what: str, frame: pd.DataFrame) -> Dataset:
    column = "patient" if what == "group" else "day"
    other = "day" if what == "group" else "patient"
    group, time = (column, None) if what == "group" else (None, column)
    return load(frame, "y", drop=other, group=group, time=time)


@settings(max_examples=40, deadline=None)
@given(st.integers(60, 250), st.integers(8, 40), st.integers(0, 500))
def test_a_group_is_never_on_both_sides(rows: int, groups: int, seed: int) -> None:
    frame = table(rows, groups, seed)
    parts = split(by("group", frame), seed)
    patients = [
        set(frame["patient"].iloc[part]) for part in (parts.train, parts.validation, parts.test)
    ]
    assert len(set().union(*patients)) == sum(map(len, patients))
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(rows))
    for part in (parts.train, parts.validation, parts.test):
        assert set(frame["y"].iloc[part]) == {"no", "yes"}
    assert 0.1 * rows <= len(parts.test) <= 0.4 * rows
    assert len(parts.train) >= 0.3 * rows


@settings(max_examples=40, deadline=None)
@given(st.integers(80, 250), st.integers(1, 4), st.integers(0, 500))
def test_tests_are_later_than_what_was_learned_from(rows: int, ties: int, seed: int) -> None:
    frame = table(rows, seed=seed)
    frame["day"] //= ties
    parts = split(by("time", frame), seed)
    days = [frame["day"].iloc[part] for part in (parts.train, parts.validation, parts.test)]
    assert days[0].max() < days[1].min()
    assert days[1].max() < days[2].min()
    assert abs(len(parts.test) - 0.1 * rows) <= 1
    assert len(parts.train) >= 0.3 * rows


@pytest.mark.parametrize("what", ["group", "time"])
def test_a_seed_gives_one_split_and_another_seed_another(what: str) -> None:
    data = by(what, table())
    tests = [tuple(split(data, seed).test) for seed in range(30)]
    assert tests == [tuple(split(data, seed).test) for seed in range(30)]
    assert len({tuple(sorted(test)) for test in tests}) > 20


def test_evenly_shared_tests_give_the_plain_factor() -> None:
    pairs = [np.array(p) for p in ([0, 1], [1, 2], [0, 2])]  # each two share 1 of 2: rho = 1/2
    assert overlap_ratio(pairs) == pytest.approx(0.5 / (1 - 0.5))
    groups = np.array([0, 1, 1, 2])  # {0, 1}, {1}, {0, 1}: as groups they share more
    assert overlap_ratio(pairs, groups) > 2


def test_the_ratio_of_rows_at_random_is_nearly_measured() -> None:
    data = load(table(), "y", drop=["patient", "day"])
    assert ratio_of_test(data) == 1 / 3
    assert overlap_ratio([split(data, seed).test for seed in range(60)]) == pytest.approx(
        1 / 3, rel=0.15
    )


def test_the_ratio_of_a_study_is_that_of_its_seeds() -> None:
    data = by("time", table())
    assert ratio_of_test(data, range(10)) != ratio_of_test(data, range(10, 20))
    assert ratio_of_test(data, [1, 2]) == ratio_of_test(data)  # too few to say: of many


@pytest.mark.parametrize("what", ["group", "time"])
def test_the_correction_keeps_the_error_rate_and_its_lack_does_not(what: str) -> None:
    """Two equally good predictors, right about whole patients (or days in a row) together."""
    frame, rng, studies = table(300, 30), np.random.default_rng(1), 1500
    data = by(what, frame)
    patients, weeks = pd.factorize(frame["patient"])[0], frame["day"].to_numpy() // 3
    unit = patients if what == "group" else weeks
    luck = rng.random((studies, 2, unit.max() + 1))[:, :, unit] * 0.6 + 0.2
    right = rng.random(luck.shape) < luck
    tests = [split(data, seed).test for seed in SEEDS]
    scores = np.stack([right[:, :, test].mean(axis=2) for test in tests], axis=2)
    ratio = ratio_of_test(data, SEEDS)
    called = [paired(a, b, ratio, 0.01).p_different < ALPHA for a, b in scores]
    naive = [paired(a, b, 0.0, 0.01).p_different < ALPHA for a, b in scores]
    limit = stats.binom.ppf(0.999, studies, ALPHA) / studies
    assert np.mean(called) <= limit < np.mean(naive)


@pytest.mark.parametrize("what", ["group", "time"])
def test_a_study_runs_and_says_how_its_rows_were_parted(what: str) -> None:
    frame = table(120)
    column = "patient" if what == "group" else "day"
    comparison = act.compare(
        frame, "y", activations="relu,tanh", seeds=3, learning_rates=0.01, epochs=2, hidden=4,
        workers=1, progress=False, group=column if what == "group" else None,
        time=column if what == "time" else None,
    )  # fmt: skip
    assert comparison.plan["split"] == f"{what} {column}"
    assert any(f"the rows' {what}, no input" in note for note in comparison.data.notes)
    assert comparison.members_trained == 6


@pytest.mark.parametrize("what", ["group", "time"])
def test_seeds_of_uneven_splits_are_not_stacked(what: str) -> None:
    data = by(what, table())
    plan, _ = make_plan(
        data, activations="relu", seeds=4, learning_rates=0.1, hidden=4, metric=None, epochs=1,
        batch_size=None, optimizer="adam", l2=0.0,
    )  # fmt: skip
    assert [shard.seeds for shard in cut_shards(data, plan)] == [(0,), (1,), (2,), (3,)]


def test_the_fewest_test_rows_of_a_class() -> None:
    data = by("group", table())
    fewest = rows_tested(data)
    counts = [np.bincount(data.target[split(data, seed).test]) for seed in range(40)]
    assert fewest.tolist() == np.min(counts, axis=0).tolist()


def broken(change: str) -> pd.DataFrame:
    frame = table()
    if change == "few groups":
        frame["patient"] = np.arange(200) % 4
    elif change == "one large group":
        frame["patient"] = np.where(np.arange(200) < 150, 0, np.arange(200) % 6)
    elif change == "no group":
        frame.loc[[3, 4], "patient"] = None
    elif change == "text":
        frame["day"] = frame["patient"]
    elif change == "one day":
        frame["day"] = 7
    elif change == "few rows":
        frame = frame.iloc[:45]
    elif change == "no day":
        frame["day"] = frame["day"].astype(float)
        frame.loc[3, "day"] = np.nan
    return frame


@pytest.mark.parametrize(
    ("change", "what", "says"),
    [
        ("few groups", "group", "'patient' has 4 groups.* at least 5"),
        ("one large group", "group", "'patient' leaves no split.*groups of more even size"),
        ("no group", "group", "2 rows without a group in 'patient'"),
        ("text", "time", "the time 'day' holds neither numbers nor dates"),
        ("one day", "time", "'day' leaves no split.*more different times"),
        ("few rows", "time", "45 usable rows; a split by time needs at least 50"),
        ("no day", "time", "1 row without a time in 'day'"),
    ],
)
def test_what_cannot_be_split_is_refused_in_a_line(change: str, what: str, says: str) -> None:
    with pytest.raises(DataError, match=says) as refused:
        check_splittable(by(what, broken(change)))
    assert "\n" not in str(refused.value)


def test_group_and_time_are_one_or_the_other_and_not_the_target() -> None:
    with pytest.raises(DataError, match="cannot both be given"):
        load(table(), "y", group="patient", time="day")
    with pytest.raises(DataError, match="'y' is the target: it cannot be the group"):
        load(table(), "y", group="y")
    with pytest.raises(DataError, match="group"):
        load(table(), "y", group="pattient")


def test_an_arrangement_is_part_of_the_data_and_may_be_an_input() -> None:
    frame = table()
    plain, grouped = load(frame, "y", drop=["patient", "day"]), by("group", frame)
    assert plain.schema.names == grouped.schema.names == ("a", "b")
    assert plain.fingerprint != grouped.fingerprint
    kept = load(frame, "y", drop="patient", time="day", keep="day")
    assert kept.schema.names == ("a", "b", "day")
