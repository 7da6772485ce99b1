"""A part's result comes back from its bytes as it was, every float to the bit."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from actscope.data import load
from actscope.study._order import new_order
from actscope.study._task import Baseline, BaselineResult, TableJob, cut_tasks
from actscope.study.keeping._codec import Encoded, decode, encode
from actscope.study.training._candidate import Kept
from actscope.study.training._shard import ChosenCurve, Shard, ShardResult

# -NaN, NaNs with a payload, -0.0, the smallest and largest floats, a third
BITS = [0xFFF8000000000000, 0x7FF8000000000123, 0x8000000000000000, 1, 0x7FEFFFFFFFFFFFFF,
        0x7FF0000000000000, 0xFFF0000000000000, 0x3FD5555555555555]  # fmt: skip
ODD = [struct.unpack("<d", struct.pack("<Q", bits))[0] for bits in BITS]


def bits(value: Any) -> Any:
    """`value` with every float as its bits and every type by name: for exact comparison."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return "float", struct.pack("<d", value)
    if isinstance(value, dict):
        return [(k, bits(v)) for k, v in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, [bits(v) for v in value]
    if hasattr(value, "__dataclass_fields__"):
        return type(value).__name__, bits(vars(value))
    return type(value).__name__, value


def shard_result(kept: Kept | None) -> ShardResult:
    members = [
        {"activation": "relu", "seed": i, "chosen": i % 2 == 0, "score": x, "loss": -x}
        for i, x in enumerate(ODD)
    ]
    layers = [{"activation": "é, ∞", "layer": 1, "units": 4, "dead_share": x} for x in ODD]
    curves = [
        ChosenCurve(2**32 - 1, np.array(ODD), np.array(ODD)[::-1]),
        ChosenCurve(0, np.array([]), np.arange(3.0)),
    ]
    scores = {7: np.array(ODD), 3: np.arange(6.0).reshape(2, 3).T}
    return ShardResult(Shard("x * tanh(x)", (7, 3)), members, curves, layers, scores, kept)


@pytest.mark.parametrize("cutoff", [None, 0.1 + 0.2])
def test_every_bit_comes_back(cutoff: float | None) -> None:
    tensors = {
        "layers.1.weight": np.array([[-0.0, np.nan]], np.float32),
        "layers.0.weight": np.float32(1) / np.arange(1, 7, dtype=np.float32).reshape(2, 3).T,
        "activations.0.slope": np.array(0.25, np.float32),
    }
    kept = Kept(3, 1 / 3, float("-inf"), cutoff, -0.0, 5e-324, tensors)
    for result in (shard_result(kept), shard_result(None)):
        assert bits(decode(encode(result))) == bits(result)


def test_baselines_and_empty_tables_come_back() -> None:
    rows = [{"seed": i, "mean": x, "linear model": -x} for i, x in enumerate(ODD)]
    result = BaselineResult(Baseline((5, 4)), rows)  # type: ignore[arg-type]
    assert bits(decode(encode(result))) == bits(result)
    empty = ShardResult(Shard("relu", (0,)), [], [], [], {}, None)
    assert bits(decode(encode(empty))) == bits(empty)


def test_what_is_really_trained_comes_back() -> None:
    order = new_order("sklearn:breast_cancer", None, {}, activations="prelu,step", seeds=2,
                      hidden=4, epochs=2, learning_rates=[0.01, 1e30])  # fmt: skip
    for task in cut_tasks(order.data, order.plan):
        result = TableJob(order.data, order.plan).run(task)
        assert bits(decode(encode(result))) == bits(result)
    assert load("sklearn:breast_cancer").fingerprint == order.plan.data_fingerprint


@pytest.mark.parametrize(
    "spoilt",
    [
        Encoded("", b""),
        Encoded("{}", save({})),
        Encoded("[]", save({})),
        Encoded(json.dumps({"seeds": [1], "scores": {"order": ["a"], "others": {}}}), save({})),
        Encoded(encode(shard_result(None)).facts, encode(shard_result(None)).tensors[:-1]),
        Encoded(encode(shard_result(None)).facts, save({"a": np.zeros(1)})),
    ],
)
def test_other_bytes_are_a_value_error(spoilt: Encoded) -> None:
    with pytest.raises(ValueError, match="not a part of a study"):
        decode(spoilt)
