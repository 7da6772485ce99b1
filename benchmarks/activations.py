"""Forward and backward of every activation: ours, PyTorch's own, what people write without one.

    python benchmarks/activations.py             all of it; writes docs/speed.md (some 10 minutes)
    python benchmarks/activations.py --short     a few functions in half a minute, printed

Contestants alternate pass by pass, so that a slow moment of the machine meets all of them; a
number is the median over rounds of ratios within a round. Nothing else means anything.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.peers import PYTORCH, Function, composition  # noqa: E402

import actscope as act  # noqa: E402

PAGE = ROOT / "docs" / "speed.md"
SIZES = (10**4, 10**6, 10**7)
# For what takes long: PyTorch's own and composed ones, cheap and dear.
SELECTED = ("relu", "sigmoid", "gelu", "silu", "mish", "hard_swish", "telu", "squareplus",
            "quick_gelu", "squared_relu", "serf", "snake")  # fmt: skip
COMPILED = ("relu", "gelu", "silu", "mish", "telu")
FEW: tuple[str, ...] = ("relu", "gelu", "silu", "telu", "squareplus")
LEAST = 0.004  # seconds of the slowest contestant in a round, at least
Ratios = dict[str, float]


def pass_through(function: Function, x: Tensor, gradient: Tensor) -> Callable[[], None]:
    """One forward and one backward pass."""

    def run() -> None:
        function(x).backward(gradient)
        x.grad = None

    return run


def contest(runs: Mapping[str, Callable[[], None]], rounds: int, cuda: bool) -> Ratios:
    """Median time of each contestant as a multiple of the first one's.

    They alternate pass by pass, each as often before as after each other: what one leaves in the
    caches and on the heap meets the others alike. (In runs of several passes each, a function
    raced against itself came out at 0.75.)
    """
    # On one thread the processor's time: other programs' turns are nobody's fault.
    alone = not cuda and torch.get_num_threads() == 1
    clock = time.process_time_ns if alone else time.perf_counter_ns

    def nanoseconds(run: Callable[[], None]) -> int:
        if cuda:
            torch.cuda.synchronize()
        start = clock()
        run()
        if cuda:
            torch.cuda.synchronize()
        return clock() - start

    for run in runs.values():
        run()
    longest = max(nanoseconds(run) for run in runs.values())
    passes = len(runs) * max(1, int(LEAST * 1e9 / longest))  # each in each place equally often
    order, first = list(runs), next(iter(runs))
    found: dict[str, list[float]] = {who: [] for who in runs}
    for _ in range(rounds):
        taken = dict.fromkeys(runs, 0)
        for _ in range(passes):
            order = [*order[1:], order[0]]
            for who in (*order, *reversed(order)):
                taken[who] += nanoseconds(runs[who])
        for who, value in taken.items():
            found[who].append(value / taken[first])
    return {who: statistics.median(values) for who, values in found.items()}


def contestants(name: str) -> dict[str, Function]:
    """ours, peer, precise; ours is first."""
    ours = getattr(act.functional, name)

    def precise(x: Tensor) -> Tensor:
        return ours(x, precise=True)

    return {
        "ours": ours,
        "peer": PYTORCH.get(name) or composition(act.get(name)),
        "precise": precise,
    }


def measured(functions: Mapping[str, Function], size: int, rounds: int, device: str) -> Ratios:
    """Times as multiples of our default level's; "copy": of two and a half copies.

    (x and the gradients are read and written five times at the least; a copy reads and writes.)
    """
    cuda = device == "cuda"
    draw = torch.Generator().manual_seed(0)
    x = (torch.randn(size, generator=draw) * 2).to(device).requires_grad_()
    gradient = torch.randn(size, generator=draw).to(device)
    runs = {who: pass_through(f, x, gradient) for who, f in functions.items()}
    goal = torch.empty_like(gradient)

    def copies() -> None:
        goal.copy_(gradient)

    if not cuda and size >= 10**7:  # seconds for one round of some
        rounds = min(rounds, 2)
    ours, peer, precise = runs["ours"], runs["peer"], runs["precise"]
    ratios = contest({"ours": ours, "peer": peer, "copy": copies}, rounds, cuda)
    price = contest({"ours": ours, "precise": precise}, 1 + (rounds > 2), cuda)
    return {**ratios, "precise": price["precise"], "copy": 2.5 * ratios["copy"]}


def saved(function: Function, size: int = 10**6) -> float:
    """float32 numbers kept for the backward pass, per element."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    x = torch.randn(size, requires_grad=True)
    with saved_tensors_hooks(keep, lambda tensor: tensor):
        y = function(x)  # kept alive: a freed tensor's place is given to the next
    assert y.shape == x.shape
    return sum(kept.values()) / (4 * size)


def trainable(names: Iterable[str]) -> list[str]:
    """Without the step-like: a composition of comparisons has no backward pass."""
    return [name for name in names if not act.get(name).step_like]


def agree(name: str) -> None:
    """Contestants compute the same thing."""
    x = torch.linspace(-4, 4, 801)
    ours, peer, precise = (f(x) for f in contestants(name).values())
    torch.testing.assert_close(ours, peer, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours, precise, rtol=1e-4, atol=1e-5)


# --- the page --------------------------------------------------------------------------------


def _count(size: int) -> str:
    return f"10^{len(str(size)) - 1}"


def _with_peer(names: Iterable[str], own: bool) -> list[str]:
    return [name for name in names if (name in PYTORCH) == own]


