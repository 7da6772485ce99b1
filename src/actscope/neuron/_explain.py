"""A neuron, and how its output comes about, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actscope.errors import DataError

from ._inputs import rows_of
from ._text import apart, brief, plus, products

if TYPE_CHECKING:
    from ._neuron import Neuron


def text(neuron: Neuron) -> str:
    """See `Neuron.text`."""
    pairs = zip(neuron.names, neuron.weights, strict=True)
    weights = ", ".join(f"{name} {brief(weight, 4)}" for name, weight in pairs)
    bias = brief(neuron.bias, 4)
    if neuron.decides:
        threshold = brief(neuron.threshold, 4)
        end = f"It fires if the weighted sum is more than {threshold} (a bias of {bias})."
    else:
        gets = f"({plus('weighted sum', neuron.bias)})" if neuron.bias else "the weighted sum"
        end = f"Its output is {neuron.activation.label} of {gets}."
    return f"Weights: {weights}. {end}"


def explain(neuron: Neuron, x: Any) -> str:
    """One sentence: the sum written out, what it is compared with, what comes out."""
    rows, _ = rows_of(x, neuron.names, neuron.named)
    if len(rows) != 1:
        raise DataError(f"explain is for one row of inputs, not {len(rows)}: give one, or loop")
    row = rows[0].tolist()
    sum_, output = neuron.sum(row), neuron(row)
    said = products(neuron.weights, row)
    if neuron.named:
        facts = ", ".join(
            f"{name} {brief(value, 4)}" for name, value in zip(neuron.names, row, strict=True)
        )
        said = f"{facts}: {said}"
    margin = neuron.margin(row)
    if neuron.decides:
        total, threshold = apart(sum_, neuron.threshold)
        if sum_ == neuron.threshold and margin != 0:  # equal only once rounded
            total = f"a little {'over' if margin > 0 else 'under'} {total}"
        more = "more" if output == 1 else "not more"
        end = "fires" if output == 1 else "does not fire"
        return f"{said} = {total}, {more} than {threshold}: {end}"
    total = brief(sum_, 4)
    got = brief(margin, 4)
    shifted = f" = {total}; {plus(total, neuron.bias)} = {got}" if neuron.bias else f" = {total}"
    label = neuron.activation.label
    applied = f"{label}({got})" if label.isidentifier() else f"{label} at {got}"
    return f"{said}{shifted}; {applied} = {brief(output)}"
