"""How time and memory grow with networks, width, rows and cores.

    python benchmarks/growth.py                       a table, some three minutes
    python benchmarks/growth.py --markdown [PAGE]     the page's table, and its picture beside it
    python benchmarks/growth.py --json

Each point is a process of its own: its memory is the most that it ever held, less what it held
before training began. Processor time on one core, elapsed time where several work; the shortest
of some rounds. Against it a PyTorch loop (fused Adam) over a few networks, and the matrix
products alone.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import asdict, dataclass, replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from benchmarks._contest import one_core  # noqa: E402
from benchmarks._contestants import actscope, pytorch_loop  # noqa: E402
from benchmarks._page import PAGE, machine, machine_text, put, rows_of  # noqa: E402
from benchmarks._shapes import SHAPES, Data, Part, Shape  # noqa: E402

from benchmarks import _limit  # noqa: E402

ROUNDS = 3
LOOP_NETWORKS = 2


@dataclass(frozen=True)
class Point:
    """One setting of the digits' networks; all else as in benchmarks/train.py."""

    members: int = 64
    width: int = 64
    rows: int = 1347
    epochs: int = 4
    workers: int = 1
    rounds: int = ROUNDS
    peers: bool = False
    elapsed: bool = False


CURVES: dict[str, list[Point]] = {
    "members": [
        Point(members=n, rounds=ROUNDS if n <= 256 else 2)
        for n in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
    ],
    "width": [
        Point(width=n, members=max(4, min(64, 4096 // n)), epochs=2, peers=True)
        for n in (16, 32, 64, 128, 256, 512, 1024)
    ],
    "rows": [
        Point(rows=n, members=16, epochs=2, peers=True, rounds=ROUNDS if n <= 31_623 else 2)
        for n in (1000, 3162, 10_000, 31_623, 100_000)
    ],
    # Elapsed time shows what several cores gain, and all that others do: more rounds.
    "workers": [Point(workers=n, members=128, elapsed=True, rounds=3 * ROUNDS) for n in (1, 2)],
}
TINY = {
    "members": [Point(members=n, epochs=1, rounds=1) for n in (1, 3)],
    "width": [Point(width=16, members=2, epochs=1, rounds=1, peers=True)],
    "rows": [Point(rows=100, members=2, epochs=1, rounds=1)],
    "workers": [Point(members=2, epochs=1, rounds=1, elapsed=True)],
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--markdown", nargs="?", const=str(PAGE), help="write table and picture")
    parser.add_argument("--tiny", action="store_true", help="only shows that it runs")
    parser.add_argument("--point", help=argparse.SUPPRESS)  # what a child process measures
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measured(Point(**json.loads(options.point)))))
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    document: dict[str, Any] = {"schema": 1, "machine": machine("cpu"), "curves": []}
    for over, points in (TINY if options.tiny else CURVES).items():
        kept = [point for point in points if point.workers <= cores]
        if len(kept) < len(points):
            print(f"{over}: {cores} core(s) here, the rest is left out", file=sys.stderr)
        document["curves"].append({"over": over, "points": [_child(point) for point in kept]})
    if options.json:
        print(json.dumps(document, indent=1))
    elif options.markdown:
        from benchmarks._growth_picture import svg

        page = Path(options.markdown)
        page.with_suffix(".svg").write_text(svg(document))
        put(page, "growth", f"{machine_text(document['machine'])}\n\n{markdown(document)}")
    else:
        print(markdown(document))


def _child(point: Point) -> dict[str, Any]:
    """A point measured in a process of its own."""
    print(json.dumps(asdict(point)), file=sys.stderr)
    command = [sys.executable, __file__, "--point", json.dumps(asdict(point))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def measured(point: Point) -> dict[str, Any]:
    """Microseconds a network and step, and megabytes, in this process."""
    one_core(point.workers)
    torch.set_num_threads(1)
    shape = replace(
        SHAPES["digits"],
        hidden=(point.width, point.width),
        epochs=point.epochs,
        members=point.members,
    )
    data = _rows(point.rows)
    clock = time.perf_counter if point.elapsed else time.process_time
    train = actscope(shape, data, "cpu", point.workers)
    small = replace(shape, epochs=1)
    actscope(small, _rows(64), "cpu", 1)([0])  # imports and first calls
    before = _held_mb()

    def shortest(run: Callable[[], object]) -> float:
        taken = []
        for _ in range(point.rounds):
            start = clock()
            run()
            taken.append(clock() - start)
        return min(taken)

    steps = shape.steps(point.rows)
    seconds = shortest(lambda: train(range(point.members)))
    found: dict[str, Any] = {
        **asdict(point),
        "steps": steps,
        "seconds": seconds,
        "us_per_network_step": 1e6 * seconds / point.members / steps,
        "memory_mb": max(0.0, _peak_mb() - before),
        "memory_before_mb": before,
        "loop_us": None,
        "products_us": None,
        "cores_free": _cores_free(point.workers) if point.elapsed else None,
    }
    if point.peers:
        loop = pytorch_loop(small, data, "cpu", fused=True)
        taken = shortest(lambda: loop(range(LOOP_NETWORKS)))
        found["loop_us"] = 1e6 * taken / LOOP_NETWORKS / small.steps(point.rows)
        found["products_us"] = 1e6 * _products(shape) / steps * shape.full_steps(point.rows)
    return found


def _cores_free(count: int) -> float:
    """How many cores `count` idle loops get, in processes of their own: what others leave."""
    loop = (
        "import time; s = time.perf_counter(); p = time.process_time()\n"
        "while time.perf_counter() < s + 0.5: pass\n"
        "print((time.process_time() - p) / (time.perf_counter() - s))"
    )
    command = [sys.executable, "-c", loop]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return sum(float(process.communicate()[0]) for process in running)


def _products(shape: Shape) -> float:
    """Seconds of a step's matrix products, a network, in full batches."""
    at_once = _limit.best_size(shape, "cpu")
    step, repeats = _limit.products(shape, at_once, "cpu"), max(1, 128 // at_once)
    taken = []
    for _ in range(10):
        start = time.process_time()
        for _ in range(repeats):
            step()
        taken.append(time.process_time() - start)
    return float(np.median(taken)) / repeats / at_once


def _rows(count: int) -> Data:
    """The digits, as often as it takes."""
    data = SHAPES["digits"].load(None)
    X, y = (np.resize(part, (count, *part.shape[1:])) for part in data.train)
    return Data(data.source, Part(X, y), data.valid, data.test)


def _peak_mb() -> float:
    """The most this process ever held."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def _held_mb() -> float:
    """What it holds now; where the system does not say, the most so far."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return _peak_mb()
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def markdown(document: dict[str, Any]) -> str:
    """A table for each curve."""
    return "\n\n".join(_table(curve["over"], curve["points"]) for curve in document["curves"])


def _table(over: str, points: list[dict[str, Any]]) -> str:
    header = [over, "seconds", "us a network and step", "memory, MB"]
    peers = points[0]["loop_us"] is not None
    header += ["PyTorch loop", "times ours", "products alone", "share"] if peers else []
    header += ["times one core", "cores that others left"] if over == "workers" else []
    rows = []
    for point in points:
        ours = point["us_per_network_step"]
        row = [f"{point[over]:,}", f"{point['seconds']:.2f}", f"{ours:.1f}"]
        row.append(f"{point['memory_mb']:.0f}")
        if peers:
            loop, least = point["loop_us"], point["products_us"]
            row += [f"{loop:.0f}", f"{loop / ours:.1f}", f"{least:.1f}", f"{least / ours:.0%}"]
        if over == "workers":
            row += [f"{points[0]['us_per_network_step'] / ours:.2f}", f"{point['cores_free']:.2f}"]
        rows.append(row)
    return f"### Over {TITLES[over]}\n\n{rows_of(header, rows)}"


TITLES = {
    "members": "networks trained as one",
    "width": "the width of both hidden layers",
    "rows": "rows",
    "workers": "cores",
}


if __name__ == "__main__":
    main()
