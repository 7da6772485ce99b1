"""Kill a study at random moments: the driver or a worker, with SIGKILL, again and again.

    python benchmarks/kill.py --moments 50 [--engine local|ray] [--seed 0]

After each kill the study is gone on with, until it is through. It must then be bit for bit the
study that nobody disturbed; nothing that was committed may be lost or run a second time; and a
killed driver's workers must be gone soon. Prints a line for each kill and exits with 1 when any
of that fails.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

DRIVER = """
import sys
import actscope as act
rng = __import__("numpy").random.default_rng(0)
X = rng.standard_normal((240, 4))
act.compare(X, X[:, 0] * X[:, 1] > 0.1, activations=["relu", "tanh", "silu", "step"], seeds=64,
            learning_rates=[0.01], hidden=16, epochs=30, workers=2, progress=False,
            out=sys.argv[1], engine=sys.argv[2])
"""
# Seconds; a worker that is just starting looks when it has started, which a busy machine delays.
ORPHANS_END_WITHIN = 30.0


@dataclass
class Tally:
    """What happened in one study that was killed `kills` times."""

    kills: int = 0
    parts: int = 0
    lost: int = 0
    run_again: int = 0
    orphans: int = 0
    longest_orphan: float = 0.0
    undisturbed: float | None = None  # seconds, of a driver that was through before its moment
    moments: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.run_again or self.orphans)


def start(folder: Path, engine: str = "local") -> subprocess.Popen[bytes]:
    """A driver of its own, with workers of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(folder), engine],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def processes() -> dict[int, tuple[int, str]]:
    """Process -> (parent, command line), zombies left out."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                after = (entry / "stat").read_text().rpartition(")")[2].split()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if after[0] not in "ZX":
                found[int(entry.name)] = int(after[1]), line
    return found


def below(pid: int) -> set[int]:
    """All processes that descend from `pid`, trackers of resources left out."""
    every, found = processes(), {pid}
    while more := {p for p, (parent, _) in every.items() if parent in found} - found:
        found |= more
    return {p for p in found - {pid} if "resource_tracker" not in every[p][1]}


def committed(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Part -> what was stored of it."""
    path = folder / "study.sqlite"
    if not path.exists():
        return {}
    db = sqlite3.connect(path, timeout=10)
    try:
        rows = db.execute("SELECT part, facts, tensors FROM parts").fetchall()
    except sqlite3.OperationalError:  # killed before it was set up
        return {}
    finally:
        db.close()
    return {part: (facts, tensors) for part, facts, tensors in rows}


def kill(folder: Path, rng: random.Random, tally: Tally, typical: float, engine: str) -> bool:
    """Start or go on, kill at a random moment. False when the study was through before."""
    before = committed(folder)
    started = time.monotonic()
    driver = start(folder, engine)
    wait = rng.uniform(0.0, typical)
    try:
        code = driver.wait(wait)
    except subprocess.TimeoutExpired:
        pass
    else:
        assert code == 0, f"the driver ended with {code}"
        if not before:
            tally.undisturbed = time.monotonic() - started
        return False
    workers = below(driver.pid)
    victim = driver.pid if not workers or rng.random() < 0.5 else rng.choice(sorted(workers))
    tally.kills += 1
    subprocess.run(["kill", "-9", str(victim)], check=False)
    if victim != driver.pid:  # the driver starts another worker, and goes on a while
        time.sleep(rng.uniform(0.0, typical / 4))
        workers |= below(driver.pid)
        driver.send_signal(signal.SIGKILL)
    driver.wait()
    ended = time.monotonic()
    while workers & set(processes()) and time.monotonic() - ended < ORPHANS_END_WITHIN:
        time.sleep(0.05)
    tally.longest_orphan = max(tally.longest_orphan, time.monotonic() - ended)
    tally.orphans += len(workers & set(processes()))
    after = committed(folder)
    tally.lost += sum(after.get(part) != kept for part, kept in before.items())
    who = "driver" if victim == driver.pid else "worker, then driver"
    tally.moments.append(f"{who} after {wait:.1f} s, {len(after)} parts committed")
    return True


def run_again(folder: Path) -> int:
    """Parts that a session set out to do although an earlier one had committed them."""
    db = sqlite3.connect(folder / "study.sqlite")
    try:
        (count,) = db.execute(
            "SELECT count(*) FROM attempts a JOIN parts p ON a.part = p.part "
            "WHERE a.session > p.session"
        ).fetchone()
    finally:
        db.close()
    return count


def torture(folder: Path, kills: int, rng: random.Random, typical: float, engine: str) -> Tally:
    """One study, killed up to so many times, then let through; all that is counted."""
    tally = Tally()
    while tally.kills < kills and kill(folder, rng, tally, typical, engine):
        pass
    assert start(folder, engine).wait(300) == 0, "the last driver failed"
    tally.parts, tally.run_again = len(committed(folder)), run_again(folder)
    return tally


def same(one: Path, other: Path) -> bool:
    """Are both studies the same, but for times?"""
    import pandas as pd

    from actscope import compare

    first, second = (compare(*_data(), resume=folder, progress=False) for folder in (one, other))
    timeless = [c for c in first.members if c != "seconds"]
    return (
        first.table.equals(second.table)
        and first.verdict == second.verdict
        and first.baselines == second.baselines
        and pd.DataFrame.equals(first.members[timeless], second.members[timeless])  # type: ignore[arg-type]
        and first.curves.equals(second.curves)
        and first.winner is not None
        and second.winner is not None
        and all(
            v.tobytes() == second.winner.tensors[k].tobytes()
            for k, v in first.winner.tensors.items()
        )
    )


def _data() -> tuple:
    import numpy as np

    X = np.random.default_rng(0).standard_normal((240, 4))
    return X, X[:, 0] * X[:, 1] > 0.1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        started = time.monotonic()
        assert start(home / "whole", options.engine).wait() == 0
        typical = time.monotonic() - started
        print(f"undisturbed: {len(committed(home / 'whole'))} parts in {typical:.1f} s", flush=True)
        kills, number, good = 0, 0, True
        while kills < options.moments:
            number += 1
            folder = home / f"study-{number}"
            most = min(8, options.moments - kills)
            tally = torture(folder, most, rng, typical, options.engine)
            kills += tally.kills
            typical = tally.undisturbed or typical  # a shared machine is busy now and idle then
            equal = same(folder, home / "whole")
            good &= equal and tally.clean
            print(
                f"study {number}: {tally.kills} kills, {tally.parts} parts, lost {tally.lost}, "
                f"run again {tally.run_again}, workers left {tally.orphans} (the last one ended "
                f"{tally.longest_orphan:.1f} s later), {'the same' if equal else 'ANOTHER'} result"
            )
            for moment in tally.moments:
                print(f"  {moment}", flush=True)
        print(f"{kills} kills: {'all as it should be' if good else 'NOT as it should be'}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
