"""Chunk sizes: measured where that pays, remembered, within the memory."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from actscope.ensemble import Member, Perceptron, Settings, _sizing, train_ensemble
from actscope.errors import SettingError

CPU = torch.device("cpu")
SETTINGS = Settings(outputs=3, hidden=(16, 16), epochs=2000)
KIND = Perceptron(8, SETTINGS)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_sizing, "_findings", {})


def size(members: int = 1000, settings: Settings = SETTINGS, workers: int = 1) -> int:
    many = [Member("relu", 1e-3, s) for s in range(members)]
    kind = dataclasses.replace(KIND, settings=settings)
    return _sizing.chunk_size(kind, many, settings, 500, torch.float32, CPU, workers)


def test_long_work_is_measured_once_and_the_finding_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []

    def seconds(kind: object, members: list[Member], *rest: object) -> float:
        measured.append(len(members))
        return 1.0 / len(members)  # the largest is quickest

    monkeypatch.setattr(_sizing, "_seconds", seconds)
    found = size()
    assert found == max(measured) == 256
    (kept,) = json.loads((tmp_path / "actscope" / "chunks.json").read_text()).items()
    assert kept[1] == 256
    count = len(measured)
    assert size() == 256
    monkeypatch.setattr(_sizing, "_findings", {})  # another process
    assert size() == 256
    assert len(measured) == count


def test_a_real_measurement_gives_one_of_the_sizes_tried() -> None:
    assert size() in (64, 128, 192, 256)


def test_short_work_is_not_measured(tmp_path: Path) -> None:
    assert size(settings=dataclasses.replace(SETTINGS, epochs=1)) == 128
    assert not (tmp_path / "actscope").exists()


@pytest.mark.parametrize("text", ["", "[1]", "{not json", '{"x": "y"}'])
def test_a_damaged_file_of_findings_is_measured_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "actscope").mkdir()
    (tmp_path / "actscope" / "chunks.json").write_text(text)
    assert size() >= 1


def test_a_home_that_cannot_be_written_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert size() >= 1


def test_few_members_are_shared_out_over_the_workers() -> None:
    short = dataclasses.replace(SETTINGS, epochs=1)
    assert [size(10, short, workers) for workers in (1, 2, 3, 16)] == [10, 5, 4, 1]


def test_chunks_stay_within_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    each = KIND.member_bytes(32) + KIND.member_bytes(256) + 16 * 500
    monkeypatch.setattr(_sizing, "available_memory", lambda: each * 10)
    short = dataclasses.replace(SETTINGS, epochs=1)
    assert size(settings=short) == 8  # 80% of it
    assert size(settings=short, workers=2) == 4
    monkeypatch.setattr(_sizing, "available_memory", lambda: each)
    with pytest.raises(SettingError, match=r"one network needs about .* use fewer units"):
        size()


def test_a_network_that_no_machine_holds_is_refused_in_one_line() -> None:
    X = np.zeros((10, 3))
    with pytest.raises(SettingError, match="GB are free"):
        train_ensemble(X, np.arange(10) % 2, hidden=(10**6, 10**6))


def test_a_chunk_that_runs_out_of_memory_is_halved() -> None:
    tried: list[list[int]] = []

    def train(index: list[int]) -> int:
        tried.append(index)
        if len(index) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return sum(index)

    found = _sizing.halving(train, [1, 2, 3, 4, 5])
    assert found == [([1, 2], 3), ([3], 3), ([4, 5], 9)]
    assert tried == [[1, 2, 3, 4, 5], [1, 2, 3], [1, 2], [3], [4, 5]]


def test_one_network_that_runs_out_of_memory_is_a_clear_line() -> None:
    def train(index: list[int]) -> int:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried\nto allocate")

    with pytest.raises(SettingError, match="not even one network fits the memory of the device"):
        _sizing.halving(train, [7])


def test_a_gpu_takes_what_its_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    each = KIND.member_bytes(32) + KIND.member_bytes(256) + 16 * 500
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (each * 1000, 0))
    many = [Member("relu", 1e-3, s) for s in range(10_000)]
    cuda = torch.device("cuda")

    def on_gpu(dtype: torch.dtype) -> int:
        return _sizing.chunk_size(KIND, many, SETTINGS, 500, dtype, cuda, 1)

    assert on_gpu(torch.float32) == 800
    assert 400 <= on_gpu(torch.float64) <= 420  # the order of rows takes as much
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (each * 10**6, 0))
    assert on_gpu(torch.float32) == _sizing.GPU_MEMBERS
