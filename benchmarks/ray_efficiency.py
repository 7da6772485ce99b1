"""What Ray costs: two Ray nodes with a processor each against two local workers.

    python benchmarks/ray_efficiency.py [--rounds 5]

Both train the same study, one after the other in each round, in turns first. The cluster is
started and both have trained a first study before anything is timed: what is compared is work,
not start. Prints local seconds / Ray seconds, round by round, and their median with the range:
1 is as fast, below is slower.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping
from typing import Any

from actscope.study._order import new_order
from actscope.study._task import TableJob, Task, cut_tasks
from actscope.study.engines import local
from actscope.study.engines import ray as cluster_engine

STORE_BYTES = 200_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    order = new_order(
        "sklearn:digits",
        None,
        {},
        activations="relu,tanh,silu,gelu",
        seeds=20,
        learning_rates=[0.001, 0.003, 0.01],
        epochs=options.epochs,
    )
    job = TableJob(order.data, order.plan)
    tasks: Mapping[int, Task] = dict(enumerate(cut_tasks(order.data, order.plan)))

    import ray  # pyright: ignore[reportMissingImports]
    from ray.cluster_utils import Cluster  # pyright: ignore[reportMissingImports]

    head = {"num_cpus": 0, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    ray.init(address=cluster.address, logging_level="error", log_to_driver=False)
    try:
        with cluster_engine.Session() as session:
            ratios = rounds(job, tasks, session, options.rounds)
    finally:
        ray.shutdown()
        cluster.shutdown()
    print(
        f"median {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), "
        f"{len(ratios)} rounds, {order.plan.networks} networks in {len(tasks)} parts"
    )


def rounds(job: Any, tasks: Mapping[int, Task], session: Any, number: int) -> list[float]:
    engines = {"local": local.run, "ray": session}
    for engine in engines.values():
        list(engine(job, tasks, workers=2))
    ratios = []
    for turn in range(number):
        seconds = {}
        for name in sorted(engines, reverse=turn % 2 == 1):
            started = time.perf_counter()
            list(engines[name](job, tasks, workers=2))
            seconds[name] = time.perf_counter() - started
        ratios.append(seconds["local"] / seconds["ray"])
        print(
            f"round {turn + 1}: local {seconds['local']:.1f} s, ray {seconds['ray']:.1f} s, "
            f"ratio {ratios[-1]:.3f}",
            flush=True,
        )
    return ratios


if __name__ == "__main__":
    main()
