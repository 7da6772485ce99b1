"""PyTorch's fused attention layers: run as without watching, and once more on the side to be seen.

In evaluation, `nn.TransformerEncoderLayer` and its relatives take one fused operation, but not
where a function mode or a hook is there: their outputs would differ in the last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, _pop_mode_temporarily

from actscope.sites._origins import tensors

_ENCODERS = (nn.TransformerEncoder, nn.TransformerEncoderLayer)
_FUSED = (*_ENCODERS, nn.MultiheadAttention)

Seen = Callable[[nn.Module, Any, Any], AbstractContextManager[None]]
Adopt = Callable[[Tensor, Tensor], None]


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
def around(module: nn.Module, mode: TorchFunctionMode, seen: Seen, adopt: Adopt) -> Iterator[None]:
    """Within, the module's forward is as without watching, and is seen.

    mode: what watches functions. seen: watches the modules inside. adopt(one, two): one comes
    from where two comes from.
    """
    before, plain = vars(module).get("forward"), module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        if _RUN.get() == "unseen":
            return plain(*args, **kwargs)
        if _RUN.get() == "seen":
            _INNER.get().append(adopt)
        if _RUN.get() == "seen" or not _may_fuse(module, (*args, *kwargs.values()), type(mode)):
            with seen(module, args, kwargs):
                return plain(*args, **kwargs)
        with _run("unseen", []), _modes_off():
            out = plain(*args, **kwargs)
        adopting = [adopt]
        with _run("seen", adopting), _random_kept(module), seen(module, args, kwargs):
            again = plain(*args, **kwargs)
        for one, two in zip(_of(out), _of(again), strict=False):
            for each in adopting:
                each(one, two)
        return out

    object.__setattr__(module, "forward", forward)
    try:
        yield
    finally:
        object.__delattr__(module, "forward")
        if before is not None:
            object.__setattr__(module, "forward", before)


# Which of the two runs this is, for a second watch on the same module, whose forward is inside.
_RUN: ContextVar[str] = ContextVar("_RUN", default="")
_INNER: ContextVar[list[Adopt]] = ContextVar("_INNER")


@contextmanager
def _run(which: str, adopting: list[Adopt]) -> Iterator[None]:
    run, inner = _RUN.set(which), _INNER.set(adopting)
    try:
        yield
    finally:
        _RUN.reset(run)
        _INNER.reset(inner)


@contextmanager
def _modes_off() -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(torch._C._len_torch_function_stack()):
            stack.enter_context(_pop_mode_temporarily())
        yield


@contextmanager
def _random_kept(module: nn.Module) -> Iterator[None]:
    """The random state as it is, if a part may draw (a dropout left on)."""
    if not any(part.training for part in module.modules()):
        yield
        return
    devices = {t.device for t in module.parameters() if t.is_cuda}
    with torch.random.fork_rng(devices=list(devices)):
        yield


def _may_fuse(module: nn.Module, given: Any, ours: type[TorchFunctionMode]) -> bool:
    """Whether the fused path may be taken; no gradient flows then: running twice is harmless.

    ours: the modes that watch; without watching, any other one stops the fused path.
    """
    depth = torch._C._len_torch_function_stack()
    modes = [torch._C._get_function_stack_at(n) for n in range(depth)]
    if module.training or not modes or not all(isinstance(mode, ours) for mode in modes):
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
