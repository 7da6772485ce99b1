"""Weights drawn anew, scaled for the activation that each layer reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import nn

from actscope.sites._observe import observe, unwrapped
from actscope.sites._tracker import LINEAR


@dataclass(frozen=True)
class Drawn:
    """A layer drawn anew. reads: the activation whose output it is given; "" for none."""

    layer: str
    reads: str
    gain: float


@dataclass(frozen=True)
class Initialised:
    """What `init_` did. left_alone: (parameter, why)."""

    layers: tuple[Drawn, ...]
    left_alone: tuple[tuple[str, str], ...]


def init_(model: nn.Module, *, example: Any) -> Initialised:
    """Draw the weights of every linear and convolution layer anew, in place.

    Normal with standard deviation gain / sqrt(fan_in), biases 0. gain is that of the activation
    whose output the layer reads (1 / sqrt(E f(z)^2)), 1 where it reads something else: inputs of
    unit variance then give every layer sums of unit variance (He et al. 2015, eq. 10).

    Args:
        example: what the model is called with: a tensor, a tuple of arguments, or a mapping.

    Raises:
        SettingError: modules that do not have their shapes yet.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> done = init_(model, example=torch.ones(1, 3))
    >>> [(d.layer, d.reads, round(d.gain, 3)) for d in done.layers]
    [('0', '', 1.0), ('2', 'relu', 1.414)]
    """
    read = observe(model, example, doing="initialise it", values=True).read
    layers, left, touched = [], [], set[int]()
    inner = unwrapped(model)
    for path, module in inner.named_modules():
        if not isinstance(module, LINEAR):
            continue
        if path not in read:
            left.append((f"{path}.weight", "not called on this example"))
            touched |= {id(p) for p in module.parameters()}
            continue
        if id(module.weight) in touched:
            left.append((f"{path}.weight", "shared with another layer, which was drawn"))
            continue
        records = set(read[path])
        record = records.pop() if len(records) == 1 else None
        gain = 1.0 if record is None else float(record.gain)
        turned = isinstance(module, nn.modules.conv._ConvTransposeNd)
        weight = module.weight
        fan_in = weight[:, 0].numel() if turned else weight[0].numel()
        with torch.no_grad():
            weight.normal_(0.0, gain / sqrt(fan_in))
            if module.bias is not None:
                module.bias.zero_()
        touched |= {id(p) for p in module.parameters()}
        layers.append(Drawn(path, "" if record is None else record.label, gain))
    left += [
        (name, "not of a linear or convolution layer")
        for name, parameter in inner.named_parameters()
        if id(parameter) not in touched
    ]
    return Initialised(tuple(layers), tuple(left))
