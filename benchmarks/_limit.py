"""What training by PyTorch cannot go below: the matrix products of its steps, nothing else."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial

import torch
from benchmarks._shapes import Shape

SIZES = (1, 2, 4, 8, 16, 32, 64)


def products(shape: Shape, members: int, device: str) -> Callable[[], None]:
    """One step's products of `members` networks, in buffers of their own.

    Forward, gradients of all weights, gradients of the inputs of all layers but the first.
    The output layer's weight is kept as (out, in), which is the faster way round.
    """
    rows = shape.batch_size

    def random(*size: int) -> torch.Tensor:
        return torch.randn(members, *size, device=device)

    calls: list[Callable[[], object]] = []
    last = len(shape.widths) - 2
    for layer, (fan_in, fan_out) in enumerate(zip(shape.widths, shape.widths[1:], strict=False)):
        h, below = random(rows, fan_in), random(rows, fan_in)
        if layer == last:
            weight, into = random(fan_out, fan_in), random(fan_out, fan_in)
            z, grad = random(fan_out, rows), random(fan_out, rows)
            calls.append(partial(torch.bmm, weight, h.transpose(1, 2), out=z))
            calls.append(partial(torch.bmm, grad, h, out=into))
            back = partial(torch.bmm, grad.transpose(1, 2), weight, out=below)
        else:
            weight, into = random(fan_in, fan_out), random(fan_in, fan_out)
            z, grad = random(rows, fan_out), random(rows, fan_out)
            calls.append(partial(torch.bmm, h, weight, out=z))
            calls.append(partial(torch.bmm, h.transpose(1, 2), grad, out=into))
            back = partial(torch.bmm, grad, weight.transpose(1, 2), out=below)
        if layer:
            calls.append(back)

    def step() -> None:
        for call in calls:
            call()

    return step


def best_size(shape: Shape, device: str, sizes: tuple[int, ...] = SIZES) -> int:
    """How many networks at a time make a network's products cheapest."""

    def seconds(members: int) -> float:
        step = products(shape, members, device)
        repeats = max(1, 64 // members)
        shortest = math.inf
        for _ in range(4):
            synchronise(device)
            start = time.perf_counter()
            for _ in range(repeats):
                step()
            synchronise(device)
            shortest = min(shortest, time.perf_counter() - start)
        return shortest / (members * repeats)

    return min(sizes, key=seconds)


def synchronise(device: str) -> None:
    """Wait until the device has done what it was told."""
    if device != "cpu":
        torch.cuda.synchronize()
