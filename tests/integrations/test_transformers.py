"""transformers' real Trainer, with units whose state is known."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.integrations.networks import PLANTED, network, rows
from torch import nn

import actscope as act

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the library itself warns of when it is imported
    from transformers import Trainer, TrainerCallback, TrainingArguments

    from actscope.integrations.transformers import ActivationHealth

pytestmark = pytest.mark.filterwarnings("ignore")


class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = network()
        self.fail = False

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        if self.fail:
            raise RuntimeError("planted failure")
        logits = self.net(x)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def data(count: int = 64) -> list[dict[str, Any]]:
    return [{"x": x, "labels": y} for x, y in zip(*rows(count), strict=True)]


def trainer(
    folder: Path, model: nn.Module, *callbacks: TrainerCallback, **settings: Any
) -> Trainer:
    settings = {"logging_steps": 4, "max_steps": 8, "learning_rate": 0.01, **settings}
    arguments = TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=8, per_device_eval_batch_size=8,
        report_to="none", disable_tqdm=True, use_cpu=True, save_strategy="no", **settings,
    )  # fmt: skip
    return Trainer(
        model, arguments, train_dataset=data(), eval_dataset=data(24), callbacks=list(callbacks)
    )


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in model.modules())


class Reporter(TrainerCallback):
    """As TensorBoard's: called before callbacks of the user's."""

    def __init__(self) -> None:
        self.seen: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        self.seen.append(dict(logs))


def test_logged_shares_are_those_planted(tmp_path: Path) -> None:
    model, health = Classifier(), ActivationHealth(every=1)
    running = trainer(tmp_path, model, health)
    running.train()
    logs = [log for log in running.state.log_history if "loss" in log]
    assert [log["step"] for log in logs] == [4, 8]
    for log in logs:
        assert log["health/net.1/dead"] == 2 / 8
        assert log["health/dead"] == pytest.approx(2 / 14)
        assert log["health/net.3/dead"] == 0
    assert not any("health/dead" in log for log in running.state.log_history if "loss" not in log)
    assert health.report is not None
    assert health.report.sites[0].dead_units == PLANTED
    assert health.report.sites[0].samples == 4 * 8  # since the log before
    assert hooks(model) == 0


def test_sampled_windows_last_several_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actscope.integrations.transformers.LEAST", 8)
    health = ActivationHealth()
    running = trainer(tmp_path, Classifier(), health, logging_steps=2, max_steps=20)
    running.train()
    logs = [log for log in running.state.log_history if "loss" in log]
    assert [log["step"] for log in logs] == list(range(2, 21, 2))
    assert [log["step"] for log in logs if "health/dead" in log] == [2, 10, 18]
    assert all(log["health/net.1/dead"] == 2 / 8 for log in logs if "health/dead" in log)
    assert health.report is not None
    assert health.report.steps == 2  # after the last log that closed a window


def test_evaluation_is_not_counted(tmp_path: Path) -> None:
    health = ActivationHealth(every=1)
    trainer(tmp_path, Classifier(), health, eval_strategy="steps", eval_steps=2).train()
    assert health.report is not None
    assert health.report.sites[0].samples == 4 * 8


def test_accumulated_batches_are(tmp_path: Path) -> None:
    health = ActivationHealth(every=1)
    trainer(tmp_path, Classifier(), health, gradient_accumulation_steps=2, max_steps=4).train()
    assert health.report is not None
    assert health.report.sites[0].samples == 4 * 2 * 8


def test_reporters_see_the_numbers_through_add_to(tmp_path: Path) -> None:
    late, early = Reporter(), Reporter()
    trainer(tmp_path, Classifier(), late, ActivationHealth(every=1)).train()
    running = trainer(tmp_path, Classifier(), early)
    ActivationHealth.add_to(running, every=1)
    running.train()
    assert not any("health/dead" in log for log in late.seen)
    assert sum("health/net.1/dead" in log for log in early.seen) == 2


def test_training_is_the_same_to_the_bit(tmp_path: Path) -> None:
    plain, watched = Classifier(), Classifier()
    trainer(tmp_path, plain).train()
    trainer(tmp_path, watched, ActivationHealth(every=1)).train()
    for a, b in zip(plain.state_dict().values(), watched.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_after_an_exception(tmp_path: Path) -> None:
    model, health = Classifier(), ActivationHealth(every=1)
    running = trainer(tmp_path, model, health)
    model.fail = True
    with health, pytest.raises(RuntimeError, match="planted failure"):
        running.train()
    assert hooks(model) == 0
    model.fail = False
    running.train()
    assert health.report is not None
    assert health.report.sites[0].dead_units == PLANTED
    assert hooks(model) == 0


def test_findings_are_told_once(tmp_path: Path) -> None:
    told: list[act.Finding] = []
    health = ActivationHealth(every=1, on_finding=told.append)
    trainer(tmp_path, Classifier(), health, logging_steps=16, max_steps=48).train()
    assert [(f.kind, f.units) for f in told if f.kind == "dead"] == [("dead", PLANTED)]


def test_add_to_something_else() -> None:
    with pytest.raises(act.SettingError, match=r"Linear is not a transformers\.Trainer"):
        ActivationHealth.add_to(nn.Linear(1, 1))  # pyright: ignore[reportArgumentType]
