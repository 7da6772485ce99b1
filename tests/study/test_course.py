"""A study that is a race, or that time stops, against the whole grid and the pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.study import _course
from actscope.study._drive import Interrupted
from actscope.study._order import new_order
from actscope.study._task import cut_tasks
from actscope.study.engines import local
from actscope.study.scoring._metrics import METRICS
from actscope.study.statistics._racing import plan_race, run_race, trained
from actscope.study.training._split import ratio_of_test
from actscope.study.verdict._verdict import decide

NAMES = ["tanh", "step", "gelu"]
SETTINGS: dict[str, Any] = {
    "activations": NAMES,
    "seeds": 12,
    "learning_rates": [0.02],
    "hidden": 12,
    "epochs": 25,
}
QUIET: dict[str, Any] = {"workers": 1, "progress": False}


@pytest.fixture(scope="module")
def data() -> tuple[Any, Any]:
    """A product of two: step, which only trains its last layer, is far behind."""
    X = np.random.default_rng(0).standard_normal((400, 3))
    return X, X[:, 0] * X[:, 1] > 0.1


@pytest.fixture(scope="module")
def full(data: tuple[Any, Any]) -> Any:
    return act.compare(*data, **SETTINGS, **QUIET, race=False)


@pytest.fixture(scope="module")
def raced(data: tuple[Any, Any]) -> Any:
    return act.compare(*data, **SETTINGS, **QUIET, race=True)


def scores(c: Any) -> dict[str, np.ndarray]:
    chosen = c.members[c.members.chosen]
    return {name: chosen[chosen.activation == name].test_score.to_numpy() for name in NAMES}


def timeless(c: Any) -> pd.DataFrame:
    return c.members.drop(columns="seconds")


def test_race_stops_whom_the_pure_functions_stop(
    data: tuple[Any, Any], full: Any, raced: Any
) -> None:
    order = new_order(*data, {}, **SETTINGS, race=True)
    ratio = ratio_of_test(order.data, order.plan.seeds)
    race = plan_race(12, ratio)
    assert race.looks == (5, 12)
    state = run_race(scores(full), race, test_ratio=ratio, rope=order.plan.rope, resolution=1 / 100)
    assert set(state.dropped) == {"step"}
    assert raced.race.dropped == {"step": {"seeds": 5, "behind": state.dropped["step"].behind}}
    assert raced.race.looks == race.looks
    assert raced.members_trained == trained(state, race) == 5 + 2 * 12
    assert raced.race.networks == full.members_trained == 36
    assert 0 < raced.race.saved < 1
    cut = {n: s[:5] if n == "step" else s for n, s in scores(full).items()}
    expected = decide(
        cut,
        test_ratio=ratio,
        metric=METRICS["accuracy"],
        rope=order.plan.rope,
        baselines={},
        resolution=1 / 100,
        raced=state.final(race),
    )
    for name in ("best", "equivalent", "worse", "undecided", "matters"):
        assert getattr(raced.verdict, name) == getattr(expected, name)
    assert raced.verdict.best == full.verdict.best


def test_those_that_run_to_the_end_are_the_networks_of_the_full_grid(full: Any, raced: Any) -> None:
    key = ["activation", "seed", "learning_rate"]
    both: list[Any] = [timeless(c).sort_values(key).reset_index(drop=True) for c in (full, raced)]
    kept = both[0][(both[0].activation != "step") | (both[0].seed < 5)].reset_index(drop=True)
    pd.testing.assert_frame_equal(both[1], kept, check_exact=True)


def test_race_is_told_wherever_it_is_shown(raced: Any, full: Any) -> None:
    from actscope.study.report import _terminal
    from actscope.study.report._page import page

    assert "stopped after 5 seeds" in raced.verdict.text
    for shown in (_terminal.text(raced), page(raced)):
        assert "29 networks of 36 were trained" in shown
    assert raced.to_dict()["race"]["dropped"]["step"]["seeds"] == 5
    assert {row.activation: row.seeds for row in raced.rows} == {"tanh": 12, "gelu": 12, "step": 5}
    assert raced.rows[-1].activation == "step"
    assert "race" not in full.to_dict()
    assert full.race is None
    assert "A race" not in _terminal.text(full)


def test_race_belongs_to_the_plan_only_where_there_is_one(data: tuple[Any, Any]) -> None:
    plain, without, raced = (
        new_order(*data, {}, **{**SETTINGS, "race": race}).plan.to_dict()
        for race in (None, False, True)
    )
    assert plain == without
    assert "race" not in plain
    assert raced["race"] is True
    assert raced["hash"] != plain["hash"]


def stopping(
    seen: list[int], count: int, job: Any, tasks: Mapping[int, Any], **_: object
) -> Iterator[Any]:
    """An engine: Ctrl-C when `count` tasks have been done in all."""
    for i, task in tasks.items():
        if len(seen) == count:
            raise KeyboardInterrupt
        seen.append(i)
        yield i, job.run(task)


def test_an_interrupted_race_goes_on_to_the_same_end(
    data: tuple[Any, Any], raced: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    for count in (3, 5):  # within the first look's seeds, then after it
        with monkeypatch.context() as patch:
            patch.setattr(local, "run", partial(stopping, seen, count))
            with pytest.raises(Interrupted):
                act.compare(*data, **SETTINGS, **QUIET, race=True, out=tmp_path)
    again: Any = act.compare(*data, resume=tmp_path, progress=False, workers=1)
    pd.testing.assert_frame_equal(again.table, raced.table, check_exact=True)
    assert again.verdict == raced.verdict
    assert again.race.dropped == raced.race.dropped


def test_one_left_alone_is_trained_no_further(data: tuple[Any, Any]) -> None:
    settings = {**SETTINGS, "activations": ["gelu", "step"]}
    alone: Any = act.compare(*data, **settings, **QUIET, race=True)
    assert alone.members_trained == 10
    assert {row.seeds for row in alone.rows} == {5}
    assert (alone.verdict.best, alone.verdict.worse) == ("gelu", ("step",))


class Clock:
    """Time that only parts take: so many seconds for each of their seeds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seed: float) -> None:
        self.now, real = 0.0, local.run

        def engine(job: Any, tasks: Mapping[int, Any], **settings: Any) -> Iterator[Any]:
            for done in real(job, tasks, **settings):
                self.now += seed * len(tasks[done[0]].seeds)
                yield done

        monkeypatch.setattr(local, "run", engine)
        for module in ("_course", "_drive", "_budget", "_several"):
            name = f"actscope.study.{module}"
            target = f"{name}.monotonic" if module in ("_budget", "_several") else f"{name}.time"
            monkeypatch.setattr(target, self.read if "monotonic" in target else self)

    def read(self) -> float:
        return self.now

    monotonic = read


