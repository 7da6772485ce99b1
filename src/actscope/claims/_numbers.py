"""Measured numbers with their 95% intervals over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, stdtrit  # scipy.stats costs ten times more to import

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Number:
    """A measured value; `low` to `high` is its 95% interval, both equal the value where none.

    unit: "" or what follows the value, such as "%". runs: independent runs behind it, 0 where it
    was counted, computed or measured once.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = ""
    runs: int = 0

    @property
    def once(self) -> bool:
        return self.runs == 0

    @property
    def shown(self) -> str:
        """The value in three digits, with its unit.

        >>> Number("share", 12.345, 11, 14, "%").shown
        '12.3%'
        """
        return _with_unit(brief(self.value), self.unit)

    @property
    def interval(self) -> str:
        """The interval in words; "none" for what was counted or measured once.

        >>> Number("share", 12.345, 11, 14, "%", runs=5).interval
        '11 to 14%'
        """
        if self.once:
            return "none"
        if math.isnan(self.low) or math.isnan(self.high):
            return "unknown: one run"
        return f"{brief(self.low)} to {_with_unit(brief(self.high), self.unit)}"


def brief(value: float) -> str:
    """Three digits, without an exponent where a person can read it.

    >>> [brief(v) for v in (0.0, 0.25, 1234.5, 99.97, 2.2e-16)]
    ['0', '0.25', '1,230', '100', '2.2e-16']
    """
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else "infinite" if value > 0 else "-infinite"
    if value == 0:
        return "0"
    size = abs(value)
    if size < 1e-4 or size >= 1e9:
        return f"{value:.2g}"
    digits = 2 - math.floor(math.log10(size))
    rounded = round(value, digits)
    if size >= 100:
        return f"{rounded:,.0f}"
    text = f"{rounded:.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def once(name: str, value: float, unit: str = "") -> Number:
    """A number that does not vary with a seed.

    >>> once("answers", 8).interval
    'none'
    """
    return Number(name, float(value), float(value), float(value), unit)


def mean(name: str, values: ArrayLike, unit: str = "", extra: float = 0.0) -> Number:
    """Mean over runs +- t_{0.975, n-1} s sqrt(1/n + extra).

    Args:
        values: Float["run"], one number a seed.
        extra: n_test / n_train where the runs are splits of the same rows (Nadeau & Bengio 2003).

    >>> mean("x", [1.0, 2.0, 3.0])
    Number(name='x', value=2.0, low=-0.48..., high=4.48..., unit='', runs=3)
    """
    found = np.asarray(values, dtype=float)
    middle, half = float(found.mean()), math.nan
    if found.size > 1:
        spread = float(found.std(ddof=1)) * math.sqrt(1 / found.size + extra)
        half = float(stdtrit(found.size - 1, (1 + CONFIDENCE) / 2)) * spread
    return Number(name, middle, middle - half, middle + half, unit, found.size)


def ratio(name: str, over: ArrayLike, under: ArrayLike, unit: str = "times") -> Number:
    """Geometric mean of over / under, paired by run: t interval of the logarithms.

    unit: "times", or "%" for a ratio in percent.

    >>> round(ratio("x", [2.0, 4.0], [1.0, 2.0]).value, 9)
    2.0
    """
    logs = np.log(np.asarray(over, dtype=float)) - np.log(np.asarray(under, dtype=float))
    of = mean(name, logs)
    whole = 100.0 if unit == "%" else 1.0
    bounds = (whole * float(np.exp(v)) for v in (of.value, of.low, of.high))
    return Number(name, *bounds, unit=unit, runs=of.runs)


def share(name: str, hits: int, runs: int) -> Number:
    """In percent how many of the runs, with the interval of Clopper & Pearson (1934).

    >>> share("learned", 10, 10)
    Number(name='learned', value=100.0, low=69.1..., high=100.0, unit='%', runs=10)
    """
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, runs - hits + 1, tail))
    high = 1.0 if hits == runs else float(betaincinv(hits + 1, runs - hits, 1 - tail))
    return Number(name, 100 * hits / runs, 100 * low, 100 * high, "%", runs)


def percent(name: str, values: Sequence[float] | np.ndarray, extra: float = 0.0) -> Number:
    """`mean` of shares, in percent.

    >>> percent("dead", [0.25, 0.25]).shown
    '25%'
    """
    return mean(name, 100 * np.asarray(values, dtype=float), "%", extra)


def _with_unit(text: str, unit: str) -> str:
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}".rstrip()
