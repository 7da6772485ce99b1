"""Where tensors come from: which module made them, and which of their axes counts units."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from actscope.catalogue import Record
from actscope.sites import _axes
from actscope.sites._call import Call
from actscope.sites._gates import PRODUCTS, QUOTIENTS

_LINEAR = {"linear", "bilinear", "embedding", "embedding_bag", "scaled_dot_product_attention"}
_LINEAR |= {"multi_head_attention_forward", "rnn_tanh", "rnn_relu", "lstm", "gru"}
_LINEAR |= {"rnn_tanh_cell", "rnn_relu_cell", "lstm_cell", "gru_cell"}
_MATRIX = {"matmul", "mm", "bmm", "mv", "einsum", "addmm", "baddbmm", "addbmm"}
_MATRIX |= {"_grouped_mm", "grouped_mm"}
_CONVOLUTIONS = {f"conv{kind}{n}d": -(n + 1) for n in (1, 2, 3) for kind in ("", "_transpose")}


@dataclass(frozen=True)
class Origin:
    """Where a tensor comes from.

    producer: path of the module that made it. axis: what counts units, from the end. call: set
    on what an activation just gave. scaled: what it was just multiplied by (NaN: by something
    stored). stored: made of parameters and buffers alone. mixed: of the weights of several
    experts at once. fed: the last activation since the last weights or normalisation.
    """

    producer: str
    axis: int | None
    call: Call | None = None
    scaled: float | None = None
    stored: bool = False
    mixed: bool = False
    fed: Record | None = None


class Origins:
    """The origins of the tensors of one pass. It keeps none of them alive."""

    def __init__(self, model: nn.Module) -> None:
        kept = [*model.named_parameters(), *model.named_buffers()]
        self._stored = {id(tensor): name for name, tensor in kept}
        self._known: dict[int, tuple[weakref.ref[Tensor], Origin]] = {}

    def clear(self) -> None:
        self._known.clear()

    def put(self, tensor: Tensor, origin: Origin) -> None:
        self._known[id(tensor)] = (weakref.ref(tensor), origin)

    def adopt(self, tensor: Tensor, other: Tensor) -> None:
        """Say that a tensor comes from where another does."""
        origin = self.of(other)
        if origin is not None and tensor.shape == other.shape:
            self.put(tensor, origin)

    def of(self, tensor: Tensor) -> Origin | None:
        """None for what the pass did not make, as the model's inputs."""
        found = self._known.get(id(tensor))
        if found is not None and found[0]() is tensor:
            return found[1]
        if id(tensor) in self._stored:
            return Origin("", None, stored=True)
        return None

    def follow(
        self, name: str, outs: Sequence[Tensor], args: Any, named: Any, path: str, leaf: nn.Module
    ) -> None:
        """Note where the results of a function come from.

        path: of the module whose forward called it; leaf: that module.
        """
        given = list(tensors((*args, *named.values())))
        if name in ("getitem", "select", "unbind") and given and self.is_stored(given[0]):
            self._note_parts(name, given, outs, args, path)
            return
        origin = self._made(name, outs[0], given, args, named, path, leaf)
        for tensor in outs:
            self.put(tensor, origin)

    def is_stored(self, tensor: Tensor) -> bool:
        origin = self.of(tensor)
        return origin is not None and origin.stored

    def _note_parts(
        self, name: str, given: Sequence[Tensor], outs: Sequence[Tensor], args: Any, path: str
    ) -> None:
        """One expert's weights: what they make is another producer's than the next one's."""
        whole = given[0]
        origin = self.of(whole)
        assert origin is not None
        index = args[1] if name == "getitem" else None
        looked_up = isinstance(index, Tensor) and index.dim() > 0
        if looked_up and whole.dim() == 2:
            part = Origin(path, -1)
        elif looked_up:
            part = replace(origin, mixed=True)
        else:
            part = replace(origin, axis=None)
        label = self._stored.get(id(whole))
        numbers: list[Any] = []
        if label is not None and whole.dim() > 2:
            if name == "unbind":
                numbers = list(range(len(outs)))
            elif name == "select":
                numbers = [args[-1]]
            elif isinstance(index, Tensor) and index.dim() == 0 and index.dtype != torch.bool:
                numbers = [int(index)]
            elif isinstance(index, int):
                numbers = [index]
        for at, tensor in enumerate(outs):
            numbered = at < len(numbers)
            self.put(
                tensor, replace(part, producer=f"{label}[{numbers[at]}]") if numbered else part
            )

    def _made(
        self, name: str, out: Tensor, given: list[Tensor], args: Any, named: Any, path: str,
        module: nn.Module,
    ) -> Origin:  # fmt: skip
        origins = [self.of(t) for t in given]
        stored = [o is not None and o.stored for o in origins]
        if name in _CONVOLUTIONS:
            return Origin(path, _CONVOLUTIONS[name])
        if name in _LINEAR | _MATRIX and not all(stored):
            parts = [o for o in origins if o is not None and o.stored]
            experts = next((o.producer for o in parts if o.producer), path)
            if name in _LINEAR:
                return Origin(experts, -1)
            axes = [None if o is None else o.axis for o in origins]
            if any(o.mixed or _many(t) for t, o in zip(given, origins, strict=True) if o in parts):
                return Origin(path, None, mixed=True)
            return Origin(experts, _axes.of_product(name, given, axes, stored, args))
        if given and all(stored):
            labels = {o.producer for o in origins if o is not None and o.producer}
            mixed = any(o.mixed for o in origins if o is not None)
            return Origin(labels.pop() if len(labels) == 1 else "", None, stored=True, mixed=mixed)
        known = [
            (t, o) for t, o in zip(given, origins, strict=True) if o is not None and not o.stored
        ]
        if not known:
            return Origin(path, None)
        axes = {o.axis for _, o in known if o.axis is not None}
        x, widest = max(known, key=lambda pair: (pair[1].axis is not None, pair[0].dim()))
        axis = _axes.after(name, widest.axis, x, out, args, named) if len(axes) == 1 else None
        producer, fed = known[0][1].producer, _fed(name, [o for _, o in known])
        if transforms(module):  # an expert's weights tell more than the module that holds them all
            producer, fed = (producer if producer.endswith("]") else path), None
        scaled = _scale(name, args, len(known), len(given))
        return Origin(
            producer,
            axis,
            scaled=scaled,
            mixed=widest.mixed and axis is None,
            fed=fed,
        )


