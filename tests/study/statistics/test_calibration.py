"""A/A: the same function under two names, with independent seeds, must not be told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from actscope.data import load
from actscope.study._plan import make_plan
from actscope.study.scoring._metrics import METRICS
from actscope.study.training._shard import Shard, run_shard
from actscope.study.training._split import ratio_of_test
from actscope.study.verdict._verdict import decide

STUDIES, SEEDS = 100, 10


def scores(number: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Test scores of relu on one small table: 10 seeds, and 10 others for its copy."""
    rng = np.random.default_rng(number)
    X = rng.standard_normal((80, 2))
    noise = 0.5 * rng.standard_normal(80)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": (X[:, 0] * X[:, 1] + noise > 0) * 1})
    data = load(frame, "y", task="classification")
    plan, _ = make_plan(
        data, activations="relu", seeds=2 * SEEDS, learning_rates=0.03, hidden=8,
        metric="accuracy", epochs=8, batch_size=None, optimizer="adam", l2=0.0,
    )  # fmt: skip
    members = run_shard(data, plan, Shard("relu", plan.seeds)).members
    found = np.array([row["test_score"] for row in sorted(members, key=lambda row: row["seed"])])
    return found[:SEEDS], found[SEEDS:], ratio_of_test(data)


def test_a_copy_is_called_different_in_at_most_5_percent_of_100_studies() -> None:
    different = 0
    for number in range(STUDIES):
        first, second, ratio = scores(number)
        verdict = decide(
            {"relu": first, "relu copy": second},
            test_ratio=ratio,
            metric=METRICS["accuracy"],
            rope=0.01,
            baselines={},
            resolution=1 / 20,
        )
        different += verdict.matters
    margin = int(stats.binom.ppf(0.99, STUDIES, 0.05))  # 11 of 100
    assert different <= margin
