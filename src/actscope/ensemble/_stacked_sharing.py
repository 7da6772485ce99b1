"""Finds an activation module with learned slopes that serves two places of a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from actscope.ensemble._factory import Maker
from actscope.errors import SettingError


@contextmanager
def shared_slopes(network: nn.Module, maker: Maker) -> Iterator[None]:
    """Counts calls while the network runs once.

    A block that is used again takes its activation with it, which is meant; an activation
    that stands in two places, or is called twice by the block that holds it, is the classic
    accident. Where nothing is learned it does no harm.

    Raises:
        SettingError: one module learns the slopes of several places.
    """
    learned = [made for made in maker.made if any(p.requires_grad for p in made.parameters())]
    if not learned:
        yield
        return
    holders: dict[int, list[nn.Module]] = {}
    for part in network.modules():
        for child in part._modules.values():
            holders.setdefault(id(child), []).append(part)
    calls: Counter[int] = Counter()

    def called(part: nn.Module, *_: Any) -> None:
        calls[id(part)] += 1

    hooks = [part.register_forward_pre_hook(called) for part in network.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    for made in learned:
        places = max(
            len(holders.get(id(made), [])), calls[id(made)] // _around(made, holders, calls)
        )
        if places > 1:
            raise SettingError(
                f"the model for {maker.name} uses one module in {places} places, which would "
                "share what it learns: call activation() anew for each place"
            )


def _around(made: nn.Module, holders: dict[int, list[nn.Module]], calls: Counter[int]) -> int:
    """How often the block around a module was called."""
    part = made
    while id(part) in holders:
        part = holders[id(part)][0]
        if calls[id(part)]:
            return calls[id(part)]
    return 1
