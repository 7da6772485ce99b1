"""The Ray engine on a cluster of processes on this machine: the same study, whatever is lost.

Skipped where Ray is not installed: pip install 'actscope[ray]'.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import actscope as act
from actscope.study._order import new_order
from actscope.study._task import TableJob, cut_tasks
from actscope.study.engines import ray as engine

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'actscope[ray]'")
pytestmark = [  # Ray's own pipes and sockets
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

SETTINGS: dict[str, Any] = {
    "activations": "relu,tanh,x*tanh(exp(x))", "seeds": 64, "learning_rates": [0.01],
    "hidden": 16, "epochs": 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that runs nothing, and two nodes with one processor each."""
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    made.two = [made.add_node(num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def data() -> tuple[Any, Any]:
    X = np.random.default_rng(0).standard_normal((240, 4))
    return X, X[:, 0] * X[:, 1] > 0.1


def test_closing_cancels_what_runs_and_leaves_the_callers_connection(
    cluster: Any, data: tuple[Any, Any]
) -> None:
    ray.init(address=cluster.address, logging_level="error", log_to_driver=False)
    try:
        order = new_order(*data, {}, **{**SETTINGS, "epochs": 100_000})  # never done by itself
        tasks = dict(enumerate(cut_tasks(order.data, order.plan)))
        parts = engine.run(TableJob(order.data, order.plan), tasks)
        next(parts)  # a baseline
        parts.close()
        assert ray.is_initialized()
        until = time.monotonic() + 60
        while ray.available_resources().get("CPU", 0) < 2 and time.monotonic() < until:
            time.sleep(0.2)
        assert ray.available_resources()["CPU"] == 2  # nothing runs any more
        with pytest.raises(act.SettingError, match="leave address out"):
            act.compare(*data, **SETTINGS, engine="ray", address=cluster.address)
    finally:
        ray.shutdown()


def test_the_same_study_though_a_node_is_killed(
    cluster: Any, data: tuple[Any, Any], tmp_path: Path
) -> None:
    killed = threading.Event()

    def progress(share: float) -> None:
        if share > 0.1 and not killed.is_set():  # in the midst of the work
            killed.set()
            cluster.remove_node(cluster.two[0], allow_graceful=False)

    far: Any = act.compare(
        *data, **SETTINGS, progress=progress, engine="ray", address=cluster.address, out=tmp_path
    )
    assert killed.is_set()
    assert not ray.is_initialized()  # what it connected, it disconnects
    local: Any = act.compare(*data, **SETTINGS, workers=1, progress=False)
    pd.testing.assert_frame_equal(far.table, local.table, check_exact=True)
    timeless = [c for c in local.members if c != "seconds"]
    pd.testing.assert_frame_equal(far.members[timeless], local.members[timeless], check_exact=True)
    assert far.verdict == local.verdict
    assert far.plan["hash"] == local.plan["hash"]
    again = act.compare(*data, resume=tmp_path, progress=False)  # another engine goes on
    pd.testing.assert_frame_equal(again.table, local.table, check_exact=True)


def test_a_cluster_that_is_not_there_is_one_line(data: tuple[Any, Any]) -> None:
    with pytest.raises(act.EngineError, match="no Ray cluster answers at 'nonsense'") as caught:
        act.compare(*data, **SETTINGS, engine="ray", address="nonsense")
    assert "\n" not in str(caught.value)


def test_a_node_with_other_versions_is_refused(
    data: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = new_order(*data, {}, **SETTINGS)
    task = cut_tasks(order.data, order.plan)[0]
    with pytest.raises(act.EngineError, match="install alike"):
        engine._work(TableJob(order.data, order.plan), task, {**engine.VERSIONS, "torch": "1.0"})
