"""Facts of a function of a whole vector, measured (nothing here is proven)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"

_SIZES = (2, 4, 8)  # entries of the vectors looked at
_ROWS = 400
_SMALL = 1e-9


@dataclass(frozen=True, kw_only=True)
class VectorFacts:
    """What is measured about f on vectors of 2, 4 and 8 entries.

    range: (infimum, supremum) of one output; an infinite end grows with its input.
    total: what the outputs of one vector add up to; None when that varies.
    shift: "invariant" when f(x + c) = f(x), "equivariant" when f(x + c) = f(x) + c, else None.
    keeps_order: the larger of two entries never gets the smaller output; None where outputs
        do not stand for entries.
    lipschitz: the largest ||f(x) - f(y)|| / ||x - y|| (2-norm) found; inf where it grows with
        the number of entries.
    zero_share: share of outputs that are exactly 0 for 8 standard normal entries.
    """

    range: tuple[float, float]
    total: float | None
    shift: str | None
    keeps_order: bool | None
    lipschitz: float
    zero_share: float


def measure(function: Callable[[Floats], Floats], group: int = 1) -> VectorFacts:
    """The facts of a function over the last axis, whose entries come in groups."""
    import numpy as np

    draw = np.random.default_rng(0)
    samples = [_sample(draw, group * n) for n in _SIZES]
    outputs = [function(x) for x in samples]
    whole = np.concatenate([y.sum(-1) for y in outputs])
    steepest = [_steepest(function, x) for x in samples]
    normal = function(draw.standard_normal((20_000, 8 * group)))
    return VectorFacts(
        range=_range(function, samples),
        total=float(np.round(whole[0], 12)) if np.ptp(whole) < _SMALL else None,
        shift=_shift(function, samples),
        keeps_order=_keeps_order(samples, outputs),
        lipschitz=math.inf if steepest[-1] > 1.2 * steepest[0] else float(f"{max(steepest):.6g}"),
        zero_share=float(np.mean(normal == 0)),
    )


def _sample(draw: np.random.Generator, entries: int) -> Floats:
    """Vectors of many sizes, some with equal entries and some with one far above the rest."""
    import numpy as np

    x = draw.standard_normal((_ROWS, entries)) * np.geomspace(1e-2, 100, _ROWS)[:, None]
    x[::4, 1] = x[::4, 0]
    x[1::4, 2:] -= 200  # two entries in play: where softmax is steepest
    x[1::8, 1] = x[1::8, 0]
    x[2::4, 0] += 1000
    return x


def _range(function: Callable[[Floats], Floats], samples: list[Floats]) -> tuple[float, float]:
    """Ends that move as the inputs grow a millionfold are infinite."""
    import numpy as np

    near = np.concatenate([function(x).ravel() for x in samples])
    far = np.concatenate([function(1e6 * x).ravel() for x in samples])
    low, high = float(min(near.min(), far.min())), float(max(near.max(), far.max()))
    return (
        -math.inf if low < 10 * min(near.min(), -1) else round(low, 12) + 0.0,
        math.inf if high > 10 * max(near.max(), 1) else round(high, 12),
    )


def _shift(function: Callable[[Floats], Floats], samples: list[Floats]) -> str | None:
    import numpy as np

    moves = [function(x + 3.0) - function(x) for x in samples]
    for name, by in (("invariant", 0.0), ("equivariant", 3.0)):
        if all(np.allclose(move, by, atol=_SMALL) for move in moves):
            return name
    return None


def _keeps_order(samples: list[Floats], outputs: list[Floats]) -> bool | None:
    import numpy as np

    if any(x.shape != y.shape for x, y in zip(samples, outputs, strict=True)):
        return None
    return all(
        bool(np.all(np.diff(np.take_along_axis(y, x.argsort(-1), -1)) >= -_SMALL))
        for x, y in zip(samples, outputs, strict=True)
    )


def _steepest(function: Callable[[Floats], Floats], x: Floats) -> float:
    """The largest spectral norm of the Jacobian on the sample, by central differences."""
    import numpy as np

    h = 1e-5
    moves = h * np.eye(x.shape[-1])
    up, down = (function(x[:, None, :] + sign * moves) for sign in (1, -1))
    return float(np.linalg.svd((up - down) / (2 * h), compute_uv=False).max())
