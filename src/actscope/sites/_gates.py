"""Activations whose output scales another tensor: gates, gated units, soft caps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isnan

from torch import Tensor

from actscope import catalogue
from actscope.catalogue import Record
from actscope.sites._call import Call

PRODUCTS = {"mul", "rmul", "imul", "multiply"}
QUOTIENTS = {"div", "truediv", "itruediv", "divide", "true_divide"}
_CAPS = {"tanh", "softsign"}  # c * tanh(x / c)
_QUICK = 1.702  # Hendrycks & Gimpel 2016
_NO_UNITS = {"tanh", "hard_tanh"}  # of a recurrent cell: what they are multiplied by is the gate


def judge(
    given: Sequence[Tensor], fresh: Sequence[tuple[Tensor, Call]], out: Tensor
) -> Sequence[Call]:
    """Note on the calls that just gave some factors what the product makes of them.

    given: the factors. fresh: those that come straight from an activation. Returns the calls
    whose unit is `out`.
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
        tensor, call = gates[0]
        other = given[1] if given[0] is tensor else given[0]
        whole = _written_out(call, other)
        if whole is not None:
            call.record, call.inline, call.gated = whole, True, True
            call.key = replace(call.key, activation=whole.label)
            return (call,)
        for _, gate in gates:
            gate.role = "gate"
        return ()
    units = [c for _, c in fresh if c.record.name not in _NO_UNITS]
    if not units or any(t.shape != out.shape for t in given):
        return ()
    for call in units:
        call.gated = True
    return units


def _written_out(call: Call, other: Tensor) -> Record | None:
    """Of x * sigmoid(x), or x * sigmoid(beta x): the record of the whole."""
    if call.record.name != "sigmoid":
        return None
    if call.source() is other:
        return catalogue.get("silu")
    if call.scaled is None or call.unscaled is None or call.unscaled() is not other:
        return None
    if abs(call.scaled - _QUICK) < 1e-3:
        return catalogue.get("quick_gelu")
    if isnan(call.scaled):  # a parameter: which value it has would make the device wait
        return catalogue.get("beta_swish")
    return catalogue.get("beta_swish", beta=call.scaled)


def _is_gate(call: Call) -> bool:
    """Whether its values, from 0 to 1, say how much of another tensor passes."""
    low, high = call.record.range
    return low >= 0 and high <= 1
