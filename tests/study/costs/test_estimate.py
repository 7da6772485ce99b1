"""What a study would take, said before it is begun."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from actscope import study
from actscope.ensemble import _sizing
from actscope.study._order import new_order
from actscope.study._task import cut_tasks
from actscope.study.costs import _memory, _trials
from actscope.study.costs._estimate import makespan
from actscope.study.costs._trials import Trial, Trials

ASKED: dict[str, Any] = {
    "activations": "relu,tanh", "seeds": 3, "learning_rates": [0.01, 0.03], "hidden": 4,
    "epochs": 6, "workers": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "actscope" / "costs.json"


def trial(**change: Any) -> Trial:
    usual = {"encoding": 0.6, "fixed": 0.1, "per_epoch": 0.01, "epochs": 50.0, "whole": True,
             "memory": 10**9}  # fmt: skip
    return Trial(**{**usual, **change})


def test_the_sum_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = Trials({"relu": trial(), "tanh": trial(per_epoch=0.02, memory=3 * 10**9)}, 2.0, 0.5)
    monkeypatch.setattr(_trials, "tried", lambda *_: trials)
    monkeypatch.setattr(_trials, "peak", lambda: 7 * 10**8)
    found = study.estimate("sklearn:iris", **ASKED)
    baselines = 0.6 + 3 * 0.5
    relu, tanh = 6 * (0.1 + 0.5), 6 * (0.1 + 1.0)  # 3 seeds with 2 rates each
    assert found.seconds == pytest.approx(2.0 + baselines + relu + tanh)
    assert found.memory == 3 * 10**9
    assert (found.parts, found.workers, found.at_most) == (3, 1, False)
    two = study.estimate("sklearn:iris", **{**ASKED, "workers": 8})
    assert two.workers == 3  # no more than there are parts
    assert two.seconds == pytest.approx(2.0 + 0.6 + tanh)
    assert two.memory == 7 * 10**8 + 3 * 3 * 10**9


def test_the_schedule_by_hand() -> None:
    assert makespan([(2.0, 0.0, 1)] * 5, 2) == 6.0
    assert makespan([(1.0, 0.5, 1), (1.0, 0.5, 1), (1.0, 0.5, 2)], 1) == 4.0


def test_it_is_tried_once_for_a_machine(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = study.estimate("sklearn:iris", **ASKED)
    assert first.seconds > 0
    assert first.order.plan.networks == 12
    monkeypatch.setattr(_trials, "tried", lambda *_: pytest.fail("tried again"))
    assert study.estimate("sklearn:iris", **ASKED).seconds == first.seconds
    found = json.loads(cache.read_text())
    ((key, kept),) = found.items()
    assert key.startswith(_sizing._machine())
    assert all(1 <= t["epochs"] <= 6 and t["whole"] for t in kept["by_activation"].values())
    cache.write_text('{"x": 1')
    with pytest.raises(pytest.fail.Exception, match="tried again"):
        study.estimate("sklearn:iris", **ASKED)


def test_a_trial_that_is_too_short_says_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_trials, "PILOT_SECONDS", 0.0)
    found = study.estimate("sklearn:iris", **ASKED)
    assert found.at_most
    order = new_order("sklearn:iris", None, {}, **{k: ASKED[k] for k in ASKED if k != "workers"})
    tasks = cut_tasks(order.data, order.plan)
    trials = _memory.recall(order.plan, tasks, 1)
    assert trials is not None
    assert {t.epochs for t in trials.by_activation.values()} == {6.0}


def test_nothing_is_kept_and_json_says_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from actscope.cli import main

    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    few = ["compare", "sklearn:iris", "--activations", "relu,tanh", "--seeds", "2", "--hidden", "4",
           "--epochs", "2", "--workers", "1", "--dry-run"]  # fmt: skip
    assert main([*few, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["networks"] == 12
    assert document["parts"] == 3
    assert document["plan"]["seeds"] == [0, 1]
    assert document["estimate"]["seconds"] > 0
    assert main(few) == 0
    out, err = capsys.readouterr()
    assert "12 networks: 2 activations, 2 seeds," in out
    assert "with one worker: about" in out
    assert err == ""
    assert list(Path().iterdir()) == []
    assert main(["compare", "--resume", "x", "--dry-run"]) == 2
