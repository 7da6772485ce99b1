"""Comparisons made by hand, for what shows them: no training, names of the worst kind."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from actscope.study._result import (
    Comparison,
    DataSummary,
    Interval,
    Pair,
    Row,
    Verdict,
)

HOSTILE = "<script>alert(1)</script>"
NAMES = ("relu", "tanh", "gelu", "silu", "elu", "leaky_relu", "sigmoid", "step")


def comparison(
    names: Sequence[str] = NAMES,
    *,
    data: str = "sklearn:digits",
    metric: str = "accuracy",
    classes: tuple[str, ...] = tuple("0123456789"),
    target: str = "target",
    notes: tuple[str, ...] = ("Column 'pixel_0_0' is constant: left out.",),
    rates: tuple[float, ...] = (0.0003, 0.001, 0.003),
    seeds: int = 10,
    layers: int = 2,
    warnings: tuple[str, ...] = (),
) -> Comparison:
    """A believable result; the last name is step-like, the first is best."""
    rng = np.random.default_rng(0)
    two = len(classes) == 2
    rows, members, curve, by_rate, layer_rows, cutoff_rows = [], [], [], [], [], []
    for rank, name in enumerate(names):
        stepped = name == names[-1] and len(names) > 1
        mean = 0.852 if stepped else 0.981 - 0.0016 * rank
        half = 0.014 if stepped else 0.003 + 0.0004 * rank
        single = seeds == 1
        interval = Interval(
            mean, math.nan if single else mean - half, math.nan if single else mean + half
        )
        counts = {rates[-1]: seeds - seeds // 3, rates[0]: seeds // 3}
        rows.append(
            Row(
                activation=name,
                score=interval,
                learning_rate=rates[-1],
                learning_rates={k: v for k, v in counts.items() if v},
                seeds=seeds,
                dead_share=None if stepped else [0.013, 0.0, 0.0][rank % 3],
                sparsity=0.5 if rank == 0 or stepped else 0.0,
                saturated_share=None if stepped else 0.02 * (rank % 2),
                diverged=1 if rank == 2 else 0,
                cost=1 + 0.13 * rank,
                hidden_change=0.0 if stepped else 1.4 - 0.1 * rank,
                score_at_half=Interval(mean - 0.01, mean - 0.02, mean) if two else None,
                cutoff=0.31 + 0.02 * rank if two else None,
            )
        )
        members += [
            {"activation": name, "learning_rate": r, "seed": s, "test_score": mean}
            for r in rates
            for s in range(seeds)
        ]
        for epoch in range(1, 61):
            fitted = 2.3 * math.exp(-epoch / (6 + 2 * rank)) + (0.45 if stepped else 0.07)
            loss = fitted + 0.0008 * epoch + rng.normal(0, 0.004)
            curve.append((name, epoch, fitted - 0.05, loss, loss * 0.8, loss * 1.25))
        for k, r in enumerate(rates):
            value = mean - 0.012 * (len(rates) - 1 - k) * (1 + 0.2 * rank)
            by_rate.append((name, r, value, value - half, value + half))
        for layer in range(1, layers + 1):
            dead = math.nan if stepped else [0.009, 0.0, 0.0][rank % 3] * layer
            layer_rows.append((name, layer, 64, dead, math.nan if stepped else 0.01, 0.4))
        if two:
            cutoff_rows += [
                (name, cut, mean - 0.5 * (cut - 0.31 - 0.02 * rank) ** 2)
                for cut in np.linspace(0.02, 0.98, 49)
            ]
    pairs = tuple(
        Pair(names[0], n, 0.0016 * i, -0.001, 0.004 * i, 0.4 / i, 0.01 * i)
        for i, n in enumerate(names)
        if i
    )
    good, rest = tuple(names[1:4]), tuple(names[4:])
    text = (
        f"Does the choice of activation function matter here? Only in that {names[-1]} (its hidden "
        f"layers cannot train) falls behind. Use {names[0]} (or {', '.join(good)}: practically as "
        f"good).\nBest: {names[0]}, mean test accuracy 98.1% over {seeds} seeds.\n"
        f"Practically equivalent to {names[0]} (within one percentage point): {', '.join(good)}."
    )
    return Comparison(
        data=DataSummary(
            data,
            1797,
            64,
            61,
            "regression" if metric == "r2" else "classification",
            target,
            classes if metric != "r2" else (),
            notes,
            "9b1c…",
        ),
        metric=metric,
        plan={
            "activations": list(names),
            "seeds": seeds,
            "learning_rates": list(rates),
            "hidden": [64] * layers,
            "epochs": 60,
            "batch_size": 32,
            "optimizer": "adam",
            "l2": 0.0,
        },
        rows=tuple(rows),
        baselines={
            "linear model": Interval(0.966, 0.961, 0.971),
            "majority class": Interval(0.101, 0.1, 0.102),
        },
        verdict=Verdict(names[0], good, rest[-1:], rest[:-1], bool(rest), text, pairs),
        members=pd.DataFrame(members),
        curves=pd.DataFrame(
            curve, columns=["activation", "epoch", "train_loss", "validation_loss", "low", "high"]
        ),
        by_rate=pd.DataFrame(
            by_rate, columns=["activation", "learning_rate", "mean", "low", "high"]
        ),
        dead_by_layer=pd.DataFrame(
            layer_rows,
            columns=["activation", "layer", "units", "dead_share", "saturated_share", "sparsity"],
        ),
        cutoffs=pd.DataFrame(cutoff_rows, columns=["activation", "cutoff", "score"]),
        winner=None,
        seconds=42.7,
        members_trained=len(members),
        warnings=warnings,
    )


def hostile() -> Comparison:
    """Two classes, and every text that a user can bring tries to leave its place."""
    return comparison(
        (
            HOSTILE,
            "x*tanh(exp(x))",
            '"><img src=x onerror=alert(2)>',
            "$\\frac{1}{2}$ & [red]",
            "line\nbreak\x1b[31m\u202e",
            "\U0001f600 функция 活性化",
            "a_very_long_formula_that_goes_on(x) * tanh(exp(x)) + sigmoid(x) ** 2",
            "step",
        ),
        data=f"{HOSTILE}.csv",
        classes=(HOSTILE, "]]></svg><script>alert(3)</script>"),
        target="</style><script>alert(4)</script>",
        notes=("Column '<img src=http://example.org/x.png>' is constant: left out.",),
        warnings=("<b onclick=alert(5)>one</b> network diverged",),
    )
