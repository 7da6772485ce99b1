"""Models with units whose fate is known: dead, rare but alive, dormant, saturated.

Every layer reads inputs whose last column is 1, and another that is 1 on a few rows only, so that
a unit's input can be set row by row: weights of 0 but for those columns.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

ROWS = 1000
FEATURES = 12
RARE = {"2%": 20, "0.5%": 5}  # rows on which a rare unit is awake


def inputs(seed: int = 0) -> Tensor:
    """Float[1000, 12]: noise, but for columns -3 (1 on 2% of rows), -2 (on 0.5%) and -1 (all)."""
    x = torch.randn(ROWS, FEATURES, generator=torch.Generator().manual_seed(seed))
    x[:, -3:] = 0.0
    x[:20, -3] = 1.0
    x[:5, -2] = 1.0
    x[:, -1] = 1.0
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(seed + 1))
    return x[order]


def plant(weight: Tensor, bias: Tensor) -> dict[str, list[int]]:
    """Sets units of the first layer, Float["unit feature"]; returns which is what."""
    with torch.no_grad():
        for unit, (rare, always) in {1: (None, -3.0), 4: (-3, -1.0), 6: (-2, -1.0)}.items():
            weight[unit] = 0.0
            bias[unit] = 0.0
            weight[unit, -1] = always
            if rare is not None:
                weight[unit, rare] = 2000.0  # strong enough not to be dormant
        weight[9] = 0.0
        bias[9] = 0.0
        weight[9, -1] = 1e-6  # dormant: awake, and next to nothing
    return {"dead": [1], "dormant": [9]}


class MLP(nn.Module):
    """act is called in the way that `style` says."""

    def __init__(self, style: str = "module") -> None:
        super().__init__()
        self.style = style
        self.first, self.second = nn.Linear(FEATURES, 16), nn.Linear(16, 16)
        self.last = nn.Linear(16, 3)
        self.act = nn.ReLU(inplace=style == "inplace")
        self.other = nn.ReLU()

    def activate(self, x: Tensor, second: bool = False) -> Tensor:
        match self.style:
            case "functional":
                return F.relu(x)
            case "method":
                return x.relu()
            case "method_":
                return x.relu_()
            case "clamp":
                return x.clamp(min=0)
            case "maximum":
                return torch.maximum(x, torch.zeros(()))
            case "module":
                return self.other(x) if second else self.act(x)
        return self.act(x)  # reused, inplace, checkpoint

    def hidden(self, x: Tensor) -> Tensor:
        return self.activate(self.first(x))

    def forward(self, x: Tensor) -> Tensor:
        if self.style == "checkpoint":
            h = checkpoint(self.hidden, x, use_reentrant=False)
            assert isinstance(h, Tensor)
        else:
            h = self.hidden(x)
        h = h + self.activate(self.second(h), True) if self.style == "residual" else h
        return self.last(self.activate(self.second(h), True))


STYLES = (
    *("module", "reused", "inplace", "functional", "method", "method_", "clamp", "maximum"),
    *("residual", "checkpoint"),
)


class Conv(nn.Module):
    """The unit is the channel: inputs as 1x1 images of FEATURES channels, 4 pixels each."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act = nn.Conv2d(FEATURES, 16, 1), nn.ReLU()
        self.last = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        images = x.view(-1, 2, 2, FEATURES).permute(0, 3, 1, 2)
        return self.last(self.act(self.first(images)).mean((2, 3)))


class Tokens(nn.Module):
    """(batch, time, feature): the unit is the last axis."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.last = nn.Linear(FEATURES, 16), nn.ReLU(), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.act(self.first(x.view(-1, 10, FEATURES)))).mean(1)


class Gated(nn.Module):
    """ReGLU: the unit is relu(gate) * up."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.up = nn.Linear(FEATURES, 16), nn.Linear(FEATURES, 16)
        self.last = nn.Linear(16, 3)
        with torch.no_grad():
            self.up.weight.zero_()
            self.up.bias.fill_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.relu(self.first(x)) * self.up(x))


class Squashed(nn.Module):
    """tanh: unit 3 saturated on every row, unit 5 on 98.5% (not enough), unit 7 on 99.5%."""

    saturated = (3, 7)

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.last = nn.Linear(FEATURES, 16), nn.Tanh(), nn.Linear(16, 3)
        weight, bias = self.first.weight, self.first.bias
        with torch.no_grad():
            weight *= 0.3
            for unit, rare in ((3, None), (5, -3), (7, -2)):
                weight[unit] = 0.0
                bias[unit] = 0.0
                weight[unit, -1] = 8.0
                if rare is not None:
                    weight[unit, rare] = -8.0

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.act(self.first(x)))
