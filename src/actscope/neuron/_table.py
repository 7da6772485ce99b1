"""All cases of inputs 0 and 1, and what a neuron makes of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from actscope.errors import SettingError

from ._decimals import Floats

if TYPE_CHECKING:
    from pandas import DataFrame

    from ._neuron import Neuron

MOST_INPUTS = 16  # 65,536 cases


def cases(count: int) -> Floats:
    """See `Neuron.cases`."""
    if count > MOST_INPUTS:
        many = f"{2**count:,}" if count <= 40 else f"2^{count}"
        raise SettingError(
            f"{count} inputs have {many} cases: a truth table is for at most {MOST_INPUTS} "
            "inputs; ask for single rows of inputs"
        )
    return np.array(list(itertools.product((0.0, 1.0), repeat=count)))


def truth_table(neuron: Neuron) -> DataFrame:
    """See `Neuron.truth_table`."""
    import pandas as pd

    rows = cases(len(neuron.weights))
    table = pd.DataFrame(rows.astype(int), columns=list(neuron.names))
    table["sum"], table["output"] = neuron.sum(rows), neuron(rows)
    if neuron.decides:
        table["fires"] = table["output"] == 1
    return table
