"""Activations as pairs of in-place passes, for the hand-written backward pass of the ensemble.

A kernel writes f(z) into a buffer that exists already and, later, grad * f'(z) into another:
no allocation in the training step. PyTorch's own kernels where it has them (through their
`out=` forms); anything else is composed from the record's formula.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from actscope.catalogue import Record
from actscope.nn._forms import family_of, key_of
from actscope.nn._operations import SOFTPLUS_THRESHOLD, quick_tanh
from actscope.nn._program import Program

_aten: Any = torch.ops.aten


Call = Callable[[], Any]
Learned = Sequence[Tensor]


class Kernel(ABC):
    """f and grad * f' over tensors of one shape, "member batch unit", each row contiguous.

    Rows of whole vectors (a multiple of 32 elements) give each element a result that does not
    depend on the others: PyTorch's loops end in a scalar tail that rounds differently.

    Both are asked for once, for given buffers, and then called at every step: a small network
    spends more time on finding out what to do than on doing it.

    needs_input: False when the backward pass reads only the output, so that the forward
        pass may overwrite z.
    learned: names of the parameters that are trained, in the order of `learned` arguments.
    """

    needs_input: bool = True
    learned: tuple[str, ...] = ()
    start: tuple[float, ...] = ()

    @abstractmethod
    def forward(self, z: Tensor, out: Tensor, learned: Learned = ()) -> Call:
        """What writes f(z) into `out`; `learned` is one tensor a parameter,
        Float["member 1 unit"] or Float["member 1 1"]."""

    @abstractmethod
    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Learned = ()
    ) -> Call:
        """What writes grad * f'(z) into `out`, which may be `grad` itself."""

    def learned_grad(
        self, grad: Tensor, z: Tensor, learned: Learned, out: Sequence[Tensor]
    ) -> Call:
        """What writes the gradients of the learned parameters into `out`, shaped like them."""
        raise AssertionError(f"{type(self).__name__} learns nothing")


class _Identity(Kernel):
    needs_input = False

    def forward(self, z: Tensor, out: Tensor, learned: Learned = ()) -> Call:
        return _nothing if out is z else partial(out.copy_, z)

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Learned = ()
    ) -> Call:
        return _nothing if out is grad else partial(out.copy_, grad)


class _Step(Kernel):
    needs_input = False

    def forward(self, z: Tensor, out: Tensor, learned: Learned = ()) -> Call:
        return partial(torch.gt, z, 0, out=out)

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Learned = ()
    ) -> Call:
        return out.zero_


class _Native(Kernel):
    """PyTorch's own pair; f' is a function of the input z, or of the output a alone."""

    def __init__(
        self,
        forward: Callable[[Tensor, Tensor], Call],
        backward: Callable[[Tensor, Tensor, Tensor], Call],
        *,
        needs_input: bool = True,
    ) -> None:
        self._forward, self._backward, self.needs_input = forward, backward, needs_input

    def forward(self, z: Tensor, out: Tensor, learned: Learned = ()) -> Call:
        return self._forward(z, out)

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Learned = ()
    ) -> Call:
        return self._backward(grad, z if self.needs_input else a, out)


_from_output = partial(_Native, needs_input=False)


def _nothing() -> None:
    pass


class _PReLU(Kernel):
    """max(z, 0) + slope min(z, 0)."""

    learned = ("weight",)

    def __init__(self, start: float) -> None:
        self.start = (start,)

    def forward(self, z: Tensor, out: Tensor, learned: Learned = ()) -> Call:
        (slope,), positive = learned, torch.empty_like(z, dtype=torch.bool)

        def write() -> None:
            torch.gt(z, 0, out=positive)
            torch.mul(z, slope, out=out)
            torch.where(positive, z, out, out=out)

        return write

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Learned = ()
    ) -> Call:
        (slope,), positive, steep = learned, torch.empty_like(z, dtype=torch.bool), grad.clone()

        def write() -> None:
            torch.gt(z, 0, out=positive)
            torch.mul(grad, slope, out=steep)
            torch.where(positive, grad, steep, out=out)

        return write

    def learned_grad(
        self, grad: Tensor, z: Tensor, learned: Learned, out: Sequence[Tensor]
    ) -> Call:
        product = torch.empty_like(z)
        axes = [axis for axis in (1, 2) if out[0].shape[axis] == 1]

        def write() -> None:
            torch.clamp_max(z, 0, out=product)
            product.mul_(grad)
            torch.sum(product, axes, keepdim=True, out=out[0])

        return write


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
        self._value = family.program((), 0).quickly()
        self._slope = family.program(("x",), 1).quickly()
        self._learned_slopes = family.parameter_slopes.quickly() if learned else None

    def forward(self, z: Tensor, out: Tensor, learned: Learned = ()) -> Call:
        return into_memory(self._value, [self._view(z)], learned, [self._view(out)])

    def backward(
        self, grad: Tensor, z: Tensor, a: Tensor, out: Tensor, learned: Learned = ()
    ) -> Call:
        full = [self._view(z), self._view(grad)]
        return into_memory(self._slope, full, learned, [self._view(out)])

    def learned_grad(
        self, grad: Tensor, z: Tensor, learned: Learned, out: Sequence[Tensor]
    ) -> Call:
        slopes = self._learned_slopes
        assert slopes is not None
        add = into_memory(slopes, [z, grad], learned, [], out)

        def write() -> None:
            for total in out:
                total.zero_()
            add()

        return write

    def _view(self, tensor: Tensor) -> Tensor:
        return tensor if self.learned else tensor.flatten(0, 1)


