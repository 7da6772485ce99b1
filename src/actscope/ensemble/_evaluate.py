"""Outputs and health of trained members on rows that they were not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from actscope.ensemble._architecture import Pass
from actscope.ensemble._feed import EVALUATION_ROWS, Feed
from actscope.ensemble._network import Perceptron, spans_of
from actscope.ensemble._plan import Rows
from actscope.ensemble._train import Trained
from actscope.health import Counts, UnitHealth, count, judge

P = TypeVar("P", bound=Pass)


def _passes(trained: Trained, rows: Rows, make: Callable[[int], P]) -> Iterator[tuple[slice, P]]:
    """Forward passes over blocks of rows: which rows, and the pass that holds their values.

    Rows of data index 0 serve members of every index when one data set is given.
    """
    single = rows.X.shape[0] == 1
    indices = [0 if single else m.data for m in trained.members]
    feed = Feed(rows, torch.tensor(indices, device=rows.X.device))
    networks: dict[int, P] = {}
    for start in range(0, rows.count, EVALUATION_ROWS):
        size = min(EVALUATION_ROWS, rows.count - start)
        if size not in networks:
            networks[size] = make(size)
        network = networks[size]
        numbers = torch.arange(start, start + size, device=rows.X.device)[None, None]
        feed.into(network)(feed.index(numbers, network.padded)[0])
        with np.errstate(all="ignore"):
            network.forward()
        yield slice(start, start + size), network


def outputs(trained: Trained, rows: Rows) -> Tensor:
    """Float["member output row"] of each member on its own data set: logits, or values."""
    values, kind = trained.values, trained.architecture
    result = values.regions[0].new_empty(values.members, kind.outputs, rows.count)
    for block, network in _passes(trained, rows, partial(kind.evaluation, trained.members, values)):
        result[:, :, block] = network.outputs[:, :, : network.rows]
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
    """The health of each hidden layer of each member on its own data set."""
    kind, members = trained.architecture, trained.members
    assert isinstance(kind, Perceptron)
    layers = spans_of(members, kind.depth)
    records = [
        [members[span.first].records(kind.depth)[layer] for span in spans]
        for layer, spans in enumerate(layers)
    ]
    seen: dict[tuple[int, int], Counts] = {}
    make = partial(kind.evaluation, members, trained.values, keep_inputs=True)
    for _, network in _passes(trained, rows, make):
        for layer, width in enumerate(kind.settings.hidden):
            for number, (span, record) in enumerate(
                zip(layers[layer], records[layer], strict=True)
            ):
                part = span.here, slice(0, network.rows), slice(0, width)
                found = count(network.z[layer][part], network.a[layer][part], record)
                key = layer, number
                seen[key] = seen[key] + found if key in seen else found
    return [
        _joined([judge(seen[layer, n], record) for n, record in enumerate(records[layer])])
        for layer in range(kind.depth)
    ]


def _joined(parts: Sequence[UnitHealth]) -> LayerHealth:
    """The spans of one layer, side by side."""
    dead = [torch.zeros_like(p.saturated) if p.dead is None else p.dead for p in parts]
    lists = [torch.full((len(p.saturated),), p.dead is not None) for p in parts]
    return LayerHealth(
        dead=torch.cat(dead),
        has_dead_list=torch.cat(lists),
        saturated=torch.cat([p.saturated for p in parts]),
        dormant=torch.cat([p.dormant for p in parts]),
        sparsity=torch.cat([p.sparsity for p in parts]),
        samples=parts[0].samples,
    )
