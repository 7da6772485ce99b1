from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from actscope.data import load
from actscope.study._split import ratio_of_test, split


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(5, 60), min_size=2, max_size=5).filter(lambda c: sum(c) >= 20),
    seed=st.integers(0, 10_000),
)
def test_parts_are_disjoint_complete_and_hold_every_class(counts: list[int], seed: int) -> None:
    labels = np.repeat([f"c{i}" for i in range(len(counts))], counts)
    data = load(pd.DataFrame({"x": np.arange(len(labels)) % 7 + 0.5, "y": labels}), "y")
    parts = split(data, seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(len(labels)))
    for part in (parts.train, parts.validation, parts.test):
        assert set(data.target[part]) == set(range(len(counts)))
    ratio = len(parts.test) / (len(parts.train) + len(parts.validation))
    assert abs(ratio_of_test(len(labels), len(counts)) - ratio) < 1e-9
    again = split(data, seed)
    assert np.array_equal(again.test, parts.test)


def test_seeds_give_different_splits() -> None:
    data = load("sklearn:iris")
    assert not np.array_equal(split(data, 0).test, split(data, 1).test)
