"""Weights drawn anew, scaled for the activation that each layer reads."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from actscope.catalogue import Record
from actscope.sites._observe import kept, observe, run, unwrapped
from actscope.sites._tracker import LINEAR


@dataclass(frozen=True)
class Drawn:
    """A layer drawn anew.

    reads: the activation whose output it is given; "" for none, or several. scale: what its
    weights were multiplied by afterwards, 1 without `lsuv`.
    """

    layer: str
    reads: str
    gain: float
    scale: float = 1.0


@dataclass(frozen=True)
class Initialised:
    """What `init_` did. left_alone: (parameter, why)."""

    layers: tuple[Drawn, ...]
    left_alone: tuple[tuple[str, str], ...]


def init_(model: nn.Module, *, example: Any, lsuv: bool = False) -> Initialised:
    """Draw the weights of every linear and convolution layer anew, in place.

    Normal with standard deviation gain / sqrt(fan_in), biases 0. gain is that of the activation
    whose output the layer reads (1 / sqrt(E f(z)^2)), 1 where it reads something else: inputs of
    unit variance then give every layer sums of unit variance (He et al. 2015, eq. 10). Of a gated
    unit, f(z) times another layer's output, it is that of f. The draw is PyTorch's own:
    `torch.manual_seed` before it makes it the same.

    Args:
        example: what the model is called with: a tensor, a tuple of arguments, or a mapping.
        lsuv: afterwards divide each layer's weights, in the order of the calls, by the root mean
            square of its sums on the example, which must be typical data then, and plenty
            (layer-sequential unit variance, Mishkin & Matas 2016). Deep networks without
            normalisation need it with activations whose record has a `variance_slope` above 1
            (silu 1.17, gelu 1.14): what one layer's draw is off by grows from layer to layer.

    Raises:
        SettingError: modules that do not have their shapes yet; what `refuse` refuses.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> done = init_(model, example=torch.ones(1, 3))
    >>> [(d.layer, d.reads, round(d.gain, 3)) for d in done.layers]
    [('0', '', 1.0), ('2', 'relu', 1.414)]
    """
    read = observe(model, example, doing="initialise it", values=True).read
    inner = unwrapped(model)
    layers, left, seen = dict[str, Drawn](), list[tuple[str, str]](), set[int]()
    for path, module in inner.named_modules():
        if not isinstance(module, LINEAR):
            continue
        why = _why_not(inner, module, path in read, seen)
        seen |= {id(p) for p in module.parameters()}
        if why:
            left += [(name, why) for name, _ in module.named_parameters(path)]
            continue
        records = set(read[path])
        record = records.pop() if len(records) == 1 else None
        layers[path] = _draw(path, module, record)
    if lsuv:
        _to_unit_variance(inner, example, layers)
    left += [
        (name, "not of a linear or convolution layer")
        for name, parameter in inner.named_parameters()
        if id(parameter) not in seen
    ]
    return Initialised(tuple(layers.values()), tuple(left))


def _why_not(model: nn.Module, module: nn.Module, called: bool, seen: set[int]) -> str:
    """Why a layer is left as it is; "" if it is not."""
    weight = module._parameters.get("weight")
    if weight is None:
        return "its weights are computed from these"
    if not called:
        return "not called by itself on this example"
    if not weight.requires_grad:
        return "frozen (requires_grad is False)"
    if id(weight) in seen:
        return "shared with another layer, which was drawn"
    for path, other in model.named_modules():
        if not isinstance(other, LINEAR) and any(p is weight for p in other._parameters.values()):
            return f"shared with {path}, which is no linear or convolution layer"
    return ""


def _draw(path: str, module: nn.Module, record: Record | None) -> Drawn:
    gain = 1.0 if record is None else float(record.gain)
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    with torch.no_grad():
        weight.normal_(0.0, gain / math.sqrt(_fan_in(module, weight)))
        if isinstance(bias, Tensor):
            bias.zero_()
    return Drawn(path, "" if record is None else record.label, gain)


def _fan_in(module: nn.Module, weight: Tensor) -> float:
    """How many inputs a sum has; of a transposed convolution on average, as strides leave out."""
    if not isinstance(module, nn.modules.conv._ConvTransposeNd):
        return weight[0].numel()
    return weight[:, 0].numel() / module.groups / math.prod(module.stride)


def _to_unit_variance(model: nn.Module, example: Any, layers: dict[str, Drawn]) -> None:
    def rescale(path: str, module: nn.Module, args: Any, out: Tensor) -> Tensor | None:
        if layers[path].scale != 1.0:  # called again
            return None
        size = out.detach().square().mean().sqrt().item()
        if not 0 < size < math.inf:
            return None
        layers[path] = replace(layers[path], scale=1 / size)
        assert isinstance(module.weight, Tensor)
        module.weight.div_(size)
        return out / size

    modules = dict(model.named_modules())
    handles = [modules[p].register_forward_hook(partial(rescale, p)) for p in layers]
    try:
        with torch.no_grad(), kept(model):
            run(model, example)
    finally:
        for handle in handles:
            handle.remove()
