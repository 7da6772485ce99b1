"""What the engines refuse, without a cluster."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest

import actscope as act
from actscope.study._order import new_order
from actscope.study._task import Result, TableJob, Task, cut_tasks
from actscope.study.engines import local

SETTINGS: dict[str, Any] = {
    "activations": "relu,tanh", "seeds": 2, "learning_rates": [0.01], "hidden": 4, "epochs": 2,
}  # fmt: skip


def test_an_address_is_for_ray_alone(table: pd.DataFrame) -> None:
    with pytest.raises(act.SettingError, match="address is for engine='ray'"):
        act.compare(table, "y", **SETTINGS, address="auto")


def test_ray_that_is_not_installed_is_one_line(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(act.SettingError, match=r"pip install 'actscope\[ray\]'"):
        act.compare(table, "y", **SETTINGS, engine="ray")


def _die(_: object, __: object, ___: Task, *____: object) -> Result:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_workers_that_end_again_and_again_end_the_study(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = new_order(table, "y", {}, **SETTINGS)
    tasks: Mapping[int, Task] = dict(enumerate(cut_tasks(order.data, order.plan)))
    monkeypatch.setattr(local, "_work", _die)
    with pytest.raises(act.EngineError, match=r"3 times \(SIGKILL\(-9\).*--workers 1") as caught:
        list(local.run(TableJob(order.data, order.plan), tasks, workers=2))
    assert "\n" not in str(caught.value)


def test_a_part_that_fails_raises_its_own_error(
    table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = new_order(table, "y", {}, **SETTINGS)
    tasks: Mapping[int, Task] = dict(enumerate(cut_tasks(order.data, order.plan)))
    monkeypatch.setattr(local, "_work", _refuse)
    with pytest.raises(act.DataError, match="not this one"):
        list(local.run(TableJob(order.data, order.plan), tasks, workers=1))


def _refuse(*_: object) -> Result:
    raise act.DataError("not this one")


def test_closing_early_is_no_cause_for_a_warning(table: pd.DataFrame) -> None:
    order = new_order(table, "y", {}, **{**SETTINGS, "seeds": 40})
    tasks: Mapping[int, Task] = dict(enumerate(cut_tasks(order.data, order.plan)))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        parts = local.run(TableJob(order.data, order.plan), tasks, workers=2)
        next(parts)
        parts.close()
    assert told == []
