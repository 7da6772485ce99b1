"""Units of known fate are told exactly, and no others."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.diagnosis import planted
from torch import Tensor, nn

from actscope.diagnosis._report import HealthReport
from actscope.diagnosis._watch import watch


def looked_at(model: nn.Module, x: Tensor, batch: int = 200) -> HealthReport:
    """In training mode, a step a batch."""
    with watch(model, every=1) as seen:
        for part in x.split(batch):
            model(part).square().mean().backward()
    return seen.report()


def truth(model: nn.Module, x: Tensor) -> dict[str, list[int]]:
    """By arithmetic on the first layer alone: what its inputs are on every row."""
    weight = model.first.weight.flatten(1).double()  # type: ignore[operator,union-attr]
    z = x.double() @ weight.T + model.first.bias.double()  # type: ignore[operator,union-attr]
    a = z.clamp_min(0)
    dead = (z <= 0).all(0)
    dormant = (a.mean(0) <= 0.025 * a.mean()) & ~dead
    return {
        "dead": dead.nonzero().flatten().tolist(),
        "dormant": dormant.nonzero().flatten().tolist(),
    }


MODELS = {style: lambda style=style: planted.MLP(style) for style in planted.STYLES}
MODELS |= {"conv": planted.Conv, "tokens": planted.Tokens, "gated": planted.Gated}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [0, 1])
def test_planted_units_are_told_exactly(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    model, x = MODELS[name](), planted.inputs(seed)
    wanted = planted.plant(model.first.weight, model.first.bias)  # type: ignore[arg-type]
    found = truth(model, x)
    assert set(wanted["dead"]) <= set(found["dead"])
    assert set(wanted["dormant"]) <= set(found["dormant"])
    site = looked_at(model, x).sites[0]
    assert site.units == 16
    assert site.samples == planted.ROWS
    assert site.dead_units == found["dead"]
    if name != "residual":
        assert site.dormant_units == found["dormant"]
    assert 4 not in site.dead_units  # awake on 2%
    assert 6 not in site.dead_units  # on 0.5%


def test_saturated_units_are_told_exactly() -> None:
    torch.manual_seed(0)
    model = planted.Squashed()
    site = looked_at(model, planted.inputs()).sites[0]
    assert site.saturated_units == list(model.saturated)
    assert site.dead_units == []


def test_a_compiled_model_is_looked_at_uncompiled_and_runs_compiled_between() -> None:
    torch.manual_seed(0)
    model, x = planted.MLP("functional"), planted.inputs()
    planted.plant(model.first.weight, model.first.bias)
    graphs: list[object] = []

    def backend(graph: torch.fx.GraphModule, example: list[Tensor]) -> torch.fx.GraphModule:
        graphs.append(graph)
        return graph

    compiled = torch.compile(model, backend=backend)
    compiled(x)  # hooks added after the first call must fire, too
    assert graphs
    with watch(compiled, every=2) as seen:  # type: ignore[arg-type]
        for _ in range(4):
            compiled(x)
    site = seen.report().sites[0]
    assert site.samples == 2 * planted.ROWS
    wanted = truth(model, x)
    assert site.dead_units == wanted["dead"]
    assert site.name == "relu(first)"


def test_ranks_add_up(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    results = str(tmp_path / "rank")
    command = [sys.executable, "-m", "tests.diagnosis.ranks", str(port), results]
    root = Path(__file__).parents[2]
    running = [subprocess.Popen([*command, str(rank)], cwd=root) for rank in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    torch.manual_seed(0)
    model, x = planted.MLP(), planted.inputs()
    planted.plant(model.first.weight, model.first.bias)
    wanted = truth(model, x)
    for rank in range(2):
        name, samples, alone, dead, dormant = torch.load(f"{results}.{rank}")
        assert name == "module.act"
        assert (samples, alone) == (planted.ROWS, planted.ROWS // 2)
        assert dead == wanted["dead"]
        assert dormant == wanted["dormant"]
