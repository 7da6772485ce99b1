"""What a tab trains, and the numbers that it shows of it."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, r2_score

from actscope.web._code import code
from actscope.web._config import Refused, read_config
from actscope.web._data2d import Plane, grid, inputs
from actscope.web._unit import unit
from actscope.web._workbench import Workbench


def made(own: Plane | None = None, **fields: Any) -> Workbench:
    return Workbench(read_config(fields), own)


def parts(bench: Workbench) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    header, found = bench.seen(features=True)
    return header, dict(found)


def test_maps_losses_and_scores_are_those_of_the_weights_shown() -> None:
    """NumPy from the frame's weights and biases, scikit-learn's metrics on "ready"'s points."""
    bench = made(hidden=[5, 3], networks=[{"activations": ["relu", "tanh"]}],
                 features=["x1", "x2", "x1*x2"], noise=0)  # fmt: skip
    for _ in range(5):
        bench.epoch()
    header, found = parts(bench)
    weights, biases = found["weights"][0], found["biases"][0]

    def forward(points: np.ndarray) -> list[np.ndarray]:
        x1, x2 = points.T
        first = np.maximum(np.column_stack([x1, x2, x1 * x2]) @ weights[:15].reshape(3, 5)
                           + biases[:5], 0)  # fmt: skip
        second = np.tanh(first @ weights[15:30].reshape(5, 3) + biases[5:8])
        return [first, second, second @ weights[30:] + biases[8]]

    # Row 0 of a map is the upper edge.
    middles = -2.9 + 0.2 * np.arange(30)
    cells = np.array([[x1, x2] for x2 in middles[::-1] for x1 in middles])
    first, second, out = forward(cells)
    maps = found["maps"][0].reshape(9, 900)
    np.testing.assert_allclose(maps[:5], first.T, atol=1e-5)
    np.testing.assert_allclose(maps[5:8], second.T, atol=1e-5)
    np.testing.assert_allclose(maps[8], 2 / (1 + np.exp(-out)) - 1, atol=1e-5)
    np.testing.assert_allclose(found["features"][2].ravel(), cells.prod(axis=1), atol=1e-6)
    for i, name in enumerate(("train", "test")):
        table = np.array(bench.ready()["points"][name])
        logits = forward(table[:, :2])[-1]
        expected = log_loss(table[:, 2], 1 / (1 + np.exp(-logits)))
        assert header["losses"][0][i] == pytest.approx(expected, rel=1e-3)
        assert header["scores"][0][i] == accuracy_score(table[:, 2], logits > 0)


def test_values_are_scored_by_r2() -> None:
    bench = made(data="plane", hidden=[4], networks=[{"activations": ["tanh"]}])
    for _ in range(10):
        bench.epoch()
    header, _ = bench.seen(features=False)
    table = np.array(bench.ready()["points"]["test"])
    view = bench.live.view(bench._of(table[:, :2], table[:, 2]))
    view.look()
    guess = view.outputs()[0, 0]
    assert header["scores"][0][1] == pytest.approx(r2_score(table[:, 2], guess), abs=1e-4)
    loss = ((table[:, 2] - guess) ** 2).mean() / 2
    assert header["losses"][0][1] == pytest.approx(loss, rel=1e-3)


