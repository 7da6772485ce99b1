"""Which activation for the feed-forward layers of a transformer? A task made here: who came first.

Each sequence holds the tokens A and B once, among others: is A before B? The data are drawn anew
for each seed, so the verdict is about the task, not about one test set. About a minute on one core.

python examples/compare_transformer.py [page.html [seeds]]
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor, nn
from torch.nn import functional

import actscope as act

TOKENS, LENGTH, WIDTH = 10, 12, 16
A, B = 0, 1
TRAINING, TESTING = 2000, 1000
EPOCHS, BATCH, RATE = 8, 50, 0.003


def sequences(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Tokens (sequence, position), and 1.0 where A comes before B."""
    draw = torch.Generator().manual_seed(seed)
    tokens = torch.randint(2, TOKENS, (count, LENGTH), generator=draw)
    places = torch.rand(count, LENGTH, generator=draw).argsort(1)[:, :2]
    tokens.scatter_(1, places, torch.tensor([A, B]).expand(count, 2))
    return tokens, (places[:, 0] < places[:, 1]).float()


class WhoCameFirst(nn.Module):
    """One encoder layer, the mean over positions, one answer."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(TOKENS, WIDTH)
        self.place = nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.5)
        layer = nn.TransformerEncoderLayer(
            WIDTH, nhead=2, dim_feedforward=4 * WIDTH, dropout=0.0, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)
        self.answer = nn.Linear(WIDTH, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """(sequence, position) -> (sequence,)"""
        found = self.encoder(self.token(tokens) + self.place)
        return self.answer(found.mean(1))[:, 0]


def fit(model: nn.Module, seed: int) -> None:
    """Plain PyTorch, on sequences of this seed."""
    x, y = sequences(TRAINING, seed=2 * seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = functional.binary_cross_entropy_with_logits(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def score(model: nn.Module, seed: int) -> float:
    """The share of right answers, on others of this seed."""
    x, y = sequences(TESTING, seed=2 * seed + 1)
    model.eval()
    with torch.no_grad():
        return float(((model(x) > 0) == (y > 0.5)).float().mean())


def main(page: str | None = None, seeds: str = "10") -> None:
    """The verdict, and the page that shows what it rests on."""
    result = act.compare_models(
        WhoCameFirst,
        fit,
        score,
        activations=["relu", "gelu", "silu", "tanh", "identity"],
        seeds=int(seeds),
    )
    print(result)
    print()
    print("\n".join(result.data.notes))
    if page is not None:
        result.to_html(page)


if __name__ == "__main__":
    main(*sys.argv[1:3])
