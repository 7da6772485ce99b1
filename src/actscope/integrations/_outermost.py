"""Which modules of a model are called from outside any other: what a training step calls."""

from __future__ import annotations

from typing import Any

from torch import nn


class Outermost:
    """Hooks that note it, until `off`. found: by path, in order of their first call.

    Modules without parameters are left out: losses and metrics.
    """

    def __init__(self, model: nn.Module) -> None:
        self.found: dict[str, nn.Module] = {}
        self._depth = 0
        self._paths = {module: path for path, module in model.named_modules()}
        self._hooks: list[Any] = []
        for module in self._paths:
            self._hooks += [
                module.register_forward_pre_hook(self._enter),
                module.register_forward_hook(self._leave, always_call=True),
            ]

    def off(self) -> None:
        """Remove the hooks."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def _enter(self, module: nn.Module, args: Any) -> None:
        if self._depth == 0 and any(True for _ in module.parameters()):
            self.found.setdefault(self._paths[module], module)
        self._depth += 1

    def _leave(self, module: nn.Module, args: Any, out: Any) -> None:
        self._depth -= 1
