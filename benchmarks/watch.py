"""What watching costs a training step, paired in one run.

    python benchmarks/watch.py [--model mlp|mlp-functional|resnet18|all] [--rounds 20]
                               [--json | --markdown [PAGE]]

One process, one thread. In every round each contestant trains the same number of steps, in an
order that turns; a round's ratios are to its steps without anything, and the medians of the
rounds are told, with the quartiles. `nothing, again` is what the noise alone gives. Processor
time, so that other programs' turns are nobody's fault. TorchLens and torchdiag take part if they
are installed; each is told its own way: TorchLens logs a pass (`trace`, in place of the forward
pass), torchdiag checks dead neurons on the batch (`check_dead_neurons`, beside the step).
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import contextlib  # noqa: E402
import importlib.util  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch  # noqa: E402
from benchmarks._page import machine, machine_text, put, rows_of  # noqa: E402
from benchmarks._watched import TRAININGS, Training  # noqa: E402

from actscope.diagnosis._watch import Watch, watch  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "diagnosis-speed.md"
# One look of the default sampling falls in so many steps.
STEPS = 50
# The first looks take in more than later ones.
WARM = 70
HEADER = ("", "a step, ms", "added", "middle half of the rounds")

Block = Callable[[Training, int], float]


def main() -> None:
    options = _arguments()
    torch.set_num_threads(1)
    document: dict[str, Any] = {
        "schema": 1,
        "machine": machine("cpu"),
        "clock": "processor time",
        "rounds": options.rounds,
        "steps": options.steps,
        "missing": [name for name in ("torchlens", "torchdiag") if not _installed(name)],
        "models": [],
    }
    for name in TRAININGS if options.model == "all" else [options.model]:
        title, make = TRAININGS[name]
        print(title, file=sys.stderr)
        rows = measured(make, options.rounds, options.steps)
        document["models"].append({"name": name, "title": title, "results": rows})
        if not (options.json or options.markdown):
            print(f"{title}\n{_plain(rows)}\n")
    if options.json:
        print(json.dumps(document, indent=1))
    if options.markdown:
        put(Path(options.markdown), "watch", markdown(document))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=[*TRAININGS, "all"], default="all")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=STEPS, help="of a contestant in a round")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--markdown", nargs="?", const=str(PAGE), help="write the page's tables")
    options = parser.parse_args()
    for name in ("rounds", "steps"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be 1 or more, not {getattr(options, name)}")
    return options


def measured(make: Callable[[], Training], rounds: int, steps: int = STEPS) -> list[dict[str, Any]]:
    """A row a contestant: seconds a step, and what is added to a step without it."""
    training = make()
    rows = _paired(training, _contestants(training), rounds, steps)
    if _installed("torchlens"):  # the last: once imported, it wraps every function of PyTorch
        alone: dict[str, tuple[Block, float]] = {
            "nothing": (_timed, 1.0),
            "TorchLens, each step": (_torchlens, 0.04),
        }
        rows += _paired(training, alone, max(2, rounds // 4), steps)[1:]
    return rows


def _paired(
    training: Training, contestants: dict[str, tuple[Block, float]], rounds: int, steps: int
) -> list[dict[str, Any]]:
    for block, _ in contestants.values():
        block(training, 4)
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            block, share = contestants[name]
            count = max(1, int(steps * share))
            times[name].append(block(training, count) / count)
    plain = times["nothing"]
    rows = []
    for name, seen in times.items():
        ratios = [one / other - 1 for one, other in zip(seen, plain, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        rows.append({
            "name": name, "ms": 1000 * statistics.median(seen),
            "added": statistics.median(ratios), "low": low, "high": high,
        })  # fmt: skip
    return rows


def _contestants(training: Training) -> dict[str, tuple[Block, float]]:
    """By name: how it trains a block of steps, and which share of a block's steps it needs."""
    default, each = watch(training.model), watch(training.model, every=1)
    for warm in (default, each):
        with warm:
            for _ in range(WARM):
                training.step()
    found: dict[str, tuple[Block, float]] = {
        "nothing": (_timed, 1.0),
        "nothing, again": (_timed, 1.0),
        "watch": (_watched(default), 1.0),
        "watch, every=1": (_watched(each), 1.0),
    }
    if _installed("torchdiag"):
        found["torchdiag, each step"] = (_torchdiag, 0.1)
    return found


def _timed(training: Training, steps: int) -> float:
    start = time.process_time()
    for _ in range(steps):
        training.step()
    return time.process_time() - start


def _watched(seen: Watch) -> Block:
    def block(training: Training, steps: int) -> float:
        with seen:
            return _timed(training, steps)

    return block


def _torchdiag(training: Training, steps: int) -> float:
    import torchdiag

    start = time.process_time()
    for _ in range(steps):
        training.step()
        with contextlib.redirect_stdout(io.StringIO()):
            torchdiag.check_dead_neurons(training.model, training.x)
        training.model.train()
    return time.process_time() - start


def _torchlens(training: Training, steps: int) -> float:
    import torchlens

    start = time.process_time()
    for _ in range(steps):
        torchlens.trace(training.model, training.x)
        training.step()
    return time.process_time() - start


def _installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def cells(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The table of one model, in words."""
    return [
        (
            row["name"], f"{row['ms']:.2f}", f"{row['added']:+.2%}",
            f"{row['low']:+.2%} to {row['high']:+.2%}",
        )
        for row in rows
    ]  # fmt: skip


def _plain(rows: list[dict[str, Any]]) -> str:
    lines = [HEADER, *cells(rows)]
    return "\n".join(f"{line[0]:<24}{line[1]:>12}{line[2]:>12}  {line[3]}" for line in lines)


def markdown(document: dict[str, Any]) -> str:
    """For docs/diagnosis-speed.md."""
    first = (
        f"{machine_text(document['machine'])} {document['rounds']} rounds of {document['steps']} "
        "steps a contestant, one thread, processor time."
    )
    tables = [
        f"### {model['title']}\n\n{rows_of(HEADER, cells(model['results']))}"
        for model in document["models"]
    ]
    missing = [f"Not installed, and so not measured: {', '.join(document['missing'])}."]
    return "\n\n".join([first, *tables, *(missing if document["missing"] else [])])


if __name__ == "__main__":
    main()
