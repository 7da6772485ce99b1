"""What enters the first layer with weights: is it centred? And where do branches begin?"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from actscope.sites._fused import outermost
from actscope.sites._tracker import LINEAR


@dataclass(frozen=True)
class Entering:
    """What entered a layer. offset: |mean vector| / root of the total variance, over features.

    A unit with random weights w gets sums w.x of mean about offset x g and spread 1, g standard
    normal: so the offset says how many spreads from zero its sums lie. branches: the layers that
    read what enters the model, or what another layer read before: what they make does not follow
    from what was made just before.
    """

    layer: str
    features: int
    samples: int
    mean: float
    spread: float
    offset: float
    branches: frozenset[str] = frozenset()

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


class Sums(NamedTuple):
    """What was added up, where there is memory: over `samples`, around `shift`."""

    layer: str
    shift: Tensor
    sum: Tensor
    square: Tensor
    samples: int
    branches: frozenset[str]


class Entrance:
    """Sums over what enters the first linear or convolution layer that reads what the model was
    given, on some looks.

    Only of floating-point tensors that the model was given, or views of them: what an embedding
    or another layer made is nothing that a user could centre.
    """

    def __init__(self) -> None:
        self._first: str | None = None
        self._handles: list[Any] = []
        self._shift: Tensor | None = None  # the first look's mean: sums around it stay exact
        self._sum: Tensor | None = None
        self._square: Tensor | None = None
        self._samples = 0
        self._given: set[int] = set()
        self._read: dict[int, weakref.ref[Tensor]] = {}
        self._seen = False
        self._branches: set[str] = set()

    def start(self, model: nn.Module, given: Any, looked: int) -> None:
        """Before a pass that is looked at; inputs change little, so a sample of these will do."""
        if (looked >= 4 and looked % 16) or not _floating(given):
            return
        self._given = {s for s in map(_storage, _tensors(given)) if s is not None}
        self._seen = False
        fused = {part for m in outermost(model) if not m.training for part in m.modules()}
        for name, module in model.named_modules():
            if isinstance(module, LINEAR) and module not in fused:  # a hook would undo the fusion
                self._handles.append(module.register_forward_pre_hook(self._hook(name)))

    def stop(self) -> None:
        """After it."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._given, self._read = set(), {}

    def sums(self) -> Sums | None:
        """To be added to another's. Waits for the device."""
        if self._first is None or self._shift is None:
            return None
        assert self._sum is not None
        assert self._square is not None
        parts = (self._shift, self._sum, self._square)
        shift, total, square = (part.to("cpu", torch.float64, copy=True) for part in parts)
        return Sums(self._first, shift, total, square, self._samples, frozenset(self._branches))

    def add(self, other: Sums | None) -> None:
        """What another saw of the same layer."""
        if other is None:
            return
        self._branches |= other.branches
        mine = self.sums()
        if mine is None:
            self._first, self._shift, self._sum, self._square, self._samples, _ = other
            return
        if mine.layer != other.layer or len(mine.shift) != len(other.shift):
            return
        moved = other.shift - mine.shift  # theirs, around my shift
        self._shift, self._samples = mine.shift, mine.samples + other.samples
        self._sum = mine.sum + other.sum + other.samples * moved
        around = 2 * (moved @ other.sum) + other.samples * (moved @ moved)
        self._square = mine.square + other.square + around

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
            self._first,
            len(mean),
            self._samples,
            float(mean.mean()),
            spread / len(mean) ** 0.5,
            size / spread if spread > 0 else (0.0 if size == 0 else torch.inf),
            frozenset(self._branches),
        )

    def _hook(self, name: str) -> Any:
        def see(module: nn.Module, args: Any) -> None:
            x = args[0] if args else None
            if not isinstance(x, Tensor) or not x.is_floating_point() or not x.numel():
                return
            enters = _storage(x) in self._given
            known = self._read.get(id(x))
            if enters or (known is not None and known() is x):
                self._branches.add(name)
            self._read[id(x)] = weakref.ref(x)
            if not enters or self._seen or (self._first or name) != name:
                return
            self._first, self._seen = name, True  # the first call of the pass counts
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
        assert self._sum is not None
        assert self._square is not None
        x = x - self._shift.view(shape)
        self._sum += x.sum(dims) if dims else x
        self._square += (x * x).sum()
        self._samples += x.numel() // x.shape[axis]


def _floating(given: Any) -> bool:
    return any(x.is_floating_point() for x in _tensors(given))


def _tensors(given: Any) -> Iterator[Tensor]:
    if isinstance(given, Tensor):
        yield given
    elif isinstance(given, Mapping | list | tuple):
        for part in given.values() if isinstance(given, Mapping) else given:
            yield from _tensors(part)


def _storage(x: Tensor) -> int | None:
    """What tells memory apart; None: it has none of its own."""
    try:
        return x.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):
        return None
