"""What a study gives back: frozen records, no behaviour that touches files or screens."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95% interval (NaN bounds when there is one seed)."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One activation's line in the table. Shares lie in [0, 1], over units or elements.

    dead_share, saturated_share: units of all hidden layers, on test rows, mean over seeds.
        None where the list does not exist (a step-like function has no dead list).
    sparsity: share of hidden outputs that are exactly 0.
    cost: training seconds per network and epoch, relative to the cheapest activation here.
    hidden_change: |end - start| / |start| over the weights and biases of all hidden layers,
        mean over seeds.
    score_at_half, cutoff: two classes only; the test score at cutoff 0.5, and the median
        cutoff chosen on validation rows (`score` is at the chosen cutoff).
    """

    activation: str
    score: Interval
    learning_rate: float
    learning_rates: Mapping[float, int]
    seeds: int
    dead_share: float | None
    sparsity: float
    saturated_share: float | None
    diverged: int
    cost: float
    hidden_change: float
    score_at_half: Interval | None = None
    cutoff: float | None = None


@dataclass(frozen=True)
class Pair:
    """One paired difference in test score, `first` minus `second`.

    low, high: the 95% interval of the difference (Nadeau-Bengio corrected, unadjusted).
    p_different, p_equivalent: Holm-adjusted over all pairs of the study.
    better, same, worse: how probable it is that `first` is better by more than the rope,
        practically the same, or worse, this pair by itself (Bayesian correlated t-test).
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_different: float
    p_equivalent: float
    better: float = math.nan
    same: float = math.nan
    worse: float = math.nan


@dataclass(frozen=True)
class Verdict:
    """What the evidence supports. The three lists and `best` are disjoint."""

    best: str
    equivalent: tuple[str, ...]
    worse: tuple[str, ...]
    undecided: tuple[str, ...]
    matters: bool
    text: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class DataSummary:
    """What was trained on. `notes`: one sentence for each thing done to the table.

    task: "model" where a user's own functions train and score: then rows, columns and inputs are
    not known (0), and the notes are about the model.
    """

    name: str
    rows: int
    columns: int
    inputs: int
    task: Task | Literal["model"]
    target: str
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True)
class Winner:
    """The network that `predict` uses: one member of the best activation, and its encoding.

    tensors: "layers.0.weight" (in, out), "layers.0.bias" (out,), ... plus learned
        parameters "activations.0.<name>".
    encoder: JSON-ready state of `data.Encoder`.
    definition: name, formula and parameters of a function that is not built in.
    """

    activation: str
    seed: int
    learning_rate: float
    score: float
    cutoff: float | None
    target_mean: float
    target_scale: float
    tensors: Mapping[str, np.ndarray]
    encoder: Mapping[str, Any]
    definition: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Race:
    """How a race went: those that had clearly lost stopped early.

    looks: after how many seeds was looked, the last being all. dropped: activation -> {"seeds",
    "behind"}: when it stopped, and behind whom. networks: of the full grid. saved: what share
    of the full grid's training was saved, from each activation's own cost; the time saved is less,
    since workers wait for each other at looks.
    """

    looks: tuple[int, ...]
    dropped: Mapping[str, Mapping[str, Any]]
    networks: int
    saved: float


@dataclass(frozen=True)
class TimeLimit:
    """A study that time stopped. seconds: allowed. seeds: done, of `planned`.

    more_seconds: about what the rest would take.
    """

    seconds: float
    seeds: int
    planned: int
    more_seconds: float


@dataclass(frozen=True)
class Comparison:
    """The result of a study.

    table: one row per activation, best first (a DataFrame view of `rows`).
    members: one row per network: activation, learning_rate, seed, chosen, diverged, epochs,
        validation_score, validation_loss, test_score, dead_share, sparsity, saturated_share,
        hidden_change, seconds, cutoff, test_score_at_half.
    curves: activation, epoch, train_loss, validation_loss, low, high: mean over the chosen
        members, of which a stopped one keeps its last loss; low/high are the 2.5% and 97.5%
        percentiles of the validation loss.
    by_rate: activation, learning_rate, mean, low, high of the validation score over seeds.
    dead_by_layer: activation, layer (from 1), units, dead_share, saturated_share, sparsity.
    cutoffs: activation, cutoff, score: test score against cutoff, mean over seeds
        (two classes; empty otherwise).
    plan: the settings, JSON-ready.
    folder: where it is kept; None: nowhere.
    race: of a race, how it went. stopped: where the time allowed ended it before its last seed.
    """

    data: DataSummary
    metric: str
    plan: Mapping[str, Any]
    rows: tuple[Row, ...]
    baselines: Mapping[str, Interval]
    verdict: Verdict
    members: pd.DataFrame
    curves: pd.DataFrame
    by_rate: pd.DataFrame
    dead_by_layer: pd.DataFrame
    cutoffs: pd.DataFrame
    winner: Winner | None
    seconds: float
    members_trained: int
    warnings: tuple[str, ...] = field(default=())
    folder: Path | None = None
    race: Race | None = None
    stopped: TimeLimit | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row per activation, best first; intervals as score, score_low, score_high.

        The same study gives the same table to the last digit, so the one measurement of time,
        a row's `cost`, is not in it.
        """
        records = []
        for row in self.rows:
            record = dataclasses.asdict(row)
            score = record.pop("score")
            at_half = record.pop("score_at_half")
            del record["cost"]
            record = {
                "activation": record.pop("activation"),
                "score": score["mean"],
                "score_low": score["low"],
                "score_high": score["high"],
                **record,
            }
            if at_half is not None:
                record["score_at_half"] = at_half["mean"]
            records.append(record)
        return pd.DataFrame(records)

    def to_dict(self) -> dict[str, Any]:
        """The document that `actscope compare --json` prints."""
        from actscope.study.keeping._store import to_json

        return to_json(self)

    def save(self, folder: str | Path) -> Path:
        """Write index.html, results.json, members.csv and the winner; gives the folder.

        Raises:
            StoreError: the folder cannot be made or written.
        """
        from actscope.study.keeping._store import save

        return save(self, folder)

    def to_html(self, path: str | Path) -> Path:
        """Write the self-contained page alone."""
        from actscope.study.keeping._store import save_page

        return save_page(self, path)

    def _repr_html_(self) -> str:
        from actscope.study.report._page import fragment

        return fragment(self)

    def __str__(self) -> str:
        return self.verdict.text
