"""What has to be said with the verdict on a user's own model, and what was done to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from actscope import render
from actscope.study.models._plan import ModelPlan
from actscope.study.models._trial import TrialResult
from actscope.study.verdict._phrases import join

Chosen = Mapping[str, Sequence[TrialResult]]


def cautions(plan: ModelPlan, chosen: Chosen) -> list[str]:
    """Lines below the verdict."""
    return [line for line in (_claim(plan), _rate(plan), _step(plan), _still(chosen)) if line]


def none_trained(plan: ModelPlan) -> str:
    """The verdict where every network diverged."""
    rates = ", ".join(f"{rate:g}" for rate in plan.learning_rates)
    tried = f"Learning rates tried: {rates}; try" if rates else "Try"
    return (
        "No network learned anything: every one diverged, so nothing can be said of the activation "
        f"functions. {tried} a rate ten times smaller."
    )


def notes(plan: ModelPlan, chosen: Chosen) -> tuple[str, ...]:
    """A sentence for each thing done to the model."""
    said = []
    for name, own in chosen.items():
        sites = own[0].sites
        changed, there = sites["changed"], sites["there"]
        if changed:
            done = f"{render.label(name)}: put in at {_listed(changed)}"
        else:
            done = f"{render.label(name)}: nothing was swapped"
        said.append(done + (f"; applied already at {_listed(there)}." if there else "."))
    outputs = next(iter(chosen.values()))[0].sites["outputs"]
    if outputs:
        said.append(
            f"What makes the model's answer, at {_listed(outputs)}, was left as it is, whatever "
            "the activation."
        )
    return tuple(said)


def _listed(names: Sequence[str]) -> str:
    shown = [render.label(name, 60) for name in names[:5]]
    sites = "site " if len(names) == 1 else "sites "
    more = [f"{len(names) - 5} more"] if len(names) > 5 else []
    return sites + join([*shown, *more])


def _claim(plan: ModelPlan) -> str:
    """What the intervals are about: the seeds vary what the user's functions let them vary."""
    if len(plan.seeds) == 1:
        return ""
    if plan.overlap:
        return (
            f"What this is about: each seed drew its own split (overlap {plan.overlap:g}, as "
            "given), so the intervals speak of other splits of these data too."
        )
    return (
        "What this is about: the luck of training, on the data that score uses. Seeds varied "
        "initial weights and batches (and what your functions draw from the seed); if every seed "
        "is scored on the same test data, other data could order the activations otherwise."
    )


def _rate(plan: ModelPlan) -> str:
    if len(plan.learning_rates) > 1 or len(plan.activations) == 1:
        return ""
    return (
        "Learning rate: one for all, and a rate that suits one activation can be unfair to "
        "another: give learning_rates=[...], let fit take lr, and give validate=."
    )


def _step(plan: ModelPlan) -> str:
    names = [name for name in plan.activations if plan.record(name).step_like]
    if not names:
        return ""
    return (
        f"No gradient passes through {join(names)}, whose slope is 0 everywhere: layers that "
        "learn only through it stay as they began."
    )


def _still(chosen: Chosen) -> str:
    """Networks whose parameters `fit` did not change: its optimiser holds others, most likely."""
    moved = {n: [r.scores["moved"] for r in own if not r.diverged] for n, own in chosen.items()}
    still = [n for n, own in moved.items() if own and all(isfinite(m) and m == 0 for m in own)]
    if not still:
        return ""
    return (
        f"Caution: fit changed no parameter of the model with {join(still)}: does its optimiser "
        "get model.parameters() of the model that it is given?"
    )
