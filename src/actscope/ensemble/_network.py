"""Multilayer perceptrons: forward and backward pass of many at once, in buffers made once.

A pass is a list of calls whose operands are bound beforehand: a step of one small network is
about 25 operations of a microsecond or two, and finding out what to do would cost as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor

from actscope.ensemble._init import initial
from actscope.ensemble._layout import Shape, Store, padded_rows
from actscope.ensemble._optimiser import state_bytes
from actscope.ensemble._plan import Member, Settings, runs
from actscope.ensemble._randomness import Masks
from actscope.nn._kernels import Call, Kernel, kernel


@dataclass(frozen=True)
class Span:
    """Neighbouring members, first <= i < last, that share an activation."""

    first: int
    last: int
    kernel: Kernel = field(compare=False)

    @property
    def here(self) -> slice:
        """Where these members are."""
        return slice(self.first, self.last)

    def own(self, learned: Sequence[Tensor]) -> list[Tensor]:
        """Of a layer's learned parameters those that these members have: others have more."""
        return [values[self.here] for values in learned[: len(self.kernel.learned)]]


def spans_of(members: Sequence[Member], depth: int) -> list[list[Span]]:
    """Of each of `depth` hidden layers the neighbours that share an activation there."""
    layers = []
    for layer in range(depth):
        records = [member.records(depth)[layer] for member in members]
        parts = runs([record.label for record in records])
        layers.append([Span(first, last, kernel(records[first])) for _, first, last in parts])
    return layers


class Network:
    """Buffers and arithmetic for `rows` rows of every member (a `Pass`).

    rows: rows of data; `padded` >= rows are computed (see `_layout`), and the surplus is
        given no weight by whoever turns outputs into a loss.
    grads: where the backward pass writes; None: forward only.
    keep_inputs: keep every z (what enters an activation) apart from f(z), for health numbers.
    masks: what dropout lets through, in training.
    """

    def __init__(
        self,
        store: Store,
        layers: Sequence[Sequence[Span]],
        rows: int,
        *,
        grads: Store | None = None,
        keep_inputs: bool = False,
        masks: Masks | None = None,
    ) -> None:
        shape, some = store.shape, store.regions[0]
        self.store, self.rows, self._spans, self._grads = store, rows, layers, grads
        self.padded = padded_rows(rows, (*shape.padded_hidden, shape.outputs))

        def buffers(widths: Sequence[int]) -> list[Tensor]:
            return [some.new_zeros(store.members, self.padded, width) for width in widths]

        self.inputs = buffers([shape.inputs])[0]
        self.z = buffers(shape.padded_hidden)
        self.a = [
            torch.zeros_like(z) if keep_inputs or any(s.kernel.needs_input for s in spans) else z
            for z, spans in zip(self.z, layers, strict=True)
        ]
        self.outputs = some.new_zeros(store.members, shape.outputs, self.padded)
        self._masks = [masks.buffer(self.padded, w) for w in shape.padded_hidden] if masks else []
        self._draw = masks
        # What the next layer reads: f(z), or what dropout lets through of it.
        self._h = [torch.zeros_like(a) for a in self.a] if masks else self.a
        self._forward = self._forward_calls()
        self._backward: list[Call] = []
        self._grad: Tensor | None = None

    def begin(self, epoch: int, batch: int) -> None:
        """Draw what dropout lets through."""
        if self._draw is not None:
            self._draw.fill(self._masks, epoch)

    def forward(self) -> None:
        """From `inputs` to `outputs`."""
        for call in self._forward:
            call()

    def backward(self, grad: Tensor) -> None:
        """From Float["member output padded"], the loss's gradient, to all parameters' own."""
        if grad is not self._grad:  # the loss has one buffer, so this is the first step
            self._grad, self._backward = grad, self._backward_calls(grad)
        for call in self._backward:
            call()

    def _forward_calls(self) -> list[Call]:
        store, calls, h = self.store, list[Call](), self.inputs
        for layer, (z, a) in enumerate(zip(self.z, self.a, strict=True)):
            weight, bias = store.full_weights[layer], store.full_biases[layer]
            calls.append(partial(torch.baddbmm, bias, h, weight, out=z))
            for span in self._spans[layer]:
                learned = span.own(store.full_learned[layer])
                calls.append(span.kernel.forward(z[span.here], a[span.here], learned))
            # Padding units stay 0 whatever f(0) is: what leads out of them is 0 as well, but
            # 0 times a NaN is not.
            calls += self._zeroed(a, layer)
            if self._masks:
                calls.append(partial(torch.mul, a, self._masks[layer], out=self._h[layer]))
            h = self._h[layer]
        weight, bias = store.full_weights[-1], store.full_biases[-1].transpose(1, 2)
        calls.append(partial(torch.baddbmm, bias, weight, h.transpose(1, 2), out=self.outputs))
        return calls

    def _backward_calls(self, grad: Tensor) -> list[Call]:
        store, grads = self.store, self._grads
        assert grads is not None
        below, last, flows = [self.inputs, *self._h], len(self.z), self._flows()
        calls = self._into_parameters(grads, last, grad, below[-1], grad, 2)
        if last:
            calls.append(
                partial(torch.bmm, grad.transpose(1, 2), store.full_weights[last], out=flows[-1])
            )
        for layer in reversed(range(last)):
            flow = flows[layer]
            if self._masks:
                calls.append(partial(flow.mul_, self._masks[layer]))
            for span in self._spans[layer]:
                g, z, a = (t[span.here] for t in (flow, self.z[layer], self.a[layer]))
                learned = span.own(store.full_learned[layer])
                if span.kernel.learned:
                    into = span.own(grads.full_learned[layer])
                    calls.append(span.kernel.learned_grad(g, z, learned, into))
                calls.append(span.kernel.backward(g, z, a, g, learned))
            calls += self._zeroed(flow, layer)
            left = below[layer].transpose(1, 2)
            calls += self._into_parameters(grads, layer, left, flow, flow, 1)
            if layer:
                weight_t = store.full_weights[layer].transpose(1, 2)
                calls.append(partial(torch.bmm, flow, weight_t, out=flows[layer - 1]))
        return calls

    def _into_parameters(
        self, grads: Store, layer: int, left: Tensor, right: Tensor, flow: Tensor, rows: int
    ) -> list[Call]:
        """The gradients of a layer's weight, left @ right, and bias, `flow` summed over rows."""
        weight, bias = grads.full_weights[layer], grads.full_biases[layer].squeeze(1)
        return [
            partial(torch.bmm, left, right, out=weight),
            partial(torch.sum, flow, rows, out=bias),
        ]

    def _zeroed(self, values: Tensor, layer: int) -> list[Call]:
        """What sets the padding units of a hidden layer to 0."""
        width = self.store.shape.hidden[layer]
        return [values[:, :, width:].zero_] if values.shape[2] > width else []

    def _flows(self) -> list[Tensor]:
        """Buffers for dL/dz; layers of equal width take turns in two, so that more is cached."""
        shared: dict[tuple[int, int], Tensor] = {}
        for layer, z in enumerate(self.z):
            shared.setdefault((z.shape[2], layer % 2), torch.zeros_like(z))
        return [shared[z.shape[2], layer % 2] for layer, z in enumerate(self.z)]


