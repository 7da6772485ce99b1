"""PyTorch's fused attention layers: run as without watching, and once more on the side to be seen.

In evaluation, `nn.TransformerEncoderLayer` and its relatives take one fused operation, but not
where a function mode or a hook is there: their outputs would differ in the last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, _pop_mode_temporarily

from actscope.sites._origins import tensors

_ENCODERS = (nn.TransformerEncoder, nn.TransformerEncoderLayer)
_FUSED = (*_ENCODERS, nn.MultiheadAttention)

Seen = Callable[[nn.Module, Any, Any], AbstractContextManager[None]]


def outermost(model: nn.Module) -> list[nn.Module]:
    """The modules with a fused path, but for those inside of another.

    Not the model itself if it has hooks: its forward is chosen before they run.
    """
    if isinstance(model, _FUSED) and not _hooked(model):
        return [model]
    return [found for child in model.children() for found in _inside(child)]


def _inside(module: nn.Module) -> list[nn.Module]:
    if isinstance(module, _FUSED):
        return [module]
    return [found for child in module.children() for found in _inside(child)]


@contextmanager
def around(
    module: nn.Module, mode: TorchFunctionMode, seen: Seen, adopt: Callable[[Tensor, Tensor], None]
) -> Iterator[None]:
    """Within, the module's forward is as without watching, and is seen.

    mode: what watches functions. seen: watches the modules inside. adopt(one, two): one comes
    from where two comes from.
    """
    before, plain = vars(module).get("forward"), module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        if not _may_fuse(module, (*args, *kwargs.values())):
            with seen(module, args, kwargs):
                return plain(*args, **kwargs)
        with _pop_mode_temporarily():
            out = plain(*args, **kwargs)
        with _random_kept(module), seen(module, args, kwargs):
            again = plain(*args, **kwargs)
        for one, two in zip(_of(out), _of(again), strict=False):
            adopt(one, two)
        return out

    object.__setattr__(module, "forward", forward)
    try:
        yield
    finally:
        object.__delattr__(module, "forward")
        if before is not None:
            object.__setattr__(module, "forward", before)


@contextmanager
def _random_kept(module: nn.Module) -> Iterator[None]:
    """The random state as it is, if a part may draw (a dropout left on)."""
    if not any(part.training for part in module.modules()):
        yield
        return
    devices = {t.device for t in module.parameters() if t.is_cuda}
    with torch.random.fork_rng(devices=list(devices)):
        yield


def _may_fuse(module: nn.Module, given: Any) -> bool:
    """Whether the fused path may be taken; no gradient flows then: running twice is harmless."""
    if module.training or torch._C._len_torch_function_stack() != 1:
        return False
    if isinstance(module, _ENCODERS) and any(map(_hooked, module.modules())):
        return False
    if not torch.is_grad_enabled():
        return True
    return not any(t.requires_grad for t in (*tensors(given), *module.parameters()))


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)


def _of(out: Any) -> Iterator[Tensor]:
    return tensors([out] if isinstance(out, Tensor) else out)
