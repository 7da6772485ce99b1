"""New modules that act as the old ones for one run, so that everything is called as before.

With the new values, which experts or how many steps are called could change, and a count would
prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from actscope.catalogue import Record
from actscope.sites._replace import New


@contextmanager
def rehearsal(made: Mapping[str, New], record: Record) -> Iterator[set[str]]:
    """Within, new modules compute what the old ones did. Yields the paths of those called."""
    called: set[str] = set()
    for path, new in made.items():
        object.__setattr__(new.module, "forward", _Acting(path, new.old, called, record))
    try:
        yield called
    finally:
        for new in made.values():
            object.__delattr__(new.module, "forward")


class _Acting:
    """record: what the module will be, and is to be seen as."""

    def __init__(self, path: str, old: nn.Module, called: set[str], record: Record) -> None:
        self._path, self._old, self._called, self.record = path, old, called, record

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._called.add(self._path)
        return self._old.forward(*args, **kwargs)


class WritingOver:
    """A forward that also writes its result over its input, as `inplace=True` does.

    Only where the model reads that input again, or ignores what the module returns.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def __call__(self, x: Tensor) -> Tensor:
        return x.copy_(type(self.module).forward(self.module, x.clone()))
