"""`actscope compare A B`: what reaches the study, what is printed, what is refused."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.cli import main

QUICK = ["--activations", "relu,tanh", "--seeds", "2", "--learning-rates", "0.01", "--hidden", "4"]
QUICK += ["--epochs", "2", "--workers", "1"]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("a.csv", "b.csv"):
        frame = pd.DataFrame(rng.standard_normal((50, 2)), columns=["u", "v"])
        frame["y"] = frame["u"] * frame["v"]
        frame.to_csv(name, index=False)
    return ["a.csv", "b.csv"]


def test_one_document_with_every_study_and_the_ranking(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *files, "--target", "y", "--no-save", "--json", *QUICK]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert [study["data"] for study in document["studies"]] == ["a", "b"]
    assert document["ranking"]["data"] == ["a", "b"]
    assert sorted(document["ranking"]["average_ranks"]) == ["relu", "tanh"]
    assert document["folder"] is None


def test_people_get_the_ranks_the_answer_and_a_page(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *files, "--target", "y", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "average" in out
    assert "Over 2 data sets" in out
    assert Path("actscope-ranking/index.html").exists()
    assert Path("actscope-ranking/2/results.json").exists()


def test_a_dry_run_says_a_line_each_and_the_sum(
    files: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("cache").resolve()))
    command = ["compare", *files, "--target", "y", "--dry-run", *QUICK]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [study["data"] for study in document["studies"]] == ["a", "b"]
    assert document["networks"] == 8  # 2 tables, 2 activations, 2 seeds
    each = [study["estimate"] for study in document["studies"]]
    assert document["estimate"]["seconds"] == sum(one["seconds"] for one in each)
    assert document["estimate"]["memory_bytes"] == max(one["memory_bytes"] for one in each)
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "a: 50 rows, 2 columns, regression judged by r2; 4 networks in 3 parts, about" in out
    assert "b: 50 rows" in out
    assert "Together 8 networks. On this machine, with one worker: about" in out
    assert not list(Path().glob("actscope-*"))


def test_the_folder_alone_is_enough_to_go_on(
    files: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["compare", *files, "--target", "y", "--json", *QUICK]) == 0
    first = json.loads(capsys.readouterr().out)
    shutil.rmtree("actscope-ranking/2")  # as if it had never begun
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert main(["compare", "--resume", "../actscope-ranking", "--workers", "1", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["ranking"] == first["ranking"]
    assert again["studies"][1]["plan"]["hash"] == first["studies"][1]["plan"]["hash"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--resume", "x"], "no studies of several tables in x"),
        (["--resume", "x", "--out", "y"], "--resume and --out contradict"),
        (["--address", "auto"], "address is for engine='ray'"),
        (["--resume", "x", "--dry-run"], "--dry-run is about a new study"),
    ],
)
def test_what_cannot_be_is_one_line(
    files: list[str], options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *files, "--target", "y", *options]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


def test_ctrl_c_in_the_third_keeps_the_first_two_and_says_how_to_go_on(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name, rows in (("a.csv", 60), ("b.csv", 60), ("c c.csv", 1500)):
        frame = pd.DataFrame(rng.standard_normal((rows, 2)), columns=["u", "v"])
        frame["y"] = frame["u"] * frame["v"]
        frame.to_csv(tmp_path / name, index=False)
    few = ["--activations", "relu,tanh", "--seeds", "9", "--learning-rates", "0.01", "--hidden",
           "32", "--epochs", "15", "--workers", "1"]  # fmt: skip
    tables = ["a.csv", "b.csv", "c c.csv"]

    def program(*command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "actscope.cli", *command], cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    running = program("compare", *tables, "--target", "y", "--out", "all three", "--json", *few)
    third = tmp_path / "all three" / "3" / "study.sqlite"
    until = time.monotonic() + 120
    while not third.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert out == ""
    assert err.count("\n") == 1
    assert "2 of 3 tables" in err
    said = shlex.split(err.partition("Go on with: actscope ")[2])
    assert said == ["compare", "--resume", "all three", "--json"]
    before = [(tmp_path / "all three" / n / "results.json").read_bytes() for n in "12"]
    gone_on = program(*said, "--workers", "1")
    out, err = gone_on.communicate(timeout=120)
    assert gone_on.returncode == 0, err
    document = json.loads(out)
    assert [study["data"] for study in document["studies"]] == ["a", "b", "c c"]
    undisturbed = act.compare(
        str(tmp_path / "c c.csv"), "y", activations="relu,tanh", seeds=9, learning_rates=0.01,
        hidden=32, epochs=15, workers=1, progress=False,
    )  # fmt: skip
    for row, expected in zip(
        document["studies"][2]["results"], undisturbed.table.to_dict("records"), strict=True
    ):
        assert row["activation"] == expected["activation"]
        assert row["score"]["mean"] == expected["score"]
    for study, was in zip(document["studies"], before, strict=False):
        assert study["results"][0]["score"] == json.loads(was)["results"][0]["score"]
