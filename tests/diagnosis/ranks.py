"""One of two processes that train together: python -m tests.diagnosis.ranks PORT RESULTS RANK."""

from __future__ import annotations

import os
import sys

import torch
import torch.distributed as dist
from tests.diagnosis import planted
from torch.nn.parallel import DistributedDataParallel

from actscope.diagnosis._watch import watch


def ranks(rank: int, port: int, results: str) -> None:
    """One of two processes: half of the rows each."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    dist.init_process_group("gloo", rank=rank, world_size=2)
    torch.manual_seed(0)
    model, x = planted.MLP(), planted.inputs()
    planted.plant(model.first.weight, model.first.bias)
    wrapped = DistributedDataParallel(model)
    with watch(wrapped, every=1) as seen:
        for part in x.chunk(2)[rank].split(100):
            wrapped(part).square().mean().backward()
    site = seen.gather().report().sites[0]
    alone = seen.report().sites[0]
    torch.save(
        [site.name, site.samples, alone.samples, site.dead_units, site.dormant_units],
        f"{results}.{rank}",
    )
    dist.destroy_process_group()


if __name__ == "__main__":
    ranks(int(sys.argv[3]), int(sys.argv[1]), sys.argv[2])
