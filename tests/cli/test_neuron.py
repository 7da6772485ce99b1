"""`actscope neuron`."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from actscope.cli import main

MOVIE = ["neuron", "--weights", "4,2,2", "--threshold", "3"]
FIRES = {(0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)}  # Marvel, or both others


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_movie_decision_case_by_case(capsys: pytest.CaptureFixture[str]) -> None:
    out = _said(capsys, *MOVIE, "--names", "marvel,theatre,company")
    assert "marvel 4, theatre 2, company 2" in out
    assert "more than 3 (a bias of -3)" in out
    lines = [line.split() for line in out.splitlines()]
    assert ["marvel", "theatre", "company", "sum", "fires"] in lines
    rows = [line for line in lines if line and line[-1] in ("yes", "no")]
    assert [tuple(map(int, row[:3])) for row in rows] == [
        (i >> 2, i >> 1 & 1, i & 1) for i in range(8)
    ]
    assert {tuple(map(int, row[:3])) for row in rows if row[-1] == "yes"} == FIRES
    assert [int(row[3]) for row in rows] == [0, 2, 2, 4, 4, 6, 6, 8]
    assert "It fires in 5 of 8 cases." in out


def test_one_row_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    out = _said(capsys, *MOVIE, "--input", "1,0,0")
    assert out == "4 x 1 + 2 x 0 + 2 x 0 = 4, more than 3: fires\n"


def test_a_long_explanation_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    ones = ",".join(["1"] * 40)
    out = _said(capsys, "neuron", "--weights", ones, "--threshold", "40", "--input", ones)
    assert out.count("\n") == 1
    assert out.endswith("= 40, not more than 40: does not fire\n")


def test_a_smooth_one(capsys: pytest.CaptureFixture[str]) -> None:
    out = _said(capsys, "neuron", "--weights", "1,-1", "--activation", "sigmoid", "--bias", "0.5")
    assert ["0", "0", "0", "0.622"] in [line.split() for line in out.splitlines()]
    assert "go from 0.378 to 0.818" in out


@pytest.mark.parametrize("weights", [["--weights=-1,2"], ["--weights", "-1,2"]])
def test_a_weight_below_0_comes_first(
    weights: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(_said(capsys, "neuron", *weights, "--input", "-1,0", "--json"))
    assert document["weights"] == [-1, 2]
    assert document["input"]["row"] == [-1, 0]
    assert document["input"]["output"] == 1


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "movie.svg"
    options = ("--names", "a,b,c", "--input", "1,0,0", "-o", str(path), "--json")
    document = json.loads(_said(capsys, *MOVIE, *options))
    cases = document.pop("cases")
    assert document == {
        "schema": 1,
        "weights": [4, 2, 2],
        "threshold": 3,
        "bias": -3,
        "activation": "step",
        "names": ["a", "b", "c"],
        "input": {
            "row": [1, 0, 0],
            "sum": 4,
            "output": 1,
            "text": "a 1, b 0, c 0: 4 x 1 + 2 x 0 + 2 x 0 = 4, more than 3: fires",
        },
        "file": str(path),
    }
    assert len(cases) == 8
    assert cases[4] == {"a": 1, "b": 0, "c": 0, "sum": 4, "output": 1, "fires": True}
    assert path.exists()


def test_the_picture_shows_the_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "movie.svg"
    out = _said(capsys, *MOVIE, "--input", "0,1,1", "-o", str(path))
    assert out.endswith(f"Drawn in {path}\n")
    texts = {"".join(e.itertext()).strip() for e in ET.parse(path).iter()}
    assert "fires" in texts


def test_more_inputs_than_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    eight = ("neuron", "--weights", "1,1,1,1,1,1,1,1", "--threshold", "6")
    assert "fires in 9 of 256 cases (too many to print" in _said(capsys, *eight)
    assert len(json.loads(_said(capsys, *eight, "--json"))["cases"]) == 256
    many = ("neuron", "--weights", ",".join(["1"] * 17))
    assert main(list(many)) == 2
    assert "ask for one with --input" in capsys.readouterr().err
    row = ("--input", ",".join(["1"] * 17))
    assert "= 17, more than 0" in _said(capsys, *many, *row)
    assert json.loads(_said(capsys, *many, *row, "--json"))["cases"] is None


@pytest.mark.parametrize("width", [40, 60])
def test_names_fold_and_numbers_do_not_on_a_narrow_screen(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    names = "a superhero film,my favourite theatre"
    out = _said(capsys, "neuron", "--weights", "-1.25,2.5", "--names", names)
    assert ["1", "1", "1.25", "yes"] in [line.split() for line in out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing option '--weights'"),
        (["--weights", "4,a"], "--weights '4,a' must be numbers"),
        (["--weights", "4,,2"], "--weights '4,,2' must be numbers"),
        (["--weights", ""], "--weights '' must be numbers"),
        (["--weights", "nan,1"], "must be numbers"),
        (["--weights", "1e999"], "must be numbers"),
        (["--weights", "1,2", "--names", "a"], "1 name for 2 weights"),
        (["--weights", "1,2", "--names", "a,a"], "two inputs are called 'a'"),
        (["--weights", "1,2", "--names", "sum,a"], "cannot be called 'sum'"),
        (["--weights", "1", "--threshold", "1", "--bias", "-1"], "give one of them"),
        (["--weights", "1", "--threshold", "inf"], "--threshold 'inf' must be a number"),
        (["--weights", "1", "--bias", "x"], "--bias 'x' must be a number"),
        (["--weights", "1", "--activation", "sigmod"], "Did you mean 'sigmoid'"),
        (["--weights", "1", "--activation", "softmax"], "not a function of one number"),
        (["--weights", "1,2", "--input", "1"], "has 1 number, but there are 2 weights"),
        (["--weights", "1,2", "--input", "1,nan"], "--input '1,nan' must be numbers"),
        (["--weights", "1", "-o", "a.gif"], "not 'a.gif'"),
        (["--weights", "1", "-o", "no/such/a.svg"], "its folder is not there"),
        (["--weights", "1", "more"], "unexpected extra argument"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["neuron", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
