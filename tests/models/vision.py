"""Vision networks of the literature, made narrow: their wiring and reuse of modules is kept."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(given: int, made: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(given, made, kernel, stride, kernel // 2, bias=False)


def conv_norm(given: int, made: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(conv(given, made, kernel, stride), nn.BatchNorm2d(made))


def conv_relu(given: int, made: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(*conv_norm(given, made, kernel, stride), nn.ReLU(inplace=True))


class Basic(nn.Module):
    """Two convolutions and a sum, whose one in-place ReLU is called twice (He et al. 2015)."""

    def __init__(self, given: int, made: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv(given, made, 3, stride), nn.BatchNorm2d(made)
        self.relu = nn.ReLU(inplace=True)
        self.conv2, self.bn2 = conv(made, made), nn.BatchNorm2d(made)
        self.downsample = conv_norm(given, made, 1, stride) if given != made else None

    def forward(self, x: Tensor, shortcut: Tensor | None = None) -> Tensor:
        if shortcut is None:
            shortcut = x if self.downsample is None else self.downsample(x)
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += shortcut
        return self.relu(out)


class Bottleneck(nn.Module):
    """Three convolutions and a sum, whose one in-place ReLU is called three times."""

    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        inner = made // 4
        self.conv1, self.bn1 = conv(given, inner, 1), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = conv(inner, inner), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = conv(inner, made, 1), nn.BatchNorm2d(made)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = conv_norm(given, made, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(out)))))
        out += self.downsample(x)
        return self.relu(out)


def resnet18() -> nn.Module:
    """Stem, then 4 stages of 2 basic blocks: 9 ReLU modules, 8 of them reused."""
    layers: list[nn.Module] = [conv_relu(3, 4, 7, 2), nn.MaxPool2d(3, 2, 1)]
    for given, made in ((4, 4), (4, 8), (8, 16), (16, 32)):
        layers += [Basic(given, made, 1 if given == made else 2), Basic(made, made)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 5))


class Unit(nn.Module):
    """Convolution, normalisation, F.relu: GoogLeNet's, without any ReLU module."""

    def __init__(self, given: int, made: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv, self.bn = conv(given, made, kernel, stride), nn.BatchNorm2d(made)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """Four branches of 6 units side by side (Szegedy et al. 2014)."""

    def __init__(self, given: int) -> None:
        super().__init__()
        self.branch1 = Unit(given, 4, 1)
        self.branch2 = nn.Sequential(Unit(given, 2, 1), Unit(2, 4, 3))
        self.branch3 = nn.Sequential(Unit(given, 2, 1), Unit(2, 4, 3))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), Unit(given, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(
            [b(x) for b in (self.branch1, self.branch2, self.branch3, self.branch4)], 1
        )


class GoogLeNet(nn.Module):
    """Stem of 3 units, 9 inceptions of 6 each: the 57 F.relu of torchvision's."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Unit(3, 4, 7, 2), Unit(4, 4, 1), Unit(4, 16, 3))
        self.inceptions = nn.Sequential(*[Inception(16) for _ in range(9)])
        self.fc = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.inceptions(self.stem(x)).mean((2, 3)))


class Root(nn.Module):
    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        self.conv, self.bn = conv(given, made, 1), nn.BatchNorm2d(made)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, children: list[Tensor]) -> Tensor:
        return self.relu(self.bn(self.conv(torch.cat(children, 1))))


class Tree(nn.Module):
    """Deep layer aggregation (Yu et al. 2018): two subtrees, joined by a root."""

    def __init__(
        self, levels: int, given: int, made: int, stride: int, root: bool, more: int = 0
    ) -> None:
        super().__init__()
        joined = 2 * made + more + (given if root else 0)
        self.levels, self.level_root = levels, root
        self.downsample = nn.MaxPool2d(stride) if stride > 1 else nn.Identity()
        if levels == 1:
            self.tree1, self.tree2 = Basic(given, made, stride), Basic(made, made)
            self.tree1.downsample = None
            self.project = conv_norm(given, made, 1) if given != made else nn.Identity()
            self.root = Root(joined, made)
        else:
            self.tree1 = Tree(levels - 1, given, made, stride, False)
            more += made + (given if root else 0)
            self.tree2 = Tree(levels - 1, made, made, 1, False, more)

    def forward(self, x: Tensor, children: tuple[Tensor, ...] = ()) -> Tensor:
        bottom = self.downsample(x)
        if self.level_root:
            children = (*children, bottom)
        if self.levels == 1:
            x1 = self.tree1(x, self.project(bottom))
            return self.root([self.tree2(x1), x1, *children])
        x1 = self.tree1(x)
        return self.tree2(x1, (*children, x1))


def dla34() -> nn.Module:
    """Three convolutions, then trees of 1, 2, 2, 1 levels."""
    trees = [
        Tree(1, 4, 4, 2, False),
        Tree(2, 4, 8, 2, True),
        Tree(2, 8, 8, 2, True),
        Tree(1, 8, 16, 2, True),
    ]
    first = (conv_relu(3, 4, 7), conv_relu(4, 4), conv_relu(4, 4, 3, 2))
    return nn.Sequential(*first, *trees, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5))


class Exchange(nn.Module):
    """Parallel resolutions that hear of each other (Wang et al. 2019): four basic blocks each, and
    sums that go through the one ReLU that all outputs share."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*[Basic(width, width) for _ in range(4)]) for width in widths
        )
        self.fuse = nn.ModuleList(
            nn.ModuleList(self._between(widths, j, i) for j in range(len(widths)))
            for i in range(len(widths))
        )
        self.fuse_act = nn.ReLU()

    def _between(self, widths: list[int], here: int, there: int) -> nn.Module:
        if here > there:
            wider = nn.Upsample(scale_factor=2 ** (here - there))
            return nn.Sequential(*conv_norm(widths[here], widths[there], 1), wider)
        steps: list[nn.Module] = []
        for n in range(here, there):
            last = n == there - 1
            width = widths[there] if last else widths[here]
            steps += (conv_norm if last else conv_relu)(widths[here], width, 3, 2)
        return nn.Sequential(*steps)

    def forward(self, xs: list[Tensor]) -> list[Tensor]:
        xs = [branch(x) for branch, x in zip(self.branches, xs, strict=True)]
        fused = []
        for layers in self.fuse:
            assert isinstance(layers, nn.ModuleList)
            y = layers[0](xs[0])
            for layer, x in zip(list(layers)[1:], xs[1:], strict=True):
                y = y + layer(x)
            fused.append(self.fuse_act(y))
        return fused


class HRNet(nn.Module):
    """A stem, one bottleneck, then two and three resolutions side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(*conv_relu(3, 8, 3, 2), *conv_relu(8, 8, 3, 2))
        self.layer1 = Bottleneck(8, 16)
        self.transition1 = nn.ModuleList([conv_relu(16, 4), conv_relu(16, 8, 3, 2)])
        self.stage2 = Exchange([4, 8])
        self.transition2 = conv_relu(8, 16, 3, 2)
        self.stage3 = Exchange([4, 8, 16])

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.layer1(self.stem(x))
        xs = self.stage2([transition(x) for transition in self.transition1])
        return self.stage3([*xs, self.transition2(xs[-1])])
