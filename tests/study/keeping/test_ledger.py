"""The store of a study that goes on, by itself: what it refuses, and in which words."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import actscope as act
from actscope.study._task import Baseline, BaselineResult, key_of
from actscope.study.keeping._ledger import opened
from actscope.study.keeping._lock import NAME, locked
from actscope.study.keeping._sealed import LEDGER, read_about

ABOUT = {"plan": {"hash": "abc"}}
TASKS = [Baseline((seed,)) for seed in range(3)]


def result(seed: int) -> BaselineResult:
    return BaselineResult(Baseline((seed,)), [{"seed": seed, "mean": seed / 3}])


def test_what_is_committed_is_there_when_opened_again(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "study"
    with opened(folder, ABOUT) as ledger:
        ledger.begin(TASKS)
        ledger.commit(TASKS[1], result(1))
        assert read_about(folder) == ABOUT  # while it is open
    with opened(folder) as ledger:
        assert ledger.about == ABOUT
        assert ledger.finished() == {key_of(TASKS[1]): result(1)}
        ledger.begin(TASKS[::2])
        ledger.commit(TASKS[0], result(0))
        assert len(ledger.finished()) == 2
        assert ledger.seconds > 0
    db = sqlite3.connect(folder / LEDGER)
    rows = db.execute("SELECT session, part FROM attempts").fetchall()
    db.close()
    assert sorted(rows) == [(1, key_of(t)) for t in TASKS] + [(2, key_of(t)) for t in TASKS[::2]]
    assert [p.name for p in folder.iterdir()] == [LEDGER]  # no log, no lock left


def test_seconds_add_up_over_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("actscope.study.keeping._ledger.time.perf_counter", lambda: clock[0])
    with opened(tmp_path, ABOUT) as ledger:
        ledger.begin(TASKS)
        clock[0] = 103.0
        ledger.commit(TASKS[0], result(0))
        clock[0] = 150.0  # lost with the process
    with opened(tmp_path) as ledger:
        ledger.begin(TASKS[1:])
        clock[0] = 155.0
        assert ledger.seconds == 3 + 5
        ledger.commit(TASKS[1], result(1))
    with opened(tmp_path) as ledger:
        ledger.begin([])  # nothing is left to do
        clock[0] = 999.0
        assert ledger.seconds == 3 + 5


def test_a_second_process_is_told_who_is_at_work(tmp_path: Path) -> None:
    code = f"""
        from pathlib import Path
        from actscope.study.keeping._lock import locked
        with locked(Path({str(tmp_path)!r})):
            print("in", flush=True)
            input()
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"in\n"
        with (
            pytest.raises(act.StoreError, match=f"process {other.pid} is working"),
            opened(tmp_path, ABOUT),
        ):
            pass
        other.kill()
    assert (tmp_path / NAME).exists()  # what a killed process leaves locks nothing
    with opened(tmp_path, ABOUT):
        pass
    assert not (tmp_path / NAME).exists()


def test_a_lock_that_is_held_here_holds_against_oneself(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(act.StoreError, match="is working"), locked(tmp_path):
        pass


def _damage(folder: Path, statement: str) -> None:
    db = sqlite3.connect(folder / LEDGER)
    with db:
        db.execute(statement)
    db.close()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    with opened(tmp_path, ABOUT) as ledger:
        ledger.begin(TASKS)
        for seed, task in enumerate(TASKS):
            ledger.commit(task, result(seed))
    return tmp_path


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE parts SET tensors = substr(tensors, 2) WHERE rowid = 2", "is damaged"),
        ("UPDATE parts SET facts = replace(facts, '0', '1')", "is damaged"),
        ("UPDATE parts SET part = 'x' WHERE rowid = 1", "part x is not what was written"),
        ("UPDATE study SET about = '{'", "does not say what was planned"),
        ("DELETE FROM study", "does not say what was planned"),
        ("DROP TABLE parts", "no such table"),
        ("PRAGMA user_version = 2", "schema 2"),
        ("PRAGMA application_id = 5", "is not a study of actscope"),
    ],
)
def test_a_spoilt_store_is_one_line(study: Path, statement: str, says: str) -> None:
    _damage(study, statement)
    with pytest.raises(act.StoreError, match=says) as caught, opened(study, ABOUT) as ledger:
        ledger.finished()
    assert "\n" not in str(caught.value)
    assert "name another folder" in str(caught.value)


@pytest.mark.parametrize("at", [0, 20, 100, -4096, -500])
def test_overwritten_bytes_are_one_line(study: Path, at: int) -> None:
    path = study / LEDGER
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at : at + 500] = b"\xa5" * len(content[at : at + 500])
    path.write_bytes(content)
    with pytest.raises(act.StoreError) as caught, opened(study) as ledger:
        ledger.finished()
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == bytes(content)  # what may still be saved is left alone


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text("my notes, long enough not to be an empty database\n" * 30)
    with pytest.raises(act.StoreError, match="damaged"), opened(tmp_path, ABOUT):
        pass
    assert (tmp_path / LEDGER).read_text().startswith("my notes")
    assert read_about(tmp_path) is None


def test_no_study_and_no_folder_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(act.StoreError, match="no study in"), opened(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(act.StoreError, match="cannot make"), opened(place, ABOUT):
            pass


def test_a_part_is_never_committed_twice(study: Path) -> None:
    with opened(study) as ledger:
        ledger.begin(TASKS[:1])
        with pytest.raises(act.StoreError, match="UNIQUE"):
            ledger.commit(TASKS[0], result(0))


def test_a_disk_that_is_full_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    with opened(tmp_path, ABOUT) as ledger:
        ledger.begin([Baseline((seed,)) for seed in range(1000)])
        committed = 0
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))  # files grow no further
        try:
            with pytest.raises(act.StoreError, match="make room"):  # noqa: PT012
                for seed in range(1000):
                    ledger.commit(Baseline((seed,)), result(seed))
                    committed += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert committed > 0
    with opened(tmp_path) as ledger:
        found = ledger.finished()
        assert len(found) == committed
        assert all(found[key_of(Baseline((s,)))] == result(s) for s in range(committed))
