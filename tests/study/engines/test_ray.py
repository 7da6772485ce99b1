"""The Ray engine on a cluster of processes on this machine: the same study, whatever is lost.

Skipped where Ray is not installed: pip install 'actscope[ray]'.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.study.engines import ray as engine
from benchmarks import kill

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'actscope[ray]'")
pytestmark = [  # Ray's own pipes and sockets
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

SETTINGS: dict[str, Any] = {
    "activations": "relu,tanh,x*tanh(exp(x))", "seeds": 64, "learning_rates": [0.01],
    "hidden": 8, "epochs": 6,
}  # fmt: skip
STORE_BYTES = 100_000_000  # of a node; a container's /dev/shm is small


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that runs nothing, two nodes with a processor each; this process is connected."""
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    head = {"num_cpus": 0, "object_store_memory": STORE_BYTES}
    made = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        node(made)
    ray.init(address=made.address, logging_level="error", log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


def node(cluster: Any) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)


@pytest.fixture(scope="module")
def data() -> tuple[Any, Any]:
    X = np.random.default_rng(0).standard_normal((240, 4))
    return X, X[:, 0] * X[:, 1] > 0.1


@dataclass(frozen=True)
class Noted:
    """A job whose parts say where and when they ran; each run leaves a line in `log`."""

    log: Path
    seconds: float
    bytes: int = 0
    gpus: int = 0
    quick: int | None = None

    def run(self, task: Any, on_step: Any = None) -> Any:
        with self.log.open("a") as log:
            log.write(f"{task}\n")
        started = time.time()
        time.sleep(0.0 if task == self.quick else self.seconds)
        where = ray.get_runtime_context().get_node_id()
        return where, started, time.time(), np.full(self.bytes, task, np.uint8)

    def size(self, task: Any) -> int:
        return 1


def test_a_killed_node_costs_its_running_part_and_a_new_one_is_used(
    cluster: Any, tmp_path: Path
) -> None:
    job: Any = Noted(tmp_path / "log", seconds=0.3, bytes=5_000_000)
    tasks: Any = {i: i for i in range(24)}
    results: dict[int, Any] = {}
    lost, joined = cluster.list_all_nodes()[-1], None
    with engine.Session() as run:
        for index, result in run(job, tasks):
            results[index] = result
            if len(results) == 4:
                cluster.remove_node(lost, allow_graceful=False)
                joined = node(cluster)
    assert joined is not None
    assert results.keys() == tasks.keys()
    assert all((array == index).all() for index, (*_, array) in results.items())
    assert all(array.nbytes == 5_000_000 for *_, array in results.values())
    assert joined.node_id in {where for where, *_ in results.values()}
    runs = len((tmp_path / "log").read_text().splitlines())
    # What ran there, and what had ended there but was not yet with the driver: one each.
    assert 24 <= runs <= 26


def test_workers_limit_what_runs_at_a_time_and_a_job_is_sent_once(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    put = ray.put
    monkeypatch.setattr(ray, "put", lambda job: sent.append(job) or put(job))
    job: Any = Noted(tmp_path / "log", seconds=0.1)
    tasks: Any = {i: i for i in range(4)}
    with engine.Session() as run:
        found = [*run(job, tasks, workers=1), *run(job, tasks, workers=1)]
    spans = sorted(result[1:3] for _, result in found)  # pyright: ignore[reportIndexIssue]
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert sent == [job]


def test_closing_cancels_what_runs_and_leaves_the_callers_connection(
    cluster: Any, data: tuple[Any, Any], tmp_path: Path
) -> None:
    job: Any = Noted(tmp_path / "log", seconds=600.0, quick=0)
    tasks: Any = {0: 0, 1: 1, 2: 2}
    with engine.Session() as run:
        parts = run(job, tasks)
        assert next(parts)[0] == 0
        parts.close()
    assert ray.is_initialized()
    until = time.monotonic() + 120
    while ray.available_resources().get("CPU", 0) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert ray.available_resources()["CPU"] == 2  # nothing runs any more
    with pytest.raises(act.SettingError, match="leave address out"):
        act.compare(*data, **SETTINGS, engine="ray", address=cluster.address)


def test_local_resumed_after_a_kill_and_ray_give_the_same_to_the_last_bit(
    cluster: Any, data: tuple[Any, Any], tmp_path: Path
) -> None:
    settings = {**SETTINGS, "progress": False}
    one: Any = act.compare(*data, **settings, workers=1)
    with act_driver(tmp_path / "killed", settings) as driver:
        until = time.monotonic() + 120
        while len(kill.committed(tmp_path / "killed")) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        driver.send_signal(signal.SIGKILL)
    kept = len(kill.committed(tmp_path / "killed"))
    assert 2 <= kept < 8
    others: dict[str, Any] = {
        "two workers": act.compare(*data, **settings, workers=2),
        "resumed": act.compare(*data, resume=tmp_path / "killed", progress=False),
        "ray": act.compare(*data, **settings, engine="ray"),
    }
    timeless = [c for c in one.members if c != "seconds"]
    for other in others.values():
        pd.testing.assert_frame_equal(other.table, one.table, check_exact=True)
        pd.testing.assert_frame_equal(
            other.members[timeless], one.members[timeless], check_exact=True
        )
        assert other.verdict == one.verdict
        assert other.plan["hash"] == one.plan["hash"]


def act_driver(folder: Path, settings: dict[str, Any]) -> subprocess.Popen[bytes]:
    code = (
        "import sys, numpy as np, actscope as act\n"
        "X = np.random.default_rng(0).standard_normal((240, 4))\n"
        f"act.compare(X, X[:, 0] * X[:, 1] > 0.1, **{settings!r}, workers=1, out=sys.argv[1])"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(folder)])


