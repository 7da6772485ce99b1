"""Kinds beside the elementwise one: gated layers (two halves) and functions of a whole vector."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ._facts import Frozen, Region
from ._record import Parameter, Record
from ._vector_facts import Floats, VectorFacts

if TYPE_CHECKING:
    from .formula import Node


@dataclass(frozen=True)
class GatedEntry:
    """What is written by hand about a gated layer: its gate, and its names."""

    name: str
    gate: str
    summary: str
    reference: str
    torch: str
    aliases: tuple[str, ...] = ()
    differs: str = ""
    parameters: ClassVar[Mapping[str, Parameter]] = Frozen({})


@dataclass(frozen=True)
class VectorEntry:
    """What is written by hand about a function of a vector.

    formula, latex: for people. function: the definition itself, over the last axis.
    """

    name: str
    function: Callable[..., Floats]
    formula: str
    latex: str
    summary: str
    reference: str
    torch: str
    derivative: str = ""
    derivative_latex: str = ""
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    differs: str = ""


@dataclass(frozen=True, kw_only=True)
class Named:
    """What people call it; as in `Record`."""

    name: str
    label: str
    aliases: tuple[str, ...]
    formula: str
    latex: str
    derivative: str
    derivative_latex: str
    reference: str
    summary: str
    torch_name: str
    parameters: Mapping[str, Parameter] = Frozen({})
    differs: str = ""

    def __hash__(self) -> int:
        return hash((self.label, self.formula))


@dataclass(frozen=True, kw_only=True)
class GatedRecord(Named):
    """a * gate(b): the first half of the features times the gate of the second half.

    Every fact follows from the gate's and is as certain. a and b are independent standard
    normals where a fact speaks of them; dead_region and kinks are in b; symmetry: what becomes
    of f when both halves change their sign. derivative: the slopes towards a and towards b.
    variance_slope: both halves grow together, so it is the gate's + 1.

    >>> from actscope import catalogue
    >>> swiglu = catalogue.get("swiglu")
    >>> swiglu.formula, swiglu.gate.name, swiglu(2.0, 0.0)
    ('a * b * sigmoid(b)', 'silu', 0.0)
    """

    kind: ClassVar[str] = "gated"
    family: ClassVar[str] = "gated layer"
    gate: Record
    range: Region = (-math.inf, math.inf)
    monotonic: bool = False
    symmetry: str | None
    zero_centred: bool = True
    mean: float = 0.0
    lipschitz: float = math.inf
    step_like: bool = False
    saturates: tuple[str, ...] = ()
    gain: float
    variance_slope: float
    dead_region: tuple[Region, ...]
    kinks: tuple[float, ...]
    zero_share: float
    certified: Mapping[str, bool]

    __hash__ = Named.__hash__

    def __call__(self, a: Any, b: Any) -> Any:
        """a * gate(b), for floats or NumPy arrays."""
        return a * self.gate(b)


@dataclass(frozen=True, kw_only=True)
class VectorRecord(Named, VectorFacts):
    """A function of a whole vector, over the last axis; `VectorFacts` says what its facts mean.

    >>> from actscope import catalogue
    >>> catalogue.get("softmax")([0.0, 0.0]).tolist()
    [0.5, 0.5]
    """

    kind: ClassVar[str] = "vector"
    family: ClassVar[str] = "vector"
    function: Callable[..., Floats]
    certified: Mapping[str, bool] = Frozen(dict.fromkeys(VectorFacts.__dataclass_fields__, False))

    __hash__ = Named.__hash__

    def __call__(self, x: Any) -> Floats:
        """f over the last axis of an array."""
        import numpy as np

        values = {n: int(p.value) if p.whole else p.value for n, p in self.parameters.items()}
        return self.function(np.asarray(x, dtype=np.float64), **values)


def gated(entry: GatedEntry, gate: Record) -> GatedRecord:
    """The record of a gated layer: everything from its gate."""
    from ._tidy import product, substitute
    from ._tree import Name
    from .formula import latex, text

    a, b = Name("a"), Name("b")

    def in_b(node: Node) -> Node:
        return substitute(node, "x", b)

    whole = product(a, in_b(gate.bound))
    slopes = in_b(gate.bound), product(a, in_b(gate.derivative_expression))
    borrowed = ("gain", "variance_slope", "dead_region", "kinks", "zero_share")
    return GatedRecord(
        name=entry.name,
        label=entry.name,
        aliases=_others(entry),
        formula=text(whole),
        latex=latex(whole),
        derivative=", ".join(text(slope) for slope in slopes),
        derivative_latex=r",\quad ".join(latex(slope) for slope in slopes),
        reference=entry.reference,
        summary=entry.summary,
        torch_name=entry.torch,
        differs=entry.differs,
        gate=gate,
        gain=gate.gain,
        variance_slope=1 + gate.variance_slope,
        dead_region=tuple(r for r in gate.dead_region if gate(_inside(r)) == 0),
        kinks=gate.kinks,
        zero_share=gate.zero_share,
        symmetry={"odd": "even", "even": "odd"}.get(gate.symmetry or ""),
        certified=Frozen(
            {
                # a has no bound and mean 0, whatever the gate.
                **dict.fromkeys(("range", "monotonic", "lipschitz", "saturates"), True),
                **dict.fromkeys(("zero_centred", "mean"), True),
                "symmetry": gate.certified["symmetry"],
                **{name: gate.certified[name] for name in borrowed},
            }
        ),
    )


def vector(
    entry: VectorEntry, facts: VectorFacts, parameters: Mapping[str, Parameter]
) -> VectorRecord:
    """The record of a function of a vector."""
    starts = {name: parameter.value for name, parameter in entry.parameters.items()}
    changed = [f"{n}={p.value:g}" for n, p in parameters.items() if p.value != starts[n]]
    return VectorRecord(
        **vars(facts),
        name=entry.name,
        label=entry.name + (f"({', '.join(changed)})" if changed else ""),
        aliases=_others(entry),
        formula=entry.formula,
        latex=entry.latex,
        derivative=entry.derivative,
        derivative_latex=entry.derivative_latex,
        reference=entry.reference,
        summary=entry.summary,
        torch_name=entry.torch,
        parameters=Frozen(parameters),
        differs=entry.differs,
        function=entry.function,
    )


def _others(entry: GatedEntry | VectorEntry) -> tuple[str, ...]:
    words = (entry.torch, *entry.aliases)
    return tuple(dict.fromkeys(word for word in words if word != entry.name))


def _inside(region: Region) -> float:
    low, high = region
    if math.isinf(low):
        return high - 1 if math.isfinite(high) else 0.0
    return low + 1 if math.isinf(high) else (low + high) / 2
