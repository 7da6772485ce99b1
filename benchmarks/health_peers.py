"""Units whose fate is known, and what each tool says of them.

    python benchmarks/health_peers.py [--json | --markdown [PAGE]]

Models with planted units (tests/diagnosis/planted.py): one dead for certain, others awake on 2%
and on 0.5% of 1,000 inputs; the truth is arithmetic on the first layer's weights. Each tool is
asked, its own way, how many units of the first activation are dead. torchmortem gives no count,
but a share of zeros, and a warning or none. What is not installed is said.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from benchmarks._page import put, rows_of
from tests.diagnosis import planted
from tests.diagnosis.test_planted import truth
from torch import Tensor, nn

from actscope.diagnosis._diagnose import diagnose

PAGE = Path(__file__).parents[1] / "docs" / "diagnosis-speed.md"
MODELS: dict[str, Callable[[], nn.Module]] = {
    "MLP, nn.ReLU": planted.MLP,
    "MLP, reused nn.ReLU": lambda: planted.MLP("reused"),
    "MLP, in place": lambda: planted.MLP("inplace"),
    "MLP, F.relu": lambda: planted.MLP("functional"),
    "MLP, clamp(min=0)": lambda: planted.MLP("clamp"),
    "residual": lambda: planted.MLP("residual"),
    "checkpointed": lambda: planted.MLP("checkpoint"),
    "convolution": planted.Conv,
    "(batch, time, feature)": planted.Tokens,
    "gated": planted.Gated,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--markdown", nargs="?", const=str(PAGE), help="write the page's table")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    rows = [told(name, build) for name, build in MODELS.items()]
    if options.json:
        print(json.dumps({"schema": 1, "torch": torch.__version__, "models": rows}, indent=1))
    elif options.markdown:
        put(Path(options.markdown), "peers", rows_of(HEADER, map(cells, rows)))
    else:
        for row in (HEADER, *map(cells, rows)):
            print("".join(f"{cell:<24}" for cell in row))


def told(name: str, build: Callable[[], nn.Module]) -> dict[str, Any]:
    """What each tool says of one model."""
    answers: dict[str, str] = {}
    wanted: list[int] = []
    for tool, ask in TOOLS.items():
        torch.manual_seed(0)
        model: Any = build()
        planted.plant(model.first.weight, model.first.bias)
        x = planted.inputs()
        wanted = truth(model, x)["dead"]
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                answers[tool] = ask(model, x)
        except ImportError:
            answers[tool] = "not installed"
        except Exception as error:  # noqa: BLE001 (a peer's own failure is its answer)
            answers[tool] = f"fails: {type(error).__name__}"
    return {"model": name, "dead": wanted, "units": 16, "answers": answers}


def _ours(model: nn.Module, x: Tensor) -> str:
    site = diagnose(model, x).sites[0]
    return f"{len(site.dead_units)} of {site.units}"


def _torchdiag(model: nn.Module, x: Tensor) -> str:
    import torchdiag  # pyright: ignore[reportMissingImports]

    found = torchdiag.check_dead_neurons(model, x)
    if not found:
        return "sees nothing"
    first = next(iter(found.values()))
    return f"{first['dead']} of {first['total']}" if isinstance(first, dict) else str(first)


def _observatory(model: nn.Module, x: Tensor) -> str:
    import neural_observatory  # pyright: ignore[reportMissingImports]

    watched = neural_observatory.Observatory(model)
    watched.watch()
    for step, part in enumerate(x.split(200)):
        watched.step(step=step, epoch=0)
        model(part).sum().backward()
    watched.stop()
    dead = [
        result
        for result in watched.report().results
        if result.analyzer_name == "dead_neurons" and "dead_neurons" in result.metrics
    ]
    if not dead:
        return "sees nothing"
    named = {result.layer_name: result for result in dead}
    result = named.get("act", dead[0])
    metrics = result.metrics
    return f"{metrics['dead_neurons']} of {metrics['total_neurons']} ({result.layer_name})"


def _torchmortem(model: nn.Module, x: Tensor) -> str:
    import torchmortem  # pyright: ignore[reportMissingImports]

    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with torchmortem.Autopsy(model, optimizer=optimizer) as autopsy:
        for part in x.split(200):
            loss = model(part).square().mean()
            loss.backward()
            optimizer.step()
            autopsy.step(loss=loss.item())
    report = autopsy.get_report()
    found = [f for f in report.findings if f.category == "dead_units"]
    if not found:
        return "no warning"
    return f"warns: {found[0].evidence['mean_dead_frac']:.0%} of {found[0].affected_layers[0]}"


TOOLS: dict[str, Callable[[nn.Module, Tensor], str]] = {
    "actscope": _ours,
    "torchdiag": _torchdiag,
    "neural-observatory": _observatory,
    "torchmortem": _torchmortem,
}
HEADER = ("", "truth", *TOOLS)


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of the table."""
    return (row["model"], f"{len(row['dead'])} of {row['units']}", *row["answers"].values())


if __name__ == "__main__":
    main()
