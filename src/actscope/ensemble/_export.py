"""A trained member as a plain torch module."""

from __future__ import annotations

import copy

import torch
from torch import nn

from actscope.ensemble._factory import Told
from actscope.ensemble._network import Perceptron
from actscope.ensemble._stacked_layout import StackedValues
from actscope.ensemble._train import Trained
from actscope.nn import module


def network_of(part: Trained, position: int) -> nn.Module:
    """A copy of the member at `position`, in evaluation mode."""
    if isinstance(part.values, StackedValues):
        return _copied(part.values, position)
    return _plain(part, position)


def _copied(values: StackedValues, position: int) -> nn.Module:
    values.bind(position)
    network = values.networks[position]
    with Told("copying the member's module"):
        made = copy.deepcopy(network)
    with torch.no_grad():
        # A copy of a view brings the whole chunk's numbers with it.
        for tensor in (*made.parameters(), *made.buffers()):
            tensor.data = tensor.data.clone()
    return made.eval()


def _plain(part: Trained, position: int) -> nn.Sequential:
    """Linear, activation, ..., Linear."""
    store, kind = part.values, part.architecture
    assert isinstance(kind, Perceptron)
    records = part.members[position].records(kind.depth)
    made: list[nn.Module] = []
    for layer, (weight, bias) in enumerate(zip(store.weights, store.biases, strict=True)):
        w = weight[position] if layer == kind.depth else weight[position].T
        linear = nn.Linear(w.shape[1], w.shape[0], dtype=w.dtype, device=w.device)
        with torch.no_grad():
            linear.weight.copy_(w)
            linear.bias.copy_(bias[position, 0])
        made.append(linear)
        if layer < kind.depth:
            activation = module(records[layer])
            values = (learned[position, 0] for learned in store.learned[layer])
            for parameter, value in zip(activation.parameters(), values, strict=False):
                parameter.data = value.clone()
            if isinstance(activation, nn.PReLU):
                activation.num_parameters = activation.weight.numel()
            made.append(activation)
    return nn.Sequential(*made).eval()
