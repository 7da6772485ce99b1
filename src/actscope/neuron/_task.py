"""What a neuron is to learn: rows, the answers wanted, and how wrong an attempt is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from actscope.errors import DataError, SettingError

from ._decimals import Floats, finite, quick_margins
from ._inputs import floats, rows_of

if TYPE_CHECKING:
    from actscope.catalogue import Record

    from ._neuron import Neuron

_SURE = 1e-12  # log loss counts no probability as closer to 0 or 1 than this


@dataclass(frozen=True)
class Attempt:
    """What weights and a bias do on all rows.

    margins, outputs: a number for each row. error: the mean loss.
    right: which rows are answered right; None where the answers are not one of two.
    """

    margins: Floats
    outputs: Floats
    error: float
    right: np.ndarray[Any, np.dtype[np.bool_]] | None

    @property
    def accuracy(self) -> float:
        return math.nan if self.right is None else float(self.right.mean())


@dataclass(frozen=True)
class Task:
    """Rows (row, input), the outputs wanted (row,), and the loss that says how far off one is.

    levels: the two answers, (no, yes), where there are two; an output above their middle is yes.
    """

    rows: Floats
    wanted: Floats
    record: Record
    loss: str
    levels: tuple[float, float] | None

    def attempt(self, weights: Floats, bias: float) -> Attempt:
        """All rows answered; on the same side of every jump as the neuron itself would."""
        margins = quick_margins(self.rows, weights, bias, self.record.kinks)
        outputs = np.asarray(self.record(finite(margins)), dtype=float)
        right = None
        if self.levels is not None:
            middle = sum(self.levels) / 2
            right = (outputs > middle) == (self.wanted > middle)
        return Attempt(margins, outputs, self._error(outputs), right)

    def _error(self, outputs: Floats) -> float:
        with np.errstate(over="ignore"):
            if self.loss == "squared":
                return float(np.mean((outputs - self.wanted) ** 2))
            p = np.clip(outputs, _SURE, 1 - _SURE)
            return float(-np.mean(self.wanted * np.log(p) + (1 - self.wanted) * np.log1p(-p)))

    def towards(self, attempt: Attempt, slopes: Floats) -> Floats:
        """d loss / d margin of each row, the slope of the activation being as given."""
        off = attempt.outputs - self.wanted
        if self.loss == "squared":
            return 2 * off * slopes
        if self.record.name == "sigmoid":  # f' = f (1 - f), which cancels, also where f rounds to 1
            return off
        both = attempt.outputs * (1 - attempt.outputs)
        return np.divide(off * slopes, both, out=np.zeros_like(off), where=both > 0)


def task(neuron: Neuron, X: Any, y: Any, loss: str) -> Task:
    """The task, once everything about it has been looked at."""
    rows, single = rows_of(X, neuron.names, neuron.named)
    if single or not len(rows):
        raise DataError("X must be rows of inputs, at least one, such as [[1, 0], [0, 1]]")
    wanted = _answers(y, len(rows))
    _require_reachable(wanted, neuron.activation)
    if loss not in ("squared", "log"):
        raise SettingError(f"no loss {loss!r}: choose squared or log")
    if loss == "log":
        _require_probability(neuron.activation)
    return Task(rows, wanted, neuron.activation, loss, _levels(wanted, neuron.activation))


def _answers(y: Any, count: int) -> Floats:
    found = floats(y, "y is a number for each row, such as 0 for no and 1 for yes")
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1 or len(found) != count:
        came = f"{len(found)}" if found.ndim == 1 else f"an array of shape {found.shape}"
        raise DataError(f"y needs one number for each of the {count} rows of X, not {came}")
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found))[0])
        raise DataError(f"y has {found[row]} in row {row + 1}: give finite numbers")
    return found + 0.0


def _require_reachable(wanted: Floats, record: Record) -> None:
    allowed: Sequence[float] = ()
    if record.step_like:  # its values: one beside each kink, and those at the kinks
        around = [k + d for k in record.kinks for d in (-0.5, 0.0, 0.5)]
        allowed = sorted({float(record(x)) for x in around}) if len(record.kinks) == 1 else ()
    low, high = record.range
    for row, value in enumerate(wanted.tolist()):
        if allowed and value not in allowed:
            can = " or ".join(f"{v:g}" for v in allowed)
            raise DataError(
                f"y has {value:g} in row {row + 1}, but {record.label} gives only {can}: "
                f"write the answers as {can}"
            )
        if not low <= value <= high:
            raise DataError(
                f"y has {value:g} in row {row + 1}, but {record.label} gives {low:g} to "
                f"{high:g}: scale the answers, or choose another activation"
            )


def _require_probability(record: Record) -> None:
    low, high = record.range
    if record.step_like or low < 0 or high > 1:
        raise SettingError(
            f"log loss needs an output between 0 and 1, which {record.label} does not give: "
            "choose sigmoid, or loss='squared'"
        )


def _levels(wanted: Floats, record: Record) -> tuple[float, float] | None:
    values = set(wanted.tolist())
    if values <= set(record.range):  # one of the ends, or both
        return record.range
    return (min(values), max(values)) if len(values) == 2 else None
