"""What a small change does to the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from actscope.errors import SettingError

from ._decimals import Floats, added
from ._inputs import number, rows_of
from ._text import brief, short

if TYPE_CHECKING:
    from ._neuron import Neuron


class _Arrays(NamedTuple):
    before: Floats
    after: Floats
    change: Floats


class Nudge(_Arrays):
    """The answers before and after a nudge, and their change: three arrays, a number for each row.

    text: in words, what was changed and what became of it.
    neuron: the neuron after the nudge.
    """

    text: str
    neuron: Neuron

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from actscope.render import element

        return element("p", self.text)


def nudge(
    neuron: Neuron,
    weight: int | str | None,
    by: float,
    *,
    bias: bool,
    threshold: bool,
    X: Any,
) -> Nudge:
    """See `Neuron.nudge`."""
    if (weight is not None) + bool(bias) + bool(threshold) > 1:
        raise SettingError("nudge one thing at a time: a weight, the bias or the threshold")
    by = number("by", by)
    if bias or threshold:
        after = neuron.replace(bias=added(neuron.bias, by if bias else -by))
        what = "bias" if bias else "threshold"
        said = f"The {what} from {_change(getattr(neuron, what), getattr(after, what))}"
    else:
        place = _place(neuron, 0 if weight is None else weight)
        weights = list(neuron.weights)
        weights[place] = added(weights[place], by)
        after = neuron.replace(weights=weights)
        said = (
            f"{_called(neuron, place)} from {_change(neuron.weights[place], after.weights[place])}"
        )
    rows = neuron.cases() if X is None else rows_of(X, neuron.names, neuron.named)[0]
    outputs = neuron(rows), after(rows)
    made = Nudge(*outputs, outputs[1] - outputs[0])
    made.text = f"{said}: {_answers(neuron, made)}."
    made.neuron = after
    return made


def _answers(neuron: Neuron, made: Nudge) -> str:
    count = len(made.before)
    changed = int(np.count_nonzero(made.change))
    of = f"{changed} of {count} answers changed" if count > 1 else "the answer changed"
    if not changed:
        return "the answer did not change" if count == 1 else f"none of {count} answers changed"
    if not neuron.decides:
        return f"{of}, by {brief(float(np.abs(made.change).max()))} at most"
    ways = [
        (int((made.change > 0).sum()), "from does not fire to fires"),
        (int((made.change < 0).sum()), "from fires to does not fire"),
    ]
    ways = [(n, way) for n, way in ways if n]
    if len(ways) == 1:
        return f"{of}, {ways[0][1]}"
    return f"{of}: {', '.join(f'{n} {way}' for n, way in ways)}"


def _place(neuron: Neuron, weight: int | str) -> int:
    count = len(neuron.weights)
    if isinstance(weight, str):
        if weight not in neuron.names:
            raise SettingError(
                f"no input is called {weight!r}: the inputs are {', '.join(neuron.names)}"
            )
        return neuron.names.index(weight)
    if isinstance(weight, bool) or not hasattr(weight, "__index__") or not 0 <= weight < count:
        raise SettingError(
            f"weight is {weight!r}: give the place of a weight, 0 to {count - 1}, "
            "or the name of its input"
        )
    return int(weight)


def _called(neuron: Neuron, place: int) -> str:
    if neuron.named:
        return f"The weight of {neuron.names[place]}"
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth")
    return f"The {ordinals[place]} weight" if place < len(ordinals) else f"Weight {place + 1}"


def _change(before: float, after: float) -> str:
    return f"{short(before)} to {short(after)}"
