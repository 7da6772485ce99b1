"""`actscope compare` and `actscope predict`, on a study so small that it takes a second."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.study.comparisons import comparison

from actscope import study
from actscope.cli import main

SMALL = ["--seeds", "2", "--epochs", "3", "--hidden", "4", "--workers", "1"]
SMALL += ["--learning-rates", "0.01", "--activations", "relu,step"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table(here: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    kind = np.where(x[:, 0] + 0.3 * rng.normal(size=80) > 0, "yes", "no")
    frame = pd.DataFrame({"a": x[:, 0], "b, c": x[:, 1], "d": x[:, 2], "kind": kind})
    frame.to_csv(here / "table.csv", index=False)
    return here / "table.csv"


def _refuse(word: str) -> float:
    raise AssertionError(word)


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("actscope: ")
    assert err.count("\n") == 1
    return err


def test_from_a_table_to_a_verdict_and_back_to_predictions(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "table.csv", "--target", "kind", *SMALL]) == 0
    out, err = capsys.readouterr()
    folder = Path("actscope-table")
    assert err == ""
    assert "\nBest: " in out
    assert "majority class" in out
    assert f"{folder / 'index.html'}" in out
    assert (folder / "index.html").resolve().as_uri() in out
    assert {"index.html", "results.json", "members.csv"} <= {p.name for p in folder.iterdir()}

    new = pd.read_csv(table).drop(columns="kind")
    new.to_csv("new.csv", index=False)
    for name in ("answers.csv", "answers.tsv", "answers.parquet"):
        assert main(["predict", str(folder), "new.csv", "-o", name]) == 0
    csv, tsv = pd.read_csv("answers.csv"), pd.read_csv("answers.tsv", sep="\t")
    parquet = pd.read_parquet("answers.parquet")
    assert list(csv.columns) == ["prediction", "probability_no", "probability_yes"]
    assert len(csv) == len(new)
    pd.testing.assert_frame_equal(csv, tsv)
    pd.testing.assert_frame_equal(csv, parquet, check_dtype=False)
    np.testing.assert_allclose(csv[["probability_no", "probability_yes"]].sum(axis=1), 1, atol=1e-6)
    assert set(csv["prediction"]) <= {"no", "yes"}
    capsys.readouterr()

    assert main(["predict", str(folder), "new.csv", "-o", "answers.csv", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"] == len(new)
    assert err == ""
    assert sorted(p.name for p in Path().iterdir() if p.name.startswith(".")) == []

    new.drop(columns="a").to_csv("less.csv", index=False)
    assert main(["predict", str(folder), "less.csv", "-o", "never.csv"]) == 2
    assert "'a'" in _one_line(capsys)
    assert not Path("never.csv").exists()


def test_json_is_one_document_of_the_agreed_shape(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # one seed: its intervals have no ends, which must come out as null
    few = ["--seeds", "1", *SMALL[2:]]
    assert main(["compare", "table.csv", "--target", "-1", "--json", "--no-save", *few]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    document = json.loads(out, parse_constant=_refuse)
    assert document["schema"] == 1
    assert document["task"] == "classification"
    assert document["members_trained"] == 2
    assert {"metric", "seconds", "data"} <= set(document)
    assert {"majority class", "linear model"} <= set(document["baselines"])
    for result in document["results"]:
        assert set(result["score"]) == {"mean", "low", "high"}
        assert result["score"]["low"] is None
        assert result["learning_rates"] == {"0.01": 1}
        assert {"activation", "seeds", "dead_share", "sparsity", "diverged"} <= set(result)
    verdict = document["verdict"]
    assert isinstance(verdict["matters"], bool)
    assert verdict["best"] == document["results"][0]["activation"]
    assert {"equivalent", "text"} <= set(verdict)
    assert document["folder"] is None
    assert [p.name for p in Path().iterdir()] == ["table.csv"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple, dict]]:
    """`study.compare` is only noted: for what the command line makes of its options."""
    seen: list[tuple[tuple, dict]] = []

    def noted(*args: object, **kwargs: object) -> study.Comparison:
        seen.append((args, kwargs))
        return comparison(("relu", "step"))

    monkeypatch.setattr(study, "compare", noted)
    return seen


def test_options_reach_the_study(here: Path, calls: list[tuple[tuple, dict]]) -> None:
    options = ["--task", "regression", "--metric", "r2", "--activations", "relu,elu(alpha=0.5)"]
    options += ["--seeds", "7", "--learning-rates", "1e-3,0.01", "--hidden", "32,16,8"]
    options += ["--drop", 'a,"b, c"', "--drop", "d", "--keep", "e", "--epochs", "9"]
    options += ["--batch-size", "16", "--workers", "2", "--no-save"]
    options += ["--optimizer", "sgd", "--l2", "0.01"]
    assert main(["compare", "x.csv", "--target", "-1", *options]) == 0
    args, kwargs = calls[0]
    assert args == ("x.csv", "-1")
    assert kwargs == {
        "task": "regression",
        "metric": "r2",
        "activations": ["relu", "elu(alpha=0.5)"],
        "seeds": 7,
        "learning_rates": [0.001, 0.01],
        "hidden": [32, 16, 8],
        "drop": ["a", "b, c", "d"],
        "keep": ["e"],
        "epochs": 9,
        "batch_size": 16,
        "optimizer": "sgd",
        "l2": 0.01,
        "workers": 2,
        "engine": "local",
        "address": None,
        "out": False,
        "resume": None,
    }


def test_without_options_the_study_decides(here: Path, calls: list[tuple[tuple, dict]]) -> None:
    assert main(["compare", "sklearn:digits", "--no-save"]) == 0
    args, kwargs = calls[0]
    assert args == ("sklearn:digits", None)
    assert "activations" not in kwargs
    assert not {"seeds", "learning_rates", "hidden", "l2"} & set(kwargs)
    assert kwargs["optimizer"] is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], {}),
        (["--race"], {"race": True}),
        (["--no-race"], {"race": False}),
        (["--budget", "90s"], {"budget": 90.0}),
        (["--time", "5m"], {"budget": 300.0}),
        (["--time", "sold"], {"time": "sold"}),
        (["--time", "sold", "--time", "5m"], {"time": "sold", "budget": 300.0}),
        (["--time", "-1", "--budget", "1.5h"], {"time": "-1", "budget": 5400.0}),
    ],
)
def test_time_is_a_column_or_a_time(
    options: list[str], told: dict[str, object], here: Path, calls: list[tuple[tuple, dict]]
) -> None:
    assert main(["compare", "x.csv", "--no-save", *options]) == 0
    given = {k: v for k, v in calls[0][1].items() if k in ("race", "budget", "time")}
    assert {k: getattr(v, "seconds", v) for k, v in given.items()} == told


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--budget", "soon"], "'soon' is not a time: give a number with s, m or h"),
        (["--budget", "0m"], "budget must be a finite number above 0"),
        (["--budget", "1m", "--time", "2m"], "2 times are allowed, 2m, 1m: give one"),
        (["--time", "a", "--time", "b"], "--time names 2 columns, a, b: give one"),
    ],
)
def test_times_that_make_no_sense(
    options: list[str], words: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "table.csv", "--target", "kind", *options]) == 2
    assert words in _one_line(capsys)
    assert [p.name for p in Path().iterdir()] == ["table.csv"]


def test_race_and_budget_in_a_real_study(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--epochs", "3", "--hidden", "4", "--workers", "1", "--learning-rates", "0.01"]
    options = ["--target", "kind", "--activations", "relu,tanh", "--seeds", "8", *settings]
    assert main(["compare", "table.csv", *options, "--race", "--budget", "10m", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["race"]["looks"] == [5, 8]
    assert "stopped" not in document  # there was time enough
    assert main(["compare", "table.csv", *options, "--race", "--dry-run"]) == 0
    assert "a race: after 5 seeds those that have clearly lost stop" in capsys.readouterr().out
    assert main(["compare", "table.csv", *options, "--budget", "1s", "--no-save"]) == 2
    assert "too short for two seeds" in _one_line(capsys)


def test_where_a_study_is_kept(here: Path, calls: list[tuple[tuple, dict]]) -> None:
    assert main(["compare", "sklearn:digits"]) == 0
    assert main(["compare", "sklearn:digits", "--out", "mine/deep"]) == 0
    assert main(["compare", "sklearn:digits", "--no-save"]) == 0
    assert main(["compare", "--resume", "mine"]) == 0
    assert [kwargs["out"] for _, kwargs in calls] == [True, "mine/deep", False, False]
    assert [kwargs["resume"] for _, kwargs in calls] == [None, None, None, "mine"]
    assert calls[-1][0] == (None, None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--seeds", "0"], "--seeds '0' must be a whole number above 0"),
        (["--seeds", "-1"], "--seeds '-1'"),
        (["--seeds", "abc"], "--seeds 'abc'"),
        (["--seeds", "2.5"], "--seeds '2.5'"),
        (["--seeds", "٣"], "--seeds"),
        (["--hidden", "0"], "--hidden '0'"),
        (["--hidden", "abc"], "--hidden 'abc'"),
        (["--hidden", "64,-1"], "--hidden '64,-1'"),
        (["--hidden", ""], "--hidden ''"),
        (["--learning-rates", "-1"], "--learning-rates '-1' must be numbers above 0"),
        (["--learning-rates", "abc"], "--learning-rates 'abc'"),
        (["--learning-rates", "0"], "--learning-rates '0'"),
        (["--learning-rates", "nan"], "--learning-rates 'nan'"),
        (["--learning-rates", "inf"], "--learning-rates 'inf'"),
        (["--learning-rates", "0.1,,0.2"], "empty item"),
        (["--activations", ""], "empty"),
        (["--activations", "relu,,tanh"], "empty"),
        (["--activations", "relu,gelo"], "Did you mean 'gelu'"),
        (["--activations", "relu,gelo(x)"], "unknown function 'gelo'. Did you mean 'gelu'?"),
        (["--activations", "relu,x*tanh(exp(x)"], "expected ')' before the end (character 14)"),
        (["--activations", "relu,log(x)"], "'log(x)' has no finite value at x = 0"),
        (["--activations", "relu,х*2"], "CYRILLIC SMALL LETTER HA"),
        (["--epochs", "0"], "--epochs '0'"),
        (["--batch-size", "-4"], "--batch-size '-4'"),
        (["--workers", "none"], "--workers 'none'"),
        (["--l2", "-1"], "--l2 '-1'"),
        (["--l2", "much"], "--l2 'much'"),
        (["--out", "file"], "--out 'file' is a file"),
        (["--out", "file/below"], "cannot write to 'file/below'"),
        (["--out", ""], "--out is empty"),
        (["--out", "a" * 300], "--out"),
        (["--out", "site"], "index.html that is not from actscope"),
        (["--out", "x", "--no-save"], "contradict"),
        (["--out", "x", "--resume", "y"], "contradict"),
        (["--resume", "y", "--no-save"], "contradict"),
        (["--resume", ""], "--resume is empty"),
    ],
)
def test_a_bad_option_is_said_before_anything_is_trained(
    options: list[str],
    expected: str,
    here: Path,
    calls: list[tuple[tuple, dict]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (here / "file").write_text("")
    (here / "site").mkdir()
    (here / "site" / "index.html").write_text("mine")
    assert main(["compare", "sklearn:iris", *options]) == 2
    assert expected in _one_line(capsys)
    assert calls == []
    assert sorted(p.name for p in here.iterdir()) == ["file", "site"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_said_before_training(
    here: Path, calls: list[tuple[tuple, dict]], capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "locked").mkdir(mode=0o500)
    assert main(["compare", "sklearn:iris", "--out", "locked/x"]) == 2
    assert "cannot write" in _one_line(capsys)
    assert calls == []


def test_no_permission_for_any_user(
    here: Path,
    calls: list[tuple[tuple, dict]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # as root, permissions do not bind
    assert main(["compare", "sklearn:iris"]) == 2
    assert "cannot write to the current folder" in _one_line(capsys)
    assert main(["compare", "sklearn:iris", "--out", "x"]) == 2
    assert "cannot write to 'x'" in _one_line(capsys)
    assert main(["predict", "a", "b.csv", "-o", "c.csv"]) == 2
    assert "cannot write 'c.csv'" in _one_line(capsys)
    assert calls == []


def _files(here: Path) -> None:
    (here / "empty.csv").write_text("")
    (here / "header.csv").write_text("a,b,kind\n")
    (here / "binary.csv").write_bytes(bytes(range(256)) * 20)
    (here / "ragged.csv").write_text("a,b,kind\n1,2,x\n1,2\n3,4,y,z,w\n" * 9)
    (here / "one.csv").write_text("a,kind\n" + "".join(f"{i},x\n" for i in range(40)))
    rows = "".join(f"{i * 0.7},{'x' if i % 2 else 'y'}\n" for i in range(40))
    (here / "good.csv").write_text("a,kind\n" + rows)
    (here / "constant.csv").write_text("a,kind\n" + "".join(f"5,{i % 2}\n" for i in range(40)))
    (here / "missing.csv").write_text("a,kind\n" + "".join(f"{i},?\n" for i in range(40)))
    (here / "folder").mkdir()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nosuch.csv", "--target", "kind"], "nosuch.csv"),
        (["folder", "--target", "kind"], "folder"),
        (["empty.csv", "--target", "kind"], "empty"),
        (["header.csv", "--target", "kind"], "header"),
        (["binary.csv", "--target", "kind"], "binary.csv"),
        (["ragged.csv", "--target", "kind"], "ragged.csv"),
        (["one.csv", "--target", "kind"], "one"),
        (["constant.csv", "--target", "kind"], ""),
        (["missing.csv", "--target", "kind"], "kind"),
        (["good.csv", "--target", "knid"], "kind"),
        (["good.csv", "--target", "7"], "7"),
        (["good.csv"], "--target"),
        ([], "no DATA given"),
        (["--resume", "nowhere"], "no study in nowhere"),
        (["--resume", "folder"], "no study in folder"),
        (["good.csv", "--target", "kind", "--task", "regression"], "kind"),
        (["good.csv", "--target", "kind", "--task", "clustering"], "clustering"),
        (["good.csv", "--target", "kind", "--metric", "r2"], "r2"),
        (["good.csv", "--target", "kind", "--metric", "f7"], "f7"),
        (["good.csv", "--target", "kind", "--drop", "nosuch"], "nosuch"),
        (["good.csv", "--target", "kind", "--engine", "steam"], "steam"),
        (["sklearn:digitz"], "digits"),
    ],
)
def test_bad_data_is_one_line(
    arguments: list[str], expected: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _files(here)
    before = sorted(here.iterdir())
    assert main(["compare", *arguments, "--seeds", "2", "--workers", "1", "--epochs", "1"]) == 2
    assert expected in _one_line(capsys)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nosuch", "good.csv", "-o", "x.csv"], "nosuch"),
        (["folder", "good.csv", "-o", "x.csv"], "folder"),
        (["folder", "good.csv", "-o", "x.doc"], "must end in one of: .csv, .tsv, .parquet"),
        (["folder", "good.csv", "-o", "nowhere/x.csv"], "nowhere"),
        (["folder", "good.csv", "-o", "good.csv"], "is NEW_DATA itself"),
    ],
)
def test_bad_predictions_are_one_line(
    arguments: list[str], expected: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _files(here)
    before = (here / "good.csv").read_text()
    assert main(["predict", *arguments]) == 2
    assert expected in _one_line(capsys)
    assert (here / "good.csv").read_text() == before


def test_formulas_are_compared_and_shown_and_predict(
    table: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    few = [*SMALL[:-1], "relu, max(x,0.1*x)^2 ,x*tanh(exp(x))"]
    assert main(["compare", "table.csv", "--target", "kind", *few]) == 0
    out = capsys.readouterr().out
    assert "x * tanh(exp(x))" in out
    assert "max(x, 0.1 * x)^2" in out
    document = json.loads(Path("actscope-table/results.json").read_text())
    assert {row["activation"] for row in document["results"]} == {
        "relu", "max(x, 0.1 * x)^2", "x * tanh(exp(x))",
    }  # fmt: skip
    assert main(["predict", "actscope-table", "table.csv", "-o", "answers.csv"]) == 0
    assert len(pd.read_csv("answers.csv")) == 80


def test_a_formula_has_a_card(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["show", "x*tanh(exp(x))"]) == 0
    card = " ".join(capsys.readouterr().out.split())
    assert card.startswith("x * tanh(exp(x))")
    assert "f(x) = x * tanh(exp(x))" in card
    assert "gain for initial weights 1.37478" in card  # as telu, the same function by name
    assert main(["show", "x*tanh(exp(x)", "--json"]) == 2
    assert "character 14" in _one_line(capsys)
