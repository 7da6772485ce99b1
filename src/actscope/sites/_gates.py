"""Activations whose output scales another tensor: gates, gated units, soft caps."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from actscope.sites._call import Call

PRODUCTS = {"mul", "rmul", "imul", "multiply"}
QUOTIENTS = {"div", "truediv", "itruediv", "divide", "true_divide"}
_CAPS = {"tanh", "softsign"}  # c * tanh(x / c)
_NO_UNITS = {"tanh", "hard_tanh"}  # of a recurrent cell: what they are multiplied by is the gate


def judge(
    given: Sequence[Tensor],
    fresh: Sequence[tuple[Tensor, Call]],
    out: Tensor,
    stored: Sequence[bool],
) -> Sequence[Call]:
    """Note on the calls that just gave some factors what the product makes of them.

    given: the factors; stored: which of them are parameters or buffers. fresh: those that come
    straight from an activation. Returns the calls whose unit is `out`.
    """
    if len(given) == 1:
        for _, call in fresh:
            if call.scaled is not None and call.record.name in _CAPS:
                call.role = "cap"
        return ()
    if len(given) != 2 or not fresh:
        return ()
    gates = [(t, call) for t, call in fresh if _is_gate(call)]
    if gates:
        if any(stored):  # scaled by what is learned or kept: a unit still
            return ()
        for _, gate in gates:
            gate.role = "gate"
        return ()
    units = [c for _, c in fresh if c.record.name not in _NO_UNITS]
    if not units or any(t.shape != out.shape for t in given):
        return ()
    for call in units:
        call.gated = True
    return units


def _is_gate(call: Call) -> bool:
    """Whether its values, from 0 to 1, say how much of another tensor passes."""
    low, high = call.record.range
    return low >= 0 and high <= 1
