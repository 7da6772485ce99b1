"""The training benchmarks run, and print what others read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks._limit import products
from benchmarks._page import put

from benchmarks import _shapes

ROOT = Path(__file__).parents[2]


def printed(script: str, *arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_document_of_a_tiny_run() -> None:
    found = printed("train.py", "--tiny", "--repeats", "2", "--json")
    assert found["schema"] == 1
    assert found["machine"]["packages"]["torch"]
    [shape] = found["shapes"]
    assert (shape["name"], shape["widths"]) == ("digits", [64, 64, 64, 10])
    assert shape["steps"] == 43  # 1,347 rows in batches of 32, the incomplete one too
    rows = {row["name"]: row for row in shape["results"]}
    assert {
        "actscope, 2 as one",
        "actscope, the same as a study needs",
        "actscope, one alone",
        "scikit-learn MLP",
        "PyTorch loop",
        "PyTorch stacked, autograd",
    } <= rows.keys()
    assert rows["actscope, 2 as one"]["times_ours"] == 1
    for row in rows.values():
        assert 0 < row["min"] <= row["ms_per_network"] <= row["max"]
        assert row["us_per_step"] == pytest.approx(1e3 * row["ms_per_network"] / 43)
        share = shape["limit"]["ms_per_network"] / row["ms_per_network"]
        assert row["share_of_limit"] == pytest.approx(share)
        score = row["score"]
        assert 0.2 < score["mean"] < 1  # a tenth is what guessing gives
        assert score["low"] <= score["mean"] <= score["high"]
        assert score["networks"] == 2 * row["networks_at_a_time"]


def test_growth_of_a_tiny_run() -> None:
    found = printed("growth.py", "--tiny", "--json")
    assert found["schema"] == 1
    assert {curve["over"] for curve in found["curves"]} == {"members", "width", "rows", "workers"}
    for curve in found["curves"]:
        for point in curve["points"]:
            assert point["us_per_network_step"] > 0
            assert point["memory_mb"] >= 0


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_as_written(tmp_path: Path, packed: bool) -> None:
    import gzip

    images = np.random.default_rng(0).integers(0, 256, (5, 2, 3), np.uint8)
    labels = np.arange(5, dtype=np.uint8)
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        lengths = np.array(array.shape, ">i4").tobytes()
        content = bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()
        path = tmp_path / f"t10k-{name}-ubyte{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(content) if packed else content)
    found = _shapes._mnist_files(tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found[0], images)
    np.testing.assert_array_equal(found[1], labels)


def test_no_row_is_in_two_parts() -> None:
    data = _shapes.SHAPES["digits"].load(None)
    assert [len(part.X) for part in (data.train, data.valid, data.test)] == [1347, 225, 225]
    rows = np.concatenate([part.X for part in (data.train, data.valid, data.test)])
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_products_are_those_of_a_step() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    shape = _shapes.SHAPES["digits"]
    step = products(shape, 3, "cpu")
    with FlopCounterMode(display=False) as counter:
        step()
    weights = [64 * 64, 64 * 64, 64 * 10]
    # Forward and weights' gradients of all layers, inputs' gradients of all but the first.
    per_row = 2 * (2 * sum(weights) + sum(weights[1:]))
    assert counter.get_total_flops() == 3 * 32 * per_row


def test_put_replaces_one_section_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- /x -->\nb\n")
    put(page, "x", "new")
    assert page.read_text() == "a\n<!-- x -->\nnew\n<!-- /x -->\nb\n"
    with pytest.raises(SystemExit, match="lacks the marks"):
        put(page, "y", "new")
