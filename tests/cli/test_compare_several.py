"""`actscope compare A B`: what reaches the study, what is printed, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--resume", "x"], "--resume is for one study"),
        (["--dry-run"], "--dry-run is about one study"),
    ],
)
def test_what_is_for_one_table_is_refused(
    files: list[str], options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *files, "--target", "y", *options]) == 2
    assert says in capsys.readouterr().err
