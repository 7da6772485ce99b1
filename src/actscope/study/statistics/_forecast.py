"""How many seeds would settle what is still open."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from actscope.study.statistics._equivalence import called
from actscope.study.statistics._paired import gaps_of, holm, pair_tests, score_table

# Round numbers only: the estimate behind them rests on a spread that is itself uncertain.
SEED_COUNTS = (5, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500)


def seeds_to_decide(
    scores: Mapping[str, np.ndarray],
    best: str,
    test_ratio: float,
    rope: float,
    resolution: float = 0.0,
) -> dict[str, int | None]:
    """For each undecided activation, how many seeds would place it beside `best` or below it.

    The tests of `compare_all` are repeated at each of SEED_COUNTS as if the differences kept the
    mean and spread seen so far. None: not even 500 seeds, because the overlap of the splits
    leaves a standard error of s sqrt(n_test / n_train) at any number of seeds.
    """
    names = list(scores)
    table = score_table(scores)
    seeds = table.shape[1]
    if seeds < 2:
        return {}
    i, j = np.triu_indices(len(names), k=1)
    gaps = gaps_of(table, i, j)
    mine = names.index(best)

    def undecided_at(count: int) -> set[str]:
        found = pair_tests(gaps, count, test_ratio, rope, resolution)
        p_different, p_equivalent = holm(found.p_different), holm(found.p_equivalent)
        same, clear = called(gaps.mean, p_different, p_equivalent, rope)
        with_best = (i == mine) | (j == mine)
        others = np.where(i == mine, j, i)
        return {names[other] for other in others[with_best & ~same & ~clear]}

    needed: dict[str, int | None] = {}
    waiting = undecided_at(seeds)
    for count in (c for c in SEED_COUNTS if c > seeds):
        still = undecided_at(count)  # only ever fewer: each p falls as seeds are added
        needed.update(dict.fromkeys(waiting - still, count))
        waiting = still
    needed.update(dict.fromkeys(waiting, None))
    return {name: needed[name] for name in names if name in needed}
