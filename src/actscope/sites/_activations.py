"""Which functions and modules are activations, and of which record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from actscope import catalogue
from actscope.catalogue import Record
from actscope.errors import SettingError

# PyTorch's function -> the record's name, and the record's parameters in PyTorch's order.
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "relu": ("relu", ()),
    "relu6": ("relu6", ()),
    "leaky_relu": ("leaky_relu", ("negative_slope",)),
    "elu": ("elu", ("alpha",)),
    "selu": ("selu", ()),
    "celu": ("celu", ("alpha",)),
    "silu": ("silu", ()),
    "mish": ("mish", ()),
    "softplus": ("softplus", ("beta",)),
    "softsign": ("softsign", ()),
    "tanh": ("tanh", ()),
    "sigmoid": ("sigmoid", ()),
    "hardtanh": ("hard_tanh", ("min_val", "max_val")),
    "hardsigmoid": ("hard_sigmoid", ()),
    "hardswish": ("hard_swish", ()),
    "hardshrink": ("hardshrink", ("lambd",)),
    "softshrink": ("softshrink", ("lambd",)),
    "tanhshrink": ("tanhshrink", ()),
    "logsigmoid": ("log_sigmoid", ()),
    "log_sigmoid": ("log_sigmoid", ()),  # as a function mode hears F.logsigmoid
    "rrelu": ("rrelu", ("lower", "upper")),
    "prelu": ("prelu", ()),
}

# Modules that compute an activation by several operations, or in a way that cannot be seen, by
# the names of their classes: transformers, timm and their relatives.
_MODULES: dict[str, str] = {
    "GELUActivation": "gelu",
    "NewGELUActivation": "gelu_tanh",
    "FastGELUActivation": "gelu_tanh",
    "AccurateGELUActivation": "gelu_tanh",
    "PytorchGELUTanh": "gelu_tanh",
    "GELUTanh": "gelu_tanh",
    "BloomGelu": "gelu_tanh",
    "QuickGELUActivation": "quick_gelu",
    "QuickGELU": "quick_gelu",
    "SiLUActivation": "silu",
    "MishActivation": "mish",
    "ReLUSquaredActivation": "squared_relu",
    "Swish": "silu",
    "MemoryEfficientSwish": "silu",
    "SwishMe": "silu",
    "MishMe": "mish",
    "HardSwish": "hard_swish",
    "HardSwishMe": "hard_swish",
}
_FROM = ("transformers.", "timm.", "torchvision.", "efficientnet_pytorch.", "open_clip.", "clip.")

_DECLARED: dict[Any, str] = {}


def declare(what: type | Callable[..., Any], activation: str | Record) -> None:
    """Say which activation a class or function of your own computes, so that it is found.

    Args:
        what: a `torch.nn.Module` class, a `torch.autograd.Function` class (its `apply`).
        activation: a name, formula or record.

    Raises:
        UnknownActivation, SettingError

    >>> import torch
    >>> class Squash(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x / (1 + x.abs())
    >>> declare(Squash, "softsign")
    """
    if not isinstance(what, type):
        raise SettingError(
            f"{what!r} is not a class: declare a torch.nn.Module or torch.autograd.Function class"
        )
    record = activation if isinstance(activation, Record) else catalogue.get(activation)
    _DECLARED[what] = record.label


def declared_functions() -> list[type]:
    """The declared `torch.autograd.Function` classes."""
    from torch.autograd import Function

    return [what for what in _DECLARED if isinstance(what, type) and issubclass(what, Function)]


@contextmanager
def intercepted(kind: type, instead: Callable[..., Any]) -> Iterator[None]:
    """Within, instead(kind, apply, ...) is called in place of an autograd function's apply(...),
    which no function mode sees."""
    before = kind.__dict__.get("apply")
    original = super(kind, kind).apply  # type: ignore[misc]
    kind.apply = staticmethod(partial(instead, kind, original))  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if before is None:
            del kind.apply  # type: ignore[attr-defined]
        else:
            kind.apply = before  # type: ignore[attr-defined]


def declared(what: type) -> Record:
    """The record of a declared class."""
    return catalogue.get(_DECLARED[what])


def record_of_module(module: nn.Module) -> Record | None:
    """The record of a module that is an activation as a whole; None for torch's own, whose
    functions tell more, and for all others."""
    acting = getattr(vars(module).get("forward"), "record", None)
    if isinstance(acting, Record):
        return acting
    for kind in type(module).__mro__:
        if kind in _DECLARED:
            return catalogue.get(_DECLARED[kind])
    ours = getattr(module, "record", None)
    if isinstance(ours, Record) and type(module).__module__.startswith("actscope."):
        return ours
    kind = type(module)
    if kind.__name__ in _MODULES and kind.__module__.startswith(_FROM):
        return catalogue.get(_MODULES[kind.__name__])
    return None


_TORCH_OWN = (
    *(nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.SiLU, nn.Mish, nn.Softplus),
    *(nn.Softsign, nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish, nn.Hardshrink),
    *(nn.Softshrink, nn.Tanhshrink, nn.Threshold, nn.LogSigmoid, nn.RReLU, nn.PReLU, nn.GELU),
    nn.GLU,
)


def is_activation(module: nn.Module) -> bool:
    """Whether a module is nothing but an activation."""
    return isinstance(module, _TORCH_OWN) or record_of_module(module) is not None


def record_of_call(name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Record | None:
    """The record of a call of PyTorch's function `name`, if that is an activation."""
    name = "sigmoid" if name == "special_expit" else name.strip("_")
    if name in _FUNCTIONS:
        label, parameters = _FUNCTIONS[name]
        given = dict(zip(parameters, args[1:], strict=False))
        given |= {key: named[key] for key in parameters if key in named}
        numbers = {k: float(v) for k, v in given.items() if isinstance(v, int | float)}
        if label == "hard_tanh" and numbers == {"min_val": 0, "max_val": 6}:  # as nn.ReLU6 calls it
            return catalogue.get("relu6")
        return catalogue.get(label, **numbers) if numbers else catalogue.get(label)
    if name == "gelu":
        approximate = args[1] if len(args) > 1 else named.get("approximate", "none")
        return catalogue.get("gelu_tanh" if approximate == "tanh" else "gelu")
    if name == "glu":  # the half that is let through is no activation's
        return catalogue.get("sigmoid")
    if name in ("clamp", "clip", "clamp_min"):
        return _of_limits(name, args, named)
    if name == "threshold":
        given = dict(zip(("threshold", "value"), args[1:], strict=False)) | dict(named)
        zero = _is_zero(given.get("threshold")) and _is_zero(given.get("value"))
        return catalogue.get("relu" if zero else "threshold")
    if name in ("maximum", "max"):  # max(x, 0) is along an axis
        other = args[1] if len(args) > 1 else named.get("other")
        return catalogue.get("relu") if isinstance(other, Tensor) and _is_zero(other) else None
    return None


def _of_limits(name: str, args: Sequence[Any], named: Mapping[str, Any]) -> Record | None:
    low = args[1] if len(args) > 1 else named.get("min")
    high = None
    if name != "clamp_min":
        high = args[2] if len(args) > 2 else named.get("max")
    if not _is_zero(low):
        return None
    if high is None:
        return catalogue.get("relu")
    return catalogue.get("relu6") if high == 6 else None


def _is_zero(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.numel() == 1 and not value.requires_grad and value.item() == 0
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0
