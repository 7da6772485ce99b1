"""The network that a study kept, answering for new rows."""

from __future__ import annotations

import json
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
from actscope.data import Encoder
from actscope.errors import StoreError
from actscope.study._store import SCHEMA, WINNER_FACTS, WINNER_TENSORS


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
        rows, self.notes = self.encoder.conform(frame)
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
        raise StoreError(
            f"no kept network in {folder}: give the folder of a finished `actscope compare`"
        ) from None
    except OSError as error:
        raise StoreError(f"cannot read {folder}: {error.strerror or error}") from None
    except (ValueError, SafetensorError) as error:
        raise StoreError(f"the kept network in {folder} is damaged: {error}") from None
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        raise StoreError(f"{folder / WINNER_FACTS} is of another version of actscope")
    try:
        model, encoder = _model(facts["activation"], tensors), Encoder.from_dict(facts["encoder"])
        missing = {"task", "classes", "cutoff", "target_mean", "target_scale"} - set(facts)
        if missing:
            raise KeyError(*sorted(missing))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StoreError(f"the kept network in {folder} is damaged: {error!r}") from None
    return LoadedWinner(facts, model, encoder)


def _model(activation: str, tensors: dict[str, NDArray[np.float32]]) -> torch.nn.Sequential:
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
