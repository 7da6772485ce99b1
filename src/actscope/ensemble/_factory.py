"""A user's own networks: made by their factory, each under its own seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from actscope.catalogue import Record
from actscope.errors import ActscopeError, SettingError
from actscope.nn import module

Factory = Callable[["Maker"], nn.Module]


@dataclass(frozen=True)
class Maker:
    """Makes activation modules: each call gives a new one, so that none is shared by accident.

    record: the activation's facts; `activation.record.gain` may scale initial weights.
    made: the modules that it has made.

    >>> from actscope.catalogue import get
    >>> activation = Maker(get("prelu"))
    >>> activation(), activation() is activation()
    (PReLU(num_parameters=1), False)
    """

    record: Record
    made: list[nn.Module] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The activation's name, with its arguments."""
        return self.record.label

    def __call__(self) -> nn.Module:
        self.made.append(module(self.record))
        return self.made[-1]


class Told:
    """Turns what a user's own code raises into one line that says where it came from."""

    def __init__(self, where: str, hint: str = "") -> None:
        self._where, self._hint = where, hint

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, ActscopeError):
            said = " ".join(str(error).split())
            said = said if len(said) <= 300 else f"{said[:300]}..."
            raise SettingError(
                f"{self._where} raised {type(error).__name__}: {said}{self._hint}"
            ) from error


class Spared:
    """As `Told`, but lets go what is raised when `spared` says so."""

    def __init__(self, told: Told, spared: Callable[[], bool]) -> None:
        self._told, self._spared = told, spared

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, Exception) and self._spared():
            return True
        self._told.__exit__(kind, error, trace)
        return False


class Attempt:
    """For what is only a shortcut: whatever it raises, the long way is gone instead."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        return isinstance(error, Exception)


# The generators that a user's code draws from belong to the whole process: whoever sets them
# (chunks are trained in threads) holds this until they are given back.
DRAWING = threading.RLock()


def seeded_by(device: torch.device) -> list[torch.Generator]:
    """PyTorch's generators that a network on this device may draw from."""
    if device.type != "cuda":
        return [torch.default_generator]
    index = torch.cuda.current_device() if device.index is None else device.index
    return [torch.default_generator, torch.cuda.default_generators[index]]


@contextmanager
def given_back(device: torch.device) -> Iterator[list[torch.Generator]]:
    """PyTorch's generators, to be seeded; the caller's states come back afterwards."""
    found = seeded_by(device)
    with DRAWING:
        before = [generator.get_state() for generator in found]
        try:
            yield found
        finally:
            for generator, state in zip(found, before, strict=True):
                generator.set_state(state)


@contextmanager
def generators(device: torch.device) -> Iterator[None]:
    """Gives the caller's random generators back as they were: PyTorch's, Python's, NumPy's."""
    with given_back(device):
        python, numpy = random.getstate(), np.random.get_state()
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


def build(
    factory: Factory, maker: Maker, seed: int, *, example: Tensor, dtype: torch.dtype
) -> nn.Module:
    """The network of one member, in training mode: the same whoever is built before it.

    PyTorch's, Python's and NumPy's global generators start from `seed`, so a factory that
    draws the same numbers for two activations starts them from the same weights.
    example: rows of X, which lazy layers take their shapes from.

    Raises:
        SettingError: what the factory gives back is not a network that can be trained.
    """
    called = f"model(activation) for {maker.name}"
    with generators(example.device), Told(called):
        torch.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        made: Any = factory(maker)
        if isinstance(made, nn.Module) and any(is_lazy(t) for t in made.parameters()):
            made = made.to(example.device).eval()
            with torch.no_grad():
                made(example.float() if example.is_floating_point() else example)
    if not isinstance(made, nn.Module):
        what = f"the class {made.__name__}" if isinstance(made, type) else type(made).__name__
        raise SettingError(
            f"{called} must return a torch.nn.Module, not {what}: end the factory with the "
            "network that it made"
        )
    kinds = {p.dtype for p in made.parameters()} - {torch.float32, dtype}
    if kinds:
        kind = str(kinds.pop()).removeprefix("torch.")
        advice = "give dtype='float64'" if kind == "float64" else "make it in float32"
        raise SettingError(f"{called} has parameters in {kind}, not in float32: {advice}")
    return made.to(device=example.device, dtype=dtype).train()
