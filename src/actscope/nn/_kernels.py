"""Activations as pairs of in-place passes, for the hand-written backward pass of the ensemble.

A kernel writes f(z) into a buffer that exists already and, later, grad * f'(z) into another:
no allocation in the training step. PyTorch's own kernels where it has them (through their
`out=` forms); anything else is composed from the record's formula.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from actscope.catalogue import Record
from actscope.nn._forms import family_of, key_of
from actscope.nn._program import SOFTPLUS_THRESHOLD

_aten: Any = torch.ops.aten


class Kernel(ABC):
    """f and grad * f' over contiguous tensors of one shape, "member batch unit".

    needs_input: False when the backward pass reads only the output, so that the forward
        pass may overwrite z.
    learned: names of the parameters that are trained, in the order of `learned` arguments.
    """

    needs_input: bool = True
    learned: tuple[str, ...] = ()
    start: tuple[float, ...] = ()

    @abstractmethod
    def forward(self, z: Tensor, out: Tensor, learned: Tensor | None = None) -> None:
        """Write f(z) into `out`; `learned` is Float["member parameter"] or None."""

    @abstractmethod
    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Tensor | None = None
    ) -> None:
        """Write grad * f'(z) into `out`, which may be `grad` itself."""

    def learned_grad(self, grad: Tensor, z: Tensor, learned: Tensor) -> Tensor:
        """Float["member parameter"]: the gradient of the learned parameters.

        Like `learned` it may have more columns than this kernel learns; theirs are 0.
        """
        raise AssertionError(f"{type(self).__name__} learns nothing")


class _Identity(Kernel):
    needs_input = False

    def forward(self, z: Tensor, out: Tensor, learned: Tensor | None = None) -> None:
        if out is not z:
            out.copy_(z)

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Tensor | None = None
    ) -> None:
        if out is not grad:
            out.copy_(grad)


class _Step(Kernel):
    needs_input = False

    def forward(self, z: Tensor, out: Tensor, learned: Tensor | None = None) -> None:
        torch.gt(z, 0, out=out)

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Tensor | None = None
    ) -> None:
        out.zero_()


class _Native(Kernel):
    """PyTorch's own pair; f' is a function of the input z, or of the output a alone."""

    def __init__(
        self,
        forward: Callable[[Tensor, Tensor], Any],
        backward: Callable[[Tensor, Tensor, Tensor], Any],
        *,
        needs_input: bool = True,
    ) -> None:
        self._forward, self._backward, self.needs_input = forward, backward, needs_input

    def forward(self, z: Tensor, out: Tensor, learned: Tensor | None = None) -> None:
        self._forward(z, out)

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Tensor | None = None
    ) -> None:
        self._backward(grad, z if self.needs_input else a, out)


_from_output = partial(_Native, needs_input=False)


class _PReLU(Kernel):
    """max(z, 0) + slope min(z, 0), one slope for each member (and layer)."""

    learned = ("weight",)

    def __init__(self, start: float) -> None:
        self.start = (start,)

    def forward(self, z: Tensor, out: Tensor, learned: Tensor | None = None) -> None:
        assert learned is not None
        torch.mul(z, learned[:, 0, None, None], out=out)
        torch.where(z > 0, z, out, out=out)

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Tensor | None = None
    ) -> None:
        assert learned is not None
        torch.where(z > 0, grad, grad * learned[:, 0, None, None], out=out)

    def learned_grad(self, grad: Tensor, z: Tensor, learned: Tensor) -> Tensor:
        result = torch.zeros_like(learned)
        result[:, 0] = (grad * z.clamp_max(0)).sum((1, 2))
        return result


class _Composed(Kernel):
    """Any record: value, slope and the slopes of what it learns, from its formula.

    Computed in blocks of whole members or, where nothing is learned, of elements: each
    element's result is its own, whoever stands beside it.
    """

    def __init__(self, record: Record) -> None:
        learned = {n: p.value for n, p in record.parameters.items() if p.learned}
        self.learned, self.start = tuple(learned), tuple(learned.values())
        values = (None if n in learned else p.value for n, p in record.parameters.items())
        family = family_of(key_of(record), False, tuple(values))
        self._value, self._slope = family.program((), 0), family.program(("x",), 1)
        self._learned_slopes = family.parameter_slopes if learned else None

    def forward(self, z: Tensor, out: Tensor, learned: Tensor | None = None) -> None:
        shape = self._shape(z)
        self._value.run([z.view(shape)], self._columns(learned), [out.view(shape)])

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Tensor | None = None
    ) -> None:
        shape = self._shape(z)
        full = [z.view(shape), grad.view(shape)]
        self._slope.run(full, self._columns(learned), [out.view(shape)])

    def learned_grad(self, grad: Tensor, z: Tensor, learned: Tensor) -> Tensor:
        assert self._learned_slopes is not None
        shape, result = self._shape(z), torch.zeros_like(learned)
        sums = list(result[:, : len(self.learned)].unbind(1))
        full = [z.view(shape), grad.view(shape)]
        self._learned_slopes.run(full, self._columns(learned), [], sums)
        return result

    def _shape(self, z: Tensor) -> tuple[int, ...]:
        return (z.shape[0], z[0].numel()) if self.learned else (z.numel(),)

    def _columns(self, learned: Tensor | None) -> list[Tensor]:
        """Each learned parameter as Float["member 1"]."""
        if learned is None:
            return []
        return [learned[:, i, None] for i in range(len(self.learned))]


