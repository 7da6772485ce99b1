"""Where PyTorch has a kernel of its own for an activation. What is not here is composed.

Each function has PyTorch's signature and, at the default level, PyTorch's result to the bit; it
calls what `torch.nn.functional` calls. At the precise level it is composed like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn import functional

from ._forms import apply, apply_slope
from ._level import LEVEL
from ._program import SOFTPLUS_THRESHOLD

_nn = cast(Any, torch._C)._nn  # the kernels, without torch.nn.functional's checks before them


def _exactly(name: str, input: Tensor, *values: float | Tensor, inplace: bool = False) -> Tensor:
    if not inplace:
        return apply(name, True, input, *values)
    # Autograd keeps the input: it must not be what is overwritten.
    return input.copy_(apply(name, True, input.clone(), *values))


def _plain(name: str, kernel: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """A function without parameters that PyTorch has as one kernel."""

    def function(input: Tensor, *, precise: bool | None = None) -> Tensor:
        if precise or (precise is None and LEVEL.precise):
            return apply(name, True, input)
        return kernel(input)

    function.__name__ = function.__qualname__ = name
    return function


sigmoid = _plain("sigmoid", torch.sigmoid)
tanh = _plain("tanh", torch.tanh)
arctan = _plain("arctan", torch.atan)
erf = _plain("erf", torch.erf)
exponential = _plain("exponential", torch.exp)
cosine = _plain("cosine", torch.cos)
square = _plain("square", torch.square)
absolute = _plain("absolute", torch.abs)
shifted_relu = _plain("shifted_relu", lambda input: torch.threshold(input, -1.0, -1.0))


def identity(input: Tensor, *, precise: bool | None = None) -> Tensor:
    return input


def log_sigmoid(input: Tensor, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("log_sigmoid", input)
    if torch._C._are_functorch_transforms_active():  # PyTorch's own warns under vmap(hessian)
        return apply("log_sigmoid", False, input)
    return _nn.log_sigmoid(input)


def relu(input: Tensor, inplace: bool = False, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("relu", input, inplace=inplace)
    return torch.relu_(input) if inplace else torch.relu(input)


def relu6(input: Tensor, inplace: bool = False, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("relu6", input, inplace=inplace)
    return _nn.relu6_(input) if inplace else _nn.relu6(input)


def selu(input: Tensor, inplace: bool = False, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("selu", input, inplace=inplace)
    return torch.selu_(input) if inplace else torch.selu(input)


def silu(input: Tensor, inplace: bool = False, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("silu", input, inplace=inplace)
    return _nn.silu_(input) if inplace else _nn.silu(input)


def mish(input: Tensor, inplace: bool = False, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("mish", input, inplace=inplace)
    return _nn.mish_(input) if inplace else _nn.mish(input)


def hard_swish(input: Tensor, inplace: bool = False, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("hard_swish", input, inplace=inplace)
    return _nn.hardswish_(input) if inplace else _nn.hardswish(input)


class _HardSigmoid(torch.autograd.Function):
    """PyTorch's kernels, and a second derivative, which PyTorch's own has not."""

    @staticmethod
    def forward(ctx: Any, input: Tensor) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(input)
        return _nn.hardsigmoid(input)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # type: ignore[override]
        (input,) = ctx.saved_tensors
        if torch.is_grad_enabled():
            return grad * apply_slope("hard_sigmoid", False, input)
        return torch.ops.aten.hardsigmoid_backward(grad, input)


def hard_sigmoid(input: Tensor, inplace: bool = False, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("hard_sigmoid", input, inplace=inplace)
    if inplace:
        return input.copy_(hard_sigmoid(input.clone(), precise=False))
    if not input.requires_grad and not torch._C._are_functorch_transforms_active():
        return _nn.hardsigmoid(input)
    # In float64 PyTorch's slope is a float32 sixth.
    if (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or input.dtype is torch.float64
    ):
        return apply("hard_sigmoid", False, input)
    return cast(Tensor, _HardSigmoid.apply(input))


def hard_tanh(
    input: Tensor,
    min_val: float = -1.0,
    max_val: float = 1.0,
    inplace: bool = False,
    *,
    precise: bool | None = None,
) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("hard_tanh", input, min_val, max_val, inplace=inplace)
    if min_val > max_val:
        return functional.hardtanh(input, min_val, max_val)  # raises what PyTorch raises
    return (_nn.hardtanh_ if inplace else _nn.hardtanh)(input, min_val, max_val)


def threshold(
    input: Tensor,
    threshold: float = 1.0,
    value: float = 0.0,
    inplace: bool = False,
    *,
    precise: bool | None = None,
) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("threshold", input, threshold, value, inplace=inplace)
    return (torch.threshold_ if inplace else torch.threshold)(input, threshold, value)


def leaky_relu(
    input: Tensor,
    negative_slope: float = 0.01,
    inplace: bool = False,
    *,
    precise: bool | None = None,
) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("leaky_relu", input, negative_slope, inplace=inplace)
    return (_nn.leaky_relu_ if inplace else _nn.leaky_relu)(input, negative_slope)


def prelu(input: Tensor, weight: float | Tensor = 0.25, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        if isinstance(weight, Tensor) and weight.numel() > 1:  # one for each channel
            weight = weight.view(-1, *(1,) * (input.dim() - 2))
        return _exactly("prelu", input, weight)
    if isinstance(weight, Tensor):
        return torch.prelu(input, weight)
    return _nn.leaky_relu(input, weight)


def rrelu(
    input: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
    *,
    precise: bool | None = None,
) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        if not training:
            return _exactly("rrelu", input, lower, upper, inplace=inplace)
        slopes = torch.empty_like(input, requires_grad=False).uniform_(lower, upper)
        return _exactly("prelu", input, slopes, inplace=inplace)
    if not training:  # the same, and it works under vmap
        return leaky_relu(input, (lower + upper) / 2, inplace, precise=False)
    return (torch.rrelu_ if inplace else torch.rrelu)(input, lower, upper, True)


def elu(
    input: Tensor, alpha: float = 1.0, inplace: bool = False, *, precise: bool | None = None
) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("elu", input, alpha, inplace=inplace)
    return (_nn.elu_ if inplace else _nn.elu)(input, alpha)


def celu(
    input: Tensor, alpha: float = 1.0, inplace: bool = False, *, precise: bool | None = None
) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("celu", input, alpha, inplace=inplace)
    return (torch.celu_ if inplace else torch.celu)(input, alpha)


def gelu(input: Tensor, approximate: str = "none", *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("gelu_tanh" if approximate == "tanh" else "gelu", input)
    return _nn.gelu(input, approximate=approximate)


def gelu_tanh(input: Tensor, *, precise: bool | None = None) -> Tensor:
    return gelu(input, "tanh", precise=precise)


def softplus(
    input: Tensor,
    beta: float = 1.0,
    threshold: float = SOFTPLUS_THRESHOLD,
    *,
    precise: bool | None = None,
) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("softplus", input, beta)
    return _nn.softplus(input, beta, threshold)


def softshrink(input: Tensor, lambd: float = 0.5, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("softshrink", input, lambd)
    return _nn.softshrink(input, lambd)


def hardshrink(input: Tensor, lambd: float = 0.5, *, precise: bool | None = None) -> Tensor:
    if precise or (precise is None and LEVEL.precise):
        return _exactly("hardshrink", input, lambd)
    return torch.hardshrink(input, lambd)


def tanhshrink(input: Tensor, *, precise: bool | None = None) -> Tensor:
    exact = LEVEL.precise if precise is None else precise
    # Beyond a mebi of elements memory decides, and a composed function goes through it once.
    if exact or (not torch.compiler.is_compiling() and input.numel() > 1 << 20):
        return apply("tanhshrink", exact, input)
    return input - torch.tanh(input)


def sine(input: Tensor, omega: float = 1.0, *, precise: bool | None = None) -> Tensor:
    exact = LEVEL.precise if precise is None else precise
    if exact or isinstance(omega, Tensor) or omega != 1.0:
        return apply("sine", exact, input, omega)
    return torch.sin(input)


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    function.__name__: function
    for function in (
        identity, sigmoid, tanh, log_sigmoid, relu, relu6, selu, silu, mish, hard_swish,
        hard_sigmoid, hard_tanh, threshold, leaky_relu, prelu, rrelu, elu, celu, gelu, gelu_tanh,
        softplus, softshrink, hardshrink, tanhshrink, sine, arctan, erf, exponential,
        cosine, square, absolute, shifted_relu,
    )
}  # fmt: skip

# What PyTorch's module classes keep, in the order of our functions' arguments.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("identity", "sigmoid", "tanh", "log_sigmoid", "softsign"), ()),
    "tanhshrink": (),
    **dict.fromkeys(
        ("relu", "relu6", "selu", "silu", "mish", "hard_swish", "hard_sigmoid"), ("inplace",)
    ),
    "hard_tanh": ("min_val", "max_val", "inplace"),
    "threshold": ("threshold", "value", "inplace"),
    "leaky_relu": ("negative_slope", "inplace"),
    "prelu": ("weight",),
    "rrelu": ("lower", "upper", "training", "inplace"),
    "elu": ("alpha", "inplace"),
    "celu": ("alpha", "inplace"),
    "gelu": ("approximate",),
    "softplus": ("beta", "threshold"),
    "softshrink": ("lambd",),
    "hardshrink": ("lambd",),
}
# Defaults that are not PyTorch's: its softplus is off by 2e-9 above a threshold of 20.
DEFAULTS: dict[str, dict[str, float]] = {"softplus": {"threshold": SOFTPLUS_THRESHOLD}}
# Parameters of ours that PyTorch's class names differently.
RENAMED: dict[str, dict[str, str]] = {"prelu": {"weight": "init"}}
