"""A training of the playground as Python code that anybody can run."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from actscope.web._config import OPTIMIZERS, OWN
from actscope.web._data2d import DATA, FEATURES, ROWS
from actscope.web._workbench import Workbench

# What a run without any epoch yet would have nothing to show for.
EPOCHS = 100


def code(bench: Workbench) -> str:
    """Source that makes the same points, trains the same networks, prints the same losses."""
    config, task = bench.config, bench.plane.task
    classes = task == "classification"
    optimizer = OPTIMIZERS[config.optimizer]
    epochs = bench.live.epochs or EPOCHS
    networks = list(dict.fromkeys(config.networks))
    activations: list[Any] = [n if n else "identity" for n in networks]
    pairs: list[tuple[str, Any]] = [
        ("hidden", config.hidden),
        ("activations", activations),
        ("seeds", [config.seed]),
        ("learning_rates", [config.learning_rate]),
        ("epochs", epochs),
        ("batch_size", config.batch),
        ("optimizer", optimizer[1]),
        *([("momentum", optimizer[2])] if optimizer[1] == "sgd" else []),
        *([("l2", config.l2)] if config.l2 else []),
        ("init", config.init),
        ("task", "multilabel" if classes else "regression"),
    ]
    body = [
        '"""Made by the actscope playground: the same points, starting weights and batches."""',
        "",
        "import numpy as np",
        "",
        "import actscope as act",
        "",
        *_points(bench),
        "order = rng.permutation(len(points))",
        f"train, test = order[:{len(bench.train)}], order[{len(bench.train)}:]",
        "x1, x2 = points[:, 0], points[:, 1]",
        f"X = np.column_stack([{', '.join(FEATURES[name] for name in config.features)}])",
        "y = target[:, None]" + ("  # one output: how probable class 1 is" if classes else ""),
        "",
        *(["# What was edited by hand in the playground is not in here."] if bench.edited else []),
        "ensemble = act.train_ensemble(",
        "    X[train],",
        "    y[train],",
        *(f"    {name}={value!r}," for name, value in pairs),
        ")",
        "",
        "",
        *_loss(classes),
        "",
        "",
        "losses = {name: loss(ensemble.outputs(X[rows]), y[rows])",
        '          for name, rows in {"train": train, "test": test}.items()}',
        "for i, activation in enumerate(ensemble.members.activation):",
        "    print(f\"{activation}: training loss {losses['train'][i]:.6f}, \"",
        "          f\"test loss {losses['test'][i]:.6f}\")",
        "",
    ]
    return "\n".join(body)


def _points(bench: Workbench) -> list[str]:
    config, plane = bench.config, bench.plane
    start = f"rng = np.random.default_rng({config.seed})"
    if config.data == OWN:
        table = np.column_stack([plane.points, plane.target]).tolist()
        rows = [f"    {tuple(row)!r}," for row in table]
        return [
            "# Your points: both inputs as the playground draws them, and the target.",
            "table = np.array([",
            *rows,
            "])",
            "points, target = table[:, :2], table[:, 2]",
            start,
        ]
    source = inspect.getsource(DATA[config.data].make).replace(
        "(rows: int, noise: float, rng: Generator) -> Pair:", "(rows, noise, rng):"
    )
    return [
        "",
        *source.rstrip().splitlines(),
        "",
        "",
        start,
        f"points, target = {config.data}({ROWS}, {config.noise / 100!r}, rng)",
    ]


def _loss(classes: bool) -> list[str]:
    if classes:
        return [
            "def loss(outputs, y):",
            '    """Mean cross-entropy of each network."""',
            "    return np.mean(np.logaddexp(0, outputs) - y * outputs, axis=(1, 2))",
        ]
    return [
        "def loss(outputs, y):",
        '    """Mean of half the squared error of each network."""',
        "    return np.mean((outputs - y) ** 2 / 2, axis=(1, 2))",
    ]
