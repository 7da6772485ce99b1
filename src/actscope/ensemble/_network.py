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
from actscope.ensemble._layout import LINE, VECTOR, Shape, Store, padded_rows, round_up, rows_of
from actscope.ensemble._optimiser import state_bytes
from actscope.ensemble._plan import Member, Settings, runs
from actscope.ensemble._randomness import Masks
from actscope.nn._kernels import Call, Kernel, kernel

# A factor with a side this short is quick however it lies.
FEW = 16
# An input at which no activation is anything but ordinary.
ORDINARY = 0.5


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


def product(left: Tensor, right: Tensor, out: Tensor) -> Call:
    """What writes left @ right of every member into `out`.

    On a processor NumPy's products are called: a microsecond less a call than PyTorch's, and a
    third quicker on small matrices, but for a transposed right factor of some size, which
    PyTorch's take better. By shapes alone, so that a member meets the same one in any company.
    """
    few = min(left.shape[1:] + right.shape[1:]) < FEW
    if left.device.type != "cpu" or (right.stride(-1) != 1 and not few):
        return partial(torch.bmm, left, right, out=out)
    return partial(np.matmul, left.numpy(), right.numpy(), out.numpy())


class _Layer:
    """Buffers of one hidden layer, each in the views of `rows_of`.

    z: what enters the activation; a: what leaves it (the same buffer where it may be); h: what
    the next layer reads, a or what dropout lets through of it.
    """

    def __init__(
        self, some: Tensor, members: int, rows: int, width: int, apart: bool, mask: Tensor | None
    ) -> None:
        self.z, self.wide_z, self.h = rows_of(some, members, rows, width, ones=True)
        self.a, self.wide_a = self.z, self.wide_z
        self.mask = mask
        if apart:
            self.a, self.wide_a, self.h = rows_of(some, members, rows, width, ones=True)
        if mask is not None:
            self.passed, _, self.h = rows_of(some, members, rows, width, ones=True)
        self.flow, self.wide_flow, _ = rows_of(some, members, rows, width)

    def views(self, span: Span) -> tuple[Tensor, Tensor, Tensor]:
        """(flow, z, a) of some members, in whole vectors.

        What is beyond the width is never read, but by sums over units: see `rest_zeroed`.
        """
        wide = (self.wide_flow, self.wide_z, self.wide_a)
        flow, z, a = (values[span.here] for values in wide)
        return flow, z, a

    def rest_zeroed(self, span: Span) -> list[Call]:
        """What leaves the flow beyond the width 0, and inputs there where slopes are finite."""
        width = self.z.shape[2]
        if width == self.wide_z.shape[2]:
            return []
        self.wide_z[span.here, :, width:] = ORDINARY
        return [self.wide_flow[span.here, :, width:].zero_]


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
        self.padded = padded_rows(rows, (shape.outputs,))
        self.inputs, _, self._read = rows_of(
            some, store.members, self.padded, shape.inputs, ones=True
        )
        self._masks = [masks.buffer(self.padded, width) for width in shape.hidden] if masks else []
        self._draw = masks
        self._layers = [
            _Layer(
                some,
                store.members,
                self.padded,
                width,
                keep_inputs or any(span.kernel.needs_input for span in spans),
                self._masks[layer] if masks else None,
            )
            for layer, (width, spans) in enumerate(zip(shape.hidden, layers, strict=True))
        ]
        self.z, self.a = [each.z for each in self._layers], [each.a for each in self._layers]
        self.outputs = some.new_zeros(store.members, shape.outputs, self.padded)
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
        store, calls, below = self.store, list[Call](), self._read
        for layer, each in enumerate(self._layers):
            calls.append(product(below, store.layers[layer], each.z))
            for span in self._spans[layer]:
                _, z, a = each.views(span)
                calls.append(span.kernel.forward(z, a, span.own(store.wide_learned[layer])))
            if each.mask is not None:
                calls.append(partial(torch.mul, each.a, each.mask, out=each.passed))
            below = each.h
        calls.append(product(store.layers[-1], below.transpose(1, 2), self.outputs))
        return calls

    def _backward_calls(self, grad: Tensor) -> list[Call]:
        store, grads = self.store, self._grads
        assert grads is not None
        below = [self._read, *(each.h for each in self._layers)]
        calls: list[Call] = [product(grad, below[-1], grads.layers[-1])]
        above, weight = grad.transpose(1, 2), store.weights[-1]
        for layer in reversed(range(len(self._layers))):
            each = self._layers[layer]
            calls.append(_outer(above, weight, each.flow))
            if each.mask is not None:
                calls.append(partial(each.flow.mul_, each.mask))
            for span in self._spans[layer]:
                g, z, a = each.views(span)
                learned = span.own(store.wide_learned[layer])
                if span.kernel.learned:
                    calls += each.rest_zeroed(span)
                    into = span.own(grads.wide_learned[layer])
                    calls.append(span.kernel.learned_grad(g, z, learned, into))
                calls.append(span.kernel.backward(g, z, a, g, learned))
            calls.append(product(below[layer].transpose(1, 2), each.flow, grads.layers[layer]))
            above, weight = each.flow, store.weights[layer].transpose(1, 2)
        return calls


def _outer(left: Tensor, right: Tensor, out: Tensor) -> Call:
    """`product`, where a single column meets a single row quicker than that."""
    if left.shape[2] == 1:
        return partial(torch.mul, left, right, out=out)
    return product(left, right, out)


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
            for record, learned in zip(records, store.wide_learned, strict=True):
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
        rows = LINE + round_up(shape.inputs, VECTOR) + 4 * shape.outputs
        rows += sum(LINE + 3 * round_up(width, VECTOR) for width in shape.hidden)
        return state_bytes(shape.parameters) + 4 * batch_size * rows