@dataclass(frozen=True)
class Perceptron:
    """The `Architecture` of `inputs` -> hidden layers -> outputs."""

    inputs: int
    settings: Settings

    @property
    def uses_autograd(self) -> bool:
        """Whether its passes ask autograd for gradients."""
        return False

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of one row."""
        return (self.inputs,)

    @property
    def outputs(self) -> int:
        """Outputs of a network."""
        return self.settings.outputs

    @property
    def depth(self) -> int:
        """How many hidden layers."""
        return len(self.settings.hidden)

    def shape(self, members: Sequence[Member] = ()) -> Shape:
        """The shape with room for what every member's activations learn."""
        spans = [span for layer in spans_of(members, self.depth) for span in layer]
        learned = max((len(span.kernel.learned) for span in spans), default=0)
        per_unit = self.settings.learned_per == "unit"
        return Shape(self.inputs, self.settings.hidden, self.outputs, learned, per_unit)

    def start(self, members: Sequence[Member], dtype: torch.dtype, device: torch.device) -> Store:
        """The initial parameters of every member."""
        shape = self.shape(members)
        store = Store.zeros(shape, len(members), dtype=dtype, device=device)
        fan_in = (shape.inputs, *shape.hidden)
        sizes = tuple(zip(fan_in, (*shape.hidden, shape.outputs), strict=True))
        starts: dict[int, tuple[float, ...]] = {}  # by identity: a kernel takes time to make
        for i, member in enumerate(members):
            records = member.records(self.depth)
            weights, biases = initial(records, member.seed, sizes, self.settings.init)
            weights[-1] = weights[-1].T  # kept as (out, in)
            for view, value in zip(store.weights, weights, strict=True):
                view[i] = torch.from_numpy(np.ascontiguousarray(value))
            for view, value in zip(store.biases, biases, strict=True):
                view[i, 0] = torch.from_numpy(value)
            for record, learned in zip(records, store.full_learned, strict=True):
                if id(record) not in starts:
                    starts[id(record)] = kernel(record).start
                for view, value in zip(learned, starts[id(record)], strict=False):
                    view[i] = value
        return store

    def training(
        self, members: Sequence[Member], values: Store, grads: Store, rows: int
    ) -> Network:
        """A pass with gradients."""
        masks = None
        if self.settings.dropout:
            seeds = [member.seed for member in members]
            masks = Masks(seeds, self.settings.dropout, rows, values.regions[0])
        return Network(values, spans_of(members, self.depth), rows, grads=grads, masks=masks)

    def evaluation(
        self, members: Sequence[Member], values: Store, rows: int, *, keep_inputs: bool = False
    ) -> Network:
        """A pass forward."""
        return Network(values, spans_of(members, self.depth), rows, keep_inputs=keep_inputs)

    def member_bytes(self, batch_size: int) -> int:
        """What one member keeps in use while it is trained, in float32."""
        shape = self.shape()
        widths = shape.inputs + 3 * sum(shape.hidden) + 4 * shape.outputs
        return state_bytes(shape.parameters) + 4 * batch_size * widths
