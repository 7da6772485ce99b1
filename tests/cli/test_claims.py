"""`actscope claims`, with claims that take no time."""

from __future__ import annotations

import dataclasses
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from actscope import claims
from actscope.claims import _run
from actscope.cli import main

QUICK = ["nudge-step", "movie"]


def test_outcomes_come_one_by_one_and_a_table_ends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", *QUICK]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    outcomes = claims.run(QUICK)
    for outcome in outcomes:
        assert f"{outcome.id}: {outcome.verdict}. {outcome.text}" in " ".join(out.split())
        row = next(line for line in lines if line.startswith(f" {outcome.id} "))
        assert outcome.verdict in row
        assert outcome.number.shown in row
        assert outcome.number.interval in row
    assert lines[0].startswith("nudge-step: holds.")  # in the order asked for
    assert "Of 2 claims: 2 hold." in out
    assert err == ""  # a bar is for terminals


def test_a_bar_on_the_terminal_leaves_a_pipe_alone() -> None:
    """stderr is a terminal, stdout is not: the bar goes to the one, the outcomes to the other."""
    reader, terminal = pty.openpty()
    command = [sys.executable, "-m", "actscope.cli", "claims", *QUICK]
    # Few characters: a terminal that nobody reads holds 4,096, then its writer waits.
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=terminal, text=True, timeout=120, check=True,
        env={**os.environ, "COLUMNS": "60", "TERM": "xterm"},
    )  # fmt: skip
    os.close(terminal)
    shown = os.read(reader, 4096).decode()
    os.close(reader)
    assert "time left" in shown
    assert "holds" not in shown
    assert done.stdout.startswith("nudge-step: holds.")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", *QUICK, "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["schema"] == 1
    assert [claim["id"] for claim in document["claims"]] == QUICK
    first = document["claims"][0]
    assert set(first) == {
        "id", "claim", "verdict", "text", "number", "numbers", "conditions", "how", "seeds",
        "seconds",
    }  # fmt: skip
    assert set(first["number"]) == {"name", "value", "low", "high", "unit", "runs"}
    assert first["number"]["low"] <= first["number"]["value"] <= first["number"]["high"]
    assert first["number"]["unit"] == "%"
    assert all(condition["met"] for condition in first["conditions"])


def test_out_makes_a_page_with_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "report"
    assert main(["claims", *QUICK, "--out", str(folder)]) == 0
    assert f"The page with the pictures: {folder / 'claims.md'}" in capsys.readouterr().out
    assert sorted(p.name for p in (folder / "claims").iterdir()) == ["movie.svg", "nudge-step.svg"]
    assert (folder / "claims.md").read_text().startswith("# The claims, measured\n")


def test_list_measures_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_run, "measure", None)
    assert main(["claims", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(f" {name} " in out for name in claims.names())
    assert main(["claims", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["claims"]
    assert [each["id"] for each in listed] == claims.names()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["movy"], "there is no claim 'movy'. Did you mean 'movie'?"),
        (["movie", "--out", " "], "--out is empty"),
        (["movie", "--out", __file__], "is a file"),
        (["--list", "--out", "x"], "--list measures nothing"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["claims", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the second claim is measured."""

    def stop(_seeds: range) -> claims.Outcome:
        raise KeyboardInterrupt

    changed = [dataclasses.replace(c, measure=stop) if c.id == "cutoff" else c for c in _run.CLAIMS]
    monkeypatch.setattr(_run, "CLAIMS", tuple(changed))


@pytest.mark.usefixtures("interrupted")
def test_ctrl_c_shows_what_is_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["claims", "movie", "cutoff", "dying"]
    assert main([*asked, "--thorough", "--out", str(tmp_path)]) == 130
    out, err = capsys.readouterr()
    assert "Of 1 claim: 1 holds." in out
    assert err == (
        "actscope: stopped; 1 finished. The others: actscope claims cutoff dying --thorough "
        f"--out {tmp_path}-rest\n"
    )
    assert [p.name for p in (tmp_path / "claims").iterdir()] == ["movie.svg"]
    assert main([*asked, "--json"]) == 130
    assert [c["id"] for c in json.loads(capsys.readouterr().out)["claims"]] == ["movie"]


@pytest.mark.usefixtures("interrupted")
def test_ctrl_c_before_anything_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["claims", "cutoff", "--out", str(tmp_path)]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    again = f"actscope claims cutoff --out {tmp_path}"
    assert err == f"actscope: stopped; 0 finished. The others: {again}\n"
    assert list(tmp_path.iterdir()) == []
