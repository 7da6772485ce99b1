"""Two processes that train together under Lightning: python -m tests.integrations.ranks."""

from __future__ import annotations

import json
import warnings

warnings.simplefilter("ignore")

import lightning.pytorch as L  # noqa: E402
from tests.integrations.test_lightning import Classifier, loader  # noqa: E402

from actscope.integrations.lightning import ActivationHealth  # noqa: E402


class Telling(ActivationHealth):
    """Prints what each rank has after an epoch."""

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        assert self.report is not None
        first = self.report.sites[0]
        logged = float(trainer.callback_metrics["health/net.1/dead"])
        print(json.dumps([trainer.global_rank, first.samples, first.dead_units, logged]))


if __name__ == "__main__":
    L.Trainer(
        accelerator="cpu", devices=2, strategy="ddp_spawn", callbacks=[Telling("net", every=1)],
        max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(Classifier(), loader())  # fmt: skip
