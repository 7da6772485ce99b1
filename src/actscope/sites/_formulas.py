"""Which activation a formula is, by its values at many points.

A formula is a number, "x" for the tensor it starts from, or (operation, formulas): exactly what
was computed, element by element.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from actscope import catalogue
from actscope.catalogue import Record

Formula = Any

# A parameter, or a buffer: not looked into.
STORED = ("stored",)

_POINTS = np.array(
    [s * v for s in (-1, 1) for v in (*np.linspace(0.013, 9.7, 97), 12.3, 21.7, 55.1)] + [0.0]
)
_NAMES = (
    *("relu", "relu6", "squared_relu", "elu", "selu", "silu", "quick_gelu", "gelu", "gelu_tanh"),
    *("mish", "hard_swish"),
)
_CLOSE = 1e-6


@lru_cache(4096)
def recognised(formula: Formula) -> Record | None:
    """The activation that a formula is; None if it is none of those known here."""
    if _is_learned_swish(formula):
        return catalogue.get("beta_swish")
    try:
        with np.errstate(all="ignore"):
            values = np.broadcast_to(_value(formula, _POINTS), _POINTS.shape)
            one = float(np.ravel(_value(formula, np.array([-1.0])))[0])
    except (_Unknown, ArithmeticError, ValueError, TypeError):
        return None
    if not np.isfinite(values).all():
        return None
    candidates = [catalogue.get(name) for name in _NAMES]
    if 1e-6 < -one < 1 - 1e-6:
        candidates.append(catalogue.get("leaky_relu", negative_slope=round(-one, 10)))
        beta = -math.log(-one / (1 + one))  # of -sigmoid(-beta)
        if abs(beta) > 1e-6:
            candidates.append(catalogue.get("beta_swish", beta=round(beta, 10)))
    return next((record for record in candidates if _agree(record, values)), None)


def _agree(record: Record, values: np.ndarray) -> bool:
    expected = np.asarray(record(_POINTS))
    return bool((np.abs(expected - values) <= _CLOSE * (1 + np.abs(expected))).all())


class _Unknown(Exception):
    """A value that a model learns, or draws."""


def _is_learned_swish(formula: Formula) -> bool:
    """x * sigmoid(beta x) with a parameter: which value it has would make the device wait."""
    inner = [("mul", "x", STORED), ("mul", STORED, "x")]
    whole = [("activation", "sigmoid", each) for each in inner]
    return formula in [f for each in whole for f in (("mul", "x", each), ("mul", each, "x"))]


def _value(formula: Formula, x: np.ndarray) -> Any:
    if isinstance(formula, float):
        return formula
    if formula == "x":
        return x
    name, *parts = formula
    if name == "stored":
        raise _Unknown
    if name == "activation":
        record = catalogue.get(parts[0])
        if record.name == "rrelu" or any(p.learned for p in record.parameters.values()):
            raise _Unknown
        return np.asarray(record(np.asarray(_value(parts[1], x), dtype=float)))
    return _OPERATIONS[name](*(_value(part, x) for part in parts))


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "rsub": lambda a, b: np.subtract(b, a),
    "mul": np.multiply,
    "div": np.divide,
    "rdiv": lambda a, b: np.divide(b, a),
    "pow": np.power,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "where": np.where,
    "abs": np.abs,
    "neg": np.negative,
    "exp": np.exp,
    "expm1": np.expm1,
    "square": np.square,
    "reciprocal": np.reciprocal,
    "erf": np.vectorize(math.erf),
}
