"""What enters the first layer with weights: is it centred?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from actscope.sites._fused import outermost
from actscope.sites._tracker import LINEAR


@dataclass(frozen=True)
class Entering:
    """What entered a layer. offset: |mean vector| / root of the total variance, over features.

    A unit with random weights w gets sums w.x of mean about offset x g and spread 1, g standard
    normal: so the offset says how many spreads from zero its sums lie.
    """

    layer: str
    features: int
    samples: int
    mean: float
    spread: float
    offset: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "layer": self.layer,
            "features": self.features,
            "samples": self.samples,
            "mean": self.mean,
            "spread": self.spread,
            "offset": self.offset if isfinite(self.offset) else None,
        }


class Entrance:
    """Sums over what enters the first linear or convolution layer called, on some looks.

    Only where the model is given floating-point tensors: after an embedding there is nothing
    that a user could centre.
    """

    def __init__(self) -> None:
        self._first: tuple[str, nn.Module] | None = None
        self._handles: list[Any] = []
        self._shift: Tensor | None = None  # the first look's mean: sums around it stay exact
        self._sum: Tensor | None = None
        self._square: Tensor | None = None
        self._samples = 0

    def start(self, model: nn.Module, given: Any, looked: int) -> None:
        """Before a pass that is looked at; inputs change little, so a sample of these will do."""
        if (looked >= 4 and looked % 16) or not _floating(given):
            return
        modules = [self._first] if self._first else model.named_modules()
        fused = {part for m in outermost(model) if not m.training for part in m.modules()}
        for name, module in modules:
            if isinstance(module, LINEAR) and module not in fused:  # a hook would undo the fusion
                self._handles.append(module.register_forward_pre_hook(self._hook(name)))

    def stop(self) -> None:
        """After it."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def told(self) -> Entering | None:
        """What was seen; None: nothing. Waits for the device."""
        if self._first is None or self._shift is None or self._samples < 2:
            return None
        assert self._sum is not None
        assert self._square is not None
        moved = self._sum.cpu() / self._samples
        mean = self._shift.double().cpu() + moved
        variance = float(self._square) / self._samples - float(moved @ moved)
        if not isfinite(variance):
            return None  # numbers that are none: the first site says so
        variance = max(0.0, variance)
        spread = variance**0.5
        size = float(mean.norm())
        return Entering(
            self._first[0],
            len(mean),
            self._samples,
            float(mean.mean()),
            spread / len(mean) ** 0.5,
            size / spread if spread > 0 else (0.0 if size == 0 else torch.inf),
        )

    def _hook(self, name: str) -> Any:
        def see(module: nn.Module, args: Any) -> None:
            self.stop()  # the first call of the pass is the one that counts
            x = args[0] if args else None
            if isinstance(x, Tensor) and x.is_floating_point() and x.numel():
                if self._first is None:
                    self._first = name, module
                with torch.inference_mode(False), torch.no_grad(), torch._C.DisableTorchFunction():
                    self._see(module, x.detach())

        return see

    def _see(self, module: Any, x: Tensor) -> None:
        axis = 1 - module.weight.dim() if not isinstance(module, nn.Linear) else -1
        dims = [d for d in range(x.dim()) if d != x.dim() + axis]
        shape = [1] * x.dim()
        shape[axis] = -1
        x = x if x.dtype is torch.float64 else x.float()
        if self._shift is None:
            self._shift = x.mean(dims) if dims else x
            self._sum = torch.zeros_like(self._shift, dtype=torch.float64)
            self._square = torch.zeros((), dtype=torch.float64, device=x.device)
        if len(self._shift) != x.shape[axis] or self._shift.device != x.device:
            return
        x = x - self._shift.view(shape)
        assert self._sum is not None
        assert self._square is not None
        self._sum += x.sum(dims) if dims else x
        self._square += (x * x).sum()
        self._samples += x.numel() // x.shape[axis]


def _floating(given: Any) -> bool:
    if isinstance(given, Tensor):
        return given.is_floating_point()
    if isinstance(given, Mapping):
        return any(map(_floating, given.values()))
    return isinstance(given, list | tuple) and any(map(_floating, given))
