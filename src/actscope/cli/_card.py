"""The card of an activation as words: one list of facts for each kind of record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actscope.catalogue import GatedRecord, Record, VectorRecord

    AnyRecord = Record | GatedRecord | VectorRecord

_STEADY = 1e-3  # a slope of the variance map this close to 1 is 1 (docs/gains.md)


@dataclass(frozen=True)
class Curve:
    """What a card draws: a function of one number, with the words over it."""

    title: str
    function: Callable[[float], float]


def formulas(r: AnyRecord) -> list[tuple[str, str]]:
    """The formula and its derivatives, each with what stands before the equals sign."""
    if r.kind == "gated":
        towards_a, towards_b = r.derivative.split(", ", 1)
        return [("f(a, b)", r.formula), ("∂f/∂a", towards_a), ("∂f/∂b", towards_b)]
    if r.kind == "vector":
        said = [("f(x)", r.formula)]
        return [*said, ("derivative", r.derivative)] if r.derivative else said
    return [("f(x)", r.formula), ("f'(x)", r.derivative)]


def curves(r: Any) -> list[Curve]:
    """Two pictures of the function."""
    if r.kind == "gated":
        return [Curve(f"{r.gate.label}(b), the gate", r.gate), Curve("its slope", r.gate.slope)]
    if r.kind == "vector":

        def first(x: float) -> float:
            return float(r([x, 0.0])[0])

        def slope(x: float) -> float:
            return (first(x + 1e-6) - first(x - 1e-6)) / 2e-6

        return [Curve("first output for (x, 0)", first), Curve("its slope", slope)]
    return [Curve("f(x)", r), Curve("slope f'(x)", r.slope)]


def facts(r: Any) -> list[tuple[str, str, str]]:
    """(fact, words, value) of everything known; fact is the record's name for it."""
    if r.kind == "vector":
        return _vector_facts(r)
    if r.kind == "gated":
        return _gated_facts(r)
    ends = [end for end in r.limits if not math.isnan(end)]
    slopes = [end for end in r.slope_limits if not math.isnan(end)]
    return [
        ("range", "range", f"{number(r.range[0])} to {number(r.range[1])}"),
        ("limits", "f far out (left, right)", _pair(r.limits) if ends else "none"),
        (
            "slope_limits",
            "slope far out (left, right)",
            _pair(r.slope_limits) if slopes else "none",
        ),
        ("monotonic", "monotonic", _yes(r.monotonic)),
        ("symmetry", "symmetry", r.symmetry or "none"),
        ("zero_centred", "zero-centred (standard normal inputs)", _yes(r.zero_centred)),
        ("mean", "mean output (same inputs)", number(r.mean)),
        ("lipschitz", "Lipschitz constant", number(r.lipschitz)),
        *_scale_facts(r),
        ("dead_region", "slope exactly 0 on", _dead(r)),
        ("kinks", "no derivative at", _points(r.kinks)),
        ("saturates", "saturates", ", ".join(r.saturates) or "no"),
        ("zero_share", "share of zeros (same inputs)", f"{100 * r.zero_share:.3g}%"),
    ]


def _gated_facts(r: GatedRecord) -> list[tuple[str, str, str]]:
    return [
        ("range", "range", f"{number(r.range[0])} to {number(r.range[1])}"),
        ("zero_centred", "zero-centred (standard normal inputs)", _yes(r.zero_centred)),
        *_scale_facts(r),
        ("dead_region", "slope exactly 0 for b on", _dead(r)),
        ("kinks", "no derivative at b =", _points(r.kinks)),
        ("zero_share", "share of zeros (same inputs)", f"{100 * r.zero_share:.3g}%"),
    ]


def _vector_facts(r: VectorRecord) -> list[tuple[str, str, str]]:
    shift = {
        "invariant": "does not move the outputs",
        "equivariant": "is added to every output",
    }.get(r.shift or "", "changes the outputs")
    order = "no entries to order" if r.keeps_order is None else _yes(r.keeps_order)
    return [
        ("range", "range of an output", f"{number(r.range[0])} to {number(r.range[1])}"),
        ("total", "outputs add up to", "varies" if r.total is None else number(r.total)),
        ("shift", "adding a constant to x", shift),
        ("keeps_order", "larger entries get larger outputs", order),
        ("lipschitz", "Lipschitz constant (2-norm)", number(r.lipschitz)),
        ("zero_share", "share of zeros (8 normal entries)", f"{100 * r.zero_share:.3g}%"),
    ]


def _scale_facts(r: Record | GatedRecord) -> list[tuple[str, str, str]]:
    return [
        ("gain", "gain for initial weights", number(r.gain)),
        ("variance_slope", "slope of the variance map", number(r.variance_slope)),
    ]


def depth(r: Any) -> str:
    """What gain and variance slope mean for a deep network, in a sentence; "" for vectors."""
    slope = getattr(r, "variance_slope", None)
    if slope is None:
        return ""
    if math.isnan(slope) or not math.isfinite(r.gain):
        return "Through depth: no gain keeps the scale of signals, not even for one layer."
    size = abs(slope)  # below 0 the disturbance changes its sign at each layer
    if abs(size - 1) <= _STEADY:
        return (
            f"Through depth: with gain {number(r.gain)} the scale of signals is kept on average, "
            "but wanders by chance from layer to layer (variance slope 1)."
        )
    if size < 1:
        return (
            f"Through depth: with gain {number(r.gain)} signals stay steady; what disturbs their "
            f"variance shrinks to {size:.2g} of itself at each layer."
        )
    return (
        f"Through depth: no gain keeps signals steady; what disturbs their variance grows "
        f"{size:.3g} times at each layer. In deep networks normalise between the layers."
    )


def known(r: AnyRecord, fact: str) -> str:
    """How sure a fact is."""
    if fact not in r.certified:
        return ""
    return "certified" if r.certified[fact] else "numerical"


def number(value: float) -> str:
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.6g}"


def _pair(ends: Sequence[float]) -> str:
    return ", ".join(map(number, ends))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _dead(r: Any) -> str:
    dead = " and ".join(f"{number(a)} to {number(b)}" for a, b in r.dead_region)
    return dead or ("everywhere (no gradient passes at all)" if r.step_like else "none")


def _points(kinks: Sequence[float]) -> str:
    return ", ".join(map(number, kinks)) or "(no such point)"
