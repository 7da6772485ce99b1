"""tanh x = 2 sigmoid(2x) - 1: proven with symbols, then looked at in floating point."""

from __future__ import annotations

from typing import Any

import numpy as np

from actscope import catalogue

from ._claim import Measured
from ._numbers import once
from ._pictures import Lines, Series
from ._verdict import Bound, Check

IDENTICAL = Bound("symbolic remainder", least=0, most=0, why="an identity leaves nothing")
A_FEW_ROUNDINGS = Bound(
    "largest difference, float64", most=4 * 2.0**-52, why="four units of rounding at 1"
)


def remainder(stretch: int = 2) -> Any:
    """tanh x - (2 sigmoid(stretch x) - 1), as SymPy reduces it.

    With t = e^x, which every positive number is exactly once, both are quotients of polynomials
    in t: tanh x = (t - 1/t) / (t + 1/t), sigmoid(kx) = 1 / (1 + t^-k). `cancel` brings a quotient
    of polynomials to lowest terms exactly, so 0 is a proof for every real x.
    """
    import sympy

    t = sympy.Symbol("t", positive=True)
    tanh = sympy.tanh(sympy.log(t)).rewrite(sympy.exp)
    return sympy.cancel(tanh - (2 / (1 + sympy.exp(-stretch * sympy.log(t))) - 1))


def tanh_cousin(_seeds: range) -> Measured:
    """The proof, and both sides in float64 and float32."""
    left = remainder()
    apart = {}
    for kind in (np.float64, np.float32):
        x = np.linspace(-20, 20, 400_001).astype(kind)
        tanh, other = _sides(x)
        apart[kind] = float(np.abs(tanh - other).max())
    near = np.linspace(1e-6, 1e-3, 1000).astype(np.float32)
    tanh, other = _sides(near)
    relative = float((np.abs(tanh - other) / tanh).max())
    proof = once("symbolic remainder", 0 if left == 0 else 1)
    double = once("largest difference, float64", apart[np.float64])
    single = once("largest difference, float32", apart[np.float32])
    lost = once("largest relative difference below x = 0.001, float32", 100 * relative, "%")
    xs = np.linspace(-5, 5, 161).tolist()
    sparse = xs[::8]
    f: Any = {name: catalogue.get(name) for name in ("tanh", "sigmoid")}
    return Measured(
        headline=double,
        checks=(
            Check(
                IDENTICAL,
                proof,
                "symbols prove that tanh x and 2 sigmoid(2x) - 1 are one function",
                f"the difference does not reduce to 0 but to {left}",
            ),
            Check(
                A_FEW_ROUNDINGS,
                double,
                f"in float64 they differ by at most {double.shown}",
                f"in float64 they differ by {double.shown}",
            ),
        ),
        others=(single, lost),
        picture=Lines(
            "tanh is a sigmoid, stretched and moved",
            "tanh passes through every mark of 2 sigmoid(2x) - 1.",
            "x",
            "",
            [
                Series("tanh", xs, [once("", f["tanh"](x)) for x in xs], plain=True),
                Series("sigmoid", xs, [once("", f["sigmoid"](x)) for x in xs], plain=True),
                Series(
                    "2 sigmoid(2x) - 1",
                    sparse,
                    [once("", 2 * f["sigmoid"](2 * x) - 1) for x in sparse],
                    joined=False,
                ),
            ],
        ),
    )


def _sides(x: Any) -> tuple[Any, Any]:
    """Both sides as PyTorch computes them in the precision of x."""
    import torch

    at = torch.from_numpy(x)
    return torch.tanh(at).numpy(), (2 * torch.sigmoid(2 * at) - 1).numpy()
