"""Outputs and health of trained members on rows that they were not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from actscope.catalogue import get
from actscope.ensemble._network import Network
from actscope.ensemble._plan import Rows
from actscope.ensemble._train import EVALUATION_ROWS, Feed, Trained, spans_of
from actscope.health import UnitHealth, unit_health


def outputs(trained: Trained, rows: Rows) -> Tensor:
    """Float["member output row"] of each member on its own data set: logits, or values.

    Rows of data index 0 serve members of every index when one data set is given.
    """
    store = trained.store
    feed = Feed(rows, _data(trained, rows))
    spans = spans_of(trained.members)
    result = store.regions[0].new_empty(store.members, store.shape.outputs, rows.count)
    networks: dict[int, Network] = {}
    for start in range(0, rows.count, EVALUATION_ROWS):
        size = min(EVALUATION_ROWS, rows.count - start)
        network = networks.setdefault(size, Network(store, spans, size))
        numbers = torch.arange(start, start + size, device=rows.X.device)[None]
        feed.load(feed.index(numbers, network.padded), network)
        result[:, :, start : start + size] = network.forward()[:, :, :size]
    return result


@dataclass(frozen=True)
class LayerHealth:
    """Health of one hidden layer of every member, over all rows given.

    dead, saturated, dormant: Bool["member unit"]; dead is meaningless where
    `has_dead_list`, Bool["member"], is False (step-like). sparsity: Float["member"].
    """

    dead: Tensor
    has_dead_list: Tensor
    saturated: Tensor
    dormant: Tensor
    sparsity: Tensor
    samples: int


def layer_health(trained: Trained, rows: Rows) -> list[LayerHealth]:
    """The health of each hidden layer of each member on its own data set.

    All rows pass at once, one member span after the other: memory is rows x widths x
    members of the span.
    """
    store, spans = trained.store, spans_of(trained.members)
    feed = Feed(rows, _data(trained, rows))
    network = Network(store, spans, rows.count, keep_inputs=True)
    numbers = torch.arange(rows.count, device=rows.X.device)[None]
    feed.load(feed.index(numbers, network.padded), network)
    network.forward()
    layers = []
    for z, a, width in zip(network.z, network.a, store.shape.hidden, strict=True):
        parts: list[UnitHealth] = []
        for span in spans:
            record = get(trained.members[span.first].activation)
            window = slice(span.first, span.last), slice(0, rows.count), slice(0, width)
            parts.append(unit_health(z[window], a[window], record))
        layers.append(
            LayerHealth(
                dead=torch.cat([
                    torch.zeros_like(p.saturated) if p.dead is None else p.dead for p in parts
                ]),
                has_dead_list=torch.cat([
                    torch.full((len(p.saturated),), p.dead is not None) for p in parts
                ]),
                saturated=torch.cat([p.saturated for p in parts]),
                dormant=torch.cat([p.dormant for p in parts]),
                sparsity=torch.cat([p.sparsity for p in parts]),
                samples=rows.count,
            )
        )  # fmt: skip
    return layers


def _data(trained: Trained, rows: Rows) -> Tensor:
    """Which data set each member looks at; all at the only one, where there is one."""
    single = rows.X.shape[0] == 1
    indices = [0 if single else m.data for m in trained.members]
    return torch.tensor(indices, device=rows.X.device)
