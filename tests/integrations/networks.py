"""A small network whose dead units are known, and the arithmetic of its shares."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

# Of 8 units: 0 and 5 never fire whatever comes in, and with these rows the rest do.
PLANTED = [0, 5]


def network() -> nn.Sequential:
    """4 -> 8 relu -> 6 tanh -> 2; two relu units are dead and stay dead: no gradient reaches."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 2))
    with torch.no_grad():
        bias = net.get_parameter("0.bias")
        bias.zero_()
        bias[PLANTED] = -1000.0
    return net


def rows(count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs of mean 0 and two classes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 4)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy((x[:, 0] > 0).astype(np.int64))


def dormant_by_hand(net: nn.Sequential, x: torch.Tensor) -> list[int]:
    """ReDo's definition with numpy, tau 0.025, at the first activation, but for the dead."""
    w, b = (net.get_parameter(name).detach().numpy() for name in ("0.weight", "0.bias"))
    size = np.maximum(x.numpy() @ w.T + b, 0).mean(0)
    return [i for i in range(8) if size[i] <= 0.025 * size.mean() and i not in PLANTED]
