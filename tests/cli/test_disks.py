"""Disks that are full, closed to us, shared, pulled away: one line, nothing lost, all goes on."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from actscope.cli import main

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
FEW = ["--seeds", "4", "--learning-rates", "0.01", "--epochs", "2", "--workers", "1"]
SMALL = [*FEW, "--activations", "relu,tanh", "--hidden", "4"]
LARGE = [*FEW, "--activations", "relu,tanh,silu,gelu,elu,softplus", "--hidden", "64,64"]

Capture = pytest.CaptureFixture[str]


@dataclass
class Disk:
    """path: a folder on it. grow: to make room."""

    path: Path
    grow: Callable[[], object]


def _mounted(path: Path, size: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    return ROOT and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["a disk of its own", "a limit on files"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[int], Disk]]:
    """Makes a disk of so many KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    mounted = []

    def unlimited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def make(size: int) -> Disk:
        if request.param == "a limit on files":
            resource.setrlimit(resource.RLIMIT_FSIZE, (size * 1024 // 2, before[1]))
            return Disk(place, unlimited)
        if not _mounted(place, f"{size}k"):
            pytest.skip("this user may not mount a small disk")
        mounted.append(place)
        larger = ["mount", "-o", "remount,size=64m", str(place)]
        return Disk(place, lambda: subprocess.run(larger, check=True))

    yield make
    unlimited()
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)


def _refused(capsys: Capture, *command: str) -> str:
    """The one line of a command that ends as a mistake."""
    capsys.readouterr()
    assert main([*command]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    return err


def _results(capsys: Capture, *command: str) -> list[tuple[str, float]]:
    capsys.readouterr()
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    return [(row["activation"], row["score"]["mean"]) for row in document["results"]]


def test_a_disk_that_fills_up_keeps_what_was_finished(
    disk: Callable[[int], Disk], capsys: Capture
) -> None:
    undisturbed = _results(capsys, "compare", "sklearn:iris", "--no-save", *LARGE)
    small = disk(240)
    folder = str(small.path / "study")
    err = _refused(capsys, "compare", "sklearn:iris", "--out", folder, *LARGE)
    assert "make room" in err
    assert f"parts are kept, and resume='{folder}' goes on from there" in err
    kept = int(err.partition(" parts are kept")[0].split()[-3])
    assert kept > 0
    assert "make room" in _refused(capsys, "compare", "--resume", folder, "--workers", "1")
    small.grow()
    db = sqlite3.connect(Path(folder) / "study.sqlite")
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT count(*) FROM parts").fetchone()[0] >= kept
    db.close()
    assert _results(capsys, "compare", "--resume", folder, "--workers", "1") == undisturbed


@pytest.mark.parametrize("disk", ["a disk of its own"], indirect=True)
def test_no_room_for_the_page_at_the_end(disk: Callable[[int], Disk], capsys: Capture) -> None:
    small = disk(160)
    folder = str(small.path / "study")
    err = _refused(capsys, "compare", "sklearn:iris", "--out", folder, *SMALL)
    assert f"all parts are kept: make room, and resume='{folder}' writes the page" in err
    assert {p.name.partition("-")[0] for p in Path(folder).iterdir()} == {"study.sqlite"}
    small.grow()
    assert len(_results(capsys, "compare", "--resume", folder, "--workers", "1")) == 2
    assert (Path(folder) / "index.html").exists()


def test_no_room_from_the_start(tmp_path: Path, capsys: Capture) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    if not _mounted(place, "64k"):
        pytest.skip("this user may not mount a small disk")
    try:
        (place / "study").mkdir()
        with open(place / "full", "wb", 0) as file:
            assert file.write(bytes(1 << 20)) < 1 << 20  # as much as there is
        err = _refused(capsys, "compare", "sklearn:iris", "--out", str(place / "study"), *SMALL)
        assert "make room" in err
        (place / "full").unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", str(place)], check=True)
        assert main(["compare", "sklearn:iris", "--out", str(place / "study"), *SMALL]) == 0
    finally:
        subprocess.run(["umount", str(place)], check=True)


# What a user who owns nothing here is told; everything is imported before the privileges go.
_AS_NOBODY = """
    import contextlib, io, json, os, sys
    from actscope.cli import main
    commands, warm = json.loads(sys.argv[1])
    for command in warm:
        assert main(command) == 0
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    found = []
    for command in commands:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(command)
        found.append([code, out.getvalue(), err.getvalue()])
    print("\\n" + json.dumps(found))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """pytest's own folders are closed to other users."""
    with tempfile.TemporaryDirectory(prefix="actscope-test-") as name:
        os.chmod(name, 0o755)
        yield Path(name)
        for path in Path(name).rglob("*"):
            os.chmod(path, 0o755)


def test_folders_that_are_closed_to_us(open_folder: Path, capsys: Capture) -> None:
    done, begun, closed = (open_folder / name for name in ("done", "begun", "closed"))
    assert main(["compare", "sklearn:iris", "--out", str(done), *SMALL]) == 0
    begun.mkdir()
    shutil.copy(done / "study.sqlite", begun)  # finished but for its page
    closed.mkdir()
    table = open_folder / "new.csv"
    table.write_text(
        "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n5,3,1,1\n"
    )
    where = open_folder / "writable"
    where.mkdir()
    where.chmod(0o777)
    content = (begun / "study.sqlite").read_bytes()
    mine = where / "study"
    mine.mkdir()
    (mine / "study.sqlite").write_bytes(content)
    db = sqlite3.connect(mine / "study.sqlite")
    with db:
        db.execute("DELETE FROM parts WHERE rowid = 1")
    db.close()
    mine.chmod(0o777)
    for path in (*done.iterdir(), *begun.iterdir(), mine / "study.sqlite"):
        path.chmod(0o444)
    for folder in (done, begun, closed):
        folder.chmod(0o555)
    commands = [
        ["compare", "sklearn:iris", "--out", str(closed / "new"), *SMALL],
        ["compare", "sklearn:iris", "--out", str(closed), *SMALL],
        ["compare", "--resume", str(begun), "--workers", "1"],
        ["compare", "--resume", str(mine), "--workers", "1"],
        ["predict", str(done), str(table), "-o", str(where / "answers.csv")],
        ["predict", str(done), str(table), "-o", str(closed / "answers.csv")],
    ]
    warm = [
        ["compare", "sklearn:iris", "--out", str(open_folder / "warm"), *SMALL],
        ["predict", str(open_folder / "warm"), str(table), "-o", str(open_folder / "warm.csv")],
    ]
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_AS_NOBODY), json.dumps([commands, warm])],
        capture_output=True, text=True, check=False, cwd=open_folder,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    new, there, resumed, locked, predicted, unwritten = json.loads(ran.stdout.splitlines()[-1])
    for code, out, err in (new, there, resumed, locked, unwritten):
        assert (code, out) == (2, ""), ran.stdout
        assert err.count("\n") == 1, err
        assert "cannot write" in err
        assert "damaged" not in err
    assert str(closed) in new[2]
    assert "Permission denied" in resumed[2]
    assert "study.sqlite" in locked[2]
    assert "make it writable" in locked[2]
    assert predicted[0] == 0, predicted
    assert (where / "answers.csv").read_text().startswith("prediction,")
    assert (begun / "study.sqlite").read_bytes() == content
    begun.chmod(0o755)
    (begun / "study.sqlite").chmod(0o644)
    assert len(_results(capsys, "compare", "--resume", str(begun), "--workers", "1")) == 2


