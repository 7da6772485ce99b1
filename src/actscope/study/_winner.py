"""The network that a study kept, answering for new rows."""

from __future__ import annotations

import json
import math
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from actscope import nn
from actscope.catalogue import Record, from_definition, get
from actscope.data import Encoder
from actscope.errors import StoreError
from actscope.study.keeping._sealed import LEDGER
from actscope.study.keeping._store import RESULTS, SCHEMA, WINNER_FACTS, WINNER_TENSORS
from actscope.study.keeping._tables import TABLES


@dataclass
class LoadedWinner:
    """facts: what winner.json says. notes: what was said about the last rows given."""

    facts: dict[str, Any]
    model: torch.nn.Sequential
    encoder: Encoder
    notes: tuple[str, ...] = field(default=())

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`prediction`, and for classes `probability_<class>`, one row for each given.

        Raises:
            DataError: a column that the network was trained on is missing.
        """
        if not isinstance(frame, pd.DataFrame) and hasattr(frame, "to_pandas"):
            frame = frame.to_pandas()  # polars
        rows, self.notes = self.encoder.conform(frame)
        cutoff = self.facts["cutoff"]
        if cutoff is not None and cutoff != 0.5:
            yes = self.facts["classes"][1]
            self.notes = (
                *self.notes,
                f"{yes!r} is said where its probability is above {cutoff:g}, the cutoff that was "
                "chosen on validation rows",
            )
        with torch.no_grad():
            raw = self.model(torch.from_numpy(self.encoder.transform(rows))).double().numpy()
        if self.facts["task"] == "regression":
            values = raw[:, 0] * self.facts["target_scale"] + self.facts["target_mean"]
            return pd.DataFrame({"prediction": values}, index=frame.index)
        powers = np.exp(raw - raw.max(1, keepdims=True))
        p = powers / powers.sum(1, keepdims=True)
        said = np.asarray(self.facts["classes"], dtype=object)[self._choose(p)]
        columns = {f"probability_{name}": p[:, i] for i, name in enumerate(self.facts["classes"])}
        return pd.DataFrame({"prediction": said, **columns}, index=frame.index)

    def _choose(self, p: NDArray[np.float64]) -> NDArray[np.int64]:
        if self.facts["cutoff"] is None:
            return p.argmax(1)
        return (p[:, 1] > self.facts["cutoff"]).astype(np.int64)


def load_winner(folder: str | Path) -> LoadedWinner:
    """The winner that `save` wrote into `folder`; nothing is unpickled.

    Raises:
        StoreError: there is no winner, or it is damaged.
    """
    folder = Path(folder)
    try:
        facts = json.loads((folder / WINNER_FACTS).read_bytes())
        tensors = load_tensors((folder / WINNER_TENSORS).read_bytes())
    except FileNotFoundError:
        raise StoreError(_why_none(folder)) from None
    except OSError as error:
        raise StoreError(f"cannot read {folder}: {error.strerror or error}") from None
    except (ValueError, SafetensorError) as error:
        raise StoreError(f"the kept network in {folder} is damaged: {error}") from None
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        raise StoreError(f"{folder / WINNER_FACTS} is of another version of actscope")
    try:
        model, encoder = _model(_record(facts), tensors), Encoder.from_dict(facts["encoder"])
        _check(facts, model, encoder)
    except _MALFORMED as error:
        raise StoreError(f"the kept network in {folder} is damaged: {error!r}") from None
    return LoadedWinner(facts, model, encoder)


def _why_none(folder: Path) -> str:
    """What is in a folder that has no network."""
    if (folder / TABLES).exists():
        return (
            f"{folder} holds studies of several tables, each with a network of its own: give the "
            f"folder of one, such as {folder / '1'}"
        )
    if (folder / RESULTS).exists():
        if _of_a_model(folder):
            return (
                f"{folder} holds a study of a model of your own, of which no network is kept: "
                "train it with the activation of the verdict"
            )
        return f"{folder} holds a study in which no network learned anything: none was kept"
    if (folder / LEDGER).exists():
        return (
            f"the study in {folder} is not finished: go on with "
            f"`actscope compare --resume {shlex.quote(str(folder))}` first"
        )
    return f"no kept network in {folder}: give the folder of a finished `actscope compare`"


def _of_a_model(folder: Path) -> bool:
    try:
        return json.loads((folder / RESULTS).read_bytes())["task"] == "model"
    except (OSError, ValueError, KeyError, TypeError):
        return False


# What reading a document of the wrong shape ends in.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError)


def _check(facts: dict[str, Any], model: torch.nn.Sequential, encoder: Encoder) -> None:
    """Do facts, network and encoding belong together?"""
    linears = [part for part in model if isinstance(part, torch.nn.Linear)]
    inputs, outputs = linears[0].in_features, linears[-1].out_features
    if inputs != encoder.width:
        raise ValueError(f"{encoder.width} inputs are encoded, the network takes {inputs}")
    classes, cutoff = facts["classes"], facts["cutoff"]
    if not all(isinstance(name, str) for name in classes):
        raise ValueError("a class is not text")
    if facts["task"] == "classification" and len(classes) != outputs:
        raise ValueError(f"{len(classes)} classes, but {outputs} outputs")
    if (cutoff is not None) != (len(classes) == 2) or (cutoff is not None and not 0 < cutoff < 1):
        raise ValueError(f"cutoff {cutoff!r}")
    if not (math.isfinite(facts["target_mean"]) and 0 < facts["target_scale"] < math.inf):
        raise ValueError("the target's scale")


def _record(facts: dict[str, Any]) -> Record:
    """The winner's own function as it was, whatever is defined under its name here."""
    definition = facts.get("definition")
    return get(facts["activation"]) if definition is None else from_definition(definition)


def _model(activation: Record, tensors: dict[str, NDArray[np.float32]]) -> torch.nn.Sequential:
    count = sum(1 for name in tensors if name.startswith("layers.") and name.endswith(".weight"))
    parts: list[torch.nn.Module] = []
    for i in range(count):
        weight, bias = (torch.from_numpy(tensors[f"layers.{i}.{n}"]) for n in ("weight", "bias"))
        linear = torch.nn.Linear(weight.shape[0], weight.shape[1])
        with torch.no_grad():
            linear.weight.copy_(weight.T)
            linear.bias.copy_(bias)
        parts.append(linear)
        if i < count - 1:
            parts.append(nn.module(activation))
            prefix = f"activations.{i}."
            learned = {
                name.removeprefix(prefix): torch.from_numpy(value)
                for name, value in tensors.items()
                if name.startswith(prefix)
            }
            parts[-1].load_state_dict(learned)
    return torch.nn.Sequential(*parts).eval()
