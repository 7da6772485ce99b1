"""What happened while a model was watched: series of fixed size, kept on the device they came from.

A series takes any number of looks and keeps the first, the last, an even spread between them and
both sides of the largest jumps, so that "when did it happen?" has an answer at the end of a long
run. Nothing here waits for a device before somebody asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from actscope.errors import SettingError

# Looks kept of a long run: an even spread, and the two sides of so many jumps.
SPREAD, JUMPS = 160, 16
KEPT = SPREAD + 2 * JUMPS + 2
# Looks gathered before the series is thinned again.
RECENT = 64


class Series:
    """Rows (step, value, ...) in order of time; jumps are those of the first value."""

    def __init__(self) -> None:
        self._thinned: Tensor | None = None
        self._blocks: list[Tensor] = []
        self._recent: list[tuple[float | Tensor, ...]] = []
        self._others: list[Series] = []

    def append(self, step: int, *values: float | Tensor) -> None:
        """One look. A tensor of one number stays on its device; it must not change later."""
        self._recent.append((step, *values))
        if len(self._recent) >= RECENT:
            self._thinned, self._recent = _thin(self._table()), []

    def extend(self, looks: Tensor) -> None:
        """Many at once: Float64["look column"], as rows of `append`, on any device."""
        self._blocks.append(looks)
        if sum(map(len, self._blocks)) >= RECENT:
            self._thinned, self._blocks, self._recent = _thin(self._table()), [], []

    def add(self, other: Series) -> None:
        """What another watch saw, beside what this one did."""
        self._others.append(other)

    def rows(self) -> list[tuple[float, ...]]:
        """What is kept, as plain numbers, others' among them, by step. Waits for the device."""
        own = [] if self._table() is None else self._table().tolist()  # type: ignore[union-attr]
        rows = [tuple(row) for row in own]
        for other in self._others:
            rows += other.rows()
        return sorted(rows, key=lambda row: row[0])

    def since(self, step: float, column: int) -> tuple[float, int]:
        """(how much a running total grew, at how many looks) after a step: at least, if thinned."""
        grown, looks = 0.0, 0
        table = self._table()
        if table is not None:
            rows = table.tolist()
            at = next((row for row in rows if row[0] >= step), rows[-1])
            grown = rows[-1][column] - (at[column] if step >= rows[0][0] else 0.0)
            looks = sum(row[0] > step for row in rows)
        for other in self._others:
            more = other.since(step, column)
            grown, looks = grown + more[0], looks + more[1]
        return grown, looks

    def _table(self) -> Tensor | None:
        """Float64["look column"], on the device of the values."""
        parts = ([] if self._thinned is None else [self._thinned]) + self._blocks
        if self._recent:
            device = next(
                (v.device for row in self._recent for v in row if isinstance(v, Tensor)),
                None if self._thinned is None else self._thinned.device,
            )
            columns = [_column(column, device) for column in zip(*self._recent, strict=True)]
            parts.append(torch.stack(columns, 1))
        return torch.cat([part.to(parts[-1].device) for part in parts]) if parts else None


def _column(values: Sequence[float | Tensor], device: torch.device | None) -> Tensor:
    if all(not isinstance(value, Tensor) for value in values):
        return torch.tensor(values, dtype=torch.float64, device=device)
    return torch.stack(
        [torch.as_tensor(v, device=device).detach().double().reshape(()) for v in values]
    )


def _thin(table: Tensor | None) -> Tensor | None:
    """KEPT rows at most. All on the device: which rows they are is never asked."""
    if table is None or len(table) <= KEPT:
        return table
    steps, value = table[:, 0].contiguous(), table[:, 1]
    # A value that is no number is a jump, too.
    jumps = (value[1:] - value[:-1]).abs().nan_to_num(nan=torch.inf)
    largest = jumps.argsort(descending=True, stable=True)[:JUMPS]
    parts = torch.arange(SPREAD, device=table.device, dtype=torch.float64) / (SPREAD - 1)
    places = steps[0] + (steps[-1] - steps[0]) * parts
    after = torch.searchsorted(steps, places).clamp(1, len(table) - 1)
    nearer = places - steps[after - 1] < steps[after] - places
    even = torch.where(nearer, after - 1, after)
    wanted = torch.zeros(len(table), device=table.device)
    wanted[even] = 1
    wanted[largest] = 2
    wanted[largest + 1] = 2
    chosen = wanted.argsort(descending=True, stable=True)[:KEPT].sort().values
    return table[chosen]


