"""One neuron's formula with its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from actscope.catalogue import Record
from actscope.web._config import Refused
from actscope.web._workbench import Workbench

MINUS = "−"


def unit(bench: Workbench, network: int, layer: int, unit: int) -> dict[str, Any]:
    """The answer to "unit": layer 0 holds the inputs, the last one is the output.

    text reads "relu(0.52 x1 − 1.30 x2 + 0.10)"; latex is the same for a page that sets it.
    """
    if layer == 0:
        return _input(bench, network, unit)
    weights, bias, dead = bench.unit_weights(network, layer, unit)
    config = bench.config
    names = (
        config.features if layer == 1 else [f"h{layer - 1}.{i + 1}" for i in range(len(weights))]
    )
    output = layer > len(config.hidden)
    record = None if output else bench.records[network][layer - 1]
    outer = record.label if record else _outer(bench)
    terms = [(float(w), name) for w, name in zip(weights, names, strict=True)]
    sum_ = _sum([*terms, (bias, "")])
    latex_terms = [(float(w), _latex(name)) for w, name in zip(weights, names, strict=True)]
    return {
        "kind": "unit",
        "network": network,
        "layer": layer,
        "unit": unit,
        "text": f"{outer}({sum_})" if outer else sum_,
        "latex": _latex_of(outer, _sum([*latex_terms, (bias, "")]).replace(MINUS, "-")),
        "activation": outer or "identity",
        "formula": record.formula if record else "",
        "weights": [[_round(w), name] for w, name in zip(weights.tolist(), names, strict=True)],
        "bias": _round(bias),
        "dead": dead,
        "output": output,
        "note": _note(record, dead),
    }


def _input(bench: Workbench, network: int, unit: int) -> dict[str, Any]:
    features = bench.config.features
    if network >= len(bench.records):
        raise Refused(f"there are {len(bench.records)} networks, no network {network}", "network")
    if unit >= len(features):
        raise Refused(f"there are {len(features)} inputs, no input {unit}", "unit")
    name = features[unit]
    return {
        "kind": "unit", "network": network, "layer": 0, "unit": unit, "text": name,
        "latex": _latex(name), "activation": "", "formula": "", "weights": [], "bias": None,
        "dead": False, "output": False, "note": "An input only holds its number.",
    }  # fmt: skip


def _outer(bench: Workbench) -> str:
    """What is done to the output's sum: the probability of the second class."""
    return "sigmoid" if bench.plane.task == "classification" else ""


def _note(record: Record | None, dead: bool) -> str | None:
    if not dead or record is None:
        return None
    return f"dead: on every training point {record.label} is flat here, so no correction arrives"


def _sum(terms: list[tuple[float, str]]) -> str:
    """0.52 x1 − 1.30 x2 + 0.10."""
    parts: list[str] = []
    for value, name in terms:
        number = _number(abs(value)) if np.isfinite(value) else str(abs(value))
        sign = (MINUS if value < 0 else "+") if parts else (MINUS if value < 0 else "")
        text = f"{number} {name}".strip()
        parts.append(f"{sign} {text}" if parts else f"{sign}{text}")
    return " ".join(parts)


def _number(size: float) -> str:
    return f"{size:.2f}" if 0.01 <= size < 1000 or size == 0 else f"{size:.2g}"


def _round(value: float) -> float:
    return float(f"{value:.6g}")


def _latex(name: str) -> str:
    found = name.replace("x1", "x_1").replace("x2", "x_2").replace("*", " ")
    found = found.replace("sin(", "\\sin(")
    return f"h_{{{name[1:].replace('.', ',')}}}" if name.startswith("h") else found


def _latex_of(outer: str, inner: str) -> str:
    if not outer:
        return inner
    label = outer.replace("_", "\\_").replace("^", "\\^{}")
    return f"\\mathrm{{{label}}}\\left({inner}\\right)"
