"""`actscope plot`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from actscope.cli import main


def test_plot_writes_the_file_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cousins.svg"
    assert main(["plot", "sigmoid", "logistic", "lrelu(negative_slope=0.2)", "-o", str(path)]) == 0
    out, err = capsys.readouterr()
    assert out == f"sigmoid, leaky_relu(negative_slope=0.2): drawn in {path}\n"
    assert err == ""
    assert ET.parse(path).getroot().tag.endswith("svg")


def test_plot_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.png"
    assert main(["plot", "relu,tanh", "-o", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"schema": 1, "file": str(path), "activations": ["relu", "tanh"]}
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_closed_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "relu", "-o", str(tmp_path / "no" / "a.svg")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "not there or not writable" in err


def test_as_many_as_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from actscope import catalogue

    assert main(["plot", *catalogue.names(), "-o", str(tmp_path / "a.svg")]) == 2
    assert "name at most 12" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
