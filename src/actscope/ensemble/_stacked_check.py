"""A trial of a user's network before training: what it is, and what would go wrong with it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from actscope.ensemble._factory import Maker, Told, generators, seeded_by
from actscope.ensemble._stacked_layout import Layout
from actscope.ensemble._stacked_sharing import shared_slopes
from actscope.errors import SettingError


@dataclass(frozen=True)
class Seen:
    """What a trial found.

    network: the one that was tried; it is not trained. moving: the buffers that a step
    changes; replaces: by putting another tensor in a buffer's place. steady: nothing about it
    but tensors changes from step to step, and nothing looks on (hooks). draws, draws_in_use: it
    moves PyTorch's generators on in training, in evaluation. held, kept: bytes of a member's
    parameters, gradients and moments, and of what a step on the rows tried keeps in use.
    """

    network: nn.Module
    layout: Layout
    moving: tuple[str, ...]
    replaces: bool
    steady: bool
    draws: bool
    draws_in_use: bool
    held: int
    kept: int


def look(
    network: nn.Module,
    maker: Maker,
    example: Tensor,
    sizes: Sequence[int],
    outputs: int,
    dtype: torch.dtype,
) -> Seen:
    """Try a step with each batch size, and a pass in evaluation.

    Raises:
        SettingError: a network that cannot be trained, in one line.
    """
    label = maker.name
    if not any(p.requires_grad for p in network.parameters()):
        raise SettingError(
            f"the model for {label} has no parameters that can be trained: give it a layer, such "
            "as torch.nn.Linear, or requires_grad=True"
        )
    draws = _Draws(example.device)
    before = {name: (b, b.clone()) for name, b in network.named_buffers()}
    for size in sorted(set(sizes), reverse=True):
        with draws:
            _step(network, label, example[:size], outputs, dtype, max(sizes))
    after = dict(network.named_buffers())
    moving = tuple(
        name
        for name, (tensor, value) in before.items()
        if after[name] is not tensor or not _same(tensor, value)
    )
    replaces = any(after[name] is not before[name][0] for name in moving)
    first = _print_of(network)
    with draws, shared_slopes(network, maker):
        _step(network, label, example, outputs, dtype, max(sizes))
    steady = first == _print_of(network) and not _watched(network)
    network.zero_grad()
    kept = _kept(network, example)
    used = _Draws(example.device)
    with torch.no_grad(), used:
        network.eval()
        where = f"the model for {label} in evaluation"
        with Told(where):
            out = network(example)
        _right(out, where, len(example), outputs, dtype)
    layout = Layout.of(network, moving, dtype)
    itemsize = torch.empty((), dtype=dtype).element_size()
    # What changes from step to step may draw in one and not in another.
    return Seen(
        network,
        layout,
        moving,
        replaces,
        steady,
        draws=draws.seen or not steady,
        draws_in_use=used.seen or not steady,
        held=4 * itemsize * sum(layout.sizes),
        kept=kept,
    )


class _Draws:
    """Whether anything was drawn meanwhile; the generators are given back."""

    def __init__(self, device: torch.device) -> None:
        self._device, self.seen = device, False

    def __enter__(self) -> None:
        self._own = generators(self._device)
        self._own.__enter__()
        self._before = [g.get_state() for g in seeded_by(self._device)]

    def __exit__(self, *error: Any) -> None:
        now = [g.get_state() for g in seeded_by(self._device)]
        self.seen |= any(not torch.equal(a, b) for a, b in zip(self._before, now, strict=True))
        self._own.__exit__(*error)


def _kept(network: nn.Module, x: Tensor) -> int:
    """The bytes that a forward pass keeps for the way back."""
    saved: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = min(storage.nbytes(), tensor.nbytes)
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with generators(x.device), torch.enable_grad(), hooks:
        network(x)
    return sum(saved.values())


def _step(
    network: nn.Module, label: str, x: Tensor, outputs: int, dtype: torch.dtype, full: int
) -> None:
    """One step of training."""
    rows = "1 row" if len(x) == 1 else f"{len(x)} rows"
    where = f"the model for {label} on a batch of {rows}"
    hint = ""
    if len(x) < full:
        hint = "; this is the last batch of an epoch: choose another batch_size"
    elif not x.is_floating_point():
        hint = "; X holds whole numbers, handed on as int64: give floats if they are no indices"
    with torch.enable_grad():
        network.train()
        python, numpy = random.getstate(), _numpy_state()
        with Told(where, hint):
            out = network(x)
        _right(out, where, len(x), outputs, dtype)
        if random.getstate() != python or _numpy_state() != numpy:
            raise SettingError(
                f"the model for {label} draws from Python's or NumPy's random numbers as it runs, "
                "which no seed of a member governs: draw with torch"
            )
        if not out.requires_grad:
            raise SettingError(
                f"the output of the model for {label} depends on no parameter that can be "
                "trained: look for detach() or no_grad in its forward"
            )
        with Told(f"the way back through {where}"):
            out.sum().backward()


def _right(out: Any, where: str, rows: int, outputs: int, dtype: torch.dtype) -> None:
    wanted = f"({rows}, {outputs})" + (f" or ({rows},)" if outputs == 1 else "")
    if not isinstance(out, Tensor):
        raise SettingError(
            f"{where} returned {type(out).__name__}: forward must return one tensor of shape "
            f"{wanted}"
        )
    shapes = [(rows, outputs), (rows,)] if outputs == 1 else [(rows, outputs)]
    if tuple(out.shape) not in shapes:
        raise SettingError(
            f"{where} returned shape {tuple(out.shape)}: forward must return {wanted}, a row of "
            "outputs for each row of X"
        )
    if out.dtype != dtype:
        raise SettingError(
            f"{where} returned {str(out.dtype).removeprefix('torch.')} numbers: forward must "
            f"return {str(dtype).removeprefix('torch.')}"
        )


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(
        ((one == other) | ((one != one) & (other != other))).all()
    )


def _numpy_state() -> tuple[bytes, int]:
    state: Any = np.random.get_state()
    return state[1].tobytes(), state[2]


def _print_of(network: nn.Module) -> list[Any]:
    """What the modules hold beside their parameters and buffers: values, or whose they are."""
    own = set(vars(nn.Module()))
    return [
        (key, repr(value) if _plain(value) else (id(value), getattr(value, "_version", 0)))
        for part in network.modules()
        for key, value in vars(part).items()
        if key not in own
    ]


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_plain, [*value, *value.values()]))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | int | float | str | bytes)


def _watched(network: nn.Module) -> bool:
    return any(
        getattr(part, kind)
        for part in network.modules()
        for kind in (
            "_forward_hooks",
            "_forward_pre_hooks",
            "_backward_hooks",
            "_backward_pre_hooks",
        )
    )
