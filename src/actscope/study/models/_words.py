"""What the page says of a comparison in a user's own model. Made of its plan, as for a table."""

from __future__ import annotations

import math
from typing import Any

from actscope import render
from actscope.study._result import Comparison
from actscope.study.report import _present as show
from actscope.study.scoring._metrics import METRICS, metric_named


def is_own(c: Comparison) -> bool:
    """Whether a user's own functions trained and scored."""
    return c.data.task == "model"


def model_sentence(c: Comparison) -> str:
    """What was trained."""
    return (
        f"A model of your own, {render.label(c.data.name, 80)}, made, trained and scored by your "
        "own functions. What was done to it before training:"
    )


def one_rate(c: Comparison) -> str:
    """In place of the picture, where `fit` knows its own rate."""
    return "No learning rates were tried: fit trained every activation as it always does."


def sentences(c: Comparison) -> list[str]:
    """The protocol, a sentence for each decision in it."""
    plan = c.plan
    seeds = max((row.seeds for row in c.rows), default=0)
    rates = plan["learning_rates"]
    tried = f", {show.count(len(rates), 'learning rate')}" if rates else ""
    said = [
        f"{show.count(c.members_trained, 'network')} were trained in {show.duration(c.seconds)}: "
        f"{show.count(len(c.rows), 'activation')}{tried}, {show.count(seeds, 'seed')}.",
        "Python's, NumPy's and PyTorch's generators were seeded from the seed alone before build, "
        "before the weights were drawn, before fit and before score: at one seed every activation "
        "begins with the same draws and meets the same batches.",
        f"The activation took the place of {_replaced(plan)} in hidden layers: the model was run "
        "on an example before and after, in evaluation and in training mode, and every call had "
        f"to reach it. {_drawn(plan['init'])}",
        *_choosing(rates),
        f"Scores are compared in pairs, seed by seed, by Student's t{_overlap(plan)}, with "
        f"p-values adjusted for the number of pairs (Holm, 1979). {_rope(c)}",
        "A network that diverged counts as its seed's network before training, or as the worst "
        "score of the study if that is worse.",
        "Weights moved is how far training took all of the model's parameters, relative to their "
        "size at the start; relative cost is the time in fit against the cheapest here.",
    ]
    if any(math.isfinite(row.sparsity) for row in c.rows):
        said.append(
            "Health was measured on the example after training: a unit is dead when none of its "
            "inputs reaches a point where its activation has a slope; saturated when its slope is "
            "below a thousandth of the steepest on at least 99% of them. A layer is a place where "
            "the model applies its activation, in the order of the calls."
        )
    return said


def same_again(c: Comparison) -> str:
    """What has to be at hand."""
    given = ", ".join(["build", "fit", "score", *["validate"] * bool(c.plan["validate"])])
    return (
        f"With your functions {given} (their text is among the settings above), the same seeds on "
        "the same machine give the same numbers."
    )


def arguments(c: Comparison) -> list[str]:
    """As the call that repeats the study gives them."""
    plan = c.plan
    seeds = plan["seeds"]
    counted = list(seeds) == list(range(len(seeds)))
    given: dict[str, Any] = {
        "activations": list(plan["activations"]),
        "seeds": len(seeds) if counted else list(seeds),
    }
    if plan["learning_rates"]:
        given["learning_rates"] = list(plan["learning_rates"])
    if plan["replace"]:
        given["replace"] = list(plan["replace"])
    if plan["init"] != "gain":
        given["init"] = {"own": False, "lsuv": "lsuv"}[plan["init"]]
    if plan["metric"] != "accuracy":
        given["metric"] = plan["metric"]
    if plan["metric"] not in METRICS:
        given["higher_is_better"] = not plan["lower"]
    given["rope"] = plan["rope"]
    if plan["overlap"]:
        given["overlap"] = plan["overlap"]
    written = [f"{name}={value!r}" for name, value in given.items()]
    return ["build", "fit", "score", *["validate=validate"] * bool(plan["validate"]), *written]


def _replaced(plan: Any) -> str:
    names = [render.label(name) for name in plan["replace"]]
    return " and ".join(names) if names else "every other"


def _drawn(init: str) -> str:
    if init == "own":
        return "Weights are as build made them."
    more = ", then scaled layer by layer on the example (LSUV)" if init == "lsuv" else ""
    return f"Linear and convolution layers were drawn anew with its gain{more}."


def _choosing(rates: Any) -> list[str]:
    if len(rates) < 2:
        return []
    return [
        "For each activation and seed the learning rate was chosen by validate; score chose "
        "nothing."
    ]


def _overlap(plan: Any) -> str:
    if not plan["overlap"]:
        return ""
    return (
        ", with the variance corrected for splits that share rows (Nadeau and Bengio, 2003; test "
        f"rows / training rows {plan['overlap']:g})"
    )


def _rope(c: Comparison) -> str:
    metric, rope = metric_named(c.metric), c.plan["rope"]
    size = (
        f"{100 * rope:g} percentage points" if metric.percent else f"{rope:.3g} of {metric.words}"
    )
    return (
        f"A difference below {size} was taken not to matter: less is practically the same (two "
        "one-sided tests; the chances are of the Bayesian correlated t-test, Corani and Benavoli, "
        "2015)."
    )
