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

RATE, STEPS, BATCH = 0.05, 300, 64  # a usual rate for Adam is 0.001


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


def train(model: nn.Module, x: Tensor, y: Tensor, rate: float) -> act.HealthReport:
    """Plain PyTorch, watched."""
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
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
    """A rate too large; then what the report offers: a leak, or a lower rate."""
    x, y = digits()
    model = network()
    report = train(model, x, y, RATE)
    print(f"At a learning rate of {RATE}\n")
    print(report)
    if page is not None:
        report.to_html(page)
    before = act.diagnose(model, x)

    leaky = network()
    swapped = act.swap(leaky, "relu", "leaky_relu(negative_slope=0.1)", example=x[:8])
    train(leaky, x, y, RATE)
    print("\nThe same start and rate with a leak")
    for change in swapped.changes:
        print(f"  {change.name}: {change.before} -> {change.after}")
    print()
    print(before.diff(act.diagnose(leaky, x)))

    slower = network()
    train(slower, x, y, RATE / 10)
    print("\nAfterwards, on all rows")
    for name, one in (("rate too large", model), ("leak", leaky), ("a tenth of the rate", slower)):
        dead = [len(site.dead_units) for site in act.diagnose(one, x).sites]
        print(f"  {name:20} dead units by site {dead}, accuracy {accuracy(one, x, y):.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
