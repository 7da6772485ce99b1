"""How operations that rearrange a tensor move the axis that counts units, one function each.

Axes are counted from the end (-1 is the last): adding a batch axis in front, and broadcasting,
then change nothing. None: it cannot be known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Axis = int | None
Move = Callable[[Axis, Tensor, Any, tuple[Any, ...], dict[str, Any]], Axis]


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _argument(args: Sequence[Any], named: dict[str, Any], at: int, *names: str) -> Any:
    for name in names:
        if name in named:
            return named[name]
    return args[at] if len(args) > at else None


def _negative(axis: int, dims: int) -> int:
    return axis if axis < 0 else axis - dims


def _listed(value: Any) -> list[int] | None:
    if isinstance(value, int):
        return [value]
    if isinstance(value, tuple | list) and all(_whole(v) is not None for v in value):
        return list(value)
    return None


def swapped(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """transpose(x, dim0, dim1)"""
    first = _whole(_argument(args, named, 1, "dim0", "axis0"))
    second = _whole(_argument(args, named, 2, "dim1", "axis1"))
    if axis is None or first is None or second is None:
        return None
    first, second = _negative(first, x.dim()), _negative(second, x.dim())
    return {first: second, second: first}.get(axis, axis)


def turned(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """x.mT, x.t(): the last two axes change places."""
    return axis if axis is None or x.dim() < 2 else {-1: -2, -2: -1}.get(axis, axis)


def mirrored(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """x.T: all axes in reverse order."""
    return None if axis is None else -x.dim() - 1 - axis


def permuted(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """permute(x, dims) and x.permute(*dims)"""
    dims = _listed(_argument(args, named, 1, "dims"))
    if dims is not None and len(args) > 2:
        dims = _listed(args[1:])
    if axis is None or dims is None:
        return None
    places = [_negative(dim, x.dim()) for dim in dims]
    return places.index(axis) - len(places) if axis in places else None


def moved(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """movedim(x, source, destination)"""
    source = _listed(_argument(args, named, 1, "source"))
    target = _listed(_argument(args, named, 2, "destination"))
    if axis is None or source is None or target is None:
        return None
    dims = x.dim()
    order = list(range(dims))
    source = [s % dims for s in source]
    rest = [d for d in order if d not in source]
    placed: dict[int, int] = dict(zip((t % dims for t in target), source, strict=True))
    remaining = iter(rest)
    found = [placed[d] if d in placed else next(remaining) for d in order]
    return found.index(axis + dims) - dims


def reshaped(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """view, reshape, flatten, unflatten, squeeze: the axis that is of the same size with as many
    elements after it (and so before it, too) is the same axis."""
    if axis is None or x.dim() + axis < 0:
        return None
    size, after = x.shape[axis], math.prod(x.shape[x.dim() + axis + 1 :])
    beyond = 1
    for place in range(out.dim() - 1, -1, -1):
        if beyond == after and out.shape[place] == size:
            return place - out.dim()
        beyond *= out.shape[place]
    return None


def squeezed(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """squeeze(x, dim): an axis of one unit may be gone."""
    if axis is None:
        return None
    dims = _listed(_argument(args, named, 1, "dim"))
    gone = range(-x.dim(), 0) if dims is None else [_negative(d, x.dim()) for d in dims]
    gone = [d for d in gone if x.shape[d] == 1]
    return None if axis in gone else axis + sum(d > axis for d in gone)


def unsqueezed(
    axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]
) -> Axis:
    """unsqueeze(x, dim)"""
    dim = _whole(_argument(args, named, 1, "dim"))
    if axis is None or dim is None:
        return None
    dim = _negative(dim, x.dim() + 1)
    return axis if dim < axis else axis - 1


def indexed(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """x[...] with numbers, slices, None and `...`; one index tensor or list stands for an axis."""
    if axis is None or not isinstance(out, Tensor):
        return None
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    spent = sum(_spends(i) for i in index)
    if any(i is Ellipsis for i in index):
        at = next(n for n, i in enumerate(index) if i is Ellipsis)
        index = (*index[:at], *[slice(None)] * (x.dim() - spent), *index[at + 1 :])
    else:
        index = (*index, *[slice(None)] * (x.dim() - spent))
    if sum(isinstance(i, Tensor | list) for i in index) > 1:
        return None
    place, kept = 0, list[int | None]()
    for i in index:
        if i is None:
            kept.append(None)
        elif isinstance(i, slice):
            kept.append(place)
            place += 1
        elif isinstance(i, Tensor | list):
            width = _spends(i)
            extra = 1 if isinstance(i, list) or i.dtype is torch.bool else i.dim()
            lone = place if width == 1 and extra == 1 else None
            kept.extend([lone] if extra == 1 else [None] * extra)
            place += width
        else:
            place += 1
    wanted = axis + x.dim()
    return kept.index(wanted) - len(kept) if wanted in kept else None


def _spends(index: Any) -> int:
    """How many axes an index takes."""
    if index is None or index is Ellipsis:
        return 0
    if isinstance(index, Tensor) and index.dtype is torch.bool:
        return index.dim()
    return 1


def chosen(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """select(x, dim, index), unbind(x, dim): one axis less."""
    return _without(axis, x, [_argument(args, named, 1, "dim") or 0])


def reduced(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """mean, sum, amax ... over some axes, kept with length 1 or not."""
    dims = _listed(_argument(args, named, 1, "dim", "axis"))
    if axis is None or dims is None or not isinstance(out, Tensor):
        return None
    if out.dim() == x.dim():
        return None if axis in [_negative(d, x.dim()) for d in dims] else axis
    return _without(axis, x, dims)


def along(at: int) -> Move:
    """gather, sort, roll ...: moved along other axes than the units'. at: where `dim` is given."""

    def move(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
        dims = _listed(_argument(args, named, at, "dim", "dims"))
        return None if dims is None or axis in [_negative(d, x.dim()) for d in dims] else axis

    return move


def pooled(last: int) -> Move:
    """Pooling over the last axes, which then count no units any more."""

    def move(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
        return axis if axis is not None and axis < -last else None

    return move


def _without(axis: Axis, x: Tensor, dims: Sequence[int]) -> Axis:
    gone = [_negative(d, x.dim()) for d in dims]
    return None if axis is None or axis in gone else axis + sum(d > axis for d in gone)


def stacked(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """stack(tensors, dim)"""
    dim = _whole(_argument(args, named, 1, "dim"))
    if axis is None:
        return None
    return axis if _negative(dim or 0, x.dim() + 1) < axis else axis - 1


def same(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """What leaves every axis in its place: element by element, norms, pooling, padding."""
    return axis


def lost(axis: Axis, x: Tensor, out: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Axis:
    """What mixes axes."""
    return None
