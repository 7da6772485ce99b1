"""PyTorch's own module classes, with a level."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn


def levelled(
    base: type[nn.Module],
    function: Callable[..., Tensor],
    attributes: tuple[str, ...],
    defaults: Mapping[str, Any],
) -> type[nn.Module]:
    """A subclass of PyTorch's class whose forward pass honours `actscope.precise`.

    Arguments, state_dict and repr are PyTorch's; one more argument, precise, sets the level.

    attributes: what an instance keeps, in the order of the function's arguments.
    defaults: arguments whose default is not PyTorch's.
    """
    given = inspect.signature(base).parameters.values()
    accepts = [p.replace(default=defaults.get(p.name, p.default)) for p in given]
    names = [p.name for p in accepts]

    def init(self: Any, *values: Any, precise: bool | None = None, **named: Any) -> None:
        rest = {n: v for n, v in defaults.items() if names.index(n) >= len(values)}
        base.__init__(self, *values, **{**rest, **named})
        if precise is not None:
            self.precise = precise

    def forward(self: Any, input: Tensor) -> Tensor:
        values = [getattr(self, name) for name in attributes]
        return function(input, *values, precise=self.precise)

    def extra_repr(self: Any) -> str:
        level = "" if self.precise is None else f"precise={self.precise}"
        return ", ".join(part for part in (base.extra_repr(self), level) if part)

    level = inspect.Parameter("precise", inspect.Parameter.KEYWORD_ONLY, default=None)
    last = [p for p in accepts if p.kind is p.VAR_KEYWORD]  # torch.nn.Identity takes anything
    first = [p for p in accepts if p not in last]
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    init.__signature__ = inspect.Signature([itself, *first, level, *last])  # type: ignore[attr-defined]
    members: dict[str, Any] = {
        "__init__": init,
        "__module__": "actscope.nn",  # where pickle finds it again
        "__doc__": base.__doc__,
        "forward": forward,
        "extra_repr": extra_repr,
        "precise": None,
    }
    return type(base.__name__, (base,), members)
