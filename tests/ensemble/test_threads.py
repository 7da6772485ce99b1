"""Workers change the time that training takes, never what it gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from actscope.ensemble import train_ensemble
from actscope.ensemble._threads import beside_each_other, free_cores

X = np.random.default_rng(0).standard_normal((120, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("members_at_once", [None, 1, 4])
def test_bits_depend_on_neither_workers_nor_chunks(
    workers: int, members_at_once: int | None
) -> None:
    def outputs(**how: int | None) -> bytes:
        e = train_ensemble(
            X, Y, hidden=(9, 5), activations=["gelu", "prelu", "softplus"], seeds=3,
            epochs=3, dropout=0.2, **how,  # type: ignore[arg-type]
        )  # fmt: skip
        return e.outputs(X).tobytes()

    alone = outputs(workers=1, members_at_once=9)
    assert outputs(workers=workers, members_at_once=members_at_once) == alone


def test_jobs_run_beside_each_other_with_one_thread_each() -> None:
    both = threading.Barrier(2, timeout=20)

    def work(job: int, on_epoch: Callable[[int], None]) -> tuple[int, int, str]:
        both.wait()  # passes only when two are in here at once
        on_epoch(job)
        return job, torch.get_num_threads(), threading.current_thread().name

    before = torch.get_num_threads()
    seen: list[int] = []
    results = beside_each_other(work, [1, 2, 3, 4], 2, seen.append)
    assert [job for job, _, _ in results] == [1, 2, 3, 4]
    assert {count for _, count, _ in results} == {1}
    assert sorted(seen) == [1, 2, 3, 4]
    assert torch.get_num_threads() == before


def test_the_callers_threads_are_given_back_by_the_last_of_several() -> None:
    """In a process with two threads to give back, whatever this one was started with."""
    code = """
import threading, torch
from actscope.ensemble._threads import one_thread
torch.set_num_threads(2)
first, second = one_thread(), one_thread()
first.__enter__(); second.__enter__()
inside = torch.get_num_threads()
first.__exit__(None, None, None)
between = torch.get_num_threads()
second.__exit__(None, None, None)
print(inside, between, torch.get_num_threads())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "2"]


def test_one_failure_ends_the_others_and_is_the_one_reported() -> None:
    epochs = [0, 0]

    def work(job: int, on_epoch: Callable[[int], None]) -> None:
        if job == 1:
            raise ZeroDivisionError("of job 1")
        for _ in range(10**9):
            epochs[job] += 1
            on_epoch(1)

    with pytest.raises(ZeroDivisionError, match="of job 1"):
        beside_each_other(work, [0, 1], 2, lambda n: None)
    assert epochs[1] == 0


def test_a_program_with_threads_of_its_own_gets_no_more_of_them() -> None:
    torch.set_num_threads(1)
    assert free_cores() == 1
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(free_cores).result() == 1
    code = "import torch; torch.set_num_threads(2)\nfrom actscope.ensemble._threads import *\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "print(free_cores())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert int(done.stdout) == min(2, len(os.sched_getaffinity(0)))


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_all_workers() -> None:
    code = """
import sys, numpy as np, actscope as act
X = np.random.default_rng(0).standard_normal((500, 6)); y = X[:, 0] > 0
print("started", flush=True)
try:
    act.train_ensemble(X, y, seeds=4, epochs=10**7, workers=2)
except KeyboardInterrupt:
    print("interrupted")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)  # it is at work
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert (out, process.returncode) == ("interrupted\n", 0)
