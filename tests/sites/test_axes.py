"""The claimed axis against an index carried through the real operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from actscope.sites import _axes

# name -> arguments for a tensor of that many axes, and the operation itself
OPERATIONS: dict[str, tuple[Callable[[Any, int], tuple[Any, ...]], Callable[..., Any]]] = {
    "transpose": (lambda d, n: (d(n), d(n)), torch.transpose),
    "mT": (lambda d, n: (), lambda x: x.mT),
    "flatten": (lambda d, n: tuple(sorted((d(n) % n, d(n) % n))), torch.flatten),
    "unsqueeze": (lambda d, n: (d(n),), torch.unsqueeze),
    "squeeze": (lambda d, n: (d(n),), torch.squeeze),
    "mean": (lambda d, n: (d(n),), torch.mean),
    "amax": (lambda d, n: (d(n), True), torch.amax),
    "select": (lambda d, n: (d(n), 0), torch.select),
    "unbind": (lambda d, n: (d(n),), lambda x, dim: torch.unbind(x, dim)[0]),
    "stack": (lambda d, n: (d(n),), lambda x, dim: torch.stack((x, x), dim)),
    "movedim": (lambda d, n: (d(n), d(n)), torch.movedim),
    "permute": (lambda d, n: (tuple((k + d(n)) % n for k in [0]) if n == 1 else
                              tuple(reversed(range(n))),), torch.permute),
    "chunk": (lambda d, n: (1, d(n)), lambda x, k, dim: torch.chunk(x, k, dim)[0]),
    "roll": (lambda d, n: (1, d(n)), torch.roll),
    "rot90": (lambda d, n: (), torch.rot90),
    "relu": (lambda d, n: (), torch.relu),
    "getitem": (lambda d, n: (((..., None), (0,), (slice(None), 0), (None, ...))[d(n) % 4],),
                lambda x, index: x[index]),
    "pad": (lambda d, n: ((1, 1),), F.pad),
}  # fmt: skip


def varying(out: Tensor) -> set[int]:
    """The axes, from the end, along which the values differ."""
    return {
        d - out.dim()
        for d in range(out.dim())
        if out.shape[d] > 1 and bool((out.diff(dim=d) != 0).any())
    }


@settings(max_examples=400, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(OPERATIONS)))
def test_the_claimed_axis_is_where_the_index_goes(data: st.DataObject, name: str) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    axis = data.draw(st.integers(-len(shape), -1))
    x = torch.arange(1.0, shape[axis] + 1).view(-1, *[1] * (-axis - 1)).expand(shape)
    make, operation = OPERATIONS[name]
    args = make(lambda n: data.draw(st.integers(-n, n - 1)), len(shape))
    out = operation(x, *args)
    claimed = _axes.after(name, axis, x, out, (x, *args), {})
    if name == "pad":
        out = F.pad(x, args[0], mode="constant", value=0)[..., 1:-1]
    if claimed is not None and out.numel():
        assert varying(out) <= {claimed}


@pytest.mark.parametrize(
    ("name", "args", "shape", "axis", "expected"),
    [
        ("view", (6, 4), (2, 3, 4), -1, -1),
        ("view", (6, 4), (2, 3, 4), -2, None),
        ("transpose", (1, 2), (2, 3, 4), -1, -2),
        ("mean", ((2, 3),), (2, 5, 3, 3), -3, -1),
        ("avg_pool1d", (2,), (2, 3, 4), -1, None),
        ("avg_pool1d", (2,), (2, 3, 4), -2, -2),
    ],
)
def test_axes_by_hand(name: str, args: Any, shape: Any, axis: int, expected: int | None) -> None:
    x = torch.zeros(shape)
    operation = getattr(torch, name, None) or getattr(Tensor, name)
    assert _axes.after(name, axis, x, operation(x, *args), (x, *args), {}) == expected
