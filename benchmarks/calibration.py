"""How often does a verdict cry wolf, and what can it see? Writes a table into docs/statistics.md.

    python benchmarks/calibration.py [--studies 500] [--quick]

Three truths in which no activation is better, each studied `studies` times:

- own seeds: one function under two names, each with seeds of its own, on real tables;
- own weights: the same, but both names meet the same splits, as the functions of a study do;
- own columns: a new table each time, and two networks that see different halves of its columns,
  which count alike in how the tables are made. On each single table one half is a little better;
  over tables neither is. This is what the correction for overlapping splits is for.

No seed is used twice in the first and no table in the third; the second draws its studies, like
the power curve and the fields of six names, from networks that were each trained once (a seed
never twice within a study).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from actscope import ensemble
from actscope.data import Dataset, load
from actscope.study._plan import make_plan
from actscope.study.scoring._metrics import METRICS, metric_named
from actscope.study.statistics._equivalence import ALPHA
from actscope.study.statistics._paired import paired
from actscope.study.statistics._racing import Race, plan_race, run_race, trained
from actscope.study.training._candidate import candidates
from actscope.study.training._judge import Judge
from actscope.study.training._seed import encode
from actscope.study.training._split import ratio_of_test
from actscope.study.verdict._verdict import decide

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
BEGIN, END = "<!-- calibration -->", "<!-- /calibration -->"
TABLES = ("iris", "wine", "breast_cancer", "diabetes", "digits")
SEEDS = 10
BLOCK = 50  # seeds encoded and networks trained at a time
SHIFTS = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1)
TINY = 1e-9  # a rope so small that every sure difference is called
Scores = dict[str, np.ndarray]


def small_networks(data: Dataset, seeds: range, weights: int = 0) -> np.ndarray:
    """Of a small ReLU network for each seed; `weights` further on, others on the same splits."""
    plan, _ = make_plan(
        data, activations="relu", seeds=[*seeds], learning_rates=0.01, hidden=16, metric=None,
        epochs=15, batch_size=64, optimizer="adam", l2=0.0,
    )  # fmt: skip
    settings = plan.settings(len(data.classes) or 1, data.task)
    judge = Judge(metric_named(plan.metric), len(data.classes))
    found: list[float] = []
    with ensemble.one_thread():
        for at in range(0, len(seeds), BLOCK):
            numbers = seeds[at : at + BLOCK]
            block = encode(data, numbers)
            members = [
                ensemble.Member("relu", 0.01, seed + weights, i, plan.records[0])
                for i, seed in enumerate(numbers)
            ]
            done = ensemble.train_chunk(
                members, settings, block.rows["train"], block.rows["validation"], None
            )
            known = sorted(candidates(done, judge, block), key=lambda c: c.member.data)
            for seed, one in zip(block.seeds, known, strict=True):
                row = one.row(chosen=True, seed=seed, judge=judge)
                found.append(row["test_score"])
    return np.array(found)


def halves(number: int) -> tuple[Scores, float]:
    """A table of 160 rows made anew, seen by its first and by its last four columns."""
    rng = np.random.default_rng([number, 7])
    X = rng.standard_normal((160, 8))
    y = (X.sum(1) + 2 * rng.standard_normal(160) > 0) * 1
    scores, ratio = {}, 0.0
    for name, part in (("first", slice(0, 4)), ("last", slice(4, 8))):
        data = load(
            pd.DataFrame(X[:, part]).add_prefix("x").assign(y=y), "y", task="classification"
        )
        scores[name], ratio = small_networks(data, range(SEEDS)), ratio_of_test(data)
    return scores, ratio


class Tally:
    """What was called in studies without a difference."""

    def __init__(self) -> None:
        self.studies = self.called = self.raced = self.uncorrected = self.verdicts = 0

    def add(self, scores: Scores, ratio: float, rope: float) -> None:
        self.studies += 1
        options: dict[str, Any] = {"metric": METRICS["r2"], "baselines": {}, "test_ratio": ratio}
        self.called += decide(scores, rope=TINY, **options).matters
        self.verdicts += decide(scores, rope=rope, **options).matters
        self.raced += _raced(scores, plan_race(SEEDS, ratio), ratio, TINY)[0]
        options["test_ratio"] = 0.0
        self.uncorrected += decide(scores, rope=TINY, **options).matters

    def row(self, name: str) -> str:
        shown = [self.called, self.raced, self.verdicts, self.uncorrected]
        limit = stats.beta.ppf(0.975, self.called + 1, self.studies - self.called)
        cells = [f"{100 * n / self.studies:.1f}%" for n in shown]
        return (
            f"| {name} | {self.studies} | {cells[0]} (below {100 * limit:.1f}%) | "
            f"{' | '.join(cells[1:])} |"
        )


def _raced(scores: Scores, race: Race, ratio: float, rope: float) -> tuple[bool, str, int]:
    """(anything called different, best, cells trained)."""
    state = run_race(scores, race, test_ratio=ratio, rope=rope)
    cut = {n: s[: state.dropped[n].seeds] if n in state.dropped else s for n, s in scores.items()}
    verdict = decide(
        cut, metric=METRICS["r2"], baselines={}, rope=rope, test_ratio=ratio,
        raced=state.final(race),
    )  # fmt: skip
    return verdict.matters or bool(state.rejected), verdict.best, trained(state, race)


def pools(count: int) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Of each real table: scores with own seeds, others on the first half's splits, the ratio."""
    found = {}
    for name in TABLES:
        began = time.perf_counter()
        data = load(f"sklearn:{name}")
        first = small_networks(data, range(count))
        again = small_networks(data, range(count // 2), weights=10**6)
        found[name] = first, again, ratio_of_test(data)
        print(f"{name}: {count + count // 2} networks, {time.perf_counter() - began:.0f} s")
    return found


def fields(count: int) -> dict[str, tuple[np.ndarray, float]]:
    """Of each real table: scores of eight networks on each of the same splits, and the ratio."""
    found = {}
    for name in TABLES:
        data = load(f"sklearn:{name}")
        eight = [small_networks(data, range(count), weights=k * 10**6) for k in range(8)]
        found[name] = np.stack(eight), ratio_of_test(data)
    return found


def draw(rng: np.random.Generator, pool: np.ndarray, names: int, seeds: int) -> Scores:
    """Names with seeds of their own."""
    index = rng.permutation(len(pool))[: names * seeds].reshape(names, seeds)
    return {f"relu {k}": pool[row] for k, row in enumerate(index)}


def null_table(known: dict[str, Any], studies: int) -> list[str]:
    """The rows of false calls."""
    rng = np.random.default_rng(0)
    each = -(-studies // len(known))
    own, weights, six, columns = Tally(), Tally(), Tally(), Tally()
    for first, again, ratio in known.values():
        for k in range(each):
            a, b = np.split(first[2 * SEEDS * k : 2 * SEEDS * (k + 1)], 2)
            own.add({"relu": a, "relu again": b}, ratio, 0.01)
            at = rng.permutation(len(again))[:SEEDS]
            weights.add({"relu": first[at], "relu again": again[at]}, ratio, 0.01)
            six.add(draw(rng, first, 6, SEEDS), ratio, 0.01)
    for k in range(studies):
        columns.add(*halves(k), 0.01)
    return [
        own.row("own seeds, 2 names"),
        weights.row("own weights, 2 names"),
        six.row("own seeds, 6 names"),
        columns.row("own columns, new tables"),
    ]


def power_table(known: dict[str, Any], studies: int) -> list[str]:
    """How often a true difference on the same splits is called, by its size and the seeds."""
    rng, rows = np.random.default_rng(1), []
    for name, (first, again, ratio) in known.items():
        for seeds in (5, 10, 20):
            seen = []
            for shift in SHIFTS:
                called = 0
                for _ in range(studies):
                    at = rng.permutation(len(again))[:seeds]
                    pair = paired(first[at], again[at] - shift, ratio, 0.01)
                    called += pair.p_different < ALPHA and pair.difference > 0.01
                seen.append(f"{100 * called / studies:.0f}%")
            rows.append(f"| {name}, {seeds} seeds | {' | '.join(seen)} |")
    return rows


def race_table(fields: dict[str, tuple[np.ndarray, float]], studies: int) -> list[str]:
    """Eight names of which some are worse: what a race trains, how often it agrees."""
    rng, rows = np.random.default_rng(2), []
    shifts = np.array([0, 0, 0, 0.01, 0.02, 0.05, 0.1, 0.3])
    for name, (pool, ratio) in fields.items():
        race, same, share = plan_race(20, ratio), 0, 0.0
        for _ in range(studies):
            at = rng.permutation(pool.shape[1])[:20]
            scores = {str(k): pool[k, at] - d for k, d in enumerate(shifts)}
            full = decide(
                scores, metric=METRICS["r2"], baselines={}, rope=0.01, test_ratio=ratio
            ).best  # fmt: skip
            _, best, cells = _raced(scores, race, ratio, 0.01)
            same, share = same + (best == full), share + cells / (8 * 20)
        rows.append(f"| {name} | {100 * share / studies:.0f}% | {100 * same / studies:.1f}% |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="How often does a verdict cry wolf?")
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    options = parser.parse_args()
    known = pools(2 * SEEDS * -(-options.studies // len(TABLES)))
    lines = [
        f"False calls, {SEEDS} seeds a study (rope next to 0 but in the last but one column):",
        "",
        "| truth | studies | called different | with a race | verdict, rope 0.01 | uncorrected |",
        "|---|--:|--:|--:|--:|--:|",
        *null_table(known, options.studies),
        "",
        "Power: share of studies in which a name that is worse by so much on the same splits is",
        "called worse (rope 0.01):",
        "",
        f"| table | {' | '.join(f'{x:g}' for x in SHIFTS)} |",
        f"|---|{'--:|' * len(SHIFTS)}",
        *power_table(known, options.studies),
        "",
        "Racing eight names, worse by 0, 0, 0, 0.01, 0.02, 0.05, 0.1 and 0.3 on the same splits,",
        "over 20 seeds (looks after 5 and 10):",
        "",
        "| table | networks trained, of the full grid | the same best as the full grid |",
        "|---|--:|--:|",
        *race_table(fields(max(40, 2 * options.studies // 5)), min(options.studies, 200)),
    ]
    print("\n".join(lines))
    if not options.dry:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", END + after]))


if __name__ == "__main__":
    main()
