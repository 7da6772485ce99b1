"""A trained member as judged on validation rows, before one is chosen for its seed."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actscope import ensemble
from actscope.study.training._judge import Judge, Outputs
from actscope.study.training._seed import Block, SeedData


@dataclass(frozen=True)
class Kept:
    """A member ready to predict."""

    seed: int
    learning_rate: float
    validation_score: float
    cutoff: float | None
    target_mean: float
    target_scale: float
    tensors: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Candidate:
    """usable: finite, and better than its own starting weights. score, loss: on validation rows.

    test_outputs are at hand but unread until the choice is made.
    """

    member: ensemble.Member
    trained: ensemble.Trained
    position: int
    usable: bool
    score: float
    loss: float
    cutoff: float | None
    test_outputs: Outputs
    layers: list[dict[str, Any]]
    hidden_change: float

    @property
    def train_loss(self) -> NDArray[np.float64]:
        """Float["epoch"], as far as it was trained."""
        return self.trained.train_loss[: self.trained.epochs[self.position], self.position]

    @property
    def valid_loss(self) -> NDArray[np.float64]:
        """Float["epoch"], as far as it was trained."""
        return self.trained.valid_loss[: self.trained.epochs[self.position], self.position]

    def row(self, *, chosen: bool, seed: SeedData, judge: Judge) -> dict[str, Any]:
        """Its line in `Comparison.members`; only the chosen one is scored on test rows."""
        units = [layer["units"] for layer in self.layers]

        def share(name: str) -> float:
            return float(np.average([layer[name] for layer in self.layers], weights=units))

        test, at_half = self._test(seed, judge) if chosen else (nan, nan)
        return {
            "activation": self.member.activation,
            "learning_rate": self.member.learning_rate,
            "seed": self.member.seed,
            "chosen": chosen,
            "diverged": bool(self.trained.diverged[self.position]),
            "epochs": int(self.trained.epochs[self.position]),
            "validation_score": self.score if self.usable else nan,
            "validation_loss": self.loss if self.usable else nan,
            "test_score": test,
            "test_score_at_half": at_half,
            "cutoff": nan if self.cutoff is None else self.cutoff,
            "dead_share": share("dead_share"),
            "saturated_share": share("saturated_share"),
            "sparsity": share("sparsity"),
            "hidden_change": self.hidden_change,
            "seconds": float(self.trained.seconds[self.position]),
        }

    def _test(self, seed: SeedData, judge: Judge) -> tuple[float, float]:
        if not self.usable:
            return judge.test_without_network(seed)
        return judge.test(seed, self.test_outputs, self.cutoff)

    def keep(self, seed: SeedData) -> Kept:
        """Its parameters and what is needed to read its outputs."""
        tensors: dict[str, NDArray[np.float32]] = {}
        layers = ensemble.member_weights(self.trained, self.position)
        for number, (weight, bias) in enumerate(layers):
            tensors[f"layers.{number}.weight"] = weight
            tensors[f"layers.{number}.bias"] = bias
        store = self.trained.values
        records = self.member.records(len(store.learned))
        for layer, (record, learned) in enumerate(zip(records, store.learned, strict=True)):
            names = [p.name for p in record.parameters.values() if p.learned]
            for name, value in zip(names, learned, strict=False):
                own = value[self.position].flatten().numpy()
                tensors[f"activations.{layer}.{name}"] = own.copy()
        return Kept(
            self.member.seed,
            self.member.learning_rate,
            self.score,
            self.cutoff,
            seed.target_mean,
            seed.target_scale,
            tensors,
        )


def candidates(
    trained: ensemble.Trained,
    judge: Judge,
    block: Block,
) -> list[Candidate]:
    """All members of a chunk; a member's `data` says which seed of `block` it belongs to."""
    test = block.rows["test"]
    held_outputs = ensemble.outputs(trained, block.rows["validation"]).double().numpy()
    test_outputs = ensemble.outputs(trained, test).double().numpy()
    health = ensemble.layer_health(trained, test)
    moved = _movement(trained)
    found = []
    for i, member in enumerate(trained.members):
        best = int(trained.best_epoch[i])
        finite = np.isfinite(held_outputs[i]).all() and np.isfinite(test_outputs[i]).all()
        learned = best and trained.valid_loss[best - 1, i] < trained.start_loss[i]
        usable = bool(learned and finite)
        cutoff, score = None, -inf
        if usable:
            cutoff, score = judge.choose(block.seeds[member.data], held_outputs[i])
        found.append(
            Candidate(
                member=member,
                trained=trained,
                position=i,
                usable=usable,
                score=score,
                loss=float(trained.valid_loss[best - 1, i]) if usable else inf,
                cutoff=cutoff,
                test_outputs=test_outputs[i],
                layers=[_layer(member, n, layer, i) for n, layer in enumerate(health, start=1)],
                hidden_change=float(moved[i]),
            )
        )
    return found


def _layer(
    member: ensemble.Member, number: int, health: ensemble.LayerHealth, i: int
) -> dict[str, Any]:
    dead = float(health.dead[i].double().mean()) if health.has_dead_list[i] else nan
    return {
        "activation": member.activation,
        "seed": member.seed,
        "layer": number,
        "units": health.dead.shape[1],
        "dead_share": dead,
        "saturated_share": float(health.saturated[i].double().mean()),
        "dormant_share": float(health.dormant[i].double().mean()),
        "sparsity": float(health.sparsity[i]),
    }


def _movement(trained: ensemble.Trained) -> NDArray[np.float64]:
    """|end - start| / |start| over the weights and biases of all hidden layers, per member."""
    end = trained.values
    some = end.regions[0]
    start = trained.architecture.start(trained.members, some.dtype, some.device)
    change = np.zeros(len(trained.members))
    size = np.zeros(len(trained.members))
    hidden = len(end.shape.hidden)
    pairs = [
        *zip(end.weights[:hidden], start.weights[:hidden], strict=True),
        *zip(end.biases[:hidden], start.biases[:hidden], strict=True),
    ]
    for new, old in pairs:
        change += ((new - old).double() ** 2).sum((1, 2)).cpu().numpy()
        size += (old.double() ** 2).sum((1, 2)).cpu().numpy()
    return np.sqrt(change / size)
