"""Ctrl-C in `actscope compare`: what it says, and that what it says works."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from actscope.cli import main
from actscope.study.engines import local

SMALL = ["--seeds", "2", "--epochs", "2", "--hidden", "4", "--learning-rates", "0.01"]
SMALL += ["--activations", "relu,tanh"]


def _after_one(job: Any, tasks: Mapping[int, Any], **_: object) -> Iterator[Any]:
    first = next(iter(tasks))
    yield first, job.run(tasks[first])
    raise KeyboardInterrupt


def test_the_command_that_is_said_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(local, "run", _after_one)
        assert main(["compare", "sklearn:iris", "--out", "my study", *SMALL]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "stopped; 1 of 3 parts are kept." in err
    command = err.partition("Go on with: actscope ")[2]
    assert shlex.split(command) == ["compare", "--resume", "my study"]
    assert main([*shlex.split(command), "--workers", "1"]) == 0
    assert "Best: " in capsys.readouterr().out
    assert (tmp_path / "my study" / "index.html").exists()


def test_what_is_not_to_be_kept_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(local, "run", _after_one)
    assert main(["compare", "sklearn:iris", "--no-save", *SMALL]) == 130
    assert "nothing was kept, as --no-save asked" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
