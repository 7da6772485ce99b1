"""Networks as users write them, for the tests of `train_ensemble(model=...)`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from actscope.ensemble._factory import Maker

RNG = np.random.default_rng(3)
ROWS = 43  # batches of 16 leave one of 11
TABLE = RNG.standard_normal((ROWS, 8))
IMAGES = RNG.standard_normal((ROWS, 2, 6, 6))
TOKENS = RNG.integers(0, 20, (ROWS, 5))
LABELS = TABLE[:, :3].argmax(1)


def mlp(activation: Maker) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(8, 7), activation(), nn.Linear(7, 9), activation(), nn.Linear(9, 3)
    )


def cnn(activation: Maker) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), activation(), nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 2, groups=2), nn.GroupNorm(2, 4), activation(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip


def conv_1d(activation: Maker) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(2), nn.Conv1d(2, 5, 4, stride=3), activation(), nn.AvgPool1d(2),
        nn.Flatten(), nn.LazyLinear(3),
    )  # fmt: skip


def normed(activation: Maker) -> nn.Module:
    return nn.Sequential(
        nn.Linear(8, 7), nn.BatchNorm1d(7), activation(), nn.LayerNorm(7), nn.Linear(7, 3)
    )


def image_normed(activation: Maker) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4, momentum=None), activation(), nn.Flatten(),
        nn.Linear(64, 3),
    )  # fmt: skip


def dropped(activation: Maker) -> nn.Module:
    return nn.Sequential(
        nn.Linear(8, 7), activation(), nn.Dropout(0.3), nn.AlphaDropout(0.2), nn.Linear(7, 3)
    )


def channels_dropped(activation: Maker) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), activation(), nn.Dropout2d(0.3), nn.FeatureAlphaDropout(0.2),
        nn.Flatten(), nn.Linear(64, 3),
    )  # fmt: skip


class Residual(nn.Module):
    """Blocks with a way around them, the second weight tied to the first, a frozen end."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)
        self.second.weight = self.first.weight
        self.act = nn.ModuleList([activation(), activation()])
        self.scale = nn.Parameter(torch.tensor(0.5))
        self.register_buffer("shift", torch.randn(8))
        self.end = nn.Linear(8, 3)
        self.end.bias.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        for layer, act in zip((self.first, self.second), self.act, strict=True):
            x = x + self.scale * nn.functional.dropout(act(layer(x)), 0.2, self.training)
        return self.end(x + self.get_buffer("shift"))


class Attention(nn.Module):
    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Parameter(torch.randn(5, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.act, self.end = activation(), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.words(x) + self.places
        h = h + self.attention(h, h, h, need_weights=False)[0]
        return self.end(self.act(h).mean(1))


class Encoder(nn.Module):
    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.layer = nn.TransformerEncoderLayer(
            8, 2, 12, dropout=0.1, activation=activation(), batch_first=True
        )
        self.end = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.layer(self.words(x)).mean(1))


class Recurrent(nn.Module):
    def __init__(self, activation: Maker, kind: type[nn.LSTM | nn.GRU] = nn.LSTM) -> None:
        super().__init__()
        self.words, self.cell = nn.Embedding(20, 6), kind(6, 5, batch_first=True)
        self.act, self.end = activation(), nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.act(self.cell(self.words(x))[0][:, -1]))


def gru(activation: Maker) -> nn.Module:
    return Recurrent(activation, nn.GRU)


class Branching(nn.Module):
    """What it does depends on the values that it sees."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.layer, self.act, self.end = nn.Linear(8, 7), activation(), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(self.layer(x))
        return self.end(h if h.mean() > 0.1 else 2 * h)


class Counting(nn.Module):
    """What it does depends on a number that Python counts."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.layer, self.act, self.end = nn.Linear(8, 7), activation(), nn.Linear(7, 3)
        self.steps = 0

    def forward(self, x: Tensor) -> Tensor:
        self.steps += self.training
        return self.end(self.act(self.layer(x)) * (1.0 if self.steps < 20 else 0.5))


class Replacing(nn.Module):
    """A running mean that is a new tensor at each step."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.layer, self.act, self.end = nn.Linear(8, 7), activation(), nn.Linear(7, 3)
        self.register_buffer("mean", torch.zeros(7))

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(self.layer(x))
        if self.training:
            self.mean = 0.9 * self.get_buffer("mean") + 0.1 * h.detach().mean(0)
        return self.end(h - self.get_buffer("mean"))


def weight_normed(activation: Maker) -> nn.Module:
    return nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(8, 7)), activation(),
        nn.utils.parametrizations.spectral_norm(nn.Linear(7, 3)),
    )  # fmt: skip


def one_layer(activation: Maker) -> nn.Module:
    return nn.Sequential(nn.Linear(8, 7), activation(), nn.Linear(7, 3))


class Overwriting(nn.Module):
    """Changes its input in place."""

    def __init__(self, activation: Maker) -> None:
        super().__init__()
        self.layer, self.act, self.end = nn.Linear(8, 7), activation(), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.act(self.layer(x.mul_(0.5))))


class Words(nn.Module):
    """An embedding, its gradients sparse or not."""

    def __init__(self, activation: Maker, sparse: bool = False) -> None:
        super().__init__()
        self.words, self.act = nn.Embedding(20, 6, sparse=sparse), activation()
        self.end = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.act(self.words(x).mean(1)))


Case = tuple[Callable[[Maker], nn.Module], np.ndarray]
CASES: dict[str, Case] = {
    "mlp": (mlp, TABLE),
    "cnn": (cnn, IMAGES),
    "conv_1d": (conv_1d, IMAGES),
    "normed": (normed, TABLE),
    "image_normed": (image_normed, IMAGES),
    "dropped": (dropped, TABLE),
    "channels_dropped": (channels_dropped, IMAGES),
    "residual": (Residual, TABLE),
    "attention": (Attention, TOKENS),
    "encoder": (Encoder, TOKENS),
    "lstm": (Recurrent, TOKENS),
    "gru": (gru, TOKENS),
    "branching": (Branching, TABLE),
    "counting": (Counting, TABLE),
    "replacing": (Replacing, TABLE),
    "weight_normed": (weight_normed, TABLE),
}
