"""The scale of initial weights that keeps signals at their size."""

from __future__ import annotations

from actscope.errors import SettingError

from ._layers import VectorRecord
from ._registry import AnyRecord, get


def gain(spec: str | AnyRecord, **parameters: float) -> float:
    """1 / sqrt(E f(z)^2), z a standard normal: weights of deviation gain / sqrt(inputs).

    Then a layer hands on the variance that it got. Whether depth keeps it is said by
    `get(spec).variance_slope`: below 1 an error in scale shrinks from layer to layer, at 1 it
    wanders by chance (ReLU), above 1 it grows (GELU, SiLU), so that no gain helps.
    `torch.nn.init.calculate_gain` knows seven names, and rounds some of them.

    spec, parameters: as for `get`; for a gated layer both halves are standard normals.

    >>> round(gain("relu"), 4), round(gain("gelu"), 4), gain("leaky_relu", negative_slope=1)
    (1.4142, 1.5335, 1.0)

    Raises:
        UnknownActivation, SettingError, FormulaError: as `get`; a function of a whole vector
            has no gain.

    Source: He, Zhang, Ren & Sun, ICCV 2015; Poole et al., NeurIPS 2016 (the variance map).
    """
    record = get(spec, **parameters)
    if isinstance(record, VectorRecord):
        raise SettingError(
            f"{record.name} acts on a whole vector and has no gain; "
            "gains exist for elementwise and gated activations"
        )
    return record.gain
