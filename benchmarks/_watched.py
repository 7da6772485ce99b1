"""Training steps to be watched: an MLP in two styles, and resnet18 as torchvision has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MLP(nn.Module):
    """784-512-512-10; ReLU as a module or as a function."""

    def __init__(self, functional: bool) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(784, 512), nn.Linear(512, 512)
        self.last = nn.Linear(512, 10)
        self.one = F.relu if functional else nn.ReLU()
        self.two = F.relu if functional else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.two(self.second(self.one(self.first(x)))))


class Block(nn.Module):
    """Two convolutions and a way around them; its one in-place ReLU is called twice."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or before != width:
            around = nn.Conv2d(before, width, 1, stride, bias=False)
            self.downsample = nn.Sequential(around, nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet18(nn.Module):
    """He et al. 2016, in torchvision's arrangement: 9 ReLU modules, 8 of them called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(64), nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        widths = ((64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2))
        self.layers = nn.Sequential(
            *[nn.Sequential(Block(b, w, s), Block(w, w, 1)) for b, w, s in widths]
        )
        self.fc = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(self.layers(x).mean((2, 3)))


@dataclass
class Training:
    """A model, its optimizer and one batch; `step` trains once."""

    model: nn.Module
    x: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-3, momentum=0.9)

    def step(self) -> None:
        self.optimizer.zero_grad()
        F.cross_entropy(self.model(self.x), self.y).backward()
        self.optimizer.step()


def _training(build: Callable[[], nn.Module], *shape: int) -> Callable[[], Training]:
    def made() -> Training:
        torch.manual_seed(0)
        return Training(build(), torch.randn(*shape), torch.randint(10, (shape[0],)))

    return made


TRAININGS: dict[str, tuple[str, Callable[[], Training]]] = {
    "mlp": ("MLP 784-512-512-10, batch 128, nn.ReLU", _training(lambda: MLP(False), 128, 784)),
    "mlp-functional": (
        "MLP 784-512-512-10, batch 128, F.relu",
        _training(lambda: MLP(True), 128, 784),
    ),
    "resnet18": (
        "resnet18, batch 8, 64x64, reused in-place ReLUs",
        _training(ResNet18, 8, 3, 64, 64),
    ),
}
