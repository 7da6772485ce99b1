"""A race: activations that have clearly lost stop early, at planned looks, at no cost in truth.

After each look's number of seeds, every pair of the activations still running is tested as in
`_paired.compare_all`, but at a level of its own. The levels of all looks add up to ALPHA, and
within a look Holm's procedure covers all pairs of the study less those already rejected. So the
chance that any activation is ever wrongly called different stays below ALPHA (union over looks;
before the first false rejection, at least as many pairs count as there are true equals).

How much is spent when: alpha(t) = 2 (1 - Phi(z / sqrt(t))), z = Phi^-1(1 - ALPHA / 2), with t the
information so far over that of all seeds. Splits overlap, so the variance after n seeds goes as
1/n + r, r = n_test / n_train, and t = (1/S + r) / (1/n + r): 5 of 20 seeds already hold 72% of
the information at r = 1/3, which is why racing pays here.

Everything is a pure function of the scores, "more is better":

    race = plan_race(seeds=20, test_ratio=1/3)    # race.looks == (5, 10, 20)
    state = start(names)
    for seeds in race.looks[:-1]:
        ...                                       # train state.running up to so many seeds
        state = look(state, race, scores, test_ratio=..., rope=...)
    decide(scores, ..., raced=state.final(race))  # all seeds of those running, what there is
                                                  # of those dropped

Sources: Lan & DeMets, Biometrika 70 (1983), 659-663 (spending); Holm (1979); Maron & Moore (1997)
and Birattari et al. (2002) for racing.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtr, ndtri

from actscope.errors import SettingError
from actscope.study.statistics._equivalence import ALPHA, called
from actscope.study.statistics._paired import compare_all

FIRST_LOOK = 5  # seeds; with fewer the spread itself is a guess
Rejected = frozenset[frozenset[str]]


@dataclass(frozen=True)
class Race:
    """looks: seeds at each, ascending, the last all of them. levels: the error spent at each."""

    looks: tuple[int, ...]
    levels: tuple[float, ...]


@dataclass(frozen=True)
class Dropped:
    """Why one stopped: after so many seeds clearly behind another one. p: Holm-adjusted."""

    seeds: int
    behind: str
    p: float
    level: float


@dataclass(frozen=True)
class Raced:
    """What a verdict has to know of a race. level: the error that is left for the last look."""

    dropped: Mapping[str, Dropped]
    rejected: Rejected
    pairs: int
    level: float


@dataclass(frozen=True)
class State:
    """A race so far. taken: looks taken; rejected: pairs that were called different."""

    names: tuple[str, ...]
    taken: int = 0
    dropped: Mapping[str, Dropped] = field(default_factory=dict)
    rejected: Rejected = frozenset()

    @property
    def running(self) -> tuple[str, ...]:
        """Those that go on."""
        return tuple(name for name in self.names if name not in self.dropped)

    @property
    def pairs(self) -> int:
        """Of the whole study."""
        return len(self.names) * (len(self.names) - 1) // 2

    def final(self, race: Race) -> Raced:
        """For `decide`, at the end or where time stopped the race: all error not spent is left."""
        all_taken = self.taken == len(race.looks) - 1
        level = race.levels[-1] if all_taken else ALPHA - sum(race.levels[: self.taken])
        return Raced(self.dropped, self.rejected, self.pairs, level)


def plan_race(seeds: int, test_ratio: float, looks: Sequence[int] | None = None) -> Race:
    """Looks after 5, 10, 20, ... seeds and after all, unless others are asked for.

    Raises:
        SettingError: looks that do not ascend from 2 or more to below `seeds`.

    >>> race = plan_race(20, test_ratio=1 / 3)
    >>> race.looks, [round(level, 4) for level in race.levels], round(sum(race.levels), 4)
    ((5, 10, 20), [0.0208, 0.0164, 0.0128], 0.05)
    """
    if looks is None:
        doubling = itertools.takewhile(lambda n: n < seeds, (FIRST_LOOK * 2**k for k in range(20)))
        looks = [n for n in doubling if 3 * n <= 2 * seeds]  # a last look soon after tells little
    between = [*looks, seeds]
    if between[0] < min(2, seeds) or any(a >= b for a, b in itertools.pairwise(between)):
        raise SettingError(
            f"looks {list(looks)} must ascend, from 2 or more to below {seeds} seeds"
        )
    information = (1 / seeds + test_ratio) / (1 / np.array(between) + test_ratio)
    spent = 2 * (1 - ndtr(ndtri(1 - ALPHA / 2) / np.sqrt(information)))
    return Race(tuple(between), tuple(float(x) for x in np.diff(spent, prepend=0.0)))


def start(names: Sequence[str]) -> State:
    """Everyone at the line."""
    return State(tuple(names))


def look(
    state: State,
    race: Race,
    scores: Mapping[str, np.ndarray],
    *,
    test_ratio: float,
    rope: float,
    resolution: float = 0.0,
) -> State:
    """The race after the next planned look: who is dropped now, and behind whom.

    Dropped is whoever is clearly behind one that runs: surely (at this look's level) and, more
    likely than not, by more than the rope. The leader always stays.

    Args:
        scores: activation -> (seed,) finite scores of the seeds so far, more is better; of those
            running, at least `race.looks[state.taken]` each; further ones are not looked at.

    Raises:
        SettingError: no look is left, a running activation has too few scores.
    """
    if state.taken >= len(race.looks) - 1:
        raise SettingError(
            f"all {len(race.looks) - 1} looks are taken: the last one is the verdict"
        )
    seeds, level = race.looks[state.taken], race.levels[state.taken]
    for name in state.running:
        if len(scores.get(name, ())) < seeds:
            raise SettingError(f"the look needs {seeds} scores of {name!r}, too few are there")
    now = {name: np.asarray(scores[name])[:seeds] for name in state.running}
    pairs = compare_all(
        now,
        test_ratio,
        rope,
        resolution,
        family=state.pairs - len(state.rejected),
    )
    rejected, losers = set(state.rejected), dict(state.dropped)
    means = {name: float(values.mean()) for name, values in now.items()}
    # Of several losses the one to the best is told.
    for pair in sorted(pairs, key=lambda pair: -max(means[pair.first], means[pair.second])):
        if pair.p_different >= level:
            continue
        rejected.add(frozenset((pair.first, pair.second)))
        # Called the same only at the end, so nothing is the same yet.
        _, clear = called(pair.difference, pair.p_different, 1.0, rope, level)
        ahead, behind = (pair.first, pair.second)[:: 1 if pair.difference > 0 else -1]
        if clear:
            losers.setdefault(behind, Dropped(seeds, ahead, pair.p_different, level))
    return replace(state, taken=state.taken + 1, dropped=losers, rejected=frozenset(rejected))


def run_race(
    scores: Mapping[str, np.ndarray],
    race: Race,
    *,
    test_ratio: float,
    rope: float,
    resolution: float = 0.0,
) -> State:
    """The race over scores that are all there already: for simulations, and to compare.

    >>> rng = np.random.default_rng(0)
    >>> scores = {"relu": rng.normal(0.95, 0.01, 20), "step": rng.normal(0.80, 0.01, 20)}
    >>> state = run_race(scores, plan_race(20, 1 / 3), test_ratio=1 / 3, rope=0.01)
    >>> state.running, state.dropped["step"].seeds, trained(state, plan_race(20, 1 / 3))
    (('relu',), 5, 10)
    """
    state = start(list(scores))
    for _ in race.looks[:-1]:
        state = look(state, race, scores, test_ratio=test_ratio, rope=rope, resolution=resolution)
        if len(state.running) == 1:
            break
    return state


def trained(state: State, race: Race) -> int:
    """(activation, seed) cells that a race trained; its learning rates multiply them.

    One that is left alone is not trained further.
    """
    last = race.looks[-1] if len(state.running) > 1 else race.looks[max(state.taken - 1, 0)]
    return sum(drop.seeds for drop in state.dropped.values()) + last * len(state.running)
