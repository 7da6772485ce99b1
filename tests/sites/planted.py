"""Small models whose activations are known."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


class Of(nn.Module):
    """Two linear maps and what is between them."""

    def __init__(self, between: Callable[[Of, Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 6), nn.Linear(6, 6)
        self.act = nn.ReLU()
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.between(self, self.first(x)))


def in_place(m: Of, z: Tensor) -> Tensor:
    z.relu_()
    return z


PLANTED: dict[str, tuple[Callable[[Of, Tensor], Tensor], list[tuple[str, str]]]] = {
    "module": (lambda m, z: m.act(z), [("act", "relu")]),
    "F.relu": (lambda m, z: F.relu(z), [("relu(first)", "relu")]),
    "in place": (in_place, [("relu(first)", "relu")]),
    "method": (lambda m, z: z.tanh(), [("tanh(first)", "tanh")]),
    "clamp": (lambda m, z: z.clamp(min=0), [("relu(first)", "relu")]),
    "maximum": (lambda m, z: torch.maximum(z, torch.zeros(())), [("relu(first)", "relu")]),
    "inline silu": (lambda m, z: z * torch.sigmoid(z), [("silu(first)", "silu")]),
    "residual": (lambda m, z: z + m.act(m.second(z)), [("act", "relu")]),
    "reused": (
        lambda m, z: m.act(m.second(m.act(z))),
        [("act(first)", "relu"), ("act(second)", "relu")],
    ),
    "checkpointed": (
        lambda m, z: checkpoint(m.act, z, use_reentrant=False),
        [("act", "relu")],
    ),
    "gate": (lambda m, z: z * torch.sigmoid(m.second(z)), []),
    "soft cap": (lambda m, z: 5 * torch.tanh(z / 5), []),
}  # fmt: skip
