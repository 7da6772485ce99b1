"""Threads: one inside an operation, as many as there are cores beside one another.

Two threads inside an operation would make results depend on how work is divided. Chunks of
members do not see one another, so they may run beside each other; PyTorch leaves Python's lock
while it computes, so threads do, and nothing has to be copied to another process.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import TypeVar

import torch
from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

_LOCK = threading.Lock()
_USERS = {"inside": 0, "before": 1}
_LIMITS = ExitStack()


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    """NumPy's library of matrix products: looking for it takes a millisecond."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run PyTorch and NumPy's products single-threaded; give the caller's setting back after.

    The setting is the process's: of several threads in here the first notes it and the last
    gives it back.
    """
    with _LOCK:
        if _USERS["inside"] == 0:
            _USERS["before"] = torch.get_num_threads()
            _LIMITS.enter_context(_libraries().limit(limits=1, user_api="blas"))
        _USERS["inside"] += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _LOCK:
            _USERS["inside"] -= 1
            if _USERS["inside"] == 0:
                torch.set_num_threads(_USERS["before"])
                _LIMITS.close()


def free_cores() -> int:
    """Cores that this process may use and that PyTorch was not told to leave alone.

    1 within a program that runs its own threads or processes: those have the cores already.
    """
    outer = threading.current_thread() is threading.main_thread()
    if not outer or multiprocessing.parent_process() is not None:
        return 1
    return max(1, min(len(os.sched_getaffinity(0)), torch.get_num_threads()))


class _Stopped(Exception):
    """Another chunk failed, or the user gave up."""


def beside_each_other(
    work: Callable[[T, Callable[[int], None]], R],
    jobs: Sequence[T],
    workers: int,
    advance: Callable[[int], None],
) -> list[R]:
    """work(job, on_epoch) for each job, at most `workers` at a time, results in order of jobs.

    advance(n) is called under a lock, from whichever thread. When one job fails, or the user
    interrupts, the others end after their epoch and the error is raised here.
    """
    if workers == 1 or len(jobs) == 1:
        with one_thread():
            return [work(job, advance) for job in jobs]
    stop, lock = threading.Event(), threading.Lock()

    def on_epoch(members: int) -> None:
        if stop.is_set():
            raise _Stopped
        with lock:
            advance(members)

    with one_thread(), ThreadPoolExecutor(workers, "actscope") as pool:
        futures = [pool.submit(work, job, on_epoch) for job in jobs]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
            for future in futures:
                future.cancel()
        for future in futures:
            error = None if future.cancelled() else future.exception()
            if error is not None and not isinstance(error, _Stopped):
                raise error
        return [future.result() for future in futures]
