from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import actscope as act


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """Two classes that no line separates, a category, a gap."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((160, 3)), columns=["a", "b", "c"])
    frame["kind"] = np.where(rng.random(160) > 0.5, "red", "blue")
    answer = frame["a"] * frame["b"] + 0.5 * (frame["kind"] == "red")
    frame["y"] = np.where(answer > 0.2, "yes", "no")
    frame.loc[3, "c"] = np.nan
    return frame


@pytest.fixture(scope="session")
def small(table: pd.DataFrame) -> act.Comparison:
    return act.compare(
        table,
        "y",
        activations="relu,tanh,step,identity",
        seeds=4,
        learning_rates=[0.003, 0.03],
        hidden=16,
        epochs=30,
        workers=1,
        name="small",
    )
