"""Every generator seeded from one number, and given back as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch

Stage = Literal["build", "start", "fit", "score"]
_STAGES = ("build", "start", "fit", "score")


def sow(seed: int, stage: Stage) -> None:
    """Seed random, NumPy and PyTorch. Stages differ so that weights and batches are unrelated."""
    number = np.random.SeedSequence([seed, _STAGES.index(stage)]).generate_state(1)[0]
    random.seed(int(number))
    np.random.seed(number)
    torch.manual_seed(int(number))


@contextmanager
def own_randomness() -> Iterator[None]:
    """The caller's generators go on afterwards as if nothing had happened in between."""
    python, numpy = random.getstate(), np.random.get_state()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    with torch.random.fork_rng(devices=list(devices)):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