@dataclass(frozen=True)
class Moment:
    """What was known at one step; None where it was not told, infinity for a loss that was NaN."""

    step: int
    loss: float | None
    lr: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        told = (self.loss, self.lr)
        loss, lr = (v if v is not None and isfinite(v) else None for v in told)
        return {"step": self.step, "loss": loss, "lr": lr}


class Timeline:
    """Loss and learning rate at the passes looked at."""

    def __init__(self, optimizer: Any = None) -> None:
        if optimizer is not None and not hasattr(optimizer, "param_groups"):
            raise SettingError(
                f"optimizer is a {type(optimizer).__name__}: give one with param_groups, as those "
                "of torch.optim, or tell the rate by note(lr=...)"
            )
        self._optimizer = optimizer
        self._series = Series()
        self._now: list[Any] | None = None

    def look(self, step: int) -> None:
        """A pass was looked at."""
        self._flush()
        self._now = [step, torch.nan, self._rate()]

    def note(self, step: int, loss: Any, lr: Any) -> None:
        """What the user says of a pass; kept if that was looked at."""
        values = [_number("loss", loss), _number("lr", lr)]
        if self._now is None or self._now[0] != step:
            return
        for place, value in enumerate(values, 1):
            if value is not None:
                self._now[place] = value

    def moments(self) -> list[Moment]:
        """In order. Waits for the device."""
        self._flush()
        return [
            Moment(int(step), _known(loss), _known(lr))
            for step, loss, lr in self._series.rows()
            if loss == loss or lr == lr
        ]

    def add(self, other: Timeline) -> None:
        """What another watch was told."""
        other._flush()
        self._series.add(other._series)

    def __getstate__(self) -> dict[str, Any]:
        self._flush()
        return {**self.__dict__, "_optimizer": None}

    def _flush(self) -> None:
        if self._now is not None:
            self._series.append(*self._now)
            self._now = None

    def _rate(self) -> float | Tensor:
        rates = [group.get("lr") for group in getattr(self._optimizer, "param_groups", ())]
        rates = [rate for rate in rates if rate is not None]
        if not rates:
            return torch.nan
        if any(isinstance(rate, Tensor) for rate in rates):  # capturable optimizers
            rate = next(rate for rate in rates if isinstance(rate, Tensor))
            return rate.detach().clone()
        return float(max(rates))


def _number(name: str, value: Any) -> float | Tensor | None:
    """A number or a tensor of one, which is copied where it lies."""
    if value is None:
        return None
    if isinstance(value, Tensor):
        if value.numel() != 1:
            raise SettingError(
                f"{name} has shape {tuple(value.shape)}: note takes a number, such as {name}.mean()"
            )
        # In the series NaN means that nothing was told.
        return value.detach().nan_to_num(nan=torch.inf, posinf=torch.inf, neginf=-torch.inf)
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise SettingError(f"{name} is {value!r}: note takes a number or a tensor of one")
    return torch.inf if value != value else float(value)


def _known(value: float) -> float | None:
    return None if value != value else value


@dataclass(frozen=True)
class Fallen:
    """A unit that fired while watched and has been silent since: after `step`, on `samples`."""

    step: int
    samples: int


# A unit that was awake on a share p of the inputs stays silent on n more by chance with
# probability (1 - p)^n <= exp(-p n): below a millionth, so that no healthy layer of thousands of
# units has one by chance.
NATS = 14.0
# That share may have sunk with the weights, though: a unit that is down to 1% of the inputs is
# silent on 1,000 in one of 23,000 cases. (With 192 inputs as proof, a third of the units said to
# have died fired somewhere in 10,000 digits.) And one silent look is no verdict: batches may be
# of one kind.
PROOF, LOOKS = 1000, 10


def fallen(outside: Tensor, last: Tensor, series: Series) -> dict[int, Fallen]:
    """Units that fell silent for good, as far as the looks after can tell.

    Args:
        outside: Float64["unit"], inputs outside the dead region, of all seen.
        last: Float64["unit"], the last step with one; -1: none.
        series: of the site: (step, silent units, inputs seen so far).
    """
    rows = series.rows()
    if not rows:
        return {}
    total = series.since(-1, 2)[0]
    found: dict[int, Fallen] = {}
    known: dict[float, tuple[float, int]] = {}
    for unit in ((last >= 0) & (last < rows[-1][0])).nonzero().flatten().tolist():
        step = float(last[unit])
        if step not in known:
            known[step] = series.since(step, 2)
        samples, looks = known[step]
        before = total - samples
        enough = looks >= LOOKS and samples >= PROOF and before > 0
        if enough and float(outside[unit]) / before * samples >= NATS:
            found[unit] = Fallen(int(step), int(samples))
    return found
