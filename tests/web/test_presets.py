"""Each preset shows what its sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from actscope.web._config import read_config
from actscope.web._presets import PRESETS
from actscope.web._workbench import Workbench

BY_ID = {preset.id: preset for preset in PRESETS}


def after(name: str, epochs: int) -> tuple[Workbench, dict[str, Any]]:
    bench = Workbench(read_config(BY_ID[name].config))
    for _ in range(epochs):
        bench.epoch()
    return bench, bench.seen(features=False)[0]


def dead(header: dict[str, Any]) -> list[int]:
    return [sum(len(layer) for layer in network) for network in header["dead"]]


def test_every_preset_can_be_made_and_is_told_apart() -> None:
    assert len(BY_ID) == len(PRESETS) >= 8
    for preset in PRESETS:
        Workbench(read_config(preset.config)).epoch()
        assert preset.why.endswith(".")


def test_line() -> None:
    _, header = after("line", 60)
    (straight, _), (bent, _) = header["scores"]
    assert straight < 0.65
    assert bent > 0.95


def test_race() -> None:
    _, header = after("race", 60)
    (relu, _), (tanh, _), (sigmoid, _) = header["losses"]
    assert max(relu, tanh) < 0.3 < 0.6 < sigmoid


def test_vanishing() -> None:
    bench, _ = after("vanishing", 0)
    start = bench.live.weights()
    for _ in range(30):
        bench.epoch()
    header, _ = bench.seen(features=False)
    assert header["scores"][0][0] < 0.6
    assert header["scores"][1][0] > 0.95
    moved = np.abs(bench.live.weights() - start)[:, : 2 * 8].mean(1)  # of the first layer
    assert moved[0] < moved[1] / 10


def test_dying() -> None:
    _, start = after("dying", 0)
    _, header = after("dying", 40)
    assert dead(start)[0] <= 2
    assert dead(header)[0] >= 8  # of 16
    assert dead(header)[1] == 0
    assert header["scores"][0][1] < 0.8 < 0.95 < header["scores"][1][1]


def test_step() -> None:
    bench, _ = after("step", 0)
    before = bench.live.weights()[:, : 2 * 8].copy()
    for _ in range(60):
        bench.epoch()
    moved = np.abs(bench.live.weights()[:, : 2 * 8] - before).max(1)
    assert moved[0] == 0
    assert moved[1] > 0.1


def test_zeros() -> None:
    bench, header = after("zeros", 20)
    assert dead(header)[0] == 6
    assert not bench.live.weights().any()


def test_large() -> None:
    _, large = after("large", 30)
    fits = Workbench(read_config({**BY_ID["large"].config, "init": "gain"}))
    for _ in range(30):
        fits.epoch()
    assert large["losses"][0][0] > 2 * fits.seen(features=False)[0]["losses"][0][0]


def test_overfitting() -> None:
    _, early = after("overfitting", 10)
    _, late = after("overfitting", 150)
    assert late["losses"][0][0] < early["losses"][0][0] / 2
    assert late["losses"][0][1] > early["losses"][0][1] * 1.5


@pytest.mark.parametrize(("name", "epochs"), [("features", 40), ("spiral", 100)])
def test_learned_in_the_end(name: str, epochs: int) -> None:
    _, header = after(name, epochs)
    assert all(test > 0.9 for _, test in header["scores"])


def test_hills() -> None:
    _, header = after("hills", 100)
    (sine, _), (relu, _) = header["scores"]
    assert sine > relu > 0.8
