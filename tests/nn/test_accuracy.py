"""Under `precise`, values and slopes are within 2 units in the last place, everywhere.

The truth is arb's (see `oracle`). Over all 65,536 bfloat16 inputs the oracle is the accurate
form in float64 NumPy, after arb has certified that form on a sample of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.nn import inputs, oracle
from tests.nn.oracle import FORMATS, Floats, Truth, astray, ulps
from torch import Tensor

from actscope import catalogue, nn
from actscope.catalogue import Record
from actscope.catalogue.formula import bind, sample

NAMES = catalogue.names()
LIMIT = 2.0  # units in the last place: what the precise level promises
BOTH = ("value", "slope")


def precisely(record: Record, x: Tensor, *parameters: float | Tensor) -> tuple[Floats, Floats]:
    """f and, by autograd, f' at the precise level."""
    x = x.detach().clone().requires_grad_()
    with nn.precise():
        y = nn.functional.of(record.name)(x, *parameters)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return y.detach().double().numpy(), slope.double().numpy()


def require(found: Floats, expected: Truth, dtype: torch.dtype, x: Floats, what: str) -> None:
    """The promise, with the worst input in the message."""
    form = FORMATS[dtype]
    off, lost = ulps(found, expected, form), astray(found, expected, form)
    at = int(np.argmax(off))
    assert off[at] <= LIMIT, (
        f"{what} at {x[at]!r}: {off[at]:.3g} ulp ({found[at]!r}, truly {expected.high[at]!r})"
    )
    at = int(np.argmax(lost))
    assert lost[at] <= form.smallest_normal, f"{what} at {x[at]!r}: off by {lost[at]:.3g}"


# --- the claim -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_float32(name: str) -> None:
    record = catalogue.get(name)
    x = inputs.points(record, 3000)
    found = precisely(record, torch.tensor(x, dtype=torch.float32))
    for what, values, expected in zip(BOTH, found, oracle.truth(record, x), strict=True):
        require(values, expected, torch.float32, x, what)


def doubles(record: Record, x: Floats) -> tuple[Floats, Floats]:
    """The accurate forms in float64, by NumPy and SciPy, with the limits at infinity."""
    trees = record.accurate_expression, record.accurate_derivative_expression
    results = []
    for tree, limits in zip(trees, (record.limits, record.slope_limits), strict=True):
        values = np.broadcast_to(sample(bind(tree, record.values), x), x.shape)
        below, above = limits
        results.append(np.where(x == -np.inf, below, np.where(x == np.inf, above, values)))
    return results[0], results[1]


@pytest.mark.parametrize("name", NAMES)
def test_all_bfloat16(name: str) -> None:
    record, form = catalogue.get(name), FORMATS[torch.bfloat16]
    # First: the forms are right to 1/64 of a bfloat16 ulp wherever arb looks.
    some = torch.tensor(inputs.points(record, 2500, seed=1)).bfloat16().double().unique()
    seen = some[some.isfinite()].numpy()
    for what, values, expected in zip(
        BOTH, doubles(record, seen), oracle.truth(record, seen), strict=True
    ):
        off = ulps(values, expected, form)
        assert off.max() <= 1 / 64, f"form of the {what} at {seen[off.argmax()]!r}"
    # Then: they are the oracle for every input that there is.
    every = inputs.all_bfloat16()
    x = every.double().numpy()
    there = ~np.isnan(x)
    for what, values, form_values in zip(
        BOTH, precisely(record, every), doubles(record, x), strict=True
    ):
        # The identity hands on what it is given, the gradient too.
        assert np.isnan(values[~there]).all() or (what, name) == ("slope", "identity")
        nowhere = there & np.isnan(form_values)  # no limit at infinity
        assert np.isinf(x[nowhere]).all()
        assert np.isnan(values[nowhere]).all()
        at = there & ~nowhere
        expected = Truth(form_values[at], np.zeros(at.sum()))
        require(values[at], expected, torch.bfloat16, x[at], what)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64], ids=str)