def test_networks_with_the_same_function_are_the_same_network() -> None:
    bench = made(networks=[{"activations": ["relu"]}, {"activations": ["tanh"]},
                           {"activations": ["relu"]}])  # fmt: skip
    for _ in range(3):
        bench.epoch()
    _, found = parts(bench)
    assert np.array_equal(found["weights"][0], found["weights"][2])
    assert not np.array_equal(found["weights"][0], found["weights"][1])
    assert np.array_equal(found["maps"][0], found["maps"][2])


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"networks": [{"activations": ["relo"]}]}, "networks", "Did you mean"),
        ({"networks": [{"activations": ["softmax"]}]}, "networks", "does not act on each unit"),
        ({"networks": [{"activations": ["x**x**x"]}]}, "networks", "finite value"),
        ({"networks": [{"activations": ["../../etc/passwd"]}]}, "networks", "means nothing here"),
        ({"networks": [{"activations": ["__import__('os')"]}]}, "networks", "cannot read"),
        ({"data": "own"}, "data", "no points of your own yet"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_made_says_why(fields: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(Refused, match=re.escape(says)) as caught:
        made(**fields)
    assert caught.value.field == field


def test_long_epochs_are_refused() -> None:
    rng = np.random.default_rng(0)
    own = Plane(
        rng.normal(size=(5000, 2)), (rng.random(5000) > 0.5).astype(float), "classification"
    )
    with pytest.raises(Refused, match="batch must be at least 3 for 2,500 rows"):
        made(own, data="own", batch=1)
    made(own, data="own", batch=3)


def test_an_edit_moves_one_number_and_a_restart_undoes_it() -> None:
    bench = made(hidden=[3], networks=[{"activations": ["tanh"]}] * 2)
    _, before = parts(bench)
    bench.edit(1, 0, 1, 2, 4.5)
    bench.edit(1, 1, None, 0, -2.0)
    _, after = parts(bench)
    changed = np.argwhere(before["weights"] != after["weights"])
    assert changed.tolist() == [[1, 1 * 3 + 2]]
    assert after["weights"][1, 5] == 4.5
    assert np.argwhere(before["biases"] != after["biases"]).tolist() == [[1, 3]]
    bench.restart()
    assert np.array_equal(parts(bench)[1]["weights"], before["weights"])
    for place, says in [((2, 0, 0, 0), "2 networks"), ((0, 2, 0, 0), "no layer 3"),
                        ((0, 0, 5, 0), "no unit 5"), ((0, 0, 0, 3), "no unit 3")]:  # fmt: skip
        with pytest.raises(Refused, match=says):
            bench.edit(*place, 1.0)


def test_a_unit_s_formula_gives_the_unit_s_map() -> None:
    bench = made(hidden=[4, 3], networks=[{"activations": ["relu", "tanh"]}])
    for _ in range(3):
        bench.epoch()
    said = unit(bench, 0, 1, 2)
    cells = grid(bench.plane.domain, 30)
    names = dict(zip(bench.config.features, inputs(cells, bench.config.features).T, strict=True))
    sums = sum(w * names[name] for w, name in said["weights"]) + said["bias"]
    _, found = parts(bench)
    np.testing.assert_allclose(found["maps"][0, 2].ravel(), np.maximum(sums, 0), atol=1e-4)
    text = re.fullmatch(r"relu\((.*)\)", said["text"])
    assert text is not None
    short = text[1].replace("−", "-").replace(" x1", " * x1").replace(" x2", " * x2")
    rounded = eval(short, {"x1": cells[:, 0], "x2": cells[:, 1]})
    assert np.abs(rounded - sums).max() < 0.05
    above = unit(bench, 0, 2, 0)
    assert [name for _, name in above["weights"]] == ["h1.1", "h1.2", "h1.3", "h1.4"]
    assert above["text"].startswith("tanh(")
    output = unit(bench, 0, 3, 0)
    assert output["output"]
    assert output["text"].startswith("sigmoid(")
    assert unit(bench, 0, 0, 1)["text"] == "x2"
    with pytest.raises(Refused, match="no unit 4"):
        unit(bench, 0, 1, 4)


def test_a_dead_unit_says_so() -> None:
    bench = made(hidden=[4], networks=[{"activations": ["relu"]}])
    bench.edit(0, 0, None, 1, -1000.0)
    header, _ = bench.seen(features=False)
    assert header["dead"] == [[[1]]]
    assert "relu is flat here" in unit(bench, 0, 1, 1)["note"]
    assert unit(bench, 0, 1, 0)["note"] is None


RNG = np.random.default_rng(0)
CLICKED = Plane(RNG.uniform(-3, 3, (60, 2)), (np.arange(60) % 2).astype(float), "classification")


@pytest.mark.parametrize(
    ("fields", "own"),
    [
        ({"data": "spiral", "noise": 12.5, "seed": 7, "optimizer": "adam", "l2": 0.01,
          "features": ["x1", "x2", "sin(x1)", "x1^2"], "hidden": [5, 4],
          "networks": [{"activations": ["relu", "x*tanh(x)"]}, {"activations": ["silu", "prelu"]}]},
         None),
        ({"data": "gaussian_bumps", "hidden": [6], "init": "he", "optimizer": "momentum",
          "learning_rate": 0.01, "train": 70}, None),
        ({"data": "moons", "hidden": [], "networks": [{"activations": []}]}, None),
        ({"data": "own", "batch": 7, "init": "small"}, CLICKED),
    ],
    ids=["spiral", "bumps", "linear", "own"],
)  # fmt: skip
def test_exported_code_runs_and_gives_the_same_losses(
    fields: dict[str, Any], own: Plane | None
) -> None:
    bench = made(own, **fields)
    for _ in range(6):
        bench.epoch()
    header, _ = bench.seen(features=False)
    text = code(bench)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, "exported", "exec"), {"__name__": "exported"})
    found = re.findall(r"training loss ([\d.]+), test loss ([\d.]+)", printed.getvalue())
    assert len(found) == len(header["losses"])
    np.testing.assert_allclose(np.array(found, float), header["losses"], atol=2e-6)
    assert all(len(line) <= 100 for line in text.splitlines() if "activations=" not in line)


def test_exported_code_says_that_edits_are_not_in_it() -> None:
    bench = made()
    assert "edited by hand" not in code(bench)
    bench.edit(0, 0, 0, 0, 1.0)
    assert "edited by hand" in code(bench)