def into_memory(
    program: Program,
    full: Sequence[Tensor],
    learned: Learned,
    out: Sequence[Tensor],
    sums: Sequence[Tensor] = (),
    *,
    blocks: bool | None = None,
) -> Call:
    """What runs a program as `Program.run` does; by ordinary operations where it cannot.

    blocks: None: on a processor only. A GPU has no use for them: its cache is not the matter.
    """
    if full[0].device.type == "cpu" if blocks is None else blocks:
        return partial(program.run, full, learned, out, sums)

    def write() -> None:
        results = program.plain([*full, *learned])
        for target, result in zip(out, results[: len(out)], strict=True):
            target.copy_(result)
        for total, result in zip(sums, results[len(out) :], strict=True):
            total += result.sum_to_size(total.shape)

    return write


def _values(record: Record) -> Mapping[str, float]:
    return {name: parameter.value for name, parameter in record.parameters.items()}


_nn: Any = torch._C.__dict__["_nn"]  # the out= forms of torch.nn.functional


def _elu_like(alpha: float, scale: float, input_scale: float) -> Kernel:
    backward = _aten.elu_backward.grad_input
    return _Native(
        lambda z, out: partial(_nn.elu, z, alpha, scale, input_scale, out=out),
        lambda g, z, out: partial(backward, g, alpha, scale, input_scale, False, z, grad_input=out),
    )


def _softplus(beta: float) -> Kernel:
    return _Native(
        lambda z, out: partial(_nn.softplus, z, beta, SOFTPLUS_THRESHOLD, out=out),
        _backward("softplus_backward", beta, SOFTPLUS_THRESHOLD),
    )


def _leaky(slope: float) -> Kernel:
    return _Native(
        lambda z, out: partial(_nn.leaky_relu, z, slope, out=out),
        _backward("leaky_relu_backward", slope, False),
    )


def _hard_tanh(low: float, high: float) -> Kernel:
    return _Native(
        lambda z, out: partial(torch.clamp, z, low, high, out=out),
        _backward("hardtanh_backward", low, high),
    )


def _backward(name: str, *settings: float) -> Callable[[Tensor, Tensor, Tensor], Call]:
    """PyTorch's name(grad, z or a, *settings) into `out`."""
    function = getattr(_aten, name).grad_input
    return lambda g, saved, out: partial(function, g, saved, *settings, grad_input=out)


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946

_NATIVE: dict[str, Callable[[Mapping[str, float]], Kernel]] = {
    "identity": lambda p: _Identity(),
    "step": lambda p: _Step(),
    "sigmoid": lambda p: _from_output(
        lambda z, out: partial(torch.sigmoid, z, out=out), _backward("sigmoid_backward")
    ),
    "tanh": lambda p: _from_output(
        lambda z, out: partial(quick_tanh, z, out=out), _backward("tanh_backward")
    ),
    "relu": lambda p: _from_output(
        lambda z, out: partial(torch.clamp_min, z, 0, out=out),
        _backward("threshold_backward", 0),
    ),
    "leaky_relu": lambda p: _leaky(p["negative_slope"]),
    "elu": lambda p: _elu_like(p["alpha"], 1.0, 1.0),
    "selu": lambda p: _elu_like(_SELU_ALPHA, _SELU_SCALE, 1.0),
    "celu": lambda p: _elu_like(p["alpha"], 1.0, 1.0 / p["alpha"]),
    "gelu": lambda p: _Native(
        lambda z, out: partial(_nn.gelu, z, out=out), _backward("gelu_backward")
    ),
    "gelu_tanh": lambda p: _Native(
        lambda z, out: partial(_nn.gelu, z, approximate="tanh", out=out),
        lambda g, z, out: partial(
            _aten.gelu_backward.grad_input, g, z, approximate="tanh", grad_input=out
        ),
    ),
    "silu": lambda p: _Native(
        lambda z, out: partial(_nn.silu, z, out=out), _backward("silu_backward")
    ),
    "mish": lambda p: _Native(
        lambda z, out: partial(_nn.mish, z, out=out),
        lambda g, z, out: lambda: out.copy_(_aten.mish_backward(g, z)),
    ),
    "softplus": lambda p: _softplus(p["beta"]),
    "relu6": lambda p: _hard_tanh(0.0, 6.0),
    "hard_tanh": lambda p: _hard_tanh(p["min_val"], p["max_val"]),
    "threshold": lambda p: _Native(
        lambda z, out: partial(_aten.threshold.out, z, p["threshold"], p["value"], out=out),
        _backward("threshold_backward", p["threshold"]),
    ),
    "softshrink": lambda p: _Native(
        lambda z, out: partial(_nn.softshrink, z, p["lambd"], out=out),
        _backward("softshrink_backward", p["lambd"]),
    ),
    "hardshrink": lambda p: _Native(
        lambda z, out: partial(_aten.hardshrink.out, z, p["lambd"], out=out),
        _backward("hardshrink_backward", p["lambd"]),
    ),
    "hard_sigmoid": lambda p: _Native(
        lambda z, out: partial(_nn.hardsigmoid, z, out=out), _backward("hardsigmoid_backward")
    ),
    "hard_swish": lambda p: _Native(
        lambda z, out: partial(_nn.hardswish, z, out=out),
        lambda g, z, out: partial(_aten.hardswish_backward.out, g, z, out=out),
    ),
}


def kernel(record: Record) -> Kernel:
    """The passes of a record, PyTorch's own where there are any."""
    if record.name == "prelu":
        return _PReLU(record.values["weight"])
    native = _NATIVE.get(record.name)
    return native(_values(record)) if native else _Composed(record)
