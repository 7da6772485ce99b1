"""Models that cannot be looked into, told in one line each."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch._C import _functorch  # type: ignore[attr-defined]

from actscope.errors import SettingError


def refuse(model: object, doing: str, *, values: bool = True) -> None:
    """Raise where a model's activations cannot be seen or changed; return quietly elsewhere.

    Args:
        model: what the user gave.
        doing: what they wanted, as a sentence goes on: "watch it", "swap".
        values: whether values are needed; the meta device has shapes alone.

    Raises:
        SettingError: no module; scripted, quantised or sharded ones; inside torch.func.

    >>> refuse(nn.Linear(2, 2), "watch it")
    >>> refuse(max, "watch it")
    Traceback (most recent call last):
    ...
    actscope.errors.SettingError: the model is a builtin_function_or_method: it must be a torch.nn.Module
    """  # noqa: E501 (one line is what the user sees)
    if not isinstance(model, nn.Module):
        raise SettingError(f"the model is a {type(model).__name__}: it must be a torch.nn.Module")
    if _functorch.peek_interpreter_stack() is not None:
        raise SettingError(
            f"inside torch.func (vmap, grad ...) one call stands for many: {doing} outside of it"
        )
    for path, module in model.named_modules():
        _refuse_module(path or "the model", module, doing)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        _refuse_tensor(name, tensor, doing, values)


def _refuse_module(where: str, module: nn.Module, doing: str) -> None:
    kind = type(module)
    if isinstance(module, torch.jit.ScriptModule):
        raise SettingError(
            f"{where} is compiled by torch.jit, which keeps its own code: {doing} before scripting"
        )
    if kind.__module__.startswith("torch.") and ".quantized" in kind.__module__:
        raise SettingError(f"{where} is quantised ({kind.__name__}): {doing} before quantising")
    if any(base.__name__ in ("FullyShardedDataParallel", "FSDPModule") for base in kind.__mro__):
        raise SettingError(f"{where} is sharded by FSDP: {doing} before sharding")


def _refuse_tensor(name: str, tensor: Tensor, doing: str, values: bool) -> None:
    kind = type(tensor)
    if kind.__name__ == "DTensor":
        raise SettingError(f"{name} is spread over devices (DTensor): {doing} before that")
    if tensor.is_quantized or kind.__module__.startswith("torchao"):
        raise SettingError(f"{name} is quantised: {doing} before quantising")
    if values and tensor.is_meta:
        raise SettingError(
            f"{name} is on the meta device, which holds no values: load or initialise the model, "
            f"then {doing}"
        )


def refuse_lazy(model: nn.Module) -> None:
    """Raise where a module waits for its first input to know its shapes."""
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if torch.nn.parameter.is_lazy(tensor):
            raise SettingError(
                f"{name} has no shape yet (a lazy module): run the model once on an example first"
            )
