"""The tables that stand beside a verdict: losses by epoch, scores by rate, units by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from actscope.study._result import Interval
from actscope.study.scoring._cutoffs import CUTOFFS
from actscope.study.training._shard import ShardResult

Rows = list[dict[str, Any]]  # of members, as in `Comparison.members`


def column(rows: Rows, name: str) -> NDArray[np.float64]:
    """One number of each row."""
    return np.array([row[name] for row in rows], dtype=np.float64)


def curves(results: Sequence[ShardResult], order: Sequence[str]) -> pd.DataFrame:
    """Mean losses over the chosen members; a stopped member keeps its last value.

    Carrying it on keeps the mean over the same members at every epoch: otherwise the curve
    would jump whenever a good one stops.
    """
    parts = []
    for name in order:
        chosen = [c for r in results if r.shard.activation == name for c in r.curves]
        last = max(len(c.valid_loss) for c in chosen)
        train = np.stack([_carried(c.train_loss, last) for c in chosen])
        valid = np.stack([_carried(c.valid_loss, last) for c in chosen])
        low, high = np.percentile(valid, [2.5, 97.5], axis=0)
        parts.append(
            pd.DataFrame({
                "activation": name,
                "epoch": np.arange(1, last + 1),
                "train_loss": train.mean(0),
                "validation_loss": valid.mean(0),
                "low": low,
                "high": high,
            })
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _carried(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """The last finite value carried on to `length`."""
    return (
        pd.Series(np.pad(values, (0, length - len(values)), constant_values=np.nan))
        .ffill()
        .to_numpy()
    )


def by_rate(
    members: Mapping[str, Rows],
    order: Sequence[str],
    interval: Callable[[NDArray[np.float64]], Interval],
) -> pd.DataFrame:
    table: Rows = []
    for name in order:
        for rate in sorted({row["learning_rate"] for row in members[name]}):
            rows = [row for row in members[name] if row["learning_rate"] == rate]
            scores = column(rows, "validation_score")
            scores = scores[np.isfinite(scores)]
            found = interval(scores) if len(scores) else Interval(nan, nan, nan)
            table.append({"activation": name, "learning_rate": rate, **asdict(found)})
    return pd.DataFrame(table)


def by_layer(results: Sequence[ShardResult], order: Sequence[str]) -> pd.DataFrame:
    table: Rows = []
    for name in order:
        rows = [row for r in results if r.shard.activation == name for row in r.layers]
        for layer in sorted({row["layer"] for row in rows}):
            mine = [row for row in rows if row["layer"] == layer]
            shares = ("dead_share", "saturated_share", "sparsity")
            table.append(
                {
                    "activation": name,
                    "layer": layer,
                    "units": mine[0]["units"],
                    **{share: float(column(mine, share).mean()) for share in shares},
                }
            )
    return pd.DataFrame(table)


def cutoffs(results: Sequence[ShardResult], order: Sequence[str]) -> pd.DataFrame:
    parts = []
    for name in order:
        scores = [
            s for r in results if r.shard.activation == name for s in r.cutoff_scores.values()
        ]
        if scores:
            mean = np.mean(scores, axis=0)
            parts.append(pd.DataFrame({"activation": name, "cutoff": CUTOFFS, "score": mean}))
    if not parts:
        return pd.DataFrame(columns=["activation", "cutoff", "score"])
    return pd.concat(parts, ignore_index=True)