def test_time_ends_a_study_after_whole_blocks_of_seeds(
    data: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Blocks of 2, 3, 5 and 2 seeds, each with 4 parts, end at 20, 50, 100 and 120 s.
    with monkeypatch.context() as patch:
        Clock(patch, 2.5)
        budget = 119 + _course.FINISH_SECONDS
        short: Any = act.compare(*data, **SETTINGS, **QUIET, budget=budget, out=tmp_path)
    assert (short.stopped.seeds, short.stopped.planned) == (10, 12)
    assert short.stopped.seconds == budget
    assert short.stopped.more_seconds == pytest.approx(20)
    fewer: Any = act.compare(*data, **{**SETTINGS, "seeds": 10}, **QUIET)
    pd.testing.assert_frame_equal(short.table, fewer.table, check_exact=True)
    assert short.verdict.pairs == fewer.verdict.pairs
    assert short.baselines == fewer.baselines
    assert "ended this after 10 of 12 seeds" in short.verdict.text
    assert "ended this" not in fewer.verdict.text
    assert short.to_dict()["stopped"]["planned"] == 12
    whole: Any = act.compare(*data, resume=tmp_path, workers=1, progress=False)
    assert whole.stopped is None
    expected: Any = act.compare(*data, **SETTINGS, **QUIET)
    pd.testing.assert_frame_equal(whole.table, expected.table, check_exact=True)


def test_a_block_that_overshoots_is_kept_and_not_told(
    data: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        clock = Clock(patch, 2.5)
        patch.setattr(_course, "FINISH_SECONDS", 0.0)
        patch.setattr(_course._Clock, "fits", lambda self, size: True)  # a bad guess
        short: Any = act.compare(*data, **SETTINGS, **QUIET, budget=80.0, out=tmp_path)
        assert clock.now == 87.5  # the block's last part would have been done at 100
    assert short.stopped.seeds == 5
    assert set(short.members.seed) == set(range(5))


def test_too_little_time_is_one_line_that_keeps_what_was_done(
    data: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        Clock(patch, 2.5)
        with pytest.raises(act.SettingError, match="too short for two seeds") as caught:
            act.compare(*data, **SETTINGS, **QUIET, budget="5s", out=tmp_path)
    assert "\n" not in str(caught.value)
    assert "1 of 16 parts are kept in" in str(caught.value)
    whole: Any = act.compare(*data, resume=tmp_path, workers=1, progress=False)
    assert {row.seeds for row in whole.rows} == {12}


def test_what_is_kept_is_told_though_no_time_is_left(
    data: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        Clock(patch, 2.5)
        first: Any = act.compare(*data, **SETTINGS, **QUIET, budget=119, out=tmp_path)
        again: Any = act.compare(*data, **QUIET, budget=1, resume=tmp_path)
    assert first.stopped.seeds == again.stopped.seeds == 10
    pd.testing.assert_frame_equal(again.table, first.table, check_exact=True)
    assert again.stopped.more_seconds > 0  # from the seconds of the networks that are kept


@pytest.mark.parametrize("budget", ["soon", "5", "-1m", 0, -3, float("nan"), "0s", True])
def test_a_budget_that_is_no_time_is_refused(data: tuple[Any, Any], budget: Any) -> None:
    with pytest.raises(act.SettingError, match="budget"):
        act.compare(*data, **SETTINGS, **QUIET, budget=budget)


def test_cuts_change_no_part_but_its_size(data: tuple[Any, Any]) -> None:
    order = new_order(*data, {}, **SETTINGS)
    cuts = _course.cuts_of(order.data, order.plan, by_time=True)
    assert cuts == (2, 5, 10)
    blocks = _course.blocks_of(order.plan, cut_tasks(order.data, order.plan, cuts))
    assert list(blocks) == [2, 5, 10, 12]
    assert {len(block) for block in blocks.values()} == {4}
    assert _course.cuts_of(order.data, order.plan, by_time=False) == ()


def test_several_tables_share_a_budget(data: tuple[Any, Any]) -> None:
    X, y = data
    frames = [pd.DataFrame(X[:n], columns=list("abc")).assign(y=y[:n]) for n in (300, 400)]
    found = act.compare(frames, "y", **{**SETTINGS, "seeds": 4}, **QUIET, budget="1h")
    assert [study.stopped for study in found.studies] == [None, None]


def test_too_little_time_for_several_tables_names_the_table(data: tuple[Any, Any]) -> None:
    X, y = data
    frame = pd.DataFrame(X, columns=list("abc")).assign(y=y)
    with pytest.raises(act.SettingError, match=r"table 1 of 2: a budget of 0\.\d+ s is too short"):
        act.compare([frame, frame], "y", **SETTINGS, **QUIET, budget=1.0)


def test_only_looks_that_were_taken_are_told(raced: Any) -> None:
    from actscope.study._result import TimeLimit
    from actscope.study.report._present import race_note

    quiet = replace(raced, race=replace(raced.race, dropped={}))
    assert "nothing was clearly worse after 5 seeds" in str(race_note(quiet))
    assert race_note(replace(quiet, stopped=TimeLimit(9.0, 4, 12, 20.0))) is None