def test_two_processes_and_a_folder_that_is_pulled_away(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "study"
    long = ["compare", "sklearn:digits", "--seeds", "40", "--epochs", "60", "--activations",
            "relu,tanh", "--workers", "1", "--out", str(folder)]  # fmt: skip
    first = subprocess.Popen(
        [sys.executable, "-m", "actscope.cli", *long], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while not _parts(folder):
            assert first.poll() is None, first.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        err = _refused(capsys, *long)
        assert f"process {first.pid} is working on the study in {folder}: wait for it" in err
        assert f"process {first.pid} is" in _refused(capsys, "compare", "--resume", str(folder))
        assert first.poll() is None  # undisturbed
        shutil.rmtree(folder)
        out, err = first.communicate(timeout=120)
    finally:
        if first.poll() is None:
            first.send_signal(signal.SIGKILL)
            first.communicate()
    assert first.returncode == 2
    assert out == ""
    assert err.count("\n") == 1, err
    assert f"{folder} was removed or replaced while the study went on" in err
    assert "resume" not in err
    assert not folder.exists()


def _parts(folder: Path) -> int:
    try:
        db = sqlite3.connect(f"{(folder / 'study.sqlite').as_uri()}?mode=ro", uri=True)
        try:
            return db.execute("SELECT count(*) FROM parts").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("PRAGMA user_version = 0", "has schema 0 and this actscope writes 1"),
        ("PRAGMA user_version = 7", "has schema 7 and this actscope writes 1"),
        ("UPDATE study SET about = replace(about, 'relu', 'elu')", "is damaged"),
        ("UPDATE parts SET tensors = zeroblob(10)", "is damaged"),
    ],
)
def test_stores_of_another_time_and_damaged_ones(
    tmp_path: Path, statement: str, says: str, capsys: Capture
) -> None:
    folder = tmp_path / "study"
    assert main(["compare", "sklearn:iris", "--out", str(folder), *SMALL]) == 0
    db = sqlite3.connect(folder / "study.sqlite")
    with db:
        db.execute(statement)
    db.close()
    before = (folder / "study.sqlite").read_bytes()
    for command in (
        ["compare", "--resume", str(folder), "--workers", "1"],
        ["compare", "sklearn:iris", "--out", str(folder), *SMALL],
    ):
        err = _refused(capsys, *command)
        assert says in err
        assert "name another folder" in err
    assert (folder / "study.sqlite").read_bytes() == before