def test_ctrl_c_says_how_to_go_on(cluster: Any, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((240, 3)), columns=["a", "b", "c"])
    frame.assign(y=frame["a"] * frame["b"] > 0).to_csv(table, index=False)
    command = [
        sys.executable, "-m", "actscope.cli", "compare", str(table), "--target", "y",
        "--activations", "relu,tanh", "--seeds", "4", "--epochs", "1000000",
        "--engine", "ray", "--address", cluster.address, "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    driver = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    until = time.monotonic() + 120
    while not kill.committed(tmp_path / "out") and time.monotonic() < until:
        time.sleep(0.1)
    driver.send_signal(signal.SIGINT)
    _, said = driver.communicate(timeout=120)
    assert driver.returncode == 130
    assert b"--resume" in said
    assert b"Traceback" not in said


def test_a_node_with_other_versions_is_one_line(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "VERSIONS", {**engine.VERSIONS, "torch": "1.0"})
    job: Any = Noted(tmp_path / "log", seconds=0.0)
    tasks: Any = {0: 0}
    with engine.Session() as run, pytest.raises(act.EngineError) as caught:
        list(run(job, tasks))
    assert "this machine actscope" in str(caught.value)
    assert "torch 1.0" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_node_without_actscope_is_one_line(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = types.ModuleType("nowhere")  # importable here, and on no node
    exec("def work(shared, task, versions): pass", nowhere.__dict__)
    monkeypatch.setitem(sys.modules, "nowhere", nowhere)
    monkeypatch.setattr(engine, "_work", nowhere.__dict__["work"])
    job: Any = Noted(tmp_path / "log", seconds=0.0)
    tasks: Any = {0: 0}
    with engine.Session() as run, pytest.raises(act.EngineError) as caught:
        list(run(job, tasks))
    assert "No module named 'nowhere'" in str(caught.value)
    assert "install actscope" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_race_on_a_cluster_is_the_local_one(cluster: Any, data: tuple[Any, Any]) -> None:
    settings = {**SETTINGS, "seeds": 8, "activations": ["tanh", "step"], "progress": False}
    near: Any = act.compare(*data, **settings, race=True, workers=1)
    far: Any = act.compare(*data, **settings, race=True, engine="ray")
    pd.testing.assert_frame_equal(far.table, near.table, check_exact=True)
    assert far.verdict == near.verdict
    assert far.race.dropped == near.race.dropped
    assert far.race.looks == (5, 8)


def test_what_a_session_connects_it_disconnects(cluster: Any, tmp_path: Path) -> None:
    ray.shutdown()
    greedy: Any = Noted(tmp_path / "log", seconds=0.0, gpus=1)
    tasks: Any = {0: 0}
    with engine.Session(cluster.address) as run:
        with pytest.raises(act.EngineError, match="no node of the cluster has one"):
            list(run(greedy, tasks))
        assert ray.is_initialized()  # from one stage to the next
    assert not ray.is_initialized()


def test_a_cluster_that_is_not_there_is_one_line(data: tuple[Any, Any]) -> None:
    with pytest.raises(act.EngineError, match="no Ray cluster answers at 'nonsense'") as caught:
        act.compare(*data, **SETTINGS, engine="ray", address="nonsense")
    assert "\n" not in str(caught.value)
