"""Which layers are a model's last: what is applied to their output is its answer, no hidden unit's.

A sigmoid that ends a model says what the numbers mean (a probability), and stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.autograd.graph import Node

from actscope.sites._observe import kept, leaves, run, unwrapped


def last_layers(model: nn.Module, example: Any) -> set[str]:
    """Paths of the modules with parameters whose output reaches no other such module's input.

    Followed in the graph that PyTorch keeps for the gradient; a module whose output has no
    gradient is not told.
    """
    inner = unwrapped(model)
    into: dict[str, list[Node]] = {}
    out: dict[str, list[Node]] = {}
    kept_alive: list[Any] = []

    def look(path: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            kept_alive.append(output)
            into.setdefault(path, []).extend(_nodes((list(args), dict(kwargs))))
            out.setdefault(path, []).extend(_nodes(output))

        return hook

    handles = [
        module.register_forward_hook(look(path), with_kwargs=True)
        for path, module in inner.named_modules()
        if path and module._parameters
    ]
    try:
        with torch.enable_grad(), kept(model):
            kept_alive.append(run(model, example))
    finally:
        for handle in handles:
            handle.remove()
    read = _behind(node for nodes in into.values() for node in nodes)
    return {path for path, nodes in out.items() if nodes and not read & set(nodes)}


def _nodes(value: Any) -> list[Node]:
    return [tensor.grad_fn for tensor in leaves(value) if tensor.grad_fn is not None]


def _behind(nodes: Iterable[Node]) -> set[Node]:
    """These and all that they were computed from."""
    waiting, seen = list(nodes), set[Node]()
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += [parent for parent, _ in node.next_functions if parent is not None]
    return seen
