"""A finished study as files: the page, the numbers, the winner. Nothing is left half-written."""

from __future__ import annotations

import errno
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.numpy import save as safetensors_bytes

from actscope.errors import StoreError
from actscope.render import write_all
from actscope.study._result import Comparison, Interval, Winner
from actscope.study.keeping._sealed import LEDGER
from actscope.study.report._page import page

SCHEMA = 1
RESULTS, MEMBERS, PAGE = "results.json", "members.csv", "index.html"
WINNER_TENSORS, WINNER_FACTS = "winner.safetensors", "winner.json"


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The document that `compare --json` prints; NaN becomes null."""
    c = comparison
    return _plain(
        {
            "schema": SCHEMA,
            "data": c.data.name,
            "task": c.data.task,
            "metric": c.metric,
            "members_trained": c.members_trained,
            "seconds": c.seconds,
            "baselines": {name: _interval(value) for name, value in c.baselines.items()},
            "results": [
                {
                    "activation": row.activation,
                    **_formula(c, row.activation),
                    "learning_rate": row.learning_rate,
                    "learning_rates": {f"{k:g}": v for k, v in row.learning_rates.items()},
                    "score": _interval(row.score),
                    "score_at_half": row.score_at_half and _interval(row.score_at_half),
                    "cutoff": row.cutoff,
                    "seeds": row.seeds,
                    "dead_share": row.dead_share,
                    "sparsity": row.sparsity,
                    "saturated_share": row.saturated_share,
                    "diverged": row.diverged,
                    "cost": row.cost,
                    "hidden_change": row.hidden_change,
                }
                for row in c.rows
            ],
            "verdict": {
                "best": c.verdict.best,
                "equivalent": list(c.verdict.equivalent),
                "worse": list(c.verdict.worse),
                "undecided": list(c.verdict.undecided),
                "matters": c.verdict.matters,
                "rope": c.plan.get("rope"),
                "pairs": [asdict(pair) for pair in c.verdict.pairs],
                "text": c.verdict.text,
            },
            **({} if c.race is None else {"race": asdict(c.race)}),
            **({} if c.stopped is None else {"stopped": asdict(c.stopped)}),
            "notes": list(c.data.notes),
            "plan": dict(c.plan),
        }
    )


def _formula(c: Comparison, activation: str) -> dict[str, Any]:
    """The formula of a function that is not built in."""
    definition = c.plan.get("definitions", {}).get(activation)
    return {} if definition is None else {"formula": definition["formula"]}


def _interval(value: Interval) -> dict[str, float]:
    return {"mean": value.mean, "low": value.low, "high": value.high}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def save(comparison: Comparison, folder: str | Path) -> Path:
    """Write index.html, results.json, members.csv and the winner into `folder`.

    Each file appears whole or not at all; files of an earlier save are replaced.

    Raises:
        StoreError: the folder cannot be made or written.
    """
    if not str(folder):
        raise StoreError("the folder's name is empty; name a folder for the results")
    folder = Path(folder)
    files = files_of(comparison)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_all({folder / name: content for name, content in files.items()})
        if comparison.winner is None:  # do not leave another study's winner behind
            for name in (WINNER_TENSORS, WINNER_FACTS):
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(_unwritten(folder, error)) from None
    return folder


def _unwritten(folder: Path, error: OSError) -> str:
    said = f"cannot write to {folder}: {error.strerror or error}"
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if (folder / LEDGER).exists():
        do = "make room" if full else "make it writable"
        return f"{said}; all parts are kept: {do}, and resume={str(folder)!r} writes the page"
    return f"{said}; {'make room, or ' * full}name another folder"


def files_of(comparison: Comparison) -> dict[str, bytes]:
    """What `save` writes: index.html, results.json, members.csv and the winner, by name."""
    return {
        MEMBERS: comparison.members.to_csv(index=False).encode(),
        PAGE: page(comparison).encode(),
        RESULTS: json_bytes(to_json(comparison)),
        **(_winner_files(comparison) if comparison.winner else {}),
    }


def save_page(comparison: Comparison, path: str | Path) -> Path:
    """Write the page alone, whole or not at all."""
    path = Path(path)
    try:
        write_all({path: page(comparison).encode()})
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from None
    return path


def json_bytes(document: Any) -> bytes:
    """A document as a file holds it."""
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()


def _winner_files(comparison: Comparison) -> dict[str, bytes]:
    winner = comparison.winner
    assert isinstance(winner, Winner)
    facts = {
        "schema": SCHEMA,
        "data": comparison.data.name,
        "task": comparison.data.task,
        "target": comparison.data.target,
        "classes": list(comparison.data.classes),
        "activation": winner.activation,
        **({"definition": dict(winner.definition)} if winner.definition else {}),
        "seed": winner.seed,
        "learning_rate": winner.learning_rate,
        "metric": comparison.metric,
        "validation_score": winner.score,
        "cutoff": winner.cutoff,
        "target_mean": winner.target_mean,
        "target_scale": winner.target_scale,
        "encoder": dict(winner.encoder),
    }
    return {
        WINNER_TENSORS: safetensors_bytes(dict(winner.tensors)),
        WINNER_FACTS: json_bytes(facts),
    }