def _values(record: Record) -> Mapping[str, float]:
    return {name: parameter.value for name, parameter in record.parameters.items()}


def _elu_like(alpha: float, scale: float, input_scale: float) -> Kernel:
    return _Native(
        lambda z, out: _aten.elu.out(z, alpha, scale, input_scale, out=out),
        lambda g, z, out: _aten.elu_backward.grad_input(
            g, alpha, scale, input_scale, False, z, grad_input=out
        ),
    )


def _softplus(beta: float) -> Kernel:
    threshold = SOFTPLUS_THRESHOLD
    return _Native(
        lambda z, out: _aten.softplus.out(z, beta, threshold, out=out),
        lambda g, z, out: _aten.softplus_backward.grad_input(g, z, beta, threshold, grad_input=out),
    )


def _leaky(slope: float) -> Kernel:
    return _Native(
        lambda z, out: _aten.leaky_relu.out(z, slope, out=out),
        lambda g, z, out: _aten.leaky_relu_backward.grad_input(g, z, slope, False, grad_input=out),
    )


def _hard_tanh(low: float, high: float) -> Kernel:
    return _Native(
        lambda z, out: _aten.hardtanh.out(z, low, high, out=out),
        lambda g, z, out: _aten.hardtanh_backward.grad_input(g, z, low, high, grad_input=out),
    )


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946

_NATIVE: dict[str, Callable[[Mapping[str, float]], Kernel]] = {
    "identity": lambda p: _Identity(),
    "step": lambda p: _Step(),
    "sigmoid": lambda p: _from_output(
        lambda z, out: torch.sigmoid(z, out=out),
        lambda g, a, out: _aten.sigmoid_backward.grad_input(g, a, grad_input=out),
    ),
    "tanh": lambda p: _from_output(
        lambda z, out: torch.tanh(z, out=out),
        lambda g, a, out: _aten.tanh_backward.grad_input(g, a, grad_input=out),
    ),
    "relu": lambda p: _from_output(
        lambda z, out: torch.clamp_min(z, 0, out=out),
        lambda g, a, out: _aten.threshold_backward.grad_input(g, a, 0, grad_input=out),
    ),
    "leaky_relu": lambda p: _leaky(p["negative_slope"]),
    "elu": lambda p: _elu_like(p["alpha"], 1.0, 1.0),
    "selu": lambda p: _elu_like(_SELU_ALPHA, _SELU_SCALE, 1.0),
    "celu": lambda p: _elu_like(p["alpha"], 1.0, 1.0 / p["alpha"]),
    "gelu": lambda p: _Native(
        lambda z, out: _aten.gelu.out(z, out=out),
        lambda g, z, out: _aten.gelu_backward.grad_input(g, z, grad_input=out),
    ),
    "silu": lambda p: _Native(
        lambda z, out: _aten.silu.out(z, out=out),
        lambda g, z, out: _aten.silu_backward.grad_input(g, z, grad_input=out),
    ),
    "mish": lambda p: _Native(
        lambda z, out: _aten.mish.out(z, out=out),
        lambda g, z, out: out.copy_(_aten.mish_backward(g, z)),
    ),
    "softplus": lambda p: _softplus(p["beta"]),
    "relu6": lambda p: _hard_tanh(0.0, 6.0),
    "hard_tanh": lambda p: _hard_tanh(p["min_val"], p["max_val"]),
    "threshold": lambda p: _Native(
        lambda z, out: _aten.threshold.out(z, p["threshold"], p["value"], out=out),
        lambda g, z, out: _aten.threshold_backward.grad_input(g, z, p["threshold"], grad_input=out),
    ),
    "softshrink": lambda p: _Native(
        lambda z, out: _aten.softshrink.out(z, p["lambd"], out=out),
        lambda g, z, out: _aten.softshrink_backward.grad_input(g, z, p["lambd"], grad_input=out),
    ),
    "hardshrink": lambda p: _Native(
        lambda z, out: _aten.hardshrink.out(z, p["lambd"], out=out),
        lambda g, z, out: _aten.hardshrink_backward.grad_input(g, z, p["lambd"], grad_input=out),
    ),
    "hard_sigmoid": lambda p: _Native(
        lambda z, out: _aten.hardsigmoid.out(z, out=out),
        lambda g, z, out: _aten.hardsigmoid_backward.grad_input(g, z, grad_input=out),
    ),
    "hard_swish": lambda p: _Native(
        lambda z, out: _aten.hardswish.out(z, out=out),
        lambda g, z, out: _aten.hardswish_backward.out(g, z, out=out),
    ),
}


def kernel(record: Record) -> Kernel:
    """The passes of a record, PyTorch's own where there are any."""
    if record.name == "prelu":
        return _PReLU(record.values["weight"])
    native = _NATIVE.get(record.name)
    return native(_values(record)) if native else _Composed(record)
