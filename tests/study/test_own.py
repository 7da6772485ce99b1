"""Studies with functions of a user's own: carried to workers, kept with the winner, shown."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope import catalogue, study
from actscope.errors import SettingError, StoreError
from actscope.study.report import _method
from actscope.study.report._page import page

Defining = Callable[..., act.Record]
QUICK: dict[str, Any] = {
    "seeds": 2, "learning_rates": [0.03], "hidden": (8, 8), "epochs": 12, "progress": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    """Two classes by the sign of a product."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.standard_normal((120, 2)), columns=["a", "b"])
    frame["y"] = np.where(frame["a"] * frame["b"] > 0, "yes", "no")
    return frame


def test_a_function_that_is_another_by_name_gives_its_results(
    defining: Defining, numbers: pd.DataFrame
) -> None:
    """The built-in SiLU by PyTorch's kernel, a definition and a formula, in two processes."""
    defining("mine", "x * sigmoid(x)")
    names = ["silu", "mine", "x*sigmoid(1*x)"]
    c = act.compare(numbers, "y", activations=names, workers=2, **QUICK)
    members: Any = c.members.set_index(["activation", "seed"])["validation_loss"]
    assert sorted(members.index.unique("activation")) == ["mine", "silu", "x * sigmoid(1 * x)"]
    for other in ("mine", "x * sigmoid(1 * x)"):
        np.testing.assert_allclose(members[other], members["silu"], rtol=1e-3)


def test_a_worker_has_the_function_that_was_meant_whatever_its_name_means_now(
    defining: Defining, numbers: pd.DataFrame
) -> None:
    old = defining("mine", "x * sigmoid(x)")
    defining("mine", "0.001 * x")
    c = act.compare(numbers, "y", activations=["silu", old], workers=1, **QUICK)
    losses: Any = c.members.groupby("activation")["validation_loss"].mean()
    assert losses["mine"] == pytest.approx(losses["silu"], rel=1e-3)
    with pytest.raises(SettingError, match="two functions are called 'mine'"):
        act.compare(numbers, "y", activations=[old, "mine"], workers=1, **QUICK)


def test_the_plan_knows_the_formula_and_its_hash_depends_on_it(
    defining: Defining, numbers: pd.DataFrame
) -> None:
    def plan(*activations: Any) -> Any:
        settings = {**QUICK, "epochs": 1, "seeds": 1}
        return act.compare(numbers, "y", activations=activations, workers=1, **settings).plan

    first = defining("mine", "x * sigmoid(x)")
    plans = [plan("mine"), plan(first), plan(defining("mine", "x * tanh(x)")), plan("relu")]
    plans.append(plan(defining("mine", "x * tanh(b * x)", b=act.Learned(1.0))))
    plans.append(plan(defining("mine", "x * tanh(b * x)", b=1.0)))
    hashes = [p["hash"] for p in plans]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 5
    assert plans[0]["definitions"]["mine"]["formula"] == "x * sigmoid(x)"
    assert "definitions" not in plans[3]
    assert "records" not in plans[0]
    json.dumps(plans[4])


def test_the_kept_network_predicts_where_the_function_is_unknown_or_another(
    defining: Defining, numbers: pd.DataFrame, tmp_path: Path
) -> None:
    learned = defining("mine", "x * sigmoid(beta * x) + shift", beta=act.Learned(1.0), shift=0.1)
    c = act.compare(numbers, "y", activations=[learned], workers=1, **QUICK)
    folder = c.save(tmp_path / "kept")
    new = numbers.drop(columns="y")
    expected = study.load_winner(folder).predict(new)
    assert c.winner is not None
    slopes = [c.winner.tensors[f"activations.{i}.beta"].item() for i in range(2)]
    assert all(slope != 1.0 for slope in slopes)  # they were trained

    defining("mine", "x * tanh(x)")
    pd.testing.assert_frame_equal(study.load_winner(folder).predict(new), expected)
    catalogue.forget("mine")
    pd.testing.assert_frame_equal(study.load_winner(folder).predict(new), expected)

    new.to_csv(tmp_path / "new.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-m", "actscope.cli", "predict", str(folder), str(tmp_path / "new.csv"),
         "-o", str(tmp_path / "answers.csv")],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: Any = pd.read_csv(tmp_path / "answers.csv")
    assert answers["prediction"].tolist() == expected["prediction"].tolist()
    np.testing.assert_allclose(answers["probability_yes"], expected["probability_yes"], rtol=1e-6)


