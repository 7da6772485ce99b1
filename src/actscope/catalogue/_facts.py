"""What is computed about an activation, and its form as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

V = TypeVar("V")
Region = tuple[float, float]


class Frozen(Mapping[str, V], Generic[V]):
    """A mapping that cannot be changed (MappingProxyType can be neither pickled nor hashed)."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Computed facts of an activation f, with f' its derivative; z is a standard normal.

    "Everywhere" means at every finite double; the facts of a function with learned
    parameters are those at the initial values.

    derivative, derivative_latex: f' as a formula.
    range: (infimum, supremum) of f; an infinite end means without bound.
    monotonic: f never falls, or never rises (steps and flat parts allowed).
    zero_centred: |E f(z)| < 1e-9, so outputs average 0 for standard normal inputs.
    symmetry: "odd", "even" or None.
    lipschitz: the smallest L with |f(a) - f(b)| <= L |a - b|; inf where f jumps.
    max_slope: the supremum of |f'| where it exists.
    gain: 1 / sqrt(E f(z)^2): weights of standard deviation gain / sqrt(inputs) keep the scale.
    mean: E f(z).
    dead_region: closed intervals on which f' is exactly 0; () for a step-like function.
    step_like: f' is 0 wherever it exists.
    kinks: points where f' does not exist.
    saturates: the sides ("left", "right") with a horizontal asymptote that f approaches while
        f' is not 0 on the way; a dead region is not one.
    saturation_points: (low, high): |f'| < 1e-3 max_slope at every point below low and above
        high; -inf or inf on a side where f does not saturate.
    limits, slope_limits: (f(-inf), f(inf)) and (f'(-inf), f'(inf)); nan where there is none.
    zero_share: P(f(z) = 0).
    variance_slope: slope at its fixed point of the map from the variance of a layer's inputs to
        that of the next one's, weights scaled by gain. Below 1 signals return to their scale
        through depth; at 1 they wander by chance; above 1 no gain keeps them.
    certified: fact -> True when proven by interval arithmetic, False when only numerical.
    """

    derivative: str
    derivative_latex: str
    latex: str
    range: Region
    monotonic: bool
    zero_centred: bool
    symmetry: str | None
    lipschitz: float
    max_slope: float
    gain: float
    mean: float
    dead_region: tuple[Region, ...]
    step_like: bool
    kinks: tuple[float, ...]
    saturates: tuple[str, ...]
    saturation_points: Region
    limits: Region
    slope_limits: Region
    zero_share: float
    variance_slope: float
    certified: Mapping[str, bool]


def to_json(facts: Facts) -> dict[str, Any]:
    """The facts as a JSON document; JSON has no infinity, so that is a text."""
    return {f.name: _plain(getattr(facts, f.name)) for f in dataclasses.fields(Facts)}


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return dict(value) if isinstance(value, Mapping) else value


def from_json(document: Mapping[str, Any]) -> Facts:
    """The facts that `to_json` wrote."""
    known = {f.name: document[f.name] for f in dataclasses.fields(Facts)}
    for name in ("lipschitz", "max_slope", "gain", "mean", "zero_share", "variance_slope"):
        known[name] = float(known[name])
    for name in ("range", "saturation_points", "kinks", "limits", "slope_limits"):
        known[name] = tuple(float(part) for part in known[name])
    known["dead_region"] = tuple((float(low), float(high)) for low, high in known["dead_region"])
    known["saturates"] = tuple(known["saturates"])
    known["certified"] = Frozen(known["certified"])
    return Facts(**known)


@lru_cache(maxsize=1)
def stored() -> Mapping[str, Any]:
    """The facts of the built-in activations as committed: label -> JSON document."""
    with open(os.path.join(os.path.dirname(__file__), "facts.json"), encoding="utf-8") as file:
        return json.load(file)


def disagreements(one: Facts, other: Facts) -> list[str]:
    """The names of the facts in which two sets of facts differ.

    Numbers may differ in the last digits: libraries round differently from version to version.
    """
    first, second = to_json(one), to_json(other)
    return [name for name in first if not _same(first[name], second[name])]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-13, abs_tol=1e-15)
    return a == b
