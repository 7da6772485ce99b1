"""One shard of a study: an activation with all its learning rates, for a block of seeds.

Runs in a worker: numbers in, numbers out. Everything about a seed (split, preprocessing,
start, batches) follows from the seed alone, so that shards can be cut at will.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope import ensemble
from actscope.data import Dataset, Encoder
from actscope.study._plan import Plan
from actscope.study.scoring._metrics import metric_named
from actscope.study.training._candidate import Candidate, Kept, candidates
from actscope.study.training._judge import Judge
from actscope.study.training._seed import Block, encode

# A worker's turn: enough networks to fill the cache, few enough to share out evenly.
SHARD_MEMBERS = 32
# Encoded rows that a worker holds at a time; a seed more would not fit beside it.
SHARD_BYTES = 500_000_000


@dataclass(frozen=True)
class Shard:
    """activation: a label of the catalogue. seeds: the block."""

    activation: str
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class ChosenCurve:
    """Losses by epoch of the member chosen for one seed."""

    seed: int
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]


@dataclass(frozen=True)
class ShardResult:
    """members: as `Comparison.members`. layers: one row per chosen member and layer.

    cutoff_scores: seed -> Float["cutoff"] on test rows (two classes only). kept: the chosen
    member with the best validation score; None when every one diverged.
    """

    shard: Shard
    members: list[dict[str, Any]]
    curves: list[ChosenCurve]
    layers: list[dict[str, Any]]
    cutoff_scores: dict[int, NDArray[np.float64]]
    kept: Kept | None


def cut_shards(data: Dataset, plan: Plan, cuts: Sequence[int] = ()) -> list[Shard]:
    """Shards of about `SHARD_MEMBERS` networks, the blocks of seeds as even as can be.

    cuts: numbers of seeds after which a block must end. No member's result depends on them.
    """
    seed_bytes = 4 * len(data.target) * Encoder(data.schema).width
    fitting = min(SHARD_MEMBERS // len(plan.learning_rates), SHARD_BYTES // seed_bytes)
    if data.arrangement is not None:  # the parts of different seeds differ in size
        fitting = 1
    between = sorted({cut for cut in cuts if 0 < cut < len(plan.seeds)})
    parts = [
        part
        for section in np.split(np.asarray(plan.seeds), between)
        for part in np.array_split(section, -(-len(section) // max(1, fitting)))
    ]
    even = [tuple(int(seed) for seed in part) for part in parts]
    return [Shard(activation, block) for block in even for activation in plan.activations]


def run_shard(
    data: Dataset, plan: Plan, shard: Shard, on_epoch: Callable[[int], None] | None = None
) -> ShardResult:
    """Train, choose the learning rate of each seed on validation rows, score on test rows.

    on_epoch(n) is called after each epoch of n members.
    """
    block = encode(data, shard.seeds)
    judge = Judge(metric_named(plan.metric), len(data.classes))
    found = _train(data, plan, shard, block, judge, on_epoch)
    members: list[dict[str, Any]] = []
    curves: list[ChosenCurve] = []
    layers: list[dict[str, Any]] = []
    cutoff_scores: dict[int, NDArray[np.float64]] = {}
    kept: Kept | None = None
    for index, (number, seed) in enumerate(zip(shard.seeds, block.seeds, strict=True)):
        mine = [c for c in found if c.member.data == index]
        chosen = max(mine, key=lambda c: (c.score, -c.loss))
        members += [c.row(chosen=c is chosen, seed=seed, judge=judge) for c in mine]
        curves.append(ChosenCurve(number, chosen.train_loss, chosen.valid_loss))
        layers += chosen.layers
        if not chosen.usable:
            continue
        if judge.picks_cutoff:
            cutoff_scores[number] = judge.test_by_cutoff(seed, chosen.test_outputs)
        if kept is None or chosen.score > kept.validation_score:
            kept = chosen.keep(seed)
    return ShardResult(shard, members, curves, layers, cutoff_scores, kept)


def _train(
    data: Dataset,
    plan: Plan,
    shard: Shard,
    block: Block,
    judge: Judge,
    on_epoch: Callable[[int], None] | None,
) -> list[Candidate]:
    train, validation = block.rows["train"], block.rows["validation"]
    settings = plan.settings(judge.classes or 1, data.task)
    members = [
        ensemble.Member(shard.activation, rate, seed, index, plan.record(shard.activation))
        for rate in plan.learning_rates
        for index, seed in enumerate(shard.seeds)
    ]
    kind = ensemble.Perceptron(train.X.shape[2], settings)
    size = ensemble.members_per_chunk(kind.member_bytes(plan.batch_size))
    found: list[Candidate] = []
    with ensemble.one_thread():
        for index in ensemble.chunks(members, size):
            chunk = [members[i] for i in index]
            trained = ensemble.train_chunk(chunk, settings, train, validation, on_epoch)
            found += candidates(trained, judge, block)
    return found
