"""A study that was stopped goes on where it was, and nowhere else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.study import Interrupted, _order
from actscope.study.engines import local
from actscope.study.keeping._sealed import LEDGER

SETTINGS: dict[str, Any] = {
    "activations": "relu,tanh", "seeds": 2, "learning_rates": [0.01, 0.03], "hidden": 4,
    "epochs": 3, "workers": 1,
}  # fmt: skip
PARTS = 3  # two activations and the baselines


@pytest.fixture
def file(tmp_path: Path, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    table.to_csv("table.csv", index=False)
    return tmp_path / "table.csv"


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the tasks that are really run; Ctrl-C when `stop_after` of them are."""
    seen: list[int] = []

    def engine(job: Any, tasks: Mapping[int, Any], **_: object) -> Iterator[Any]:
        for i in reversed(tasks):  # any order will do
            if len(seen) == engine.stop_after:  # type: ignore[attr-defined]
                raise KeyboardInterrupt
            seen.append(i)
            yield i, job.run(tasks[i])

    engine.stop_after = -1  # type: ignore[attr-defined]
    monkeypatch.setattr(local, "run", engine)
    return seen


def stop_after(count: int) -> None:
    local.run.stop_after = count  # type: ignore[attr-defined]


def stopped(count: int, *args: Any, **settings: Any) -> Interrupted:
    stop_after(count)
    with pytest.raises(Interrupted) as caught:
        act.compare(*args, **{**SETTINGS, **settings})
    stop_after(-1)
    return caught.value


def same(one: Any, other: Any) -> None:
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    for name in ("curves", "by_rate", "dead_by_layer", "cutoffs"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    timeless = [c for c in one.members if c != "seconds"]
    pd.testing.assert_frame_equal(one.members[timeless], other.members[timeless], check_exact=True)
    assert one.verdict == other.verdict
    assert one.baselines == other.baselines
    assert one.data == other.data
    assert one.plan == other.plan
    assert one.winner is not None
    assert other.winner is not None
    for name, tensor in one.winner.tensors.items():
        assert tensor.tobytes() == other.winner.tensors[name].tobytes()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_stopped_study_goes_on_to_the_same_result(
    count: int, file: Path, ran: list[int], tmp_path: Path
) -> None:
    whole = act.compare("table.csv", "y", **SETTINGS)
    ran.clear()
    stop = stopped(count, "table.csv", "y", out="kept")
    assert (stop.folder, stop.finished, stop.total) == (Path("kept"), count, PARTS)
    if count:
        assert f"{count} of 3 parts are kept, and resume='kept' goes on" in str(stop)
    rest = act.compare(resume="kept")
    assert sorted(ran) == [0, 1, 2]  # each once, in both sessions together
    same(rest, whole)
    assert rest.folder == Path("kept")
    assert {"index.html", "results.json", LEDGER} <= {p.name for p in Path("kept").iterdir()}
    ran.clear()
    same(act.compare(resume="kept"), whole)  # finished: nothing is trained again
    assert ran == []


def test_the_same_call_goes_on_too_and_from_another_place(
    file: Path, ran: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(1, "table.csv", "y", out="kept")
    stopped(2, "table.csv", "y", out="kept")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    act.compare(resume="../kept")  # the file is found where it was
    assert sorted(ran) == [0, 1, 2]


def test_a_table_in_memory_must_be_given_again(
    table: pd.DataFrame, ran: list[int], tmp_path: Path
) -> None:
    X, y = table[["a", "b"]].to_numpy(), (table["y"] == "yes").to_numpy()
    stopped(1, X, y, out=tmp_path)
    with pytest.raises(act.SettingError, match="a table in memory: give the same table again"):
        act.compare(resume=tmp_path)
    with pytest.raises(act.DataError, match="and the same columns, but other values"):
        act.compare(X * 2, y, resume=tmp_path)
    act.compare(X, y, resume=tmp_path)
    assert sorted(ran) == [0, 1, 2]


def test_own_functions_and_data_options_are_known_from_the_folder(
    file: Path, ran: list[int], defining: Any
) -> None:
    from actscope.catalogue import _names

    defining("mine", "x * tanh(exp(x)) + c", c=0.25)
    settings: dict[str, Any] = {
        "activations": "relu, mine(c=0.5), max(x, 0.1*x)^2",
        "drop": "c",
        "l2": 0.01,
    }
    settings |= {"optimizer": "sgd", "metric": "balanced_accuracy", "name": "half"}
    whole = act.compare("table.csv", "y", **{**SETTINGS, **settings})
    stop = stopped(4, "table.csv", "y", out=True, **settings)
    assert stop.folder == Path("actscope-half")
    _names.DEFINED.clear()
    same(act.compare(resume=stop.folder), whole)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seeds": 3}, "seeds 0,1 there, 0 to 2 here"),
        ({"hidden": (4, 5)}, "hidden 4 there, 4,5 here"),
        ({"activations": ["relu"]}, "activations relu,tanh there, relu here"),
        ({"optimizer": "sgd", "epochs": 4}, "epochs 3 there, 4 here; optimizer adam there, sgd"),
        ({"l2": 0.5}, "l2 0.0 there, 0.5 here"),
        ({"metric": "balanced_accuracy"}, "metric accuracy there, balanced_accuracy here"),
    ],
)
def test_another_plan_is_refused_with_the_difference(
    change: dict[str, Any], says: str, file: Path, ran: list[int]
) -> None:
    stopped(1, "table.csv", "y", out="kept")
    again = {**SETTINGS, **change}
    calls: list[dict[str, Any]] = [{"resume": "kept", **change}, {"out": "kept", **again}]
    for call in calls:
        with pytest.raises(act.SettingError) as caught:
            act.compare("table.csv", "y", **call)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)
    assert len(ran) == 1
    same_said_again = act.compare("table.csv", "y", resume="kept", **SETTINGS)
    assert same_said_again.members_trained == 8


