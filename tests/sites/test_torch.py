"""Every activation of PyTorch: seen with its record, or listed here with a reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules import activation as modules

import actscope as act
from actscope.sites import find
from actscope.sites._activations import _TORCH_OWN

RECORDS = {
    nn.ReLU: "relu", nn.ReLU6: "relu6", nn.LeakyReLU: "leaky_relu", nn.ELU: "elu",
    nn.SELU: "selu", nn.CELU: "celu", nn.SiLU: "silu", nn.Mish: "mish",
    nn.Softplus: "softplus", nn.Softsign: "softsign", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid",
    nn.Hardtanh: "hard_tanh", nn.Hardsigmoid: "hard_sigmoid", nn.Hardswish: "hard_swish",
    nn.Hardshrink: "hardshrink", nn.Softshrink: "softshrink", nn.Tanhshrink: "tanhshrink",
    nn.LogSigmoid: "log_sigmoid", nn.RReLU: "rrelu", nn.PReLU: "prelu", nn.GELU: "gelu",
    nn.GLU: "sigmoid", nn.Threshold: "relu",
}  # fmt: skip
NONE = {  # a unit's value depends on the other units, or there are no units
    *("MultiheadAttention", "Softmax", "Softmax2d", "Softmin", "LogSoftmax"),
}


def test_the_table_is_whole() -> None:
    assert set(RECORDS) == set(_TORCH_OWN)
    assert {kind.__name__ for kind in RECORDS} | NONE == set(modules.__all__) | {"Softplus"}


@pytest.mark.parametrize("kind", RECORDS)
def test_modules(kind: type[nn.Module]) -> None:
    module = kind(0.0, 0.0) if kind is nn.Threshold else kind()
    found = find(nn.Sequential(nn.Linear(3, 4), module), torch.randn(5, 3))
    assert [(site.name, site.record.name) for site in found.sites] == [("1", RECORDS[kind])]
    assert found.idle == ()


FUNCTIONS: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "F.celu": ("celu", F.celu), "F.elu": ("elu", F.elu), "F.elu_": ("elu", F.elu_),
    "F.gelu": ("gelu", F.gelu), "F.glu": ("sigmoid", F.glu),
    "F.hardshrink": ("hardshrink", F.hardshrink), "F.hardsigmoid": ("hard_sigmoid", F.hardsigmoid),
    "F.hardswish": ("hard_swish", F.hardswish), "F.hardtanh": ("hard_tanh", F.hardtanh),
    "F.hardtanh_": ("hard_tanh", F.hardtanh_), "F.leaky_relu": ("leaky_relu", F.leaky_relu),
    "F.leaky_relu_": ("leaky_relu", F.leaky_relu_), "F.logsigmoid": ("log_sigmoid", F.logsigmoid),
    "F.mish": ("mish", F.mish), "F.prelu": ("prelu", lambda z: F.prelu(z, torch.ones(1))),
    "F.relu": ("relu", F.relu), "F.relu_": ("relu", F.relu_), "F.relu6": ("relu6", F.relu6),
    "F.rrelu": ("rrelu", F.rrelu), "F.rrelu_": ("rrelu", F.rrelu_), "F.selu": ("selu", F.selu),
    "F.selu_": ("selu", torch.selu_), "F.sigmoid": ("sigmoid", F.sigmoid),
    "F.silu": ("silu", F.silu), "F.softplus": ("softplus", F.softplus),
    "F.softshrink": ("softshrink", F.softshrink), "F.softsign": ("softsign", F.softsign),
    "F.tanh": ("tanh", F.tanh), "F.tanhshrink": ("tanhshrink", F.tanhshrink),
    "F.threshold": ("relu", lambda z: F.threshold(z, 0.0, 0.0)),
    "F.threshold_": ("relu", lambda z: torch.threshold_(z, 0.0, 0.0)),
    "torch.relu": ("relu", torch.relu), "torch.relu_": ("relu", torch.relu_),
    "torch.sigmoid": ("sigmoid", torch.sigmoid), "torch.tanh": ("tanh", torch.tanh),
    "torch.selu": ("selu", torch.selu), "torch.celu": ("celu", torch.celu),
    "torch.prelu": ("prelu", lambda z: torch.prelu(z, torch.ones(1))),
    "torch.rrelu": ("rrelu", torch.rrelu), "torch.hardshrink": ("hardshrink", torch.hardshrink),
    "torch.threshold": ("relu", lambda z: torch.threshold(z, 0.0, 0.0)),
    "torch.clamp": ("relu", lambda z: torch.clamp(z, min=0)),
    "torch.clamp_min": ("relu", lambda z: torch.clamp_min(z, 0)),
    "torch.max": ("relu", lambda z: torch.max(z, torch.zeros(()))),
    "torch.maximum": ("relu", lambda z: torch.maximum(z, torch.zeros(()))),
    "torch.special.expit": ("sigmoid", torch.special.expit),
}  # fmt: skip


class Calling(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.function = nn.Linear(3, 4), function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.first(x))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    record, function = FUNCTIONS[name]
    found = find(Calling(function), torch.randn(5, 3)).sites
    assert [site.record.name for site in found] == [record]


@pytest.mark.parametrize(
    "function",
    [lambda z: z.max(0)[0], lambda z: torch.max(z, 0)[0], lambda z: torch.max(z, dim=0).values,
     lambda z: z.clamp(0.5), lambda z: torch.maximum(z, torch.ones(()))],
)  # fmt: skip
def test_a_largest_value_is_no_activation(function: Callable[[Tensor], Tensor]) -> None:
    model, x = Calling(function), torch.randn(5, 3)
    assert find(model, x).sites == ()
    assert [s for s in act.diagnose(model, x).sites if s.units] == []
