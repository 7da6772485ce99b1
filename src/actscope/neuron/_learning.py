"""`Neuron.fit`: learning, and what became of it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from actscope.errors import SettingError, did_you_mean

from ._inputs import names_of, number
from ._rules import RULES, SURROGATES, Settings, Step
from ._task import Task, task
from ._text import brief

if TYPE_CHECKING:
    from pandas import DataFrame

    from actscope.render import Figure

    from ._neuron import Neuron

# Which settings mean something to which rule, beside steps and tolerance.
_TAKES = {
    "nudge": ("learning_rate", "seed", "loss", "keep_equal"),
    "perceptron": ("learning_rate",),
    "gradient": ("learning_rate", "loss"),
    "straight_through": ("learning_rate", "surrogate"),
}


@dataclass(frozen=True, eq=False, repr=False)
class Learning:
    """What came of learning.

    start, neuron: before and after.
    history: a row for each step, the start being step 0: "step", a column for each weight by the
        name of its input, "bias", "error" (the mean loss), "accuracy" (share of right answers;
        nan where the answers are not one of two), "accepted" (the weights or the bias changed).
    converged: every answer is right, or the error is not above the tolerance.
    stuck: steps were made, nothing has ever moved, and it has not converged.
    """

    rule: str
    start: Neuron
    neuron: Neuron
    history: DataFrame
    converged: bool
    stuck: bool

    @property
    def text(self) -> str:
        """What happened, in words."""
        first, last = self.history.iloc[0], self.history.iloc[-1]
        kept = self.history["step"].to_numpy()[self.history["accepted"].to_numpy()]
        steps = len(self.history) - 1
        took = f"{self.rule}: {steps} step{'' if steps == 1 else 's'}"
        if self.rule == "nudge":
            took += f", {len(kept)} kept" + (f", the last at {kept[-1]}" if len(kept) else "")
        fell = f"the error went from {brief(first['error'])} to {brief(last['error'])}"
        right = "" if np.isnan(last["accuracy"]) else f", {100 * last['accuracy']:.3g}% right"
        if not self.stuck:
            return f"{took}; {fell}{right}."
        label = self.start.activation.label
        why = {
            "gradient": f"the slope of {label} is 0 where the answers are wrong, "
            "so there is no way down to follow",
            "nudge": "none of the small changes tried made the answers better",
        }.get(self.rule, "no step changed anything")
        return f"{took}; the weights never moved: {why}{right}."

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Error and weights over the steps.

        Args:
            path: where the picture is written: a .svg, .png or .pdf file.

        Returns:
            The matplotlib figure.

        Raises:
            SettingError: a wrong ending.
            StoreError: a file that cannot be written.
        """
        from ._curves import plot

        return plot(self, path)

    def __repr__(self) -> str:
        return f"Learning({self.text} {self.neuron!r})"

    def _repr_html_(self) -> str:
        from ._curves import fragment

        return fragment(self)


def fit(
    neuron: Neuron,
    X: Any,
    y: Any,
    rule: str,
    *,
    steps: int | None,
    tolerance: float,
    **given: Any,
) -> Learning:
    """See `Neuron.fit`."""
    if not isinstance(rule, str) or rule not in RULES:
        hint = did_you_mean(rule, RULES) if isinstance(rule, str) else ""
        raise SettingError(f"no rule {rule!r}: choose {', '.join(RULES)}.{hint}")
    settings, loss = _settings(rule, given)
    if rule == "perceptron" and not neuron.decides:
        raise SettingError(
            f"the perceptron rule is for the step, not for {neuron.activation.label}: "
            "choose rule='gradient' or 'nudge', or activation='step'"
        )
    most = 1_000 if steps is None else _whole("steps", steps)
    enough = number("tolerance", tolerance)
    what = task(neuron, X, y, loss)
    path = list(_walk(what, neuron, rule, settings, most, enough))
    named = _named(neuron, X)
    last = path[-1]
    right = last.attempt.right
    converged = last.attempt.error <= enough or (right is not None and bool(right.all()))
    moved = any(step.accepted for step in path)
    learned = named if not moved else named.replace(weights=last.weights.tolist(), bias=last.bias)
    return Learning(
        rule=rule,
        start=named,
        neuron=learned,
        history=_history(path, named.names),
        converged=converged,
        stuck=len(path) > 1 and not moved and not converged,
    )


def _walk(
    what: Task, neuron: Neuron, rule: str, settings: Settings, most: int, enough: float
) -> list[Step]:
    weights = np.array(neuron.weights)
    start = Step(weights, neuron.bias, what.attempt(weights, neuron.bias), False)
    path = [start]
    if start.attempt.error > enough:
        for step in itertools.islice(RULES[rule](what, start, settings), most):
            path.append(step)
            if step.attempt.error <= enough:
                break
    return path


def _settings(rule: str, given: dict[str, Any]) -> tuple[Settings, str]:
    said = {name: value for name, value in given.items() if value is not None}
    for name in said:
        if name not in _TAKES[rule]:
            raise SettingError(
                f"the rule {rule} has no {name}: it takes steps, tolerance, "
                f"{', '.join(_TAKES[rule])}"
            )
    settings = Settings(rate=None, seed=0, surrogate="identity", keep_equal=False)
    if "learning_rate" in said:
        rate = number("learning_rate", said["learning_rate"])
        if rate <= 0:
            raise SettingError(f"learning_rate is {rate:g}: it must be above 0, such as 0.1")
        settings = replace(settings, rate=rate)
    if "seed" in said:
        settings = replace(settings, seed=_whole("seed", said["seed"]))
    if "surrogate" in said:
        if said["surrogate"] not in SURROGATES:
            raise SettingError(
                f"surrogate is {said['surrogate']!r}: choose {' or '.join(SURROGATES)}"
            )
        settings = replace(settings, surrogate=said["surrogate"])
    settings = replace(settings, keep_equal=bool(said.get("keep_equal", False)))
    return settings, said.get("loss", "squared")


def _whole(what: str, given: Any) -> int:
    if isinstance(given, bool) or not hasattr(given, "__index__") or int(given) < 0:
        raise SettingError(f"{what} is {given!r}: it must be a whole number, 0 or more")
    return int(given)


def _named(neuron: Neuron, X: Any) -> Neuron:
    """A neuron without names takes those of the table's columns."""
    columns = getattr(X, "columns", None)
    if neuron.named or columns is None or set(neuron.names) <= set(columns):
        return neuron
    return neuron.replace(names=names_of([str(c) for c in columns], len(neuron.weights)))


def _history(path: Sequence[Step], names: Sequence[str]) -> DataFrame:
    import pandas as pd

    weights = np.array([step.weights for step in path])
    return pd.DataFrame(
        {
            "step": np.arange(len(path)),
            **{name: weights[:, i] for i, name in enumerate(names)},
            "bias": [step.bias for step in path],
            "error": [step.attempt.error for step in path],
            "accuracy": [step.attempt.accuracy for step in path],
            "accepted": [step.accepted for step in path],
        }
    )
