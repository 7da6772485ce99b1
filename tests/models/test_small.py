"""Small versions of vision networks, by us: reused modules, functions only."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import actscope as act
from actscope.sites import find


class Block(nn.Module):
    """A basic block whose one in-place ReLU is called twice, as torchvision's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x
        return self.relu(out)


def resnet18() -> nn.Module:
    """Stem and 8 blocks: 9 ReLU modules, 8 of them reused."""
    stem = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    return nn.Sequential(*stem, *[Block(4) for _ in range(8)])


class Branches(nn.Module):
    """Two branches of convolutions, each followed by F.relu in the one function of both."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([F.relu(self.one(x), inplace=True), F.relu(self.two(x))], 1)


def googlenet() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 1), *[Branches() for _ in range(3)])


# resnet18: 1 + 8 x 2 sites of 4 channels; googlenet: 3 x 2 sites of 2 channels
CASES = {"resnet18": (resnet18, 17, 4), "googlenet": (googlenet, 6, 2)}


@pytest.mark.parametrize("name", CASES)
def test_found_swapped_undone(name: str) -> None:
    torch.manual_seed(0)
    build, count, units = CASES[name]
    model, x = build().eval(), torch.randn(2, 3, 8, 8)
    sites = find(model, x).sites
    assert [(s.activation, s.axis, s.units) for s in sites] == [("relu", -3, units)] * count
    before = model(x)
    done = act.swap(model, "relu", "gelu", example=x)
    assert len(done.changes) == count
    assert {s.activation for s in find(model, x).sites} == {"gelu"}
    compiled = torch.compile(model, backend="eager")
    assert isinstance(compiled, nn.Module)
    with torch.no_grad():  # with gradients, Dynamo itself warns where it leaves the graph
        assert torch.equal(compiled(x), model(x))
    assert len(find(compiled, x).sites) == count
    done.undo()
    assert torch.equal(model(x), before)
