"""PyTorch's own module classes, with a level."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from ._program import SOFTPLUS_THRESHOLD


def levelled(
    base: type[nn.Module], function: Callable[..., Tensor], attributes: tuple[str, ...]
) -> type[nn.Module]:
    """A subclass of PyTorch's class whose forward pass honours `actscope.precise`.

    Arguments, state_dict and repr are PyTorch's; one more argument, precise, sets the level.
    """
    signature = inspect.signature(base)
    defaults = {"threshold": SOFTPLUS_THRESHOLD} if base is nn.Softplus else {}
    accepts = [
        p.replace(default=defaults.get(p.name, p.default)) for p in signature.parameters.values()
    ]
    takes_anything = any(p.kind is p.VAR_POSITIONAL for p in accepts)  # torch.nn.Identity

    def __init__(self: Any, *values: Any, precise: bool | None = None, **named: Any) -> None:
        if not takes_anything:
            at = {p.name: i for i, p in enumerate(accepts)}
            missing = {n: v for n, v in defaults.items() if at[n] >= len(values)}
            named = {**missing, **named}
        base.__init__(self, *values, **named)
        if precise is not None:
            self.precise = precise

    def forward(self: Any, input: Tensor) -> Tensor:
        values = [getattr(self, name) for name in attributes]
        return function(input, *values, precise=self.precise)

    def extra_repr(self: Any) -> str:
        shown = base.extra_repr(self)
        level = "" if self.precise is None else f"precise={self.precise}"
        return ", ".join(part for part in (shown, level) if part)

    level = inspect.Parameter("precise", inspect.Parameter.KEYWORD_ONLY, default=None)
    keep = [p for p in accepts if p.kind is not p.VAR_KEYWORD]
    rest = [p for p in accepts if p.kind is p.VAR_KEYWORD]
    __init__.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *keep, level, *rest]
    )
    members = {
        "__init__": __init__,
        "__module__": "actscope.nn",  # where pickle finds it again
        "__doc__": f"{base.__doc__}",
        "forward": forward,
        "extra_repr": extra_repr,
        "precise": None,
    }
    return type(base.__name__, (base,), members)
