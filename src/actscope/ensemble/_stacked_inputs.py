"""Arguments of `train_ensemble` where it is given a user's own networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from actscope.catalogue import Record, get, split
from actscope.ensemble import _check
from actscope.ensemble._plan import Member, chunks, members_per_chunk
from actscope.ensemble._targets import read_numbers
from actscope.errors import DataError, SettingError

# What is said with the built-in perceptrons, and where it is said with a model of one's own.
_OURS = {
    "hidden": "make the layers in the factory",
    "init": "draw the initial weights in the factory",
    "dropout": "put torch.nn.Dropout into the factory",
    "learned_per": "write torch.nn.PReLU(units) in the factory",
}


def refuse_ours(model: Any, **given: bool) -> None:
    """given: which of the arguments of the built-in perceptrons were given."""
    for name in [name for name, was in given.items() if was]:
        raise SettingError(
            f"{name}= belongs to the built-in networks, not to model=: {_OURS[name]}"
        )
    if isinstance(model, nn.Module) or not callable(model):
        what = "a network itself" if isinstance(model, nn.Module) else type(model).__name__
        raise SettingError(
            f"model must be a function that takes `activation` and returns a new torch.nn.Module, "
            f"not {what}"
        )


def read_activations(value: Any) -> dict[str, Record]:
    """By label, records of any kind: what they can be used for is the model's affair."""
    items = split(value) if isinstance(value, str) else _check.listed("activations", value)
    found: dict[str, Record] = {}
    for item in items:
        if isinstance(item, tuple | list):
            raise SettingError(
                f"{tuple(item)!r} names an activation for each hidden layer, and a model has "
                "layers of its own: give single activations, and choose in the factory"
            )
        record = get(item)
        if found.setdefault(record.label, record) != record:
            raise SettingError(
                f"two functions are called {record.label!r} here: define one under another name"
            )
    return found


def read_rows(X: ArrayLike, name: str, like: NDArray[Any] | None = None) -> NDArray[Any]:
    """["row *feature"], Int64 where X holds whole numbers (token ids), else finite Float64.

    Bytes (uint8) are taken as numbers: images come so.

    like: what the networks were trained on, which these rows must agree with.
    """
    array = np.asarray(X)
    if array.ndim == 0 or 0 in array.shape:
        raise DataError(f"{name} must have rows (row, *features), not shape {array.shape}")
    whole = array.dtype.kind in "iu" and array.dtype != np.uint8  # bytes are brightness
    if like is not None:
        if array.shape[1:] != like.shape[1:]:
            wanted = ", ".join(["row", *map(str, like.shape[1:])])
            raise DataError(f"{name} must be of shape ({wanted}), not {array.shape}")
        if like.dtype.kind == "i" and not whole:
            raise DataError(f"{name} must hold whole numbers, as in training, not {array.dtype}")
        whole = like.dtype.kind == "i"
    return array.astype(np.int64) if whole else read_numbers(array, name)


def stacked_size(member_bytes: int, members: Sequence[Member], workers: int) -> int:
    """Members of a chunk: as many as the cache holds, and all workers busy."""
    return min(members_per_chunk(member_bytes), -(-len(members) // workers))


def one_activation_each(members: Sequence[Member], size: int) -> list[list[int]]:
    """As `chunks`, but never two activations in one: their parameters may differ."""
    jobs = []
    for activation in dict.fromkeys(member.activation for member in members):
        own = [i for i, member in enumerate(members) if member.activation == activation]
        jobs += [[own[i] for i in part] for part in chunks([members[i] for i in own], size)]
    return jobs
