"""Forward and backward pass of many networks at once, in buffers that are made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from actscope.ensemble._layout import Shape, Store, padded_rows
from actscope.nn._kernels import Kernel


@dataclass(frozen=True)
class Span:
    """Neighbouring members, first <= i < last, that share an activation."""

    first: int
    last: int
    kernel: Kernel


class Network:
    """Buffers and arithmetic for `rows` rows of every member.

    rows: rows of data; `padded` >= rows are computed (see `_layout`), and the surplus is
        given no weight by whoever turns outputs into a loss.
    keep_inputs: keep every z (what enters an activation) apart from f(z), for health numbers.
    """

    def __init__(
        self, store: Store, spans: Sequence[Span], rows: int, *, keep_inputs: bool = False
    ) -> None:
        shape, some = store.shape, store.regions[0]
        self.store, self.spans, self.rows = store, tuple(spans), rows
        self.padded = padded_rows(rows, (*shape.padded_hidden, shape.outputs))
        members = store.members

        def buffer(*dims: int) -> Tensor:
            return torch.zeros(members, *dims, dtype=some.dtype, device=some.device)

        overwrite = not keep_inputs and not any(s.kernel.needs_input for s in spans)
        self.inputs = buffer(self.padded, shape.inputs)
        self.z = [buffer(self.padded, width) for width in shape.padded_hidden]
        self.a = self.z if overwrite else [buffer(*z.shape[1:]) for z in self.z]
        self.outputs = buffer(shape.outputs, self.padded)
        self._parts = [
            [(span, z[span.first : span.last], a[span.first : span.last])
             for span in self.spans]
            for z, a in zip(self.z, self.a, strict=True)
        ]  # fmt: skip
        self._in_place = overwrite
        self.weights_t = [weight.transpose(1, 2) for weight in store.full_weights]
        self._bias_out = store.full_biases[-1].transpose(1, 2)

    def learned(self, span: Span, layer: int) -> Tensor | None:
        """Float["member parameter"], what the span's activation learns in one layer."""
        if not span.kernel.learned or self.store.learned is None:
            return None
        return self.store.learned[span.first : span.last, layer]

    def forward(self) -> Tensor:
        """Outputs, Float["member output row"], of what stands in `inputs`."""
        store, h = self.store, self.inputs
        for layer, (z, a, parts) in enumerate(zip(self.z, self.a, self._parts, strict=True)):
            torch.baddbmm(store.full_biases[layer], h, store.full_weights[layer], out=z)
            for span, z_part, a_part in parts:
                out = z_part if self._in_place else a_part
                span.kernel.forward(z_part, out, self.learned(span, layer))
            h = a
        torch.baddbmm(self._bias_out, store.full_weights[-1], h.transpose(1, 2), out=self.outputs)
        return self.outputs


class Backward:
    """The backward pass belonging to a `Network`; writes every element of `grads`."""

    def __init__(self, network: Network, grads: Store) -> None:
        self.network, self.grads = network, grads
        shape = network.store.shape
        some, members = network.inputs, network.store.members
        # Two layers of equal width take turns in two buffers, so that more stays in cache.
        shared: dict[tuple[int, int], Tensor] = {}
        self._flow: list[Tensor] = []
        for layer, width in enumerate(shape.padded_hidden):
            key = (width, layer % 2)
            if key not in shared:
                shared[key] = some.new_zeros(members, network.padded, width)
            self._flow.append(shared[key])
        self._parts = [
            [
                (span, *(t[span.first : span.last] for t in (flow, z, a)))
                for span in network.spans
            ]
            for flow, z, a in zip(self._flow, network.z, network.a, strict=True)
        ]  # fmt: skip
        self._bias_grads = [grad.squeeze(1) for grad in grads.full_biases]
        # Padding units answer f(0), which need not be 0; what leads out of them stays 0.
        self._padding: list[Tensor | None] = [None]
        last = len(shape.hidden)
        for layer, (width, padded) in enumerate(
            zip(shape.hidden, shape.padded_hidden, strict=True), start=1
        ):
            grad = grads.full_weights[layer]
            beyond = grad[:, :, width:] if layer == last else grad[:, width:]
            self._padding.append(beyond if padded > width else None)

    def run(self, grad: Tensor) -> None:
        """From Float["member output row"], the loss's gradient, to all parameters' gradients."""
        net, store = self.network, self.network.store
        below = [net.inputs, *net.a]
        last = len(self._flow)
        self._weight_grad(last, grad, below[-1])
        torch.sum(grad, 2, out=self._bias_grads[last])
        if last:
            torch.bmm(grad.transpose(1, 2), store.full_weights[last], out=self._flow[-1])
        for layer in reversed(range(last)):
            flow = self._flow[layer]
            for span, g, z, a in self._parts[layer]:
                learned = net.learned(span, layer)
                if learned is not None and self.grads.learned is not None:
                    self.grads.learned[span.first : span.last, layer] = span.kernel.learned_grad(
                        g, z, learned
                    )
                span.kernel.backward(g, z, a, g, learned)
            self._weight_grad(layer, below[layer].transpose(1, 2), flow)
            torch.sum(flow, 1, out=self._bias_grads[layer])
            if layer:
                torch.bmm(flow, net.weights_t[layer], out=self._flow[layer - 1])

    def _weight_grad(self, layer: int, left: Tensor, right: Tensor) -> None:
        torch.bmm(left, right, out=self.grads.full_weights[layer])
        padding = self._padding[layer]
        if padding is not None:
            padding.zero_()


def shape_of(inputs: int, hidden: Sequence[int], outputs: int, kernels: Sequence[Kernel]) -> Shape:
    """The shape that has room for what every kernel learns."""
    return Shape(inputs, tuple(hidden), outputs, max(len(k.learned) for k in kernels))
