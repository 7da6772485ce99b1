"""A real MLflow on a file of SQLite: what is logged is read back through its own client."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

import actscope as act
from actscope.cli import main
from actscope.errors import SettingError, StoreError
from actscope.integrations import mlflow

QUICK: dict[str, Any] = {
    "activations": "relu,x*tanh(exp(x))", "seeds": 3, "learning_rates": [0.01, 0.1], "epochs": 4,
    "hidden": 4, "workers": 1, "progress": False,
}  # fmt: skip
OWN = "x * tanh(exp(x))"
FEW = ["--activations", "relu,tanh", "--seeds", "2", "--epochs", "2", "--hidden", "4",
       "--learning-rates", "0.01", "--workers", "1"]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """MLflow keeps artifacts below the current folder."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("tracked")
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def study() -> act.Comparison:
    return act.compare("sklearn:wine", **QUICK)


@pytest.fixture(scope="module")
def uri(place: Path) -> str:
    return f"sqlite:///{place / 'runs.db'}"


@pytest.fixture(scope="module")
def parent(study: act.Comparison, uri: str) -> Run:
    return MlflowClient(uri).get_run(mlflow.log(study, uri))


def below(uri: str, run: Run) -> dict[str, Run]:
    found = MlflowClient(uri).search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    )
    return {str(child.info.run_name): child for child in found}


def test_the_study_is_a_run_with_plan_verdict_and_baselines(
    study: act.Comparison, parent: Run, uri: str
) -> None:
    assert parent.info.status == "FINISHED"
    assert parent.info.run_name == "wine"
    assert MlflowClient(uri).get_experiment(parent.info.experiment_id).name == "actscope"
    params, tags, metrics = parent.data.params, parent.data.tags, parent.data.metrics
    assert params["activations"] == f"relu, {OWN}"
    assert params["seeds"] == "0, 1, 2"
    assert (params["rows"], params["task"]) == ("178", "classification")
    assert tags["actscope.plan"] == study.plan["hash"]
    assert tags["actscope.verdict"] == study.verdict.text == tags["mlflow.note.content"]
    best = study.rows[0].score
    assert metrics["accuracy"] == best.mean
    assert metrics["accuracy_low"] == best.low
    assert metrics["accuracy_high"] == best.high
    assert metrics["members_trained"] == 12
    for name, interval in study.baselines.items():
        assert metrics[f"baseline/{name}"] == interval.mean
        assert metrics[f"baseline/{name}_high"] == interval.high


def test_each_activation_is_a_run_below_with_its_interval_and_health(
    study: act.Comparison, parent: Run, uri: str
) -> None:
    children = below(uri, parent)
    assert sorted(children) == sorted(row.activation for row in study.rows)
    for row in study.rows:
        run = children[row.activation]
        metrics = run.data.metrics
        score = [metrics[f"accuracy{end}"] for end in ("", "_low", "_high")]
        assert score == [row.score.mean, row.score.low, row.score.high]
        assert metrics["dead_share"] == row.dead_share
        assert metrics["sparsity"] == row.sparsity
        assert metrics["seeds"] == 3
        assert run.data.params["learning_rate"] == f"{row.learning_rate:g}"
        assert run.info.status == "FINISHED"
    standing = {name: run.data.tags["actscope.standing"] for name, run in children.items()}
    assert standing[study.verdict.best] == "best"
    assert set(standing.values()) <= {"best", "equivalent", "worse", "undecided"}
    assert children[OWN].data.params["formula"] == "x * tanh(exp(x))"  # as a record says it
    assert "formula" not in children["relu"].data.params


def test_losses_are_there_epoch_by_epoch(study: act.Comparison, parent: Run, uri: str) -> None:
    run = below(uri, parent)["relu"]
    mine = study.curves[study.curves["activation"] == "relu"]
    names = {"train_loss": "train_loss", "validation_loss": "validation_loss",
             "low": "validation_loss_low", "high": "validation_loss_high"}  # fmt: skip
    for column, key in names.items():
        history = MlflowClient(uri).get_metric_history(run.info.run_id, key)
        points = sorted((point.step, point.value) for point in history)
        assert points == list(zip(mine["epoch"], mine[column], strict=True))
        assert [step for step, _ in points] == [1, 2, 3, 4]


def test_page_and_numbers_are_artifacts(
    study: act.Comparison, parent: Run, uri: str, tmp_path: Path
) -> None:
    run_id = parent.info.run_id
    client = MlflowClient(uri)
    names = {each.path for each in client.list_artifacts(run_id)}
    assert {"index.html", "results.json", "members.csv", "winner.json"} <= names
    results = Path(client.download_artifacts(run_id, "results.json", str(tmp_path)))
    document = json.loads(results.read_text())
    assert document["plan"]["hash"] == study.plan["hash"]
    page = Path(client.download_artifacts(run_id, "index.html", str(tmp_path)))
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_the_same_result_is_logged_once_another_again(
    study: act.Comparison, parent: Run, uri: str
) -> None:
    client = MlflowClient(uri)
    before = len(client.search_runs([parent.info.experiment_id]))
    slower = replace(study, seconds=study.seconds + 60, folder=Path("elsewhere"))
    assert mlflow.log(slower, uri) == parent.info.run_id
    assert len(client.search_runs([parent.info.experiment_id])) == before
    first = study.rows[0]
    other = replace(study, rows=(replace(first, seeds=2), *study.rows[1:]))
    assert mlflow.log(other, uri) != parent.info.run_id
    elsewhere = mlflow.log(study, uri, experiment="another")
    assert elsewhere != parent.info.run_id


