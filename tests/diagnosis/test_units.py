"""Sums by unit are those of plain counting, for every kind of activation, shape and mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from actscope.catalogue import get
from actscope.diagnosis._units import (
    NONZERO,
    OUTSIDE,
    SATURATED,
    SIZE,
    ZZ,
    Lens,
    Scratch,
    Units,
    Z,
    fold,
)  # fmt: skip
from actscope.health import dead_inputs, saturated_inputs
from actscope.nn import functional

NAMES = ("relu", "relu6", "hard_tanh", "hard_sigmoid", "sigmoid", "tanh", "gelu", "leaky_relu")
# shape, axis of units from the end
SHAPES = (((60, 7), -1), ((10, 7, 3, 2), -3), ((6, 10, 7), -1), ((7,), -1))


def counted(name: str, z: Tensor, a: Tensor, axis: int, mask: Tensor | None) -> dict[int, object]:
    """By numpy, a row an input."""
    record = get(name)
    rows = np.moveaxis(z.double().numpy(), axis, -1).reshape(-1, z.shape[axis])
    outs = np.moveaxis(a.double().numpy(), axis, -1).reshape(-1, z.shape[axis])
    dead = np.moveaxis(dead_inputs(z, record).numpy(), axis, -1).reshape(rows.shape)
    flat = np.moveaxis(saturated_inputs(z, record).numpy(), axis, -1).reshape(rows.shape)
    if mask is not None:
        keep = np.broadcast_to(mask.numpy(), z.shape)
        keep = np.moveaxis(keep, axis, -1).reshape(rows.shape)[:, 0]
        rows, outs, dead, flat = rows[keep], outs[keep], dead[keep], flat[keep]
    return {
        OUTSIDE: (~dead).sum(0), SATURATED: flat.sum(0), NONZERO: (outs != 0).sum(0),
        SIZE: np.abs(outs).sum(0), Z: rows.sum(0), ZZ: (rows**2).sum(0),
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
@pytest.mark.parametrize("masked", [False, True])
def test_sums_are_those_of_numpy(
    name: str, shape: tuple[int, ...], axis: int, masked: bool
) -> None:
    if masked and len(shape) < 2:
        pytest.skip("one input has no positions to mask")
    generator = torch.Generator().manual_seed(0)
    z = 6 * torch.randn(shape, generator=generator)
    a = getattr(functional, name)(z)
    mask = None
    if masked:
        mask = (torch.rand(shape[0], generator=generator) < 0.6).view(-1, *[1] * (len(shape) - 1))
    lens = Lens(get(name), axis, Scratch())
    kept = Units.empty(7, z.device)
    look = lens.inputs(z, mask, deep=True)
    lens.outputs(look, a, mask, gated=False)
    again = lens.inputs(z, mask, deep=False)
    lens.outputs(again, a, mask, gated=False)
    steps = [step for step, _, _ in fold(kept, [(4, look), (7, again)])]
    assert steps == [4, 7]
    wanted = counted(name, z, a, axis, mask)
    for row in (OUTSIDE, SATURATED, NONZERO):
        np.testing.assert_array_equal(kept.sums[row].numpy(), 2 * np.asarray(wanted[row]))
    np.testing.assert_allclose(kept.sums[SIZE].numpy(), 2 * np.asarray(wanted[SIZE]), rtol=1e-5)
    for row in (Z, ZZ):  # of the one deep look
        np.testing.assert_allclose(kept.sums[row].numpy(), wanted[row], rtol=1e-6, atol=1e-5)  # type: ignore[arg-type,operator]
    fired = np.asarray(wanted[OUTSIDE]) > 0
    np.testing.assert_array_equal(kept.last_outside.numpy(), np.where(fired, 7.0, -1.0))


def test_two_watches_add_up() -> None:
    one, two = (Units.empty(3, torch.device("cpu")) for _ in range(2))
    one.sums[OUTSIDE] = torch.tensor([1.0, 0.0, 2.0])
    two.sums[OUTSIDE] = torch.tensor([5.0, 0.0, 0.0])
    one.last_outside[:] = torch.tensor([3.0, -1.0, 9.0])
    two.last_outside[:] = torch.tensor([8.0, -1.0, -1.0])
    one.samples += 10
    two.samples += 20
    one.add(two)
    assert one.sums[OUTSIDE].tolist() == [6.0, 0.0, 2.0]
    assert one.last_outside.tolist() == [8.0, -1.0, 9.0]
    assert float(one.samples) == 30
