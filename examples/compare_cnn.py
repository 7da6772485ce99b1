"""Which activation for a small convolutional network? A model of your own, three functions.

The learning rate is chosen for each activation and seed, on rows that `score` does not see. The
1,797 pictures of 8x8 points come with scikit-learn. About a minute on one core.

python examples/compare_cnn.py [page.html [seeds]]
"""

from __future__ import annotations

import sys

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

import actscope as act

EPOCHS, BATCH = 5, 64
RATES = [0.003, 0.01, 0.03]


def digits() -> tuple[Tensor, Tensor]:
    """Pictures (row, channel, height, width) from 0 to 1, and their classes, in a fixed order."""
    pictures, classes = load_digits(return_X_y=True)
    order = torch.randperm(len(classes), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(pictures, dtype=torch.float32).view(-1, 1, 8, 8) / 16
    return x[order], torch.tensor(classes)[order]


X, Y = digits()
TRAIN, VALIDATION, TEST = slice(0, 1080), slice(1080, 1350), slice(1350, None)


def build() -> nn.Module:
    """Two convolutions; which activation stands here does not matter."""
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten()),
        nn.Linear(16 * 4 * 4, 10),
    )


def fit(model: nn.Module, lr: float) -> None:
    """Plain PyTorch. Everything random here follows from the seed: it was set before the call."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    x, y = X[TRAIN], Y[TRAIN]
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def accuracy(model: nn.Module, rows: slice) -> float:
    """The share of right answers."""
    model.eval()
    with torch.no_grad():
        return float((model(X[rows]).argmax(1) == Y[rows]).float().mean())


def validate(model: nn.Module) -> float:
    """What the learning rate is chosen by."""
    return accuracy(model, VALIDATION)


def score(model: nn.Module) -> float:
    """What the activations are compared by."""
    return accuracy(model, TEST)


def main(page: str | None = None, seeds: str = "10") -> None:
    """The verdict, and the page that shows what it rests on."""
    result = act.compare_models(
        build,
        fit,
        score,
        validate=validate,
        activations=["relu", "leaky_relu", "gelu", "tanh", "identity", "step"],
        seeds=int(seeds),
        learning_rates=RATES,
        name="a convolutional network on digits",
    )
    print(result)
    print()
    columns = ["activation", "score", "score_low", "score_high", "learning_rate", "dead_share"]
    print(result.table[columns].round(4).to_string(index=False))
    if page is not None:
        result.to_html(page)


if __name__ == "__main__":
    main(*sys.argv[1:3])
