"""Weighted sums of decimal numbers, without the rounding errors of binary ones.

In binary 0.1 + 0.2 is a little more than 0.3, so a neuron with the weights 0.1 and 0.2 and the
threshold 0.3 would fire although its sum equals the threshold. Here a number is what one writes:
the shortest decimal that names the float (its `repr`). Sums of such numbers are made exactly,
in whole numbers times a power of ten, and rounded once, at the end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"

_WHOLE = 2.0**53  # up to here every whole number is a float, and sums of them are exact

_LARGEST = float(np.finfo(float).max)


def written(value: float) -> Fraction:
    """The decimal number that a float is written as.

    >>> written(0.1) + written(0.2) == written(0.3)
    True
    """
    return Fraction(repr(float(value)))


def added(a: float, b: float) -> float:
    """a + b as on paper: 0.1 + 0.2 is 0.3.

    >>> added(0.1, 0.2), added(1e308, 1e308)
    (0.3, inf)
    """
    return nearest(written(a) + written(b))


def nearest(value: Fraction) -> float:
    """The float closest to a number; infinite where no float is as large."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def margins(rows: Floats, weights: Sequence[float], bias: float) -> Floats:
    """w.x + b of each row, exact for the numbers as written, then rounded to a float.

    Args:
        rows: (row, input), finite.

    >>> margins(np.array([[1.0, 1.0]]), [0.1, 0.2], -0.3).tolist()
    [0.0]
    """
    w = np.array(weights, dtype=float)
    if _all_whole(rows, w, bias):
        return rows @ w + (bias + 0.0)
    scaled_w, power_w = _whole(w)
    distinct, position = np.unique(rows, return_inverse=True)
    scaled_x, power_x = _whole(distinct)
    products = scaled_x[position.reshape(rows.shape)] @ scaled_w
    (scaled_b,), power_b = _whole(np.array([bias]))
    power = min(power_w + power_x, power_b)
    up, up_b = 10 ** (power_w + power_x - power), 10 ** (power_b - power)
    totals = [_rounded(product * up + scaled_b * up_b, power) for product in products.tolist()]
    return np.array(totals, dtype=float)


def quick_margins(
    rows: Floats, weights: Floats, bias: float, decisive: Sequence[float] = ()
) -> Floats:
    """w.x + b of each row in plain floats; exact where rounding could pass a decisive value.

    For training, which asks thousands of times: off by a few units in the last place, but on the
    same side of every decisive value (a jump of the activation) as `margins`.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # an overflow is no number to trust: exact
        totals = rows @ weights + (bias + 0.0)
        size = np.abs(rows) @ np.abs(weights) + abs(bias)
    # Each number is within half a unit of what is written, as is each product and each sum.
    error = (len(weights) + 4) * 2.0**-52 * size + 1e-300
    unsure = ~np.isfinite(size)
    for value in decisive:
        unsure |= np.abs(totals - value) <= error + 2.0**-52 * abs(value)
    if unsure.any():
        totals[unsure] = margins(rows[unsure], weights.tolist(), bias)
    return totals


def finite(margins: Floats) -> Floats:
    """What an activation gets of margins: the largest float in place of infinity.

    At infinity itself formulas such as x * sigmoid(x) are infinity times 0: no number.
    """
    return np.clip(margins, -_LARGEST, _LARGEST)


def _all_whole(rows: Floats, weights: Floats, bias: float) -> bool:
    """Whether plain float arithmetic makes no error at all."""
    for values in (rows, weights, np.array([bias])):
        if not np.array_equal(values, np.floor(values)):
            return False
    with np.errstate(over="ignore", invalid="ignore"):  # no number is below 2**53: not whole
        largest = np.abs(rows).max(initial=0.0) * np.abs(weights).sum() + abs(bias)
    return bool(largest < _WHOLE)


def _whole(values: Floats) -> tuple[Any, int]:
    """Whole numbers (Python's, of any length) and the power of ten that they are multiples of."""
    parts = [_parts(value) for value in values.tolist()]
    power = min((exponent for _, exponent in parts), default=0)
    return np.array([digits * 10 ** (e - power) for digits, e in parts], dtype=object), power


def _parts(value: float) -> tuple[int, int]:
    """-0.25 as (-25, -2)."""
    digits, _, exponent = repr(value).partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return int(whole + fraction), int(exponent or 0) - len(fraction)


def _rounded(whole: int, power: int) -> float:
    """whole * 10**power, correctly rounded; infinite where no float is as large."""
    try:
        return float(whole * 10**power) if power >= 0 else whole / 10**-power
    except OverflowError:
        return math.inf if whole > 0 else -math.inf
