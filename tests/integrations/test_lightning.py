"""Lightning's real Trainer, with units whose state is known."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.integrations.networks import PLANTED, dormant_by_hand, network, rows
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import actscope as act

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the library itself warns of when it is imported
    import lightning.pytorch as L
    from lightning.pytorch.loggers import CSVLogger

    from actscope.integrations.lightning import ActivationHealth

pytestmark = pytest.mark.filterwarnings("ignore")


class Classifier(L.LightningModule):
    def __init__(self, through: str = "net") -> None:
        super().__init__()
        self.net = network()
        self.loss = nn.CrossEntropyLoss()
        self.through = through
        self.fail_at: int | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        if batch_idx == self.fail_at:
            raise RuntimeError("planted failure")
        x, y = batch
        return self.loss((self if self.through == "self" else self.net)(x), y)

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("loss", self.loss(self.net(batch[0]), batch[1]))

    test_step = validation_step

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.01)


def loader(count: int = 64) -> DataLoader[Any]:
    return DataLoader(TensorDataset(*rows(count)), batch_size=8)


class Memory(CSVLogger):
    """A logger that keeps what it is given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.given: list[dict[str, float]] = []

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.given.append(dict(metrics))


def trainer(folder: Path, health: Any, **settings: Any) -> L.Trainer:
    settings = {"max_epochs": 2, "logger": Memory(folder), "num_sanity_val_steps": 0, **settings}
    return L.Trainer(
        accelerator="cpu", devices=1, callbacks=[health], default_root_dir=folder,
        enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False,
        log_every_n_steps=1, **settings,
    )  # fmt: skip


def hooks(model: nn.Module) -> int:
    return sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in model.modules())


@pytest.mark.parametrize("through", ["net", "self"])
@pytest.mark.parametrize("named", [True, False])
def test_logged_shares_are_those_planted(through: str, named: bool, tmp_path: Path) -> None:
    model = Classifier(through)
    path = "" if through == "self" else "net"
    health = ActivationHealth(path if named else None, every=1)
    fitting = trainer(tmp_path, health)
    fitting.fit(model, loader())

    assert list(health.reports) == [path]
    assert health.report is not None
    first = health.report.sites[0]
    assert first.dead_units == PLANTED
    assert first.samples == 64  # an epoch, not the run
    site = "net.1"
    logs = [given for given in fitting.logger.given if "health/dead" in given]  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
    assert len(logs) == 2
    for given in logs:
        assert given[f"health/{site}/dead"] == pytest.approx(2 / 8)
        assert given["health/dead"] == pytest.approx(2 / 14)
        assert given[f"health/{site}/saturated"] == 0
    assert float(fitting.callback_metrics["health/dead"]) == pytest.approx(2 / 14)
    assert hooks(model) == 0


def test_the_first_batch_that_only_tells_is_not_counted(tmp_path: Path) -> None:
    health = ActivationHealth(every=1)
    trainer(tmp_path, health, max_epochs=1).fit(Classifier(), loader())
    assert health.report is not None
    assert health.report.sites[0].samples == 56


def test_training_is_the_same_to_the_bit(tmp_path: Path) -> None:
    plain, watched = Classifier(), Classifier()
    trainer(tmp_path, L.Callback()).fit(plain, loader())
    trainer(tmp_path, ActivationHealth(every=1)).fit(watched, loader())
    for a, b in zip(plain.state_dict().values(), watched.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_validation_between_is_not_counted_but_on_its_own_it_is(tmp_path: Path) -> None:
    model, health = Classifier(), ActivationHealth("net", every=1)
    running = trainer(tmp_path, health, max_epochs=1, val_check_interval=4, num_sanity_val_steps=2)
    running.fit(model, loader(), loader(24))
    assert health.report is not None
    assert health.report.sites[0].samples == 64

    for run in (running.validate, running.test):
        found = run(model, loader(24), verbose=False)
        assert health.report.sites[0].samples == 24
        assert found[0]["health/net.1/dead"] == pytest.approx(2 / 8)
        by_hand = dormant_by_hand(model.net, rows(24)[0])
        assert health.report.sites[0].dormant_units == by_hand
        assert found[0]["health/net.1/dormant"] == pytest.approx(len(by_hand) / 8)
        assert hooks(model) == 0


@pytest.mark.parametrize("named", ["net", None])
@pytest.mark.parametrize("at", [0, 3])
def test_an_exception_leaves_nothing_behind(named: str | None, at: int, tmp_path: Path) -> None:
    model, health = Classifier(), ActivationHealth(named, every=1)
    model.fail_at = at
    with pytest.raises(RuntimeError, match="planted failure"):
        trainer(tmp_path, health).fit(model, loader())
    assert hooks(model) == 0
    model.fail_at = None
    trainer(tmp_path, health).fit(model, loader())
    assert health.report is not None
    assert health.report.sites[0].dead_units == PLANTED


def test_findings_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told: list[act.Finding] = []
    health = ActivationHealth("net", every=1, on_finding=told.append)
    trainer(tmp_path, health, max_epochs=3).fit(Classifier(), loader(128))
    assert [(f.kind, f.units) for f in told if f.kind == "dead"] == [("dead", PLANTED)]

    with caplog.at_level(logging.WARNING, logger="actscope"):
        trainer(tmp_path, ActivationHealth("net", every=1)).fit(Classifier(), loader(128))
    assert sum("2 of 8 units" in r.getMessage() for r in caplog.records) == 1


def test_totals_alone(tmp_path: Path) -> None:
    running = trainer(tmp_path, ActivationHealth("net", every=1, sites=False))
    running.fit(Classifier(), loader())
    names = {name for name in running.callback_metrics if name.startswith("health/")}
    assert names == {"health/dead", "health/dormant", "health/saturated"}


def test_two_processes_have_one_report() -> None:
    """Each saw 32 of the 64 rows; both know of all, and one tells."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integrations.ranks"],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = sorted(json.loads(line) for line in done.stdout.splitlines() if line[:1] == "[")
    assert told == [[rank, 64, PLANTED, 0.25] for rank in (0, 1)]
    assert done.stderr.count("2 of 8 units") == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"every": 0}, "every is 0"),
        ({"module": 3}, "module is 3"),
        ({"on_finding": "print"}, "give a function"),
    ],
)
def test_mistakes_are_one_clear_line(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(act.SettingError, match=says):
        ActivationHealth(**settings)


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        act.SettingError, match="module 'nett' is not in the model; there are: 'net'"
    ):
        trainer(tmp_path, ActivationHealth("nett")).fit(Classifier(), loader())
