"""What each kind of record shows in its panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ._curve import asymptotes, sampled, slope_curve, span, times, value_curve, window
from ._panel import Drawn

if TYPE_CHECKING:
    from actscope.catalogue import GatedRecord, Record, VectorRecord

AnyRecord: TypeAlias = "Record | GatedRecord | VectorRecord"

_FACTORS = (0.5, -1.0)  # the a of a * gate(b) that are drawn lightly; strong is 1


def heading(record: AnyRecord) -> tuple[str, str]:
    """What stands over a family's panels, and a note on how they are drawn."""
    if record.kind == "gated":
        return "Gated layers", "a times the gate of b, over b: for a = 1 strong, for ½ and −1 light"
    if record.kind == "vector":
        return "Over a vector", "the first output for the input (x, 0) strong, the second light"
    return record.family.capitalize(), ""


def content(record: Any, least: float) -> Drawn:
    """The panel of any record, looking at least so far to both sides."""
    if record.kind == "gated":
        return _gated(record, least)
    if record.kind == "vector":
        return _vector(record, least)
    return _elementwise(record, least)


def _elementwise(record: Record, least: float) -> Drawn:
    reach = span([record], least)
    strong, light = value_curve(record, -reach, reach), slope_curve(record, -reach, reach)
    jumps = {end.x for end in strong.ends}
    return Drawn(
        reach=reach,
        shown=window(np.concatenate([strong.values, light.values]), reach),
        strong=strong,
        light=(light,),
        dead=record.dead_region,
        kinks=[(k, float(record(k))) for k in record.kinks if k not in jumps],
        asymptotes=[a for a in asymptotes(record) if (a.slope, a.level) != (0, 0)],
    )


def _gated(record: GatedRecord, least: float) -> Drawn:
    gate = _elementwise(record.gate, least)
    others = [times(gate.strong, factor) for factor in _FACTORS]
    every = np.concatenate([gate.strong.values, *(other.values for other in others)])
    return Drawn(
        reach=gate.reach,
        shown=window(every, gate.reach),
        strong=gate.strong,
        light=others,
        dead=record.dead_region,
        kinks=gate.kinks,
    )


def _vector(record: VectorRecord, least: float) -> Drawn:
    def outputs(x: Any) -> Any:
        return record(np.stack([x, np.zeros_like(x)], axis=-1))

    count = outputs(np.zeros(1)).shape[-1]
    each = [sampled(lambda x, i=i: outputs(x)[..., i], -least, least) for i in range(count)]
    every = np.concatenate([one.values for one in each])
    return Drawn(reach=least, shown=window(every, least), strong=each[0], light=each[1:])
