"""How many digits are right: PyTorch's functions, our default and precise levels.

    python benchmarks/accuracy.py [--points 20000] [--no-float16] [--only gelu,silu]

Against arb (python-flint, ball arithmetic, 80 bits and more): all bfloat16 and float16 inputs, a
dense sample of float32 ones. Writes docs/accuracy.md; some ten minutes on one core.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the oracle is the one that the tests trust

from benchmarks.peers import PYTORCH  # noqa: E402
from tests.nn import inputs, oracle  # noqa: E402
from tests.nn.oracle import FORMATS, Truth  # noqa: E402

import actscope as act  # noqa: E402

PAGE = ROOT / "docs" / "accuracy.md"
Function = Callable[[Tensor], Tensor]
COARSE = 1e-5  # above it an error at the default level is named


class Worst(NamedTuple):
    """The greatest error, and the input where it is.

    scaled, scaled_at: the greatest |error| / max(1, |truth|) for |x| < 10^18, and where.
    """

    ulps: float
    at: float
    bits: int
    scaled: float
    scaled_at: float

    def __str__(self) -> str:
        return f"{_size(self)} at {self.at:.3g}" if self.ulps > 0.5005 else _size(self)


def _size(worst: Worst) -> str:
    if np.isinf(worst.ulps):
        return "nan or inf"
    if worst.ulps >= 2.0 ** (worst.bits - 1):
        return "all digits"
    return f"{worst.ulps:.2f}" if worst.ulps < 10 else f"{worst.ulps:.3g}"


def measure(function: Function, x: Tensor, truths: tuple[Truth, Truth]) -> tuple[Worst, Worst]:
    """The worst of value and of slope."""
    x = x.detach().requires_grad_()
    y = function(x)
    slope = torch.autograd.grad(y.sum(), x)[0] if y.requires_grad else torch.zeros_like(x)
    form, points = FORMATS[x.dtype], x.detach().double().numpy()
    found = []
    for values, truth in zip((y, slope), truths, strict=True):
        got = values.detach().double().numpy()
        # Below the smallest normal number an absolute error up to it is no error.
        off = oracle.ulps(got, truth, form)
        off = np.where(oracle.astray(got, truth, form) > form.smallest_normal, np.inf, off)
        off = np.where(~np.isfinite(got) & (off > 2), np.inf, off)
        at = int(off.argmax())
        with np.errstate(all="ignore"):
            scaled = np.abs(got - truth.high) / np.maximum(1, np.abs(truth.high))
        scaled = np.where((np.abs(points) < 1e18) & np.isfinite(got), scaled, 0)
        most = int(scaled.argmax())
        found.append(
            Worst(off[at], points[at], form.bits, float(scaled[most]), float(points[most]))
        )
    return found[0], found[1]


Row = dict[tuple[str, torch.dtype], tuple[Worst, Worst]]


def row(name: str, points: int, halves: list[torch.dtype]) -> Row:
    """The worst errors of one activation: by contestant and dtype."""
    record = act.get(name)
    ours = getattr(act.functional, name)
    results: Row = {}

    def precise(x: Tensor) -> Tensor:
        return ours(x, precise=True)

    every = {torch.bfloat16: inputs.all_bfloat16(), torch.float16: inputs.all_float16()}
    sets = {dtype: every[dtype][every[dtype].isfinite()] for dtype in halves}
    sets[torch.float32] = torch.tensor(inputs.points(record, points), dtype=torch.float32)
    for dtype, x in sets.items():
        truths = oracle.truth(record, x.double().numpy())
        contestants = {"default": ours, "precise": precise}
        if name in PYTORCH:
            contestants["PyTorch"] = PYTORCH[name]
        for who, function in contestants.items():
            results[who, dtype] = measure(function, x, truths)
        if dtype is torch.float32:
            results["precise", torch.float64] = measure(precise, x.double(), truths)
    return results


# --- the page --------------------------------------------------------------------------------

_HEAD = """# How many digits are right

The greatest error of value and slope (through autograd), in units in the last place (ulp) of the
true value, wherever that is a normal number. 0.50 is perfect: the true value, rounded once. "All
digits": nothing of the result is right. "nan or inf": where the truth is an ordinary number.

{promise}

**What to use.** For training, the default level. {default}

Use `with actscope.precise():` (or `precise=True`) where small results matter as such:
log-probabilities and tails, physics and finite differences, as a reference for other code and
other hardware. docs/speed.md has its price.

**How it is measured.** The truth is arb's (python-flint), 80 bits and more, of the formula itself
and of its power series; it shares nothing with what is measured. {sample} torch {torch},
{machine}, one thread. Made by `python benchmarks/accuracy.py`; `make test` holds the precise
level to 2 ulp.

