"""What ReLU costs against sigmoid and tanh: forward and backward, from cache to memory."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from actscope.ensemble import one_thread

from ._claim import Measured
from ._numbers import Number, once, ratio
from ._pictures import Level, Lines, Series
from ._train import WIDTH, digits, train
from ._verdict import Bound, Check

NAMES = ("relu", "sigmoid", "tanh")
# In float32 numbers: 1 KiB to 64 MiB.
SIZES = (1 << 8, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 24)
# Between the call, which sets the time of smaller arrays, and the memory, which sets that of
# larger ones: a pass touches four arrays, so 4 MiB leave a core's own cache. (4 MiB stood here
# too, until the same code gave 1.4 in a quiet hour and 1.0 beside busy neighbours.)
IN_CACHE = (1 << 16, 1 << 18)
_LEAST = 0.004  # seconds of one timing: the clock is far finer

# Which is quicker is essential, by how much is not: as in the races of `_faster`. (At first a
# quarter was essential; times move by that much between machines and PyTorch's versions.)
CHEAPER = Bound("time over ReLU's, 256 KiB to 1 MiB", least=1, above=True)
MUCH = Bound("the same", least=1.25, why="a quarter more is worth saying")
EVERYWHERE = Bound("time over ReLU's, any size", least=1, above=True)
WHOLE = Bound("training time over ReLU's", least=1.1, why="a tenth of a training's time")


def relu_cheap(rounds: range) -> Measured:
    """Each round times all three one after the other; ratios are within a round."""
    with one_thread():
        times = {size: _times(size, "cpu", rounds) for size in SIZES}
    ratios = {
        name: {n: _ratio(name, n, times[n], "on the processor") for n in SIZES}
        for name in NAMES[1:]
    }
    inside = min((ratios[m][n] for m in ratios for n in IN_CACHE), key=lambda n: n.low)
    anywhere = min((ratios[m][n] for m in ratios for n in SIZES), key=lambda n: n.low)
    lost = [n for n in SIZES if not all(EVERYWHERE.met(ratios[m][n]) for m in ratios)]
    relu = [
        once(f"ReLU, {_size(n)}", 1e9 * float(np.median(times[n]["relu"])) / n, "ns an element")
        for n in SIZES
    ]
    whole = _trainings(rounds)
    slower = min(whole.values(), key=lambda n: n.low)
    graphics = _graphics(rounds)
    return Measured(
        headline=inside,
        checks=(
            Check(
                CHEAPER,
                inside,
                f"with arrays of 256 KiB to 1 MiB sigmoid and tanh take at least {inside.shown} "
                "as long as ReLU",
                "with arrays of 256 KiB to 1 MiB the cheaper of sigmoid and tanh takes "
                f"{inside.shown} as long as ReLU ({inside.interval})",
            ),
            Check(
                MUCH,
                inside,
                "",
                "that is not surely a quarter more" if CHEAPER.met(inside) else "",
                essential=False,
            ),
            Check(
                EVERYWHERE,
                anywhere,
                "so it is at every size",
                f"not surely with arrays of {_listed([_size(n) for n in lost])} (down to "
                f"{anywhere.shown}), where the call or the memory sets the time",
                essential=False,
            ),
            Check(
                WHOLE,
                slower,
                f"a whole training takes {slower.shown} as long",
                f"a whole training of a 64-64-64-10 network takes {slower.shown} as long "
                f"({slower.interval})",
                essential=False,
            ),
        ),
        others=(
            *(of for by in ratios.values() for of in by.values()),
            *whole.values(),
            *relu,
            *graphics,
        ),
        picture=Lines(
            "Time of forward and backward over ReLU's",
            "How many times as long as ReLU sigmoid and tanh take, by the size of the array.",
            "size of the array",
            "times ReLU's",
            [Series(name, SIZES, list(by.values())) for name, by in ratios.items()],
            log_x=True,
            ticks=tuple((float(n), _size(n)) for n in SIZES),
            levels=(Level(1, "as long as ReLU", below=True),),
        ),
    )


def _times(size: int, device: str, rounds: range) -> dict[str, list[float]]:
    """Seconds of one forward and backward pass, a number a round."""
    import torch

    x = torch.randn(size, device=device, requires_grad=True)
    upstream = torch.ones_like(x)

    def once(f: Callable[[torch.Tensor], torch.Tensor]) -> None:
        torch.autograd.grad(f(x), x, upstream)

    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    # A processor's time is the thread's alone; a GPU's is waited for.
    clock = time.perf_counter if device == "cuda" else time.thread_time

    def timed(f: Callable[[torch.Tensor], torch.Tensor], count: int) -> float:
        wait()
        start = clock()
        for _ in range(count):
            once(f)
        wait()
        return (clock() - start) / count

    functions = {name: getattr(torch, name) for name in NAMES}
    counts = {}
    for name, f in functions.items():  # the first calls warm up
        timed(f, 2)
        counts[name] = max(1, int(_LEAST / max(timed(f, 3), 1e-9)))
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in rounds:
        for name, f in functions.items():
            found[name].append(timed(f, counts[name]))
    return found


def _ratio(name: str, size: int, times: dict[str, list[float]], where: str) -> Number:
    return ratio(f"{name} over ReLU, {_size(size)}, {where}", times[name], times["relu"])


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _size(count: int) -> str:
    kib = 4 * count / 1024
    return f"{kib:g} KiB" if kib < 1024 else f"{kib / 1024:g} MiB"


def _trainings(rounds: range) -> dict[str, Number]:
    """Processor time of training networks on the digits over ReLU's, paired by round."""

    def seconds(name: str) -> float:
        e = train(
            digits(),
            hidden=(WIDTH, WIDTH),
            activations=[name],
            seeds=8,
            epochs=1,
            members_at_once=8,
            workers=1,
        )
        return float(e.members["seconds"].to_numpy().sum())

    for name in NAMES:  # the first of each warms up
        seconds(name)
    took = [{name: seconds(name) for name in NAMES} for _ in rounds]
    return {
        name: ratio(
            f"training with {name} over ReLU", [t[name] for t in took], [t["relu"] for t in took]
        )
        for name in NAMES[1:]
    }


def _graphics(rounds: range) -> list[Number]:
    """The same on a GPU, where there is one; without a verdict, as few machines have it."""
    import torch

    if not torch.cuda.is_available():
        return []
    return [
        _ratio(name, n, times, "on the GPU")
        for n in SIZES
        for times in (_times(n, "cuda", rounds),)
        for name in NAMES[1:]
    ]