def table(
    names: list[str], sizes: Iterable[int], rounds: int, device: str, *, compiled: bool = False
) -> tuple[list[str], dict[str, list[Ratios]]]:
    """Lines of Markdown, and the ratios that they show."""
    sizes = tuple(sizes)
    found: dict[str, list[Ratios]] = {}
    for name in names:
        functions = contestants(name)
        if compiled:
            torch._dynamo.reset()
            functions = {
                who: torch.compile(f, fullgraph=True, dynamic=True) for who, f in functions.items()
            }
        found[name] = [measured(functions, size, rounds, device) for size in sizes]
        shown = " ".join(f"{r['peer']:.2f}/{r['precise']:.1f}" for r in found[name])
        print(f"{device} {torch.get_num_threads()} compiled={compiled} {name}: {shown}",
              file=sys.stderr, flush=True)  # fmt: skip
    heads = [f"{what}, {_count(s)}" for what in ("speed", "precise") for s in sizes]
    rule = "--:|" * (len(heads) + 2)
    lines = []
    for own, title in ((True, "PyTorch has it"), (False, "PyTorch has none: against autograd")):
        chosen = _with_peer(names, own)
        if not chosen:
            continue
        lines += [
            f"| {title} | {' | '.join(heads)} | copy | kept |",
            f"|---|{rule}",
        ]
        for name in chosen:
            ratios = found[name]
            cells = [f"{r['peer']:.2f}" for r in ratios] + [f"{r['precise']:.1f}x" for r in ratios]
            functions = contestants(name)
            kept = f"{saved(functions['ours']):.3g} / {saved(functions['peer']):.3g}"
            cells += [f"{ratios[-1]['copy']:.0%}", "" if compiled else kept]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
    return lines, found


def summary(found: dict[str, list[Ratios]], sizes: Iterable[int]) -> str:
    """The least and the middle of each goal, and who misses it."""
    said = []
    for own, goal, words in (
        (True, 0.95, "Where PyTorch has the function (goal: 0.95 of its speed or more)"),
        (False, 1.0, "Where it has none (goal: faster than the composition)"),
    ):
        names = _with_peer(found, own)
        if not names:
            continue
        parts = []
        for i, size in enumerate(sizes):
            speeds = {name: found[name][i]["peer"] for name in names}
            below = sorted((n for n in names if speeds[n] < goal), key=speeds.__getitem__)
            missed = ", ".join(f"{n} {speeds[n]:.2f}" for n in below) or "none"
            middle = statistics.median(speeds.values())
            parts.append(f"- {_count(size)}: median {middle:.2f}; below the goal: {missed}")
        said += [f"{words}:", "", *parts, ""]
    prices = []
    for i, size in enumerate(sizes):
        price = statistics.median(ratios[i]["precise"] for ratios in found.values())
        prices.append(f"{price:.1f} at {_count(size)}")
    said += [
        f"The precise level takes, in the median, {', '.join(prices)} times the default's time.",
        "",
    ]
    return "\n".join(said)


_HEAD = """# How fast

Forward and backward pass together, float32. **Only ratios within a row mean anything.**

- *speed*: how many times as fast as the peer our default level is (1.00: as fast). The peer is
  PyTorch's own function where there is one, else the formula written out in PyTorch's operations
  and differentiated by autograd.
- *precise*: what the precise level costs, as a multiple of our default level's time.
- *copy*: the time of two and a half copies of the tensor (what must be read and written at the
  least) over ours, at the largest size: 100% is as fast as memory allows.
- *kept*: numbers kept for the backward pass per element, ours / the peer's.

{where}. Contestants alternate pass by pass; medians of {rounds} rounds' ratios (2 at 10^7); on
one thread processor time, else elapsed time. {load}
Made by `python benchmarks/activations.py`; numbers move by some 5% from run to run, at 10^4 by 10.
"""


def document(rounds: int) -> str:
    names = trainable(act.names())
    where = (
        f"torch {torch.__version__.split('+')[0]}, {platform.machine()} CPU with "
        f"{torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores"
    )
    load = f"Load of the machine when it began: {os.getloadavg()[0]:.1f}."
    lines = [_HEAD.format(where=where, rounds=rounds, load=load)]
    torch.set_num_threads(1)
    rows, found = table(names, SIZES, rounds, "cpu")
    lines += ["## Eager, one thread", "", summary(found, SIZES), *rows]
    torch.set_num_threads(2)
    rows, found = table(list(SELECTED), SIZES, rounds, "cpu")
    lines += ["## Eager, two threads", "", summary(found, SIZES), *rows]
    torch.set_num_threads(1)
    rows, found = table(list(COMPILED), SIZES, rounds, "cpu", compiled=True)
    lines += ["## torch.compile (inductor), one thread", "", summary(found, SIZES), *rows]
    if torch.cuda.is_available():
        sizes = (10**6, 10**7, 10**8)
        lines += [f"## {torch.cuda.get_device_name()}", ""]
        for compiled in (False, True):
            rows, found = table(list(COMPILED), sizes, rounds, "cuda", compiled=compiled)
            kind = "torch.compile" if compiled else "eager"
            lines += [f"### {kind}", "", summary(found, sizes), *rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", default="", help="these activations, eager, printed")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    names: list[str] = options.only.split(",") if options.only else list(FEW)
    for name in names if options.short or options.only else trainable(act.names()):
        agree(name)
    if options.short or options.only:
        torch.set_num_threads(1)
        sizes = SIZES if options.only else SIZES[:2]
        rows, found = table(names, sizes, options.rounds, "cpu")
        print(summary(found, sizes), *rows, sep="\n")
    else:
        PAGE.write_text(document(options.rounds), encoding="utf-8")


if __name__ == "__main__":
    main()
