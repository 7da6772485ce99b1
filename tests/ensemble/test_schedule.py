"""Schedules against PyTorch's own, step for step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from actscope.ensemble._schedule import SCHEDULES, Schedule, factors

PEAK = 0.3


def torch_rates(schedule: Schedule, steps: int) -> list[float]:
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    if schedule == "cosine":
        scheduler = lr_scheduler.CosineAnnealingLR(optimiser, steps)
    elif schedule == "one_cycle":
        scheduler = lr_scheduler.OneCycleLR(
            optimiser, PEAK, total_steps=steps, cycle_momentum=False
        )
    else:
        scheduler = lr_scheduler.ConstantLR(optimiser, factor=1.0)
    rates = []
    for step in range(steps):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if step < steps - 1:  # OneCycleLR refuses one more
            scheduler.step()
    return rates


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7, 10, 97])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_each_step_has_the_rate_that_pytorch_gives_it(schedule: Schedule, steps: int) -> None:
    ours = PEAK * factors(schedule, steps)
    np.testing.assert_allclose(ours, torch_rates(schedule, steps), rtol=1e-12, atol=1e-15)


def test_one_cycle_reaches_the_members_own_rate_and_no_more() -> None:
    # 30% of 100 steps: the highest rate is that of step 29
    curve = factors("one_cycle", 100)
    assert curve.argmax() == 29
    assert curve[29] == 1.0
