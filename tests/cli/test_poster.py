"""`actscope poster`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actscope import catalogue
from actscope.cli import main


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names = ["relu", "tanh", "swiglu"]
    monkeypatch.setattr(catalogue, "names", lambda kind="elementwise": names)
    return names


@pytest.mark.usefixtures("few")
def test_poster_writes_the_file_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "poster.pdf"
    assert main(["poster", "-o", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"3 activations: drawn in {path}\n"
    assert err == ""
    assert path.read_bytes().startswith(b"%PDF-")


def test_poster_json(few: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "poster.svg"
    assert main(["poster", "-o", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"schema": 1, "file": str(path), "activations": few}
    assert path.read_text().count("relu") >= 1
