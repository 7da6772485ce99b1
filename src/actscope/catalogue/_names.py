"""Which words mean the same activation, and the built-in ones by any of their words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ._record import Entry
from .entries import ENTRIES


def key(name: str) -> str:
    """What matters of a name: 'torch.nn.LeakyReLU', 'leaky-relu', 'LEAKY_RELU' are one.

    >>> key("torch.nn.LeakyReLU"), key("leaky-relu")
    ('leakyrelu', 'leakyrelu')
    """
    return re.sub(r"[\s_-]", "", name.rpartition(".")[2]).lower()


def words(entry: Entry) -> tuple[str, ...]:
    """Everything that an entry is called."""
    return (entry.name, entry.torch, *entry.aliases)


# What was defined in this process, by the key of its name.
DEFINED: dict[str, Entry] = {}


@lru_cache(maxsize=1)
def built_in() -> Mapping[str, Entry]:
    """The elementwise activations of the catalogue by the key of each of their words."""
    return {key(word): entry for entry in ENTRIES for word in words(entry)}
