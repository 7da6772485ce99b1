"""The kink of ReLU: what PyTorch takes for its slope at 0, and whether that ever matters."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from actscope import catalogue
from actscope.ensemble import one_thread

from ._claim import Measured
from ._numbers import mean, once, percent
from ._pictures import Dots, Row
from ._train import BATCH, WIDTH, digits
from ._verdict import Bound, Check

if TYPE_CHECKING:
    import torch

CHOICES = (0.0, 0.5, 1.0)
DEPTH, EPOCHS, RATE = 3, 5, 1e-3

KINK = Bound("jump of the slope at 0", least=1, most=1, why="from 0 to 1: no derivative")
OFTEN = Bound("inputs that are exactly 0, in %", least=0.1, why="one in a thousand is seldom")
MATTERS = Bound(
    "points of accuracy between slopes 0, 1/2 and 1", least=0.5, why="what people would notice"
)


def kinked(z: torch.Tensor, at_zero: float) -> torch.Tensor:
    """ReLU with the slope given at exactly 0."""
    # z - z.detach() is 0 with slope 1; PyTorch's own slope at 0 is 0 and adds nothing.
    return z.relu() + at_zero * (z == 0) * (z - z.detach())


def torch_slope() -> float:
    """What PyTorch's own ReLU has for a slope at 0."""
    import torch

    x = torch.zeros(1, requires_grad=True)
    torch.relu(x).backward()
    assert x.grad is not None
    return float(x.grad)


def trained(seed: int, at_zero: float) -> tuple[float, int, int]:
    """Accuracy on rows not trained on, inputs of a ReLU that were exactly 0, of how many.

    Plain PyTorch in float32, its own initial weights; the same for every slope at one seed.
    """
    import torch

    split, zeros, of = digits(), 0, 0
    sizes = (64, *(WIDTH,) * DEPTH, 10)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
        optimizer = torch.optim.Adam([p for layer in layers for p in layer.parameters()], lr=RATE)
        X, y = torch.from_numpy(split.X).float(), torch.from_numpy(split.y)
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(X)).split(BATCH):
                a = X[batch]
                for layer in layers[:-1]:
                    z = layer(a)
                    zeros, of = zeros + int((z == 0).sum()), of + z.numel()
                    a = kinked(z, at_zero)
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(layers[-1](a), y[batch]).backward()
                optimizer.step()
    with torch.no_grad():
        a = torch.from_numpy(split.X_test).float()
        for layer in layers[:-1]:
            a = layer(a).relu()
        right = (layers[-1](a).argmax(1).numpy() == split.y_test).mean()
    return float(right), zeros, of


def relu_kink(seeds: range) -> Measured:
    """The kink as the catalogue certifies it, zeros in training, and three slopes at 0."""
    relu: Any = catalogue.get("relu")
    tiny = float(np.finfo(np.float64).tiny)
    jump = once("jump of the slope at 0", relu.slope(tiny) - relu.slope(-tiny))
    taken = once("PyTorch's slope at 0", torch_slope())
    with one_thread():
        runs = {s: [trained(seed, s) for seed in seeds] for s in CHOICES}
    right = {s: np.array([run[0] for run in of]) for s, of in runs.items()}
    zeros = percent("inputs that are exactly 0", [met / of for _, met, of in runs[0.0]])
    hits = sum(met for _, met, _ in runs[0.0])
    seen = once("inputs looked at", sum(of for *_, of in runs[0.0]))
    apart = mean(
        "accuracy between slopes 0, 1/2 and 1",
        100 * np.ptp([right[s] for s in CHOICES], axis=0),
        "points",
    )
    return Measured(
        headline=apart,
        checks=(
            Check(
                KINK,
                jump,
                f"the slope of ReLU jumps from 0 to 1 at 0 (PyTorch takes {taken.shown})",
                f"the slope of ReLU jumps by {jump.shown} at 0",
            ),
            Check(
                OFTEN,
                zeros,
                f"{zeros.shown} of inputs are exactly 0 in training",
                f"of {seen.value:,.0f} inputs in training {hits:,} were exactly 0",
                essential=False,
            ),
            Check(
                MATTERS,
                apart,
                f"the choice of 0, 1/2 or 1 there moves accuracy by {apart.shown}",
                f"taking 0, 1/2 or 1 there moves accuracy by {apart.shown} ({apart.interval})"
                + (": in practice the kink is no trouble" if apart.high < MATTERS.least else ""),
                essential=False,
            ),
        ),
        others=(taken, seen),
        picture=Dots(
            "Accuracy with another slope at 0",
            "Accuracy on digits not trained on, with the slope of ReLU at exactly 0 set to each.",
            "% right",
            [
                Row(f"slope {s:g} at 0", percent(f"slope {s:g}", right[s]), look)
                for s, look in zip(CHOICES, ("relu", "sigmoid", "tanh"), strict=True)
            ],
        ),
    )