def test_what_failed_half_way_is_logged_again(
    study: act.Comparison, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def full(*_: Any) -> None:
            raise OSError("No space left on device")

        patch.setattr(MlflowClient, "log_artifacts", full)
        with pytest.raises(StoreError, match="No space left"):
            mlflow.log(study, uri, experiment="half way")
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("half way")
    assert experiment is not None
    (broken,) = client.search_runs([experiment.experiment_id], "attributes.status = 'FAILED'")
    again = mlflow.log(study, uri, experiment="half way")
    assert again != broken.info.run_id
    assert client.get_run(again).info.status == "FINISHED"


def test_what_is_no_number_and_what_is_long_does_not_stop_it(
    study: act.Comparison, uri: str
) -> None:
    """One seed has no interval; a server takes 500 characters for a parameter."""
    first = study.rows[0]
    hollow = replace(first, score=replace(first.score, low=np.nan, high=np.inf), dead_share=None)
    plan = {**study.plan, "source": "x" * 600}
    run = mlflow.log(replace(study, rows=(hollow,), plan=plan), uri, experiment="odd")
    found = MlflowClient(uri).get_run(run)
    assert found.data.metrics["accuracy"] == first.score.mean
    assert not {"accuracy_low", "accuracy_high"} & set(found.data.metrics)
    assert len(found.data.params["source"]) == 500
    (child,) = below(uri, found).values()
    assert not {"accuracy_low", "dead_share"} & set(child.data.metrics)


def test_several_tables_are_runs_below_the_ranking(uri: str) -> None:
    both = act.compare(["sklearn:iris", "sklearn:wine"], **QUICK)
    run_id = mlflow.log(both, uri)
    run = MlflowClient(uri).get_run(run_id)
    assert run.data.metrics["average_rank/relu"] == both.ranking.average["relu"]
    studies = below(uri, run)
    assert sorted(studies) == ["iris", "wine"]
    assert sorted(below(uri, studies["iris"])) == ["relu", OWN]
    assert {a.path for a in MlflowClient(uri).list_artifacts(run_id)} == {
        "index.html", "results.json",
    }  # fmt: skip
    assert mlflow.log(both, uri) == run_id


def test_nothing_of_it_stays_behind(study: act.Comparison, parent: Run, uri: str) -> None:
    level = logging.getLogger("mlflow").level
    before = dict(os.environ)
    mlflow.log(study, uri)
    assert dict(os.environ) == before
    assert logging.getLogger("mlflow").level == level


@pytest.mark.parametrize(
    "address", ["", "runs", "./mlruns", "file:runs", "ftp://host", "http://", "http://a b", "http:"]
)
def test_what_is_no_address_is_one_line(address: str) -> None:
    with pytest.raises(SettingError, match="is no address of MLflow: give http") as caught:
        mlflow.check(address)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_are_told_at_once(tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        with pytest.raises(StoreError) as caught:
            mlflow.check(f"sqlite:///{path}")
        return str(caught.value)

    assert "there is no folder" in refused(tmp_path / "no" / "runs.db")
    assert not (tmp_path / "no").exists()
    assert "cannot write" in refused(tmp_path)
    notes = tmp_path / "notes.txt"
    notes.write_text("no database, and long enough not to be an empty one\n" * 30)
    assert "is not a database of MLflow" in refused(notes)
    mlflow.check(f"sqlite:///{tmp_path / 'new.db'}")
    assert not (tmp_path / "new.db").exists()  # nothing is made before it is needed


def test_a_missing_driver_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"needs sqlalchemy and alembic .*actscope\[mlflow\]"):
        mlflow.check("postgresql://host/runs")


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StoreError, match="no MLflow server answers") as caught:
        mlflow.check("http://me:secret@127.0.0.1:9")
    assert "secret" not in str(caught.value)


# --- the command


def test_the_command_logs_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["compare", "sklearn:iris", *FEW, "--mlflow", "sqlite:///m.db"]
    assert main(command) == 0
    run_id = capsys.readouterr().out.split()[-1]
    assert MlflowClient("sqlite:///m.db").get_run(run_id).info.run_name == "iris"
    resumed = ["compare", "--resume", "actscope-iris", "--mlflow", "sqlite:///m.db", "--json"]
    assert main(resumed) == 0
    assert json.loads(capsys.readouterr().out)["mlflow_run"] == run_id


def test_an_address_is_checked_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert main(["compare", "sklearn:iris", *FEW, "--mlflow", "http://127.0.0.1:9"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "no MLflow server answers at http://127.0.0.1:9" in err
    assert list(tmp_path.iterdir()) == []


class _Forgetful(BaseHTTPRequestHandler):
    """Answers once, then is broken."""

    asked = 0

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).asked += 1
        self.send_response(200 if type(self).asked == 1 else 503)
        self.end_headers()
        self.wfile.write(b'{"experiments": []}')

    def log_message(self, format: str, *args: Any) -> None: ...


def test_a_server_that_fails_costs_nothing_of_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server = HTTPServer(("127.0.0.1", 0), _Forgetful)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        code = main(["compare", "sklearn:iris", *FEW, "--mlflow", address, "--json"])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    out, err = capsys.readouterr()
    assert code == 2
    assert _Forgetful.asked > 1
    document = json.loads(out)
    assert document["members_trained"] == 4
    assert document["mlflow_run"] is None
    assert err.count("\n") == 1
    later = err.partition("log it later with: actscope ")[2].split()
    assert later == ["compare", "--resume", "actscope-iris", "--mlflow", address]
    assert (tmp_path / "actscope-iris" / "results.json").exists()
    assert main([*later[:-1], "sqlite:///m.db"]) == 0
