"""A part's result as bytes and back: every float to the bit, nothing that is unpickled.

Arrays and columns of floats are safetensors (JSON has one NaN and no -NaN), the rest is JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from actscope.study._task import Baseline, BaselineResult, Result
from actscope.study.models._trial import Trial, TrialResult
from actscope.study.training._candidate import Kept
from actscope.study.training._shard import ChosenCurve, Shard, ShardResult

Row = dict[str, Any]
Tensors = dict[str, NDArray[Any]]
_KEPT_FLOATS = ("learning_rate", "validation_score", "cutoff", "target_mean", "target_scale")
_KEPT = "kept.tensors."


class Encoded(NamedTuple):
    """facts: JSON. tensors: a safetensors file."""

    facts: str
    tensors: bytes


def encode(result: Result) -> Encoded:
    """`result` as text and bytes."""
    tensors: Tensors = {}
    if isinstance(result, TrialResult):
        trial = result.trial
        about: dict[str, Any] = {"trial": [trial.activation, trial.seed, trial.rate]}
        about["sites"] = result.sites
        about["scores"] = _put("scores", [result.scores], tensors)
        about["layers"] = _put("layers", result.layers, tensors)
        return _packed(about, tensors)
    facts: dict[str, Any] = {"seeds": list(_task(result).seeds)}
    if isinstance(result, BaselineResult):
        facts["scores"] = _put("scores", result.scores, tensors)
        return _packed(facts, tensors)
    facts["activation"] = result.shard.activation
    facts["members"] = _put("members", result.members, tensors)
    facts["layers"] = _put("layers", result.layers, tensors)
    facts["curves"] = [curve.seed for curve in result.curves]
    for i, curve in enumerate(result.curves):
        tensors[f"curves.{i}.train"] = curve.train_loss
        tensors[f"curves.{i}.valid"] = curve.valid_loss
    facts["cutoffs"] = list(result.cutoff_scores)
    for i, scores in enumerate(result.cutoff_scores.values()):
        tensors[f"cutoffs.{i}"] = scores
    facts["kept"] = None
    if (kept := result.kept) is not None:
        present = [name for name in _KEPT_FLOATS if getattr(kept, name) is not None]
        facts["kept"] = {"seed": kept.seed, "floats": present, "order": list(kept.tensors)}
        tensors["kept"] = np.array([getattr(kept, name) for name in present], np.float64)
        tensors.update({_KEPT + name: value for name, value in kept.tensors.items()})
    return _packed(facts, tensors)


def decode(encoded: Encoded) -> Result:
    """What `encode` was given.

    Raises:
        ValueError: the text or the bytes are not what `encode` makes.
    """
    try:
        facts, tensors = json.loads(encoded.facts), load(encoded.tensors)
        if "trial" in facts:
            return TrialResult(
                Trial(*facts["trial"]),
                _rows("scores", facts["scores"], tensors)[0],
                _rows("layers", facts["layers"], tensors),
                facts["sites"],
            )
        seeds = tuple(facts["seeds"])
        if "scores" in facts:
            return BaselineResult(Baseline(seeds), _rows("scores", facts["scores"], tensors))
        return ShardResult(
            shard=Shard(facts["activation"], seeds),
            members=_rows("members", facts["members"], tensors),
            curves=[
                ChosenCurve(seed, tensors[f"curves.{i}.train"], tensors[f"curves.{i}.valid"])
                for i, seed in enumerate(facts["curves"])
            ],
            layers=_rows("layers", facts["layers"], tensors),
            cutoff_scores={
                seed: tensors[f"cutoffs.{i}"] for i, seed in enumerate(facts["cutoffs"])
            },
            kept=_kept(facts["kept"], tensors),
        )
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as error:
        raise ValueError(f"not a part of a study: {error!r}") from error


def _task(result: ShardResult | BaselineResult) -> Shard | Baseline:
    return result.task if isinstance(result, BaselineResult) else result.shard


def _packed(facts: dict[str, Any], tensors: Tensors) -> Encoded:
    whole = {name: np.asarray(value, order="C") for name, value in tensors.items()}
    return Encoded(json.dumps(facts, allow_nan=False), save(whole))


def _put(name: str, rows: Sequence[Row], tensors: Tensors) -> dict[str, Any]:
    """Columns of floats into `tensors`; gives the order of all, and the others as they are."""
    columns = {column: [row[column] for row in rows] for column in (rows[0] if rows else ())}
    others: dict[str, list[Any]] = {}
    for column, values in columns.items():
        if all(isinstance(value, float) for value in values):
            tensors[f"{name}.{column}"] = np.array(values, np.float64)
        else:
            others[column] = values
    return {"order": list(columns), "others": others}


def _rows(name: str, table: dict[str, Any], tensors: Tensors) -> list[Row]:
    others = table["others"]
    columns = [
        others[column] if column in others else tensors[f"{name}.{column}"].tolist()
        for column in table["order"]
    ]
    return [dict(zip(table["order"], row, strict=True)) for row in zip(*columns, strict=True)]


def _kept(facts: dict[str, Any] | None, tensors: Tensors) -> Kept | None:
    if facts is None:
        return None
    floats: dict[str, Any] = dict.fromkeys(_KEPT_FLOATS)
    floats |= dict(zip(facts["floats"], tensors["kept"].tolist(), strict=True))
    own = {name: tensors[_KEPT + name] for name in facts["order"]}
    return Kept(seed=facts["seed"], tensors=own, **floats)