Known limit: sin(a x) with a parameter a of more than 29 significant bits (0.1, say) and |a x|
beyond 10^8 carries the rounding of a itself.
"""


def _table(rows: dict[str, Row], dtype: torch.dtype, *, inputs_too: bool) -> list[str]:
    who = ["PyTorch", "default", "precise"]
    names = [f"{w}, {what}" for what in ("value", "slope") for w in who]
    lines = [
        f"| function | {' | '.join(names)} |",
        "|---|" + "--:|" * len(names),
    ]
    for name, results in rows.items():
        cells = []
        for what in (0, 1):
            for w in who:
                worst = results.get((w, dtype))
                shown = str if inputs_too else _size
                cells.append("" if worst is None else shown(worst[what]))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _greatest(rows: dict[str, Row], who: str, dtype: torch.dtype) -> float:
    return max(w.ulps for results in rows.values() for w in results[who, dtype])


def _within(rows: dict[str, Row], who: str, what: int) -> str:
    found = [r[who, torch.float32][what].ulps for r in rows.values() if (who, torch.float32) in r]
    return f"{sum(ulps <= 2 for ulps in found)} of {len(found)}"


def _without_result(rows: dict[str, Row], who: str) -> list[str]:
    """Functions that give nan or inf somewhere in float32 where the truth is a number."""
    key = (who, torch.float32)
    return [n for n, r in rows.items() if key in r and any(np.isinf(w.ulps) for w in r[key])]


def _default(rows: dict[str, Row]) -> str:
    worst = {n: max(r["default", torch.float32], key=lambda w: w.scaled) for n, r in rows.items()}
    coarse = {n: w for n, w in worst.items() if w.scaled > COARSE}
    rest = max(w.scaled for n, w in worst.items() if n not in coarse)
    said = (
        "What looks bad below is small results (far out in tails, beside roots), whose digits are "
        f"wrong though they are near 0: |error| is at most {rest:.1e} x max(1, |truth|) in "
        "float32 for |x| < 10^18"
    )
    if coarse:
        named = ", ".join(f"{n} ({w.scaled:.2g} at {w.scaled_at:.9g})" for n, w in coarse.items())
        said += f"; more only for {named}, mostly at a kink or beside one"
    said += "."
    for who, words in (("default", "Our default level gives"), ("PyTorch", "PyTorch gives")):
        names = _without_result(rows, who)
        if names:
            said += f" {words} nan or inf for some huge inputs of: {', '.join(names)}."
    return said


def page(rows: dict[str, Row], points: int, halves: list[torch.dtype]) -> str:
    """The document."""
    worst = {d: _greatest(rows, "precise", d) for d in (*halves, torch.float32)}
    said = ", ".join(f"{str(d).removeprefix('torch.')} {u:.2f}" for d, u in worst.items())
    promise = (
        f"**The precise level** promises 2 ulp. Greatest error of all {len(rows)} functions, "
        f"value and slope: {said} ulp. In float32, within 2 ulp are the values of "
        f"{_within(rows, 'PyTorch', 0)} functions of PyTorch's own and the slopes of "
        f"{_within(rows, 'PyTorch', 1)}; at our default level {_within(rows, 'default', 0)} "
        f"values and {_within(rows, 'default', 1)} slopes."
    )
    kinds = " and ".join(str(d).removeprefix("torch.") for d in halves)
    sample = (
        f"Inputs (shown to three digits): all finite {kinds} ones; in float32 about {points:,} "
        "for each function (every "
        "exponent, around every kink, root, extreme and seam, the middle, the tails)."
    )
    head = _HEAD.format(
        promise=promise,
        default=_default(rows),
        sample=sample,
        torch=torch.__version__.split("+")[0],
        machine=_machine(),
    )
    head = "\n\n".join(fill(part, 98) for part in head.split("\n\n")) + "\n"
    lines = [head, "## float32", "", *_table(rows, torch.float32, inputs_too=True), ""]
    for dtype in halves:
        title = str(dtype).removeprefix("torch.")
        lines += [f"## {title}, every input", "", *_table(rows, dtype, inputs_too=False), ""]
    lines += [
        "## float64, precise level",
        "",
        "Measured, not promised: there is nothing wider to compute in. Relative digits go beside",
        "roots, where terms cancel, and where an exponential magnifies the rounding of its",
        "argument. Same inputs as for float32.",
        "",
        "| function | value | slope |",
        "|---|--:|--:|",
        *(
            f"| {name} | {results['precise', torch.float64][0]} "
            f"| {results['precise', torch.float64][1]} |"
            for name, results in rows.items()
        ),
        "",
    ]
    return "\n".join(lines)


def _machine() -> str:
    features = torch.backends.cpu.get_cpu_capability()
    return f"{platform.machine()} CPU with {features}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=20000, help="float32 inputs per function")
    parser.add_argument("--no-float16", action="store_true")
    parser.add_argument("--only", default="", help="these activations, and print the page")
    options = parser.parse_args()
    torch.set_num_threads(1)
    halves = [torch.bfloat16] if options.no_float16 else [torch.bfloat16, torch.float16]
    names = options.only.split(",") if options.only else act.names()
    rows = {}
    for name in names:
        rows[name] = row(name, options.points, halves)
        print(name, *rows[name]["precise", torch.float32], file=sys.stderr, flush=True)
    text = page(rows, options.points, halves)
    if options.only:
        print(text)
    else:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
