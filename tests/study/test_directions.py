"""Whichever way is better: chosen, ranked, told and shown accordingly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.study import to_json
from actscope.study.report import _terminal
from actscope.study.report._page import page
from actscope.study.report._pictures import score_window
from actscope.study.scoring._metrics import METRICS
from actscope.study.verdict._verdict import decide


@pytest.fixture(scope="module", params=["log_loss", "roc_auc", "rmse", "median_absolute_error"])
def study(request: pytest.FixtureRequest) -> act.Comparison:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 2))
    y = 7 * X[:, 0] * X[:, 1] + 4 * X[:, 0] + rng.standard_normal(120)
    regression = request.param not in ("log_loss", "roc_auc")
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y if regression else (y > 0) * 1})
    return act.compare(
        frame, "y", task="regression" if regression else "classification", metric=request.param,
        activations="tanh,identity", seeds=3, learning_rates=[0.0001, 0.03], hidden=8, epochs=25,
        workers=1, progress=False,
    )  # fmt: skip


def test_rate_and_activation_are_chosen_by_what_is_better(study: act.Comparison) -> None:
    sign = 1 if study.metric == "roc_auc" else -1
    for _, mine in study.members.groupby(["activation", "seed"]):
        chosen = mine.loc[mine["chosen"], "validation_score"].item()
        assert chosen == (sign * mine["validation_score"]).max() * sign
    means = study.members.loc[study.members["chosen"]].groupby("activation")["test_score"].mean()
    assert study.verdict.best == (sign * means).idxmax() == "tanh"
    assert study.table["score"].tolist() == pytest.approx(list(means[["tanh", "identity"]]))
    (pair,) = study.verdict.pairs
    assert pair.difference == pytest.approx(means["tanh"] - means["identity"])
    assert pair.low <= pair.difference <= pair.high
    assert pair.better > pair.worse
    trivial = "class shares" if study.metric in ("log_loss", "roc_auc") else "mean"
    assert sign * study.baselines[trivial].mean < sign * means["tanh"]


def test_a_score_without_a_cutoff_keeps_a_winner_that_answers(
    study: act.Comparison,
) -> None:
    assert all(row.cutoff is None for row in study.rows)
    assert study.winner is not None
    assert study.winner.cutoff == (0.5 if study.data.classes else None)
    assert study.winner.score == pytest.approx(
        study.members.query("chosen and activation == 'tanh'")["validation_score"].agg(
            "max" if study.metric == "roc_auc" else "min"
        )
    )
    json.dumps(to_json(study), allow_nan=False)


def test_lower_is_better_is_said(study: act.Comparison) -> None:
    lower = study.metric != "roc_auc"
    assert ("lower is better" in page(study)) == lower
    assert _terminal.table(study) is not None


def test_a_verdict_is_the_same_with_the_signs_turned() -> None:
    rng = np.random.default_rng(3)
    scores = {n: m + rng.normal(0, 0.02, 8) for n, m in (("a", 0.9), ("b", 0.8), ("c", 0.89))}
    options: dict[str, Any] = {"test_ratio": 0.25, "rope": 0.01}
    base = {"linear model": np.full(8, 0.7)}
    up = decide(scores, metric=METRICS["r2"], baselines=base, **options)
    turned = {n: 5 - s for n, s in scores.items()}
    error = replace(METRICS["rmse"], unit="1")
    down = decide(turned, metric=error, baselines={"linear model": np.full(8, 4.3)}, **options)
    assert (down.best, down.worse, down.undecided) == (up.best, up.worse, up.undecided)
    assert up.worse == ("b",)
    for p, q in zip(up.pairs, down.pairs, strict=True):
        assert q.difference == pytest.approx(-p.difference)
        assert (q.low, q.high) == pytest.approx((-p.high, -p.low))
        assert (q.better, q.same, q.worse) == pytest.approx((p.better, p.same, p.worse))
    told, other = (v.text.split("Clearly worse")[1].split("b by ")[1][:5] for v in (up, down))
    assert told == other  # by how much it is worse, a number above 0


def test_the_window_of_a_picture_is_cut_on_the_bad_side() -> None:
    low, high = score_window([0.9, 0.89, 0.88, -50.0], [0.87, 0.91])
    assert low > 0.8
    turned = score_window([-0.9, -0.89, -0.88, 50.0], [-0.87, -0.91], lower=True)
    assert turned == pytest.approx((-high, -low))
