"""Does a gain keep signals at their size through depth? Writes docs/gains.md.

    python benchmarks/depth.py [--networks 8]

Plain networks of 50 layers of width 512, weights of deviation gain / sqrt(512), no biases,
standard normal inputs: the variance that enters the last activation over the first one's.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

import actscope as act

LAYERS, WIDTH, ROWS = 50, 512, 32
PAGE = Path(__file__).parents[1] / "docs" / "gains.md"


def drift(name: str, weights: list[Tensor], x: Tensor) -> float:
    """Variance after the layers over that before, in one network."""
    activation = act.module(name).eval()
    scale = act.gain(name) / math.sqrt(x.shape[-1])
    h = x
    with torch.no_grad():
        for weight in weights:
            h = activation(h) @ weight * scale
    return float(h.square().mean() / x.square().mean())


def networks(count: int, layers: int = LAYERS, width: int = WIDTH) -> Iterator[tuple]:
    """Weights (to be scaled) and inputs, the same for every activation."""
    for seed in range(count):
        draw = torch.Generator().manual_seed(seed)
        weights = [torch.randn(width, width, generator=draw) for _ in range(layers)]
        yield weights, torch.randn(ROWS, width, generator=draw)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "overflows"
    return f"{value:.2f}" if 0.01 < value < 100 else f"{value:.0e}"


def _row(name: str, drifts: list[float]) -> str:
    known = [math.log(d) for d in drifts if d > 0 and math.isfinite(d)]
    whole = len(known) == len(drifts)
    middle = math.exp(sum(known) / len(known)) if whole else math.inf
    spread = f"{_number(min(drifts))} to {_number(max(drifts))}" if whole else ""
    record = act.get(name)
    slope = f"{record.variance_slope:.4f}"
    return f"| {name} | {record.gain:.6g} | {slope} | {_number(middle)} | {spread} |"


_HEAD = """# Gains, and what depth does to them

`act.gain(name)` is 1 / sqrt(E f(z)^2) for a standard normal z: weights of standard deviation
gain / sqrt(inputs) hand on the variance that came in. It is computed, with proof, for every
activation and every parameter. Whether *depth* keeps the variance is another matter: a layer
maps the variance q of its inputs to gain^2 E f(sqrt(q) z)^2, with the fixed point q = 1. The
slope of this map there (`record.variance_slope`) decides (Poole et al., NeurIPS 2016):

- **below 1** an error in scale shrinks from layer to layer: the gain works at any depth;
- **at 1** (ReLU and everything of two straight lines through 0) nothing pulls back, and chance
  adds up: the variance wanders, more with depth and less with width;
- **above 1** every error grows, and no gain helps. What does: a normalisation layer (layer,
  batch or RMS normalisation) before the activation, which puts q back to 1 each time, or
  residual connections, which add small steps to a signal that passes unchanged.

The last columns are measured: {count} networks of {layers} layers of width {width}, the
variance that enters the last activation over that of the first; the geometric mean, and the
range over the networks. `torch.nn.init.calculate_gain` knows linear, sigmoid, tanh, relu,
leaky_relu and selu, gives 1 for sigmoid and 5/3 for tanh by convention, and refuses GELU and
SiLU. Made by `python benchmarks/depth.py`.

"""


def main() -> None:
    parser = argparse.ArgumentParser(description="What 50 layers make of each gain")
    parser.add_argument("--networks", type=int, default=8)
    count = parser.parse_args().networks
    drifts: dict[str, list[float]] = {name: [] for name in act.names()}
    for weights, x in networks(count):
        for name in drifts:
            drifts[name].append(drift(name, weights, x))
    by_slope = sorted(drifts, key=lambda name: act.get(name).variance_slope)
    head = "| activation | gain | slope | after 50 layers | range |\n|---|---|---|---|---|\n"
    sections = {
        "Kept at any depth (slope below 1)": lambda s: s < 1 - 1e-3,
        "Wandering by chance (slope 1)": lambda s: abs(s - 1) <= 1e-3,
        "Drifting away (slope above 1): normalise": lambda s: s > 1 + 1e-3,
    }
    text = _HEAD.format(count=count, layers=LAYERS, width=WIDTH)
    for title, belongs in sections.items():
        rows = [_row(n, drifts[n]) for n in by_slope if belongs(act.get(n).variance_slope)]
        text += f"## {title}\n\n{head}" + "\n".join(rows) + "\n\n"
    PAGE.write_text(text.rstrip() + "\n", encoding="utf-8")
    print(f"{len(drifts)} activations, {count} networks each: written to {PAGE.name}")


if __name__ == "__main__":
    main()