def test_changed_data_are_refused_with_the_difference(
    file: Path, ran: list[int], table: pd.DataFrame
) -> None:
    stopped(1, "table.csv", "y", out="kept")

    def refused(changed: Any) -> str:
        changed.to_csv("table.csv", index=False)
        with pytest.raises(act.DataError) as caught:
            act.compare(resume="kept")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "160 rows then, 150 now" in refused(table[:150])
    assert "without c now; with d now" in refused(table.rename(columns={"c": "d"}))
    assert "same columns, but other values" in refused(table.assign(a=table["a"] + 1e-12))
    assert "others than no,yes" in refused(table.replace({"y": {"no": "never"}}))
    file.unlink()
    with pytest.raises(act.DataError, match=r"table.csv, the data of the study.* is not there"):
        act.compare(resume="kept")
    table.to_csv("moved.csv", index=False)
    act.compare("moved.csv", resume="kept")
    assert sorted(ran) == [0, 1, 2]


def test_another_version_is_refused(
    file: Path, ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(1, "table.csv", "y", out=True)
    monkeypatch.setitem(_order.VERSIONS, "torch", "9.9")
    calls: list[dict[str, Any]] = [{"resume": "actscope-table"}, {"out": "actscope-table"}]
    for call in calls:
        call |= SETTINGS
        with pytest.raises(act.StoreError, match=r"begun with .*torch .*and this is .*torch 9\.9"):
            act.compare("table.csv", "y", **call)
    other = act.compare("table.csv", "y", out=True, **SETTINGS)
    assert other.folder == Path("actscope-table-2")


def test_a_folder_by_name_is_gone_on_with_or_gets_a_sibling(file: Path, ran: list[int]) -> None:
    small = {**SETTINGS, "activations": "relu", "name": "my data!"}
    first: Any = act.compare("table.csv", "y", out=True, **small)
    assert first.folder == Path("actscope-my-data")
    assert act.compare("table.csv", "y", out=True, **small).folder == first.folder
    (first.folder / LEDGER).unlink()  # results alone, as earlier versions left them
    assert act.compare("table.csv", "y", out=True, **small).folder == first.folder
    other = act.compare("table.csv", "y", out=True, **{**small, "epochs": 2})
    assert other.folder == Path("actscope-my-data-2")
    (first.folder / LEDGER).unlink()
    results = json.loads((first.folder / "results.json").read_text())
    results["plan"]["hash"] = "another"
    (first.folder / "results.json").write_text(json.dumps(results))
    assert act.compare("table.csv", "y", out=True, **small).folder == Path("actscope-my-data-3")


def test_contradictions_and_empty_names_are_one_line(table: pd.DataFrame) -> None:
    with pytest.raises(act.SettingError, match="contradict"):
        act.compare(table, "y", out="a", resume="b")
    with pytest.raises(act.StoreError, match="name is empty"):
        act.compare(table, "y", out="")
    with pytest.raises(act.StoreError, match="no study in nowhere"):
        act.compare(resume="nowhere")


def test_without_a_folder_nothing_is_kept(file: Path, ran: list[int], tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    stop = stopped(2, "table.csv", "y")
    assert stop.folder is None
    assert str(stop) == "stopped; nothing was kept"
    assert act.compare("table.csv", "y", **SETTINGS).folder is None
    assert sorted(tmp_path.iterdir()) == before


def test_a_disk_that_fills_up_stops_the_study_and_says_how_to_go_on(
    file: Path, ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from actscope.study.keeping import _ledger

    real = _ledger.Ledger.commit

    def full(self: Any, task: Any, result: Any) -> None:
        if len(ran) == 2:
            raise act.StoreError("the disk is full; make room")
        real(self, task, result)

    monkeypatch.setattr(_ledger.Ledger, "commit", full)
    with pytest.raises(act.StoreError, match=r"make room; 1 of 3 parts are kept, and resume='k'"):
        act.compare("table.csv", "y", out="k", **SETTINGS)
    ran.clear()
    monkeypatch.setattr(_ledger.Ledger, "commit", real)
    act.compare(resume="k")
    assert len(ran) == 2


def test_progress_counts_what_was_finished_before(file: Path) -> None:
    act.compare("table.csv", "y", out="kept", **SETTINGS)
    db = sqlite3.connect(Path("kept") / LEDGER)
    with db:
        db.execute("DELETE FROM parts WHERE part LIKE '%tanh%'")
    db.close()
    told: list[float] = []
    act.compare(resume="kept", workers=1, progress=told.append)
    assert told[-1] == 1
    assert np.all(np.diff(told) >= 0)
    assert told[0] >= 0.5  # relu was there
