"""Seconds per trained network: ours, scikit-learn, PyTorch, JAX, and the machine's limit.

    python benchmarks/train.py [--shape digits|mnist-100|mnist-256|wide|all] [--members N]
                               [--repeats 3] [--workers 1] [--device cpu|cuda] [--data FOLDER]
                               [--json | --markdown [PAGE]]

One process on one core. The contestants take turns, so that a slow moment of the machine meets
all of them; after one run each that is not counted, medians of `--repeats` rounds and ratios of
medians. Processor time, so that other programs' turns are nobody's fault (elapsed time on a GPU
or with several workers, which only actscope uses). Only ratios within a run mean anything.

MNIST is read from FOLDER, or the variable ACTSCOPE_DATA: its idx files, or mnist*.npz with X and
y; without them numbers are generated, and the output says so.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch  # noqa: E402
from benchmarks._contest import Contest, one_core  # noqa: E402
from benchmarks._page import PAGE, machine, machine_text, put, rows_of  # noqa: E402
from benchmarks._shapes import SHAPES, data_folder  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402

HEADER = ("", "ms a network", "min to max", "us a step", "times ours", "of the limit", "score")


def main() -> None:
    options = _arguments()
    warnings.simplefilter("ignore", ConvergenceWarning)
    one_core(options.workers)
    torch.set_num_threads(1)
    document: dict[str, Any] = {
        "schema": 1,
        "machine": machine(options.device),
        "device": options.device,
        "workers": options.workers,
        "repeats": options.repeats,
        "clock": "processor time"
        if options.device == "cpu" and options.workers == 1
        else "elapsed time",
        "shapes": [],
    }
    for name in SHAPES if options.shape == "all" else [options.shape]:
        shape = SHAPES[name].tiny() if options.tiny else SHAPES[name]
        if options.members:
            shape = replace(shape, members=options.members)
        data = shape.load(data_folder(options.data))
        print(f"{name}: {shape.title}", file=sys.stderr)
        found = Contest(shape, data, options.device, options.workers).run(options.repeats)
        document["shapes"].append(found)
        if not (options.json or options.markdown):
            print(text(found))
    if options.json:
        print(json.dumps(document, indent=1))
    if options.markdown:
        put(Path(options.markdown), "contest", markdown(document))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=[*SHAPES, "all"], default="digits")
    parser.add_argument("--members", type=int, help="networks as one (default: by shape)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="cores for actscope")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--data", help="folder with MNIST")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--markdown", nargs="?", const=str(PAGE), help="write the page's tables")
    parser.add_argument("--tiny", action="store_true", help="one epoch: only shows that it runs")
    options = parser.parse_args()
    for name in ("members", "repeats", "workers"):
        value = getattr(options, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be 1 or more, not {value}")
    return options


def cells(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """The table of one shape, in words."""
    rows = []
    for row in found["results"]:
        name = row["name"] + (f" ({row['variant']})" if row["variant"] else "")
        score = row["score"]
        spread = "" if score["low"] is None else f" +- {score['high'] - score['mean']:.4f}"
        rows.append((
            name, _ms(row["ms_per_network"]), f"{_ms(row['min'])} to {_ms(row['max'])}",
            f"{row['us_per_step']:.0f}", f"{row['times_ours']:.2f}",
            f"{row['share_of_limit']:.0%}", f"{score['mean']:.4f}{spread} ({score['networks']})",
        ))  # fmt: skip
    least = found["limit"]
    ours = found["results"][0]["ms_per_network"]
    name = f"matrix products alone ({least['members_at_once']} at a time)"
    rows.append((
        name, _ms(least["ms_per_network"]), f"{_ms(least['min'])} to {_ms(least['max'])}",
        f"{least['us_per_step']:.1f}", f"{least['ms_per_network'] / ours:.2f}", "100%", "",
    ))  # fmt: skip
    return rows


def setting(found: dict[str, Any]) -> str:
    """What was trained, in a sentence."""
    rows = found["rows"]
    sentence = (
        f"{found['data']}; {rows['train']:,} rows to train on, {rows['test']:,} to test, batch "
        f"{found['batch_size']}, {found['epochs']} epochs ({found['steps']:,} steps); score: "
        f"{found['metric']}"
    )
    compiled = [row for row in found["results"] if row["compile_seconds"] is not None]
    if compiled:
        sentence += f"; JAX compiled for {compiled[0]['compile_seconds']:.1f} s, left out"
    return sentence + "."


def text(found: dict[str, Any]) -> str:
    """For a terminal."""
    lines = [HEADER, *cells(found)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    body = "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    return f"{found['title']}\n{setting(found)}\n{body}\n"


def markdown(document: dict[str, Any]) -> str:
    """For docs/training.md."""
    first = (
        f"{machine_text(document['machine'])} {document['clock'].capitalize()}, medians of "
        f"{document['repeats']} rounds."
    )
    tables = [
        f"### {found['title']}\n\n{setting(found)}\n\n{rows_of(HEADER, cells(found))}"
        for found in document["shapes"]
    ]
    return "\n\n".join([first, *tables])


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


if __name__ == "__main__":
    main()