def test_infinities_and_zeros(name: str, dtype: torch.dtype) -> None:
    record = catalogue.get(name)
    value, slope = precisely(record, torch.tensor([-math.inf, math.inf], dtype=dtype))
    eps = float(torch.finfo(dtype).eps)
    np.testing.assert_allclose(value, record.limits, rtol=eps, atol=0)
    np.testing.assert_allclose(slope, record.slope_limits, rtol=eps, atol=0)

    zero, _ = precisely(record, torch.tensor([-0.0, 0.0], dtype=dtype))
    beside, _ = oracle.truth(record, [-(2.0**-60), 0.0, 2.0**-60])
    assert zero.tolist() == pytest.approx([beside.high[1]] * 2, rel=1e-3)
    for found, near in zip(zero, beside.high[[0, 2]], strict=True):
        if found == 0 and 0 < abs(near) < 1e-9:  # the limit from this side
            assert math.copysign(1, found) == math.copysign(1, near)


def changed(name: str, scale: float) -> Record:
    """The record with other parameters, in whole 1/256; its facts are the default's.

    Few bits, so that a * x is exact: else sin(a * x) at 1e30 would say more of a than of sin.
    """
    record = catalogue.get(name)
    values = {n: round(256 * scale * v) / 256 for n, v in record.values.items()}
    parameters = {n: replace(p, value=values[n]) for n, p in record.parameters.items()}
    return replace(record, parameters=parameters)


WITH_PARAMETERS = [name for name in NAMES if catalogue.get(name).parameters]


@pytest.mark.parametrize("scale", [1.5, 0.3])
@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_other_parameters(name: str, scale: float) -> None:
    """As tensors, the way learned parameters come."""
    record = changed(name, scale)
    x = inputs.points(record, 1200)
    values = [torch.tensor(value) for value in record.values.values()]
    found = precisely(record, torch.tensor(x, dtype=torch.float32), *values)
    for what, numbers, expected in zip(BOTH, found, oracle.truth(record, x), strict=True):
        require(numbers, expected, torch.float32, x, what)


@pytest.mark.parametrize("spec", ["elu(alpha=1.5)", "leaky_relu(negative_slope=0.3)"])
def test_parameters_as_numbers(spec: str) -> None:
    record = catalogue.get(spec)
    x = inputs.points(record, 1200)
    found = precisely(record, torch.tensor(x, dtype=torch.float32), *record.values.values())
    for what, numbers, expected in zip(BOTH, found, oracle.truth(record, x), strict=True):
        require(numbers, expected, torch.float32, x, what)


@pytest.mark.parametrize("name", NAMES)
def test_derivative_is_what_autograd_gives(name: str) -> None:
    record = catalogue.get(name)
    x = torch.tensor(inputs.points(record, 800), dtype=torch.float32)
    with nn.precise():
        direct = nn.derivative(name)(x)
    _, slope = precisely(record, x)
    assert np.array_equal(direct.double().numpy(), slope, equal_nan=True)


# --- the oracle itself -----------------------------------------------------------------------

mp: Any = mpmath.mp  # mpmath has no types

BY_HAND: dict[str, Callable[[Any], Any]] = {
    "gelu": lambda x: x * mp.ncdf(x),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "mish": lambda x: x * mp.tanh(mp.log(1 + mp.exp(x))),
    "tanhshrink": lambda x: x - mp.tanh(x),
    "softsign": lambda x: x / (1 + abs(x)),
    "sinc": lambda x: mp.sin(x) / x if x else mp.mpf(1),
    "cloglog": lambda x: 1 - mp.exp(-mp.exp(x)),
    "selu": lambda x: (
        mp.mpf("1.0507009873554804934193349852946")
        * (x if x > 0 else mp.mpf("1.6732632423543772848170429916717") * (mp.exp(x) - 1))
    ),
    "squareplus": lambda x: (x + mp.sqrt(x * x + 4)) / 2,
    "snake": lambda x: x + mp.sin(x) ** 2,
    "symlog": lambda x: mp.sign(x) * mp.log(1 + abs(x)),
    "ricker": lambda x: (1 - x * x) * mp.exp(-x * x / 2),
    "serf": lambda x: x * mp.erf(mp.log(1 + mp.exp(x))),
    "gelu_tanh": lambda x: (
        x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)))
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_truth_is_mpmaths(name: str) -> None:
    x = [-30.25, -5.6, -1.27846, -1e-6, 1e-9, 0.7, 3.0, 12.5, 87.0]
    value, slope = oracle.truth(catalogue.get(name), x)
    with mp.workdps(120):
        for i, at in enumerate(x):
            by_hand = BY_HAND[name](mp.mpf(at)), mp.diff(BY_HAND[name], mp.mpf(at))
            for found, expected in zip((value, slope), by_hand, strict=True):
                high, low = (mp.mpf(float(part[i])) for part in found)
                assert abs(high + low - expected) <= abs(expected) * mp.mpf(2) ** -75 + 1e-300


