"""From an activation's record to the families that compute it, at either level."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from actscope import catalogue
from actscope.catalogue import Record
from actscope.catalogue.formula import bind
from actscope.errors import ActscopeError

from ._compose import compose
from ._family import Family

_RECORDS: dict[str, Record] = {}  # by key: a compiled graph can hold a text, not a record


def key_of(record: Record) -> str:
    """A text that stands for the record in `evaluate`; for the catalogue's own its name does."""
    key = f"{record.label}: {record.formula}"
    if catalogue.is_own(record):  # a name may be defined anew, with other defaults
        key += f" {dict(record.values)}"
    _RECORDS.setdefault(key, record)
    return key


def _record(key: str) -> Record:
    return _RECORDS.get(key) or catalogue.get(key)


@lru_cache(maxsize=1024)
def family_of(key: str, exact: bool, values: tuple[float | None, ...]) -> Family:
    """The activation with the parameters put in that are numbers; None: a tensor."""
    record = _record(key)
    names = tuple(record.parameters)
    fixed = {n: v for n, v in zip(names, values, strict=True) if v is not None}
    free = tuple(n for n in names if n not in fixed)
    value, slope = record.expression, record.accurate_derivative_expression
    if exact:
        value = record.accurate_expression
    return Family(
        bind(value, fixed),
        ("x", *free),
        known={("x",): bind(slope, fixed)},
        limits=_limits(record, fixed) if exact else None,
        values={**record.values, **fixed},
        precise=exact,
    )


def _limits(record: Record, fixed: Mapping[str, float]) -> dict[Any, tuple[float, float]]:
    """At -inf and +inf, of value and slope, for the parameters' own values."""
    if any(record.values[name] != value for name, value in fixed.items()):
        try:
            record = catalogue.get(record.name, **fixed)
        except ActscopeError:  # outside what the catalogue proves things for
            return {}
    return {(): record.limits, ("x",): record.slope_limits}


@lru_cache(maxsize=1024)
def _slope_of(key: str) -> Family:
    """The derivative as a function of its own, in the form that loses no digits."""
    record = _record(key)
    return Family(bind(record.accurate_derivative_expression, record.values))


def evaluate(key: str, exact: bool, x: Tensor, *parameters: float | Tensor) -> Tensor:
    """The activation at x; parameters in the record's order, numbers or tensors."""
    values = tuple(None if isinstance(p, Tensor) else float(p) for p in parameters)
    tensors = [p for p in parameters if isinstance(p, Tensor)]
    return compose(family_of(key, exact, values), x, *tensors)


def evaluate_slope(key: str, exact: bool, x: Tensor) -> Tensor:
    """The derivative at x, parameters at the record's values."""
    if not exact:
        return compose(_slope_of(key), x)
    values = tuple(_record(key).values.values())
    return compose(family_of(key, exact, values), x, path=("x",))


def apply(key: str, exact: bool, x: Tensor, *parameters: float | Tensor) -> Tensor:
    """`evaluate`, as one call in the graph of torch.compile."""
    if torch.compiler.is_dynamo_compiling():
        from . import _traced  # imports torch._dynamo: 2 s that few need

        return _traced.EVALUATE(key, exact, x, *parameters)
    return evaluate(key, exact, x, *parameters)


def apply_slope(key: str, exact: bool, x: Tensor) -> Tensor:
    """`evaluate_slope`, as one call in the graph of torch.compile."""
    if torch.compiler.is_dynamo_compiling():
        from . import _traced

        return _traced.EVALUATE_SLOPE(key, exact, x)
    return evaluate_slope(key, exact, x)
