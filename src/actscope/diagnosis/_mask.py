"""What of a model's inputs counts: padding does not."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from actscope.errors import SettingError
from actscope.sites._call import Call, Key, names_of


class Mask:
    """As `watch` is given it: None, a mask, or a function that returns either for each pass."""

    def __init__(self, given: Any) -> None:
        self._given = given if given is None or callable(given) else _as_mask(given)
        self._unfit: dict[Key, tuple[int, ...]] = {}
        self._fits = False

    def of(self, call: Call, z: Tensor) -> Tensor | None:
        """Bool, to be broadcast against what enters an activation; None: all of it counts."""
        mask = self._now()
        if mask is None:
            return None
        if z.dim() <= mask.dim() or z.shape[: mask.dim()] != mask.shape:
            self._unfit.setdefault(call.key, tuple(z.shape))
            return None
        self._fits = True
        return mask.to(z.device).reshape(*mask.shape, *[1] * (z.dim() - mask.dim()))

    def check(self) -> None:
        """After a pass.

        Raises:
            SettingError: it fitted nothing so far.
        """
        mask = self._now() if self._unfit and not self._fits else None
        if mask is not None:
            key, shape = next(iter(self._unfit.items()))
            raise SettingError(
                f"mask has shape {tuple(mask.shape)}, which fits the inputs of no activation: "
                f"{names_of(key)[0]} has {shape}; it must be the first axes of one of them"
            )

    def left_out(self) -> list[tuple[str, str]]:
        """(site, what to say of it), of those that it did not fit."""
        return [
            (names_of(key)[0], f"the mask does not fit its inputs, {shape}: all of them count")
            for key, shape in self._unfit.items()
        ]

    def _now(self) -> Tensor | None:
        if not callable(self._given):
            return self._given
        mask = self._given()
        return None if mask is None else _as_mask(mask)


def _as_mask(mask: Any) -> Tensor:
    """Bool["batch ..."] of a tensor, an array or nested lists; axes of one at the end are dropped.

    Raises:
        SettingError: it is none of them.
    """
    try:
        found = torch.as_tensor(mask)
    except (TypeError, ValueError, RuntimeError):
        found = None
    if found is None or found.dim() == 0 or found.is_complex():
        raise SettingError(
            f"mask is {type(mask).__name__} {mask!r:.40}: give a tensor of Booleans, as large as "
            "the first axes of what enters the activations, or a function that returns one"
        )
    while found.dim() > 1 and found.shape[-1] == 1:
        found = found[..., 0]
    return found.bool()