def test_the_kept_network_computes_the_formula(
    defining: Defining, numbers: pd.DataFrame, tmp_path: Path
) -> None:
    """Against a forward pass written out here."""
    defining("mine", "x * sigmoid(beta * x)", beta=act.Learned(1.0))
    c: Any = act.compare(numbers, "y", activations="mine", workers=1, **QUICK)
    winner = study.load_winner(c.save(tmp_path))
    new = numbers.drop(columns="y")
    h = winner.encoder.transform(winner.encoder.conform(new)[0]).astype(np.float64)
    for i in range(2):
        h = h @ c.winner.tensors[f"layers.{i}.weight"] + c.winner.tensors[f"layers.{i}.bias"]
        h = h / (1 + np.exp(-c.winner.tensors[f"activations.{i}.beta"] * h))
    raw = h @ c.winner.tensors["layers.2.weight"] + c.winner.tensors["layers.2.bias"]
    p = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    np.testing.assert_allclose(winner.predict(new)["probability_yes"], p[:, 1], rtol=1e-4)


@pytest.mark.parametrize(
    "definition",
    [
        {"name": "mine", "formula": "__import__('os')", "parameters": {}},
        {"name": "mine", "formula": "log(x)", "parameters": {}},
        {"name": "mine", "formula": "x"},
        {"name": 3, "formula": "x", "parameters": {}},
        ["x"],
        "x",
    ],
)
def test_a_tampered_definition_is_refused(
    numbers: pd.DataFrame, tmp_path: Path, definition: object
) -> None:
    folder = _folder(numbers, tmp_path)
    facts = json.loads((folder / "winner.json").read_text())
    facts["definition"] = definition
    (folder / "winner.json").write_text(json.dumps(facts))
    with pytest.raises(StoreError, match="damaged"):
        study.load_winner(folder)


def _folder(numbers: pd.DataFrame, tmp_path: Path) -> Path:
    settings = {**QUICK, "seeds": 1}
    return act.compare(numbers, "y", activations="tanh(2*x)", workers=1, **settings).save(tmp_path)


def test_the_formula_is_in_the_document_and_on_the_page(
    defining: Defining, numbers: pd.DataFrame, tmp_path: Path
) -> None:
    defining("mine", "x * tanh(exp(b * x)) + a", b=act.Learned(0.5), a=-0.25)
    names = ["relu", "mine", "x*silu(x)"]
    c = act.compare(numbers, "y", activations=names, workers=1, **{**QUICK, "epochs": 2})
    rows = {row["activation"]: row for row in c.to_dict()["results"]}
    assert rows["mine"]["formula"] == "x * tanh(exp(b * x)) + a"
    assert rows["x * silu(x)"]["formula"] == "x * silu(x)"
    assert "formula" not in rows["relu"]
    html = page(c)
    assert '<span class="sub">x * tanh(exp(b * x)) + a</span>' in html
    said = (
        "mine is x * tanh(exp(b * x)) + a, where b starts from 0.5 and is learned and a is -0.25."
    )
    assert said in html


def test_the_study_can_be_repeated_from_what_the_page_says(defining: Defining) -> None:
    from tests.study.comparisons import comparison

    defining("mine", "x * tanh(b * x)", b=act.Learned(0.5))
    defining("plain", "x * tanh(x)")
    labels = ("mine", "plain", "relu(x)^2", "relu")
    definitions = {n: catalogue.to_definition(act.get(n)) for n in labels[:3]}
    c = comparison(labels)
    c = dataclasses.replace(c, plan={**c.plan, "definitions": definitions})
    assert _method.command(c) is None  # a learned parameter has no place on a command line
    before = {name: act.get(name) for name in labels[:2]}
    for name in before:
        catalogue.forget(name)
    called: list[Any] = []

    class Act:
        Learned, define = act.Learned, staticmethod(act.define)

        @staticmethod
        def compare(*_: Any, activations: Any, **named: Any) -> None:
            called.extend(activations)

    code = _method.python(c).replace("import actscope as act", "")
    exec(code, {"act": Act, "data": None})
    assert called == list(labels)
    assert {name: act.get(name) for name in before} == before
    del definitions["mine"]
    command = _method.command(dataclasses.replace(c, plan={**c.plan, "activations": labels[1:]}))
    assert "'x * tanh(x),relu(x)^2,relu'" in (command or "")