@pytest.mark.parametrize("dtype", FORMATS, ids=str)
def test_ulps(dtype: torch.dtype) -> None:
    limits, form = torch.finfo(dtype), FORMATS[dtype]
    eps, tiny, most = limits.eps, limits.smallest_normal, limits.max
    assert form.smallest_normal == tiny
    cases = [  # found, truth, ulps
        (1.0, 1.0, 0.0),
        (1 + 3 * eps, 1.0, 3.0),
        (1 - eps / 2, 1 - eps / 2, 0.0),
        (1.0, 1 - eps / 2, 1.0),  # units are half as large below 1
        (-7.0, -7 - 4 * eps, 1.0),
        (math.nan, 1.0, math.inf),
        (-1.0, math.inf, math.inf),
        (math.inf, 1.0, math.inf),
        (math.inf, math.inf, 0.0),
        (math.inf, -math.inf, math.inf),
        (math.inf, most, 1.0),
        (tiny, 2 * tiny, 1 / eps / 2),
        (0.0, tiny / 2, 0.0),  # no normal number: `astray` looks at it
    ]
    found, high, expected = (np.array(column) for column in zip(*cases, strict=True))
    with np.errstate(all="ignore"):
        off = ulps(found, Truth(high, np.zeros(len(cases))), form)
    for got, want, case in zip(off, expected, cases, strict=True):
        assert got == want or (want > 1e6 and got > 1e6), case
    assert astray(np.array([tiny]), Truth(np.array([0.0]), np.zeros(1)), form).tolist() == [tiny]


def test_the_low_part_counts() -> None:
    """A float64 result half a unit off."""
    expected = Truth(np.array([1.0]), np.array([2.0**-53]))
    assert ulps(np.array([1.0]), expected, FORMATS[torch.float64]).tolist() == [0.5]
    below = Truth(np.array([1.0]), np.array([-(2.0**-60)]))  # units of numbers below 1
    assert ulps(np.array([1.0]), below, FORMATS[torch.float64]).tolist() == [2.0**-7]


@lru_cache(maxsize=1)
def everywhere() -> set[float]:
    return set(inputs.points(catalogue.get("hard_swish"), 3000).tolist())


@given(st.integers(-149, 127), st.sampled_from([1, -1]))
def test_every_exponent_is_looked_at(exponent: int, sign: int) -> None:
    low = 2.0**exponent
    assert any(low <= sign * x < 2 * low for x in everywhere())


def test_kinks_and_their_neighbours_are_looked_at() -> None:
    for kink in (-3.0, 3.0):
        for way in (-math.inf, math.inf):
            beside = float(np.nextafter(np.float32(kink), np.float32(way)))
            assert {kink, beside} <= everywhere()


def test_the_default_level_would_fail() -> None:
    """What these tests are able to see."""
    record = catalogue.get("gelu")
    x = inputs.points(record, 1000)
    y = nn.functional.of("gelu")(torch.tensor(x, dtype=torch.float32)).double().numpy()
    value, _ = oracle.truth(record, x)
    with pytest.raises(AssertionError, match="ulp"):
        require(y, value, torch.float32, x, "value")
