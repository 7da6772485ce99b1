"""What went wrong when a model or a loss was called, in one clear line."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from actscope.diagnosis._batches import Batch, taken
from actscope.errors import ActscopeError, DataError

# What PyTorch and a user's forward raise over what they were given; anything else stays as it is.
_THEIRS = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError,
           ArithmeticError)  # fmt: skip
_OF_KIND = re.compile(r"dtype|scalar type|same type|[Ii]nput type|Float")
_PACKAGE = str(Path(__file__).parents[1])


@contextmanager
def explained(model: nn.Module, batch: Batch, what: str = "") -> Iterator[None]:
    """An error of what is called inside in one line, the error itself as its cause.

    what: that failed, the model if empty.

    Raises:
        DataError
    """
    try:
        yield
    except (ActscopeError, torch.OutOfMemoryError):
        raise
    except _THEIRS as error:
        if _ours(error):
            raise
        said = " ".join(str(error).split())
        why = f"{type(error).__name__}: {said}" if said else type(error).__name__
        known = _elsewhere(model, batch) or ("" if what else _unfit(model, batch, error))
        given = f"{what} fails" if what else f"the model cannot be called with {_shown(batch)}"
        raise DataError(known or f"{given}: {why}") from error


def _ours(error: Exception) -> bool:
    """A bug of this package. PyTorch raises other kinds, from frames of ours that call it."""
    bug = isinstance(error, AssertionError | AttributeError | LookupError)
    return bug and traceback.extract_tb(error.__traceback__)[-1].filename.startswith(_PACKAGE)


def _elsewhere(model: nn.Module, batch: Batch) -> str:
    """A batch that lies elsewhere, or is of another kind of number."""
    given = [t for t in _tensors((batch.args, batch.kwargs, batch.targets)) if not t.is_nested]
    own = [p for p in model.parameters() if p.device.type != "meta"] or list(model.parameters())
    devices = {p.device for p in own}
    if len(devices) == 1:
        home = devices.pop()
        away = next((t.device for t in given if t.device != home), None)
        if away is not None:
            return f"a batch is on {away} and the model on {home}: move it with batch.to('{home}')"
    kind = _kind(own)
    if kind is not None:
        other = next((t.dtype for t in given if t.is_floating_point() and t.dtype != kind), None)
        if other is not None:
            return _convert(other, kind)
    return ""


def _unfit(model: nn.Module, batch: Batch, error: Exception) -> str:
    """Names that forward() does not take; whole numbers where it computes with fractions."""
    parameters = taken(model)
    if parameters is not None and not any(p.kind is p.VAR_KEYWORD for p in parameters):
        names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY)]
        strange = [repr(name) for name in batch.kwargs if name not in names]
        if strange:
            return (
                f"a batch names {', '.join(strange)}, which the model's forward does not take: it "
                f"takes {', '.join(names) or 'no names'}"
            )
    kind = _kind(list(model.parameters()))
    given = list(_tensors((batch.args, batch.kwargs)))
    whole = given and not any(t.is_floating_point() or t.is_complex() for t in given)
    if kind is not None and whole and _OF_KIND.search(str(error)):
        return _convert(given[0].dtype, kind)
    return ""


def _kind(parameters: list[nn.Parameter]) -> torch.dtype | None:
    kinds = {p.dtype for p in parameters if p.is_floating_point()}
    return kinds.pop() if len(kinds) == 1 else None


def _convert(given: torch.dtype, kind: torch.dtype) -> str:
    return (
        f"a batch holds {_plain(given)} and the model {_plain(kind)}: convert it with "
        f"batch.to({kind})"
    )


def _shown(batch: Batch) -> str:
    parts = [_shape(value) for value in batch.args]
    parts += [f"{name} {_shape(value)}" for name, value in batch.kwargs.items()]
    return f"a batch of {', '.join(parts) or 'nothing'}"


def _shape(value: Any) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__


def _plain(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)
