"""kill -9 at a study's driver and workers; `benchmarks/kill.py` does it by the dozen."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from benchmarks import kill

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


def test_killed_five_times_a_study_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    started = time.monotonic()
    assert kill.start(tmp_path / "whole").wait() == 0
    typical = time.monotonic() - started
    whole = kill.committed(tmp_path / "whole")
    tally = kill.torture(tmp_path / "killed", 5, random.Random(1), typical, "local")
    assert tally.kills > 0
    assert (tally.lost, tally.run_again, tally.orphans) == (0, 0, 0), tally.moments
    assert kill.committed(tmp_path / "killed").keys() == whole.keys()
    assert kill.same(tmp_path / "killed", tmp_path / "whole")
