"""What the playground offers: said once to each tab."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from actscope.catalogue import get, names
from actscope.web._config import (
    INITS,
    MAX_LAYERS,
    MAX_NETWORKS,
    MAX_UNITS,
    OPTIMIZERS,
    Config,
)
from actscope.web._data2d import DATA, FEATURES, example
from actscope.web._presets import PRESETS
from actscope.web._protocol import MAX_CSV, MAX_POINTS
from actscope.web._table import MAX_ROWS
from actscope.web._workbench import GRID


@lru_cache(maxsize=1)
def options() -> dict[str, Any]:
    """The "options" of "hello"."""
    return {
        "data": [
            {"name": name, "label": one.label, "task": one.task, "points": example(name)}
            for name, one in DATA.items()
        ],
        "activations": _activations(),
        "features": list(FEATURES),
        "inits": [{"name": name, "label": label} for name, label in INITS.items()],
        "optimizers": [{"name": name, "label": label} for name, (label, *_) in OPTIMIZERS.items()],
        "limits": {
            "layers": MAX_LAYERS,
            "units": MAX_UNITS,
            "networks": MAX_NETWORKS,
            "points": MAX_POINTS,
            "rows": MAX_ROWS,
            "csv": MAX_CSV,
        },
        "presets": [
            {"id": one.id, "title": one.title, "why": one.why, "config": one.config}
            for one in PRESETS
        ],
        "defaults": Config().document(),
        "grid": GRID,
    }


def _activations() -> list[dict[str, str]]:
    """Those that act on each unit by itself, with a fixed rule."""
    found = []
    for name in names():
        record = get(name)
        if record.kind == "elementwise" and name != "rrelu":
            found.append({
                "name": record.name,
                "latex": record.latex,
                "formula": record.formula,
                "text": record.summary,
            })  # fmt: skip
    return found
