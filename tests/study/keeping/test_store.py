"""What a study leaves behind, and what can be done with it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope import study
from actscope.render import _files


def test_save_and_predict_round_trip(small: Any, table: Any, tmp_path: Path) -> None:
    folder = small.save(tmp_path / "deep" / "out")
    assert sorted(p.name for p in folder.iterdir()) == [
        "index.html",
        "members.csv",
        "results.json",
        "winner.json",
        "winner.safetensors",
    ]
    document = json.loads((folder / "results.json").read_text())
    assert document["verdict"]["best"] == small.verdict.best
    assert {row["activation"] for row in document["results"]} == {
        "relu",
        "tanh",
        "step",
        "identity",
    }
    members: Any = pd.read_csv(folder / "members.csv")
    assert len(members) == 32

    winner = study.load_winner(folder)
    answers: Any = winner.predict(table.drop(columns="y"))
    assert list(answers) == ["prediction", "probability_no", "probability_yes"]
    np.testing.assert_allclose(answers["probability_no"] + answers["probability_yes"], 1)
    assert (answers["prediction"] == table["y"]).mean() > 0.75
    cutoff = small.winner.cutoff if small.winner else None
    assert cutoff is not None
    said = np.where(answers["probability_yes"] > cutoff, "yes", "no")
    assert (answers["prediction"] == said).all()


def test_the_kept_network_answers_as_its_member_did(small: Any, table: Any, tmp_path: Path) -> None:
    from actscope.data import load
    from actscope.study.scoring._metrics import METRICS, score_labels
    from actscope.study.training._split import split

    assert small.winner is not None
    winner = study.load_winner(small.save(tmp_path))
    data = load(table, "y")
    rows = split(data, small.winner.seed)
    said = winner.predict(table.iloc[rows.test].drop(columns="y"))["prediction"]
    score = score_labels(
        METRICS["accuracy"] if small.metric == "accuracy" else METRICS["balanced_accuracy"],
        data.target[rows.test],
        (said.to_numpy() == "yes").astype(int),
    )
    member = small.members.query(
        "activation == @small.winner.activation and seed == @small.winner.seed and chosen"
    )
    assert member["test_score"].iloc[0] == pytest.approx(score)


def test_learned_slopes_are_kept(table: Any, tmp_path: Path) -> None:
    c: Any = act.compare(table, "y", activations="prelu", seeds=1, learning_rates=[0.03],
                         hidden=(8, 8),
                    epochs=10, workers=1)  # fmt: skip
    assert c.winner is not None
    slopes = [c.winner.tensors[f"activations.{i}.weight"].item() for i in range(2)]
    assert all(s != 0.25 for s in slopes)  # they were trained
    model = study.load_winner(c.save(tmp_path)).model
    kept = [p.item() for n, p in model.named_parameters() if p.numel() == 1]
    assert kept == pytest.approx(slopes)


def test_regression_predictions_are_in_the_targets_units(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.uniform(-1, 1, 120)})
    frame["price"] = 1000 + 200 * frame["x"]
    c: Any = act.compare(frame, "price", activations="tanh", seeds=1, learning_rates=[0.01],
                         hidden=16,
                    epochs=60, workers=1)  # fmt: skip
    answers: Any = study.load_winner(c.save(tmp_path)).predict(frame.drop(columns="price"))
    assert np.abs(answers["prediction"] - frame["price"]).mean() < 20


def test_json_has_the_agreed_shape_and_no_nan(small: Any) -> None:
    document = study.to_json(small)
    json.dumps(document, allow_nan=False)
    assert document["schema"] == 1
    assert {"data", "task", "metric", "members_trained", "seconds", "baselines"} < document.keys()
    assert {
        "activation", "learning_rate", "learning_rates", "score", "seeds", "dead_share",
        "sparsity", "saturated_share", "diverged",
    } <= document["results"][0].keys()  # fmt: skip
    assert document["results"][0]["score"].keys() == {"mean", "low", "high"}
    assert {"best", "equivalent", "matters", "text"} <= document["verdict"].keys()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said(small: Any, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(act.StoreError, match="cannot write"):
        small.save(tmp_path / "out")


def test_a_file_in_the_way_is_said_and_left_alone(small: Any, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("mine")
    with pytest.raises(act.StoreError, match="cannot write") as caught:
        small.save(path)
    assert "\n" not in str(caught.value)
    assert path.read_text() == "mine"


def test_a_write_that_fails_leaves_the_old_file_whole(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.save(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "replace", full)
    with pytest.raises(act.StoreError, match="No space left"):
        small.save(tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"classes": []},
        {"classes": None},
        {"classes": ["no"]},
        {"classes": ["no", 3]},
        {"cutoff": -1},
        {"cutoff": "zz"},
        {"cutoff": None},
        {"target_scale": 0},
        {"activation": "nonsense"},
        {"encoder": {}},
    ],
    ids=str,
)
def test_a_winner_that_does_not_fit_together_is_refused(
    small: Any, tmp_path: Path, change: dict[str, Any]
) -> None:
    facts = small.save(tmp_path / "study") / "winner.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), **change}))
    with pytest.raises(act.ActscopeError) as caught:
        study.load_winner(facts.parent)
    assert "\n" not in str(caught.value)


def test_a_full_disk_leaves_nothing_behind(
    small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = _files.tempfile.mkstemp

    def nearly_full(*args: Any, **kwargs: Any) -> Any:
        made.append(kwargs["prefix"])
        if len(made) == 3:
            raise OSError(28, "No space left on device")
        return real(*args, **kwargs)

    monkeypatch.setattr(_files.tempfile, "mkstemp", nearly_full)
    with pytest.raises(act.StoreError, match="No space left"):
        small.save(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_predict_takes_polars_and_says_the_cutoff(small: Any, table: Any, tmp_path: Path) -> None:
    import polars as pl

    facts = small.save(tmp_path) / "winner.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "cutoff": 0.3}))
    winner = study.load_winner(tmp_path)
    features = table.drop(columns="y")
    theirs = winner.predict(pl.from_pandas(features))  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(theirs, winner.predict(features))
    assert any("above 0.3" in note for note in winner.notes)


@pytest.mark.parametrize("damage", ["missing", "empty", "not json", "schema", "tensors", "shape"])
def test_a_damaged_winner_is_one_line(small: Any, tmp_path: Path, damage: str) -> None:
    folder = small.save(tmp_path / "study")
    facts, tensors = folder / "winner.json", folder / "winner.safetensors"
    if damage == "missing":
        facts.unlink()
    elif damage == "empty":
        facts.write_text("")
    elif damage == "not json":
        facts.write_bytes(b"\xff\x00{")
    elif damage == "schema":
        facts.write_text(json.dumps({**json.loads(facts.read_text()), "schema": 99}))
    elif damage == "tensors":
        tensors.write_bytes(tensors.read_bytes()[:100])
    else:
        document = json.loads(facts.read_text())
        del document["classes"]
        facts.write_text(json.dumps(document))
    with pytest.raises(act.StoreError) as caught:
        study.load_winner(folder)
    assert "\n" not in str(caught.value)
