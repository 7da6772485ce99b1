from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actscope.data import load
from actscope.study.training._split import ratio_of_test, split


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.integers(5, 60), min_size=2, max_size=9).filter(lambda c: sum(c) >= 20),
    seed=st.integers(0, 10_000),
)
@example(counts=[5, 5, 5, 29], seed=0)
@example(counts=[5, 5, 5, 5, 11], seed=0)
def test_parts_are_disjoint_complete_and_hold_every_class(counts: list[int], seed: int) -> None:
    labels = np.repeat([f"c{i}" for i in range(len(counts))], counts)
    data = load(pd.DataFrame({"x": np.arange(len(labels)) % 7 + 0.5, "y": labels}), "y")
    parts = split(data, seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(len(labels)))
    for part in (parts.train, parts.validation, parts.test):
        assert set(data.target[part]) == set(range(len(counts)))
    rows = len(labels)
    assert abs(len(parts.test) - 0.25 * rows) <= len(counts)
    assert abs(len(parts.validation) - 0.15 * rows) <= len(counts)
    ratio = len(parts.test) / (len(parts.train) + len(parts.validation))
    assert ratio_of_test(data) == ratio
    again = split(data, seed)
    assert np.array_equal(again.test, parts.test)


def test_seeds_give_different_splits() -> None:
    data = load("sklearn:iris")
    for part in ("train", "validation", "test"):
        assert not np.array_equal(getattr(split(data, 0), part), getattr(split(data, 1), part))


def test_validation_rows_vary_even_among_the_same_learning_rows() -> None:
    """No row is always, or never, a validation row."""
    data = load("sklearn:iris")
    counts = np.zeros(150)
    for seed in range(200):
        counts[split(data, seed).validation] += 1
    assert counts.min() > 0.03 * 200  # 15% expected
    assert counts.max() < 0.30 * 200
