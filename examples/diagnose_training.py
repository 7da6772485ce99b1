"""A network that dies while it trains: seen, dated, changed, compared. Runs in seconds.

One start shows how to look, not which activation is better: dying is a matter of chance, so judge
a repair over many seeds.

python examples/diagnose_training.py [health.html]
"""

from __future__ import annotations

import sys

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

import actscope as act

RATE, STEPS, BATCH = 0.85, 300, 64


def digits() -> tuple[Tensor, Tensor]:
    """1,797 pictures of 8x8 points, standardised, and their classes."""
    pictures, classes = load_digits(return_X_y=True)
    x = torch.tensor(pictures, dtype=torch.float32)
    return (x - x.mean()) / x.std(), torch.tensor(classes)


def network() -> nn.Sequential:
    """The same each time."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Linear(64, 64), nn.ReLU()),
        *(nn.Linear(64, 64), nn.ReLU()),
        *(nn.Linear(64, 64), nn.ReLU()),
        nn.Linear(64, 10),
    )


def train(model: nn.Module, x: Tensor, y: Tensor) -> act.HealthReport:
    """Plain PyTorch, with a learning rate that is too large; watched."""
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    order = torch.Generator().manual_seed(0)
    with act.watch(model, every=5, optimizer=optimizer) as watched:
        for _ in range(STEPS):
            rows = torch.randint(len(x), (BATCH,), generator=order)
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watched.note(loss=loss)
    return watched.report()


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """On the rows that it was trained on."""
    with torch.no_grad():
        return float((model(x).argmax(1) == y).float().mean())


def main(page: str | None = None) -> None:
    """Two networks from one start: ReLU, then the same with a leak."""
    x, y = digits()
    model = network()
    report = train(model, x, y)
    print("While it trained\n")
    print(report)
    if page is not None:
        report.to_html(page)

    before = act.diagnose(model, x)
    print(f"\nAfterwards, on all rows: accuracy {accuracy(model, x, y):.0%}, ", end="")
    print(f"dead units by site {[len(site.dead_units) for site in before.sites]}")

    leaky = network()
    print("\nThe same start with a leak")
    swapped = act.swap(leaky, "relu", "leaky_relu(negative_slope=0.1)", example=x[:8])
    for change in swapped.changes:
        print(f"  {change.name}: {change.before} -> {change.after}")
    train(leaky, x, y)
    after = act.diagnose(leaky, x)
    print(f"\nAccuracy {accuracy(leaky, x, y):.0%}. Before and after:\n")
    print(before.diff(after))


if __name__ == "__main__":
    main(*sys.argv[1:2])
