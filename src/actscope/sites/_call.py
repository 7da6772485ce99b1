"""What a watched pass tells: an activation called somewhere, and what tells places apart."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from torch import Tensor

from actscope.catalogue import Record

Role = Literal["hidden", "gate", "cap", "written", "choice", "threshold", "part"]


@dataclass(frozen=True)
class Key:
    """What tells sites apart: not how often they are called, so that a loop stays one.

    module: path of the module whose forward calls the function (the activation's own, if it is
    a module); own: that module is nothing but the activation. producer: path of the module that
    made the input. function, line: what is called and where (`place_of`), if it is no module.
    """

    activation: str
    module: str
    own: bool
    producer: str
    function: str
    line: str


def names_of(key: Key) -> tuple[str, ...]:
    """What a site may be called: the module's path where that is enough, and with its producer."""
    if not key.own:
        return (f"{key.activation}({key.producer})",)
    return key.module, f"{key.module}({key.producer})"


@dataclass(eq=False)
class Call:
    """One call of an activation in the pass.

    role: what its output turned out to be used for; "part": another call stands for it. gated: its
    output is multiplied by another tensor, and the unit is the product. inline: written out as a
    formula, x * sigmoid(x). mixed: its rows are of several experts. scaled: as of `Origin`, of
    its input. hooked: its gradient is listened to already. form: of its input (`Form`), while it
    runs.
    """

    key: Key
    record: Record
    axis: int | None
    shape: tuple[int, ...]
    source: weakref.ref[Tensor]
    role: Role = "hidden"
    gated: bool = False
    inline: bool = False
    mixed: bool = False
    scaled: float | None = None
    hooked: bool = False
    form: Any = None

    def again(self) -> Call:
        """The same call in another pass."""
        call = object.__new__(Call)
        call.__dict__.update(self.__dict__)
        call.hooked = False
        return call

    def __getstate__(self) -> dict[str, Any]:
        """Without the tensor: in another process there is none."""
        return {**self.__dict__, "source": _gone}


def _gone() -> None:
    """What a weak reference says of a tensor that is no more."""


class Listener(Protocol):
    """Who wants to see what goes in and out. `before` sees inputs not yet overwritten."""

    def before(self, call: Call, z: Tensor) -> None: ...

    def after(self, call: Call, a: Tensor) -> None: ...

    def gated(self, call: Call, product: Tensor) -> None: ...
