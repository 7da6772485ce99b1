"""Workers of a killed driver that had started, but had no part yet."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks import kill

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

# Three workers and the first of two parts; the second never gets through to one.
DRIVER = """
import pathlib, sys, time
from actscope.study.engines import local

started = pathlib.Path(sys.argv[1])

class Touch:
    def run(self, task, on_step=None):
        started.touch()

class Never:
    def __reduce__(self):
        time.sleep(600)

list(local._pool(Touch(), {0: None, 1: Never()}, 3, None))
"""


def test_workers_without_a_part_end_with_a_killed_driver(tmp_path: Path) -> None:
    started = tmp_path / "started"
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(started)], stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while not started.exists() and time.monotonic() < until and driver.poll() is None:
            time.sleep(0.05)
        assert started.exists(), "the first part did not start"
        workers = kill.below(driver.pid)
    finally:
        driver.kill()
        driver.wait()
    assert len(workers) == 3
    until = time.monotonic() + kill.ORPHANS_END_WITHIN
    while workers & set(kill.processes()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not workers & set(kill.processes())
