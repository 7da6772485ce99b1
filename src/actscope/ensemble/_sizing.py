"""How many members go through a step together: what the cache, or the memory, holds.

Results do not depend on it (see `_layout`), so it may be measured, and differ between machines.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch

from actscope.data import available_memory
from actscope.ensemble._architecture import Architecture
from actscope.ensemble._feed import EVALUATION_ROWS
from actscope.ensemble._optimiser import Optimiser, Rate
from actscope.ensemble._plan import Member, Settings, members_per_chunk
from actscope.ensemble._threads import one_thread
from actscope.errors import SettingError

R = TypeVar("R")

# Of the memory that is free, what training may take.
MEMORY_SHARE = 0.8
# On a GPU more members only add memory.
GPU_MEMBERS = 4096
# Measuring may cost this share of the work that it is to speed up.
MEASURING_SHARE = 0.02
_STEPS, _ROUNDS = 4, 3
# Another size must be this much quicker than the guess: below, it is noise.
_GAIN = 1.03


def chunk_size(
    kind: Architecture[Any],
    members: Sequence[Member],
    settings: Settings,
    rows: int,
    dtype: torch.dtype,
    device: torch.device,
    workers: int,
) -> int:
    """Members of a chunk, for `workers` chunks at a time.

    Raises:
        SettingError: one network does not fit the memory.
    """
    batch = min(settings.batch_size, rows)
    # Training, then evaluation with its own buffers; twice the state covers the copies of
    # the best weights and those on the way to them.
    each = kind.member_bytes(batch) + kind.member_bytes(min(EVALUATION_ROWS, rows))
    each = each * dtype.itemsize // 4 + 16 * rows  # and the order of its rows, twice
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
        fitting, size = _fitting(each, free), GPU_MEMBERS
    else:
        free = available_memory()
        fitting = _fitting(each * workers, free)
        size = members_per_chunk(kind.member_bytes(batch))
        work = len(members) * settings.epochs * -(-rows // batch)
        if work * MEASURING_SHARE > 4 * size * _STEPS * (_ROUNDS + 1):
            size = _measured(kind, members, settings, batch, dtype, size)
    even = -(-len(members) // workers)  # all cores busy at once
    return max(1, min(size, even, fitting))


def halving(train: Callable[[list[int]], R], index: list[int]) -> list[tuple[list[int], R]]:
    """train(index), in parts as large as the memory of a device allows.

    Plans can be wrong: others use a GPU, too.
    """
    try:
        return [(index, train(index))]
    except torch.OutOfMemoryError:
        if len(index) == 1:
            raise SettingError(
                "not even one network fits the memory of the device: use fewer units, smaller "
                'batches or device="cpu"'
            ) from None
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = -(-len(index) // 2)
    return halving(train, index[:middle]) + halving(train, index[middle:])


def _fitting(each: int, free: int | None) -> int:
    if free is None:
        return GPU_MEMBERS
    if each > MEMORY_SHARE * free:
        raise SettingError(
            f"one network needs about {each / 1e9:.1f} GB while it is trained, and "
            f"{free / 1e9:.1f} GB are free: use fewer units, smaller batches or fewer workers"
        )
    return int(MEMORY_SHARE * free / each)


def _measured(
    kind: Architecture[Any],
    members: Sequence[Member],
    settings: Settings,
    batch: int,
    dtype: torch.dtype,
    guess: int,
) -> int:
    """The quickest of some sizes around `guess`, found once for a machine and a shape."""
    key = f"{_machine()} {dtype} {kind.member_bytes(batch)} {batch} {members[0].activation}"
    found = _remembered().get(key)
    if isinstance(found, int) and found >= 1:
        return found
    sizes = sorted({max(1, guess // 2), guess, guess + max(1, guess // 2), 2 * guess})
    with one_thread():
        seconds = {n: _seconds(kind, [members[0]] * n, settings, batch, dtype) for n in sizes}
    best = min(sizes, key=lambda n: seconds[n])
    if seconds[guess] < _GAIN * seconds[best]:
        best = guess
    _remember(key, best)
    return best


def _seconds(
    kind: Architecture[Any],
    members: Sequence[Member],
    settings: Settings,
    batch: int,
    dtype: torch.dtype,
) -> float:
    """What a step costs a member: the shortest of some rounds, without the feeding."""
    one = kind.start(members[:1], dtype, torch.device("cpu"))
    values = one.like([region.repeat(len(members), 1) for region in one.regions])
    grads = values.zeros_like()
    network = kind.training(members, values, grads, batch)
    rate = Rate(0, len(members), 0.0)
    optimiser = Optimiser(settings.optimizer, values, grads, [rate], l2=settings.l2)
    grad = torch.full_like(network.outputs, 1e-3, memory_format=torch.contiguous_format)
    shortest = float("inf")
    for _ in range(_ROUNDS + 1):  # the first warms up
        started = time.perf_counter()
        for step in range(_STEPS):
            network.begin(0, step)
            network.forward()
            network.backward(grad)
            optimiser.step()
        shortest = min(shortest, time.perf_counter() - started)
    return shortest / len(members)


@lru_cache
def _machine() -> str:
    """What findings hold for: the processor and PyTorch's kernels."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        models = [line.partition(":")[2] for line in lines if line.startswith("model name")]
        name = models[0].strip() if models else name
    return f"{name} torch {torch.__version__}"


def _file() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "actscope" / "chunks.json"


_findings: dict[str, int] = {}


def _remembered() -> dict[str, Any]:
    """Findings of this process and of earlier ones. The file is only a help: if damaged, none."""
    try:
        kept = json.loads(_file().read_text())
    except (OSError, ValueError):
        kept = {}
    return {**(kept if isinstance(kept, dict) else {}), **_findings}


def _remember(key: str, size: int) -> None:
    _findings[key] = size
    try:
        path = _file()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")  # whole or not at all
        part.write_text(json.dumps({**_remembered(), key: size}, indent=1))
        part.replace(path)
    except OSError:
        pass  # a read-only home: measured again next time
