"""What a model is called with: given, or seen in the first call that `score` makes."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any

import torch
from torch import Tensor, nn

from actscope.errors import SettingError
from actscope.sites._observe import leaves
from actscope.study.models._functions import Function
from actscope.study.models._seeding import own_randomness, sow


class _Seen(BaseException):
    """Ends `score` at its first call of the model; no `except Exception` of the user's sees it."""


def first_call(build: Function, score: Function, seed: int) -> Any:
    """A copy of what `score` calls a model with that `build` made.

    Raises:
        SettingError: it does not call the model, or fails before that.
    """
    seen: list[Any] = []

    def look(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        seen.append(_as_example(module, args, kwargs))
        raise _Seen

    with own_randomness():
        model = built(build, seed, "before training")
        sow(seed, "score")
        handle = model.register_forward_pre_hook(look, with_kwargs=True, prepend=True)
        try:
            score("on a network before training", model=model, seed=seed)
        except _Seen:
            return _copied(seen[0])
        finally:
            handle.remove()
    raise SettingError(
        "score does not call the model (model(x)), so what goes into it is not known: give "
        "example=x, what the model is called with"
    )


def built(build: Function, seed: int, where: str) -> nn.Module:
    """A model of the user's, its weights drawn from the seed."""
    sow(seed, "build")
    model = build(where, seed=seed)
    if not isinstance(model, nn.Module):
        raise SettingError(f"build gives a {type(model).__name__}: it must give a torch.nn.Module")
    return model


def fingerprint(example: Any) -> str:
    """What tells one example from another: the shapes and the bytes of its tensors."""
    digest = hashlib.sha256()
    for tensor in leaves(example):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def on_cpu(example: Any) -> bool:
    """Whether processes can train side by side: a GPU is one for all."""
    return all(tensor.device.type == "cpu" for tensor in leaves(example))


def _as_example(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not kwargs:
        return args
    names = list(inspect.signature(module.forward).parameters)
    return {**dict(zip(names, args, strict=False)), **kwargs}


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return type(value)(map(_copied, value)) if type(value) in (list, tuple) else value
