"""Trained members, and what they can say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from actscope.ensemble._evaluate import layer_health, outputs
from actscope.ensemble._export import network_of
from actscope.ensemble._network import Perceptron
from actscope.ensemble._plan import Member, Rows, Settings
from actscope.ensemble._stacked import Stacked
from actscope.ensemble._stacked_inputs import (
    read_rows,
)
from actscope.ensemble._targets import as_floats, read_features
from actscope.ensemble._threads import one_thread
from actscope.ensemble._train import Trained
from actscope.errors import SettingError


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Trained members: activations as given, of each the learning rates ascending, then seeds.

    settings: what they share. classes: the labels, sorted (multilabel: the names of y's
    columns, or their numbers); empty for regression.
    """

    specs: tuple[Member, ...]
    settings: Settings
    classes: tuple[Any, ...]
    parts: tuple[tuple[tuple[int, ...], Trained], ...]

    def __repr__(self) -> str:
        return f"Ensemble({len(self)} members, {self.settings.task})"

    def __len__(self) -> int:
        return len(self.specs)

    @property
    def members(self) -> pd.DataFrame:
        """One row per member.

        activation, learning_rate, seed, final_loss (mean training loss of its last epoch),
        validation_loss (of the weights kept; NaN without validation), epochs, best_epoch
        (whose weights are kept), diverged, seconds (its share of the processor's time).
        """
        rows: list[dict[str, Any]] = [{} for _ in self.specs]
        for index, part in self.parts:
            for position, i in enumerate(index):
                last, best = int(part.epochs[position]), int(part.best_epoch[position])
                rows[i] = {
                    "activation": self.specs[i].activation,
                    "learning_rate": self.specs[i].learning_rate,
                    "seed": self.specs[i].seed,
                    "final_loss": part.train_loss[last - 1, position],
                    "validation_loss": part.valid_loss[best - 1, position] if best else np.nan,
                    "epochs": last,
                    "best_epoch": best,
                    "diverged": bool(part.diverged[position]),
                    "seconds": part.seconds[position],
                }
        return pd.DataFrame(rows)

    def outputs(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float["member row output"]: logits for classes, values for regression."""
        rows = self._rows(X)
        result = np.empty((len(self), rows.count, self.settings.outputs))
        with one_thread():
            for index, part in self.parts:
                result[list(index)] = outputs(part, rows).transpose(1, 2).double().cpu().numpy()
        return result

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """["member row"] labels, or values (["member row output"] for several outputs).

        Multilabel: Int["member row label"], 1 where the probability is above 0.5.
        """
        raw = self.outputs(X)
        if self.settings.task == "multilabel":
            return (raw > 0).astype(np.int64)
        if self.settings.task == "classification":
            return np.asarray(self.classes)[raw.argmax(2)]
        return raw[:, :, 0] if self.settings.outputs == 1 else raw

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Float["member row class"], in the order of `classes`; two columns for two classes.

        Multilabel: Float["member row label"], of each label by itself.
        """
        if self.settings.task == "regression":
            raise SettingError("predict_proba needs a classification; this is a regression")
        raw = self.outputs(X)
        return softmax(raw) if self.settings.task == "classification" else sigmoid(raw)

    def health(self, X: ArrayLike) -> pd.DataFrame:
        """Dead, saturated and dormant units of each member and hidden layer on rows of X.

        Columns: member, layer (from 1), units, dead_units, saturated_units, dormant_units
        (lists of int; dead_units is None for a step-like function), sparsity, samples.
        """
        self._perceptrons("health")
        rows = self._rows(X)
        table: list[dict[str, Any]] = []
        with one_thread():
            for index, part in self.parts:
                for number, layer in enumerate(layer_health(part, rows), start=1):
                    for position, i in enumerate(index):
                        has_list = bool(layer.has_dead_list[position])
                        table.append({
                            "member": i,
                            "layer": number,
                            "units": layer.dead.shape[1],
                            "dead_units": _listed(layer.dead[position]) if has_list else None,
                            "saturated_units": _listed(layer.saturated[position]),
                            "dormant_units": _listed(layer.dormant[position]),
                            "sparsity": float(layer.sparsity[position]),
                            "samples": layer.samples,
                        })  # fmt: skip
        frame = pd.DataFrame(table)
        return frame.sort_values(["member", "layer"], ignore_index=True)

    def weights(self, member: int) -> list[tuple[NDArray[Any], NDArray[Any]]]:
        """(weight (in, out), bias (out,)) of each layer of one member, inputs first."""
        self._perceptrons("weights")
        return member_weights(*self._found(member))

    def module(self, member: int) -> torch.nn.Module:
        """One member as a plain module from rows to outputs, a copy in evaluation mode.

        A network of your own (`model=`), or Linear, activation, ..., Linear.
        """
        return network_of(*self._found(member))

    def _found(self, member: int) -> tuple[Trained, int]:
        """Where a member is: its chunk, its position there."""
        for index, part in self.parts:
            if member in index:
                return part, index.index(member)
        raise SettingError(f"member must be 0 to {len(self) - 1}, not {member!r}")

    def _perceptrons(self, asked: str) -> None:
        if not isinstance(self.parts[0][1].architecture, Perceptron):
            raise SettingError(
                f"{asked} is for the built-in networks; of a model of your own, module(member) "
                "gives one member's network to look into"
            )

    def _rows(self, X: ArrayLike) -> Rows:
        part = self.parts[0][1]
        kind, region = part.architecture, part.values.regions[0]
        if isinstance(kind, Stacked):
            features = read_rows(X, "X", kind.like)
        else:
            features = read_features(X, "X", kind.features[0])
        tensor = as_floats(features, "X", region.device, region.dtype)
        return Rows(tensor, torch.zeros(1, len(features), dtype=torch.int64, device=region.device))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each logit by itself; no logit overflows."""
    return np.exp(-np.logaddexp(0.0, -logits))


def member_weights(part: Trained, position: int) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """(weight (in, out), bias (out,)) of each layer of the member at `position`."""
    store = part.values
    weights = [w[position].cpu().numpy().copy() for w in store.weights]
    weights[-1] = np.ascontiguousarray(weights[-1].T)
    biases = [b[position, 0].cpu().numpy().copy() for b in store.biases]
    return list(zip(weights, biases, strict=True))


def _listed(mask: Tensor) -> list[int]:
    return mask.nonzero().flatten().tolist()
