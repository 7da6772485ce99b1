"""What a folder says that has no network to predict with, in Python and in the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import actscope as act
from actscope.cli import main
from actscope.study import Interrupted
from actscope.study.engines import local

QUICK: dict[str, Any] = {
    "activations": "relu,tanh", "seeds": 2, "learning_rates": 0.01, "hidden": 4, "epochs": 2,
    "workers": 1, "progress": False,
}  # fmt: skip


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """Asks for the winner of a folder; gives the one line that both ways say."""
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"x": [1.0]}).to_csv("new.csv", index=False)

    def ask(folder: str) -> str:
        with pytest.raises(act.StoreError) as caught:
            act.load_winner(folder)
        assert main(["predict", folder, "new.csv", "-o", "answers.csv"]) == 2
        assert capsys.readouterr().err == f"actscope: {caught.value}\n"
        assert not Path("answers.csv").exists()
        return str(caught.value)

    return ask


def test_no_folder(refused: Callable[[str], str]) -> None:
    assert "give the folder of a finished `actscope compare`" in refused("nowhere")


def test_a_study_that_was_stopped(
    refused: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(job: Any, tasks: Mapping[int, Any], **_: object) -> Iterator[Any]:
        yield next((number, job.run(task)) for number, task in tasks.items())
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(local, "run", stopped)
        with pytest.raises(Interrupted):
            act.compare("sklearn:iris", out="half done", **QUICK)
    said = refused("half done")
    assert said.startswith("the study in half done is not finished: go on with")
    assert "`actscope compare --resume 'half done'`" in said
    assert main(["compare", "--resume", "half done", "--workers", "1", "--json"]) == 0
    assert act.load_winner("half done").facts["data"] == "iris"


def test_several_tables(refused: Callable[[str], str]) -> None:
    act.compare(["sklearn:iris", "sklearn:wine"], out="both", **QUICK)
    assert refused("both").endswith("give the folder of one, such as both/1")
    assert act.load_winner("both/1").facts["data"] == "iris"


def test_a_model_of_ones_own(refused: Callable[[str], str]) -> None:
    act.compare_models(
        lambda: torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)),
        lambda model: None,
        lambda model: float(model(torch.ones(1, 2)).sigmoid()),
        activations="relu,tanh", seeds=2, workers=1, progress=False, out="own",
    )  # fmt: skip
    assert "holds a study of a model of your own" in refused("own")


def test_nothing_learned(refused: Callable[[str], str]) -> None:
    table = pd.DataFrame({"x": [0.0, 1.0] * 30, "y": ["a", "b", "b", "a"] * 15})
    act.compare(table, "y", out="none", **(QUICK | {"learning_rates": 1e30, "optimizer": "sgd"}))
    assert "no network learned anything" in refused("none")
