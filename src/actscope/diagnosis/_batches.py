"""What a model is called with: one batch of whatever shape users have."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from actscope.errors import DataError

_ALLOWED = (
    "batches must be a tensor (one batch), a mapping or tuple (one batch of arguments), or a list, "
    "generator or DataLoader of such"
)


_ANY = float("inf")


@dataclass(frozen=True)
class Batch:
    """What the model is called with, and what its loss is told."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    targets: Any = None


def each(batches: Any) -> tuple[Iterator[Any], int | None]:
    """(the batches one by one, how many there are, if that is known).

    Raises:
        DataError: what can be no batches at all.
    """
    if isinstance(batches, Tensor | Mapping | tuple):
        return iter([batches]), 1
    if isinstance(batches, str | bytes) or not isinstance(batches, Iterable):
        raise DataError(f"batches is a {type(batches).__name__}: {_ALLOWED}")
    if hasattr(batches, "__array__"):
        raise DataError(
            f"batches is a {type(batches).__name__}: give tensors, such as torch.as_tensor(rows, "
            "dtype=torch.float32)"
        )
    try:
        count = len(batches)  # type: ignore[arg-type]
    except TypeError:  # an iterable data set has no length, and says so when asked
        count = None
    return iter(batches), count


def arguments(model: nn.Module, batch: Any, with_loss: bool) -> Batch:
    """One batch as arguments. With a loss it is (inputs, targets), or a mapping that holds both.

    Without one, a pair of what a data set hands out is taken apart only where the model leaves
    no doubt: one argument means that the second part is the targets.

    Raises:
        DataError: no pair though a loss is given; a pair that may be either.
    """
    if isinstance(batch, Mapping):
        return Batch((), batch, batch)
    if isinstance(batch, Tensor):
        if with_loss:
            raise DataError(
                f"with a loss each batch must be a pair (inputs, targets); this one is a tensor of "
                f"shape {tuple(batch.shape)}"
            )
        return Batch((batch,), {})
    if not isinstance(batch, Sequence) or isinstance(batch, str | bytes):
        raise DataError(f"a batch is a {type(batch).__name__}: {_ALLOWED}")
    if with_loss:
        if len(batch) != 2:
            raise DataError(
                f"with a loss each batch must be a pair (inputs, targets); this one has "
                f"{len(batch)} parts: write ((a, b), targets) for several inputs"
            )
        inputs, targets = batch
        if isinstance(inputs, Mapping):
            return Batch((), inputs, targets)
        return Batch(tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,), {}, targets)
    fewest, most = _positional(model)
    if len(batch) == 2 and most == 1:
        return Batch((batch[0],), {})
    if len(batch) == 2 and fewest < 2 <= most < _ANY:
        raise DataError(
            f"a batch has two parts, and the model takes {fewest} to {most} arguments: give "
            "loss=... if they are (inputs, targets), or only the inputs, or a mapping that names "
            "the arguments"
        )
    if not fewest <= len(batch) <= most:
        takes = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise DataError(
            f"a batch has {len(batch)} parts, and the model takes {takes} argument"
            f"{'' if fewest == most == 1 else 's'}: give only the inputs, or a list of batches"
        )
    return Batch(tuple(batch), {})


def _positional(model: nn.Module) -> tuple[int, float]:
    """How many arguments forward() takes, at least and at most; (0, _ANY) if it does not say."""
    parameters = taken(model)
    if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 0, _ANY
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return sum(p.default is p.empty for p in plain), len(plain)


def taken(model: nn.Module) -> list[inspect.Parameter] | None:
    """The parameters of forward(); None if it does not say."""
    inner: Any = model
    while isinstance(wrapped := getattr(inner, "_orig_mod", None), nn.Module) or (
        type(inner).__name__ in ("DataParallel", "DistributedDataParallel")
    ):
        inner = wrapped if isinstance(wrapped, nn.Module) else inner.module
    try:
        return list(inspect.signature(inner.forward).parameters.values())
    except (TypeError, ValueError):
        return None