def _many(weight: Tensor) -> bool:
    """Whether it holds the matrices of several experts."""
    return weight.dim() > 2 and weight.shape[0] > 1


def _scale(name: str, args: Any, known: int, given: int) -> float | None:
    """By what a product or quotient scales its one tensor that is not stored."""
    if name not in PRODUCTS | QUOTIENTS or known != 1:
        return None
    numbers = [a for a in args if isinstance(a, int | float)]
    if given > 1 or not numbers:
        return math.nan
    by = float(numbers[0])
    return by if name in PRODUCTS or by == 0 else 1 / by


def _fed(name: str, origins: Sequence[Origin]) -> Record | None:
    """Of which activation the result still has the variance."""
    if "norm" in name:
        return None
    fed = {o.fed for o in origins}
    if name in PRODUCTS:  # of a unit and a gate or another linear map's output
        fed.discard(None)
    return fed.pop() if len(fed) == 1 else None


def transforms(module: nn.Module) -> bool:
    """Whether a module without children makes something new, rather than handing on."""
    return next(module.children(), None) is None and (
        next(module.parameters(recurse=False), None) is not None
        or next(module.buffers(recurse=False), None) is not None
    )


def tensors(values: Any) -> Iterator[Tensor]:
    """The tensors among arguments, and in lists and tuples of them."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from (v for v in value if isinstance(v, Tensor))
