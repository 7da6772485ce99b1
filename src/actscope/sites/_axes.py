"""Which axis of a tensor counts units, carried through the operations that a model is made of.

Axes are counted from the end (-1 is the last): adding a batch axis in front, and broadcasting,
then change nothing. None: it cannot be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from actscope.errors import SettingError
from actscope.sites._moves import (
    Axis,
    Move,
    along,
    chosen,
    indexed,
    lost,
    mirrored,
    moved,
    permuted,
    pooled,
    reduced,
    reshaped,
    same,
    squeezed,
    stacked,
    swapped,
    turned,
    unsqueezed,
)

_KINDS: tuple[tuple[Move, str], ...] = (
    (swapped, "transpose swapaxes swapdims"),
    (turned, "mT mH t adjoint"),
    (mirrored, "T H"),
    (permuted, "permute"),
    (moved, "movedim moveaxis"),
    (reshaped, "view reshape flatten unflatten view_as reshape_as ravel"),
    (squeezed, "squeeze"),
    (unsqueezed, "unsqueeze"),
    (indexed, "getitem"),
    (chosen, "select unbind"),
    (reduced, "mean sum amax amin prod logsumexp var std max min median any all"),
    (stacked, "stack"),
    (same, "cat concat concatenate chunk split tensor_split narrow pad interpolate upsample"),
    (same, "index_select repeat expand expand_as tile masked_fill contiguous clone to type_as"),
    (along(1), "gather sort cumsum cumprod cummax cummin"),
    (along(2), "take_along_dim topk roll repeat_interleave"),
    (lost, "pixel_shuffle pixel_unshuffle unfold fold channel_shuffle outer ger kron cdist rot90"),
    (lost, "as_strided diag diag_embed diagonal view_as_real view_as_complex one_hot cov corrcoef"),
    (
        lost,
        "masked_select take nonzero norm vander block_diag tensordot inner dot cross",
    ),
)
MOVES: dict[str, Move] = {name: move for move, names in _KINDS for name in names.split()}
for _n in (1, 2, 3):
    for _kind in ("avg_pool", "max_pool", "adaptive_avg_pool", "adaptive_max_pool", "lp_pool"):
        MOVES[f"{_kind}{_n}d"] = MOVES[f"{_kind}{_n}d_with_indices"] = pooled(_n)


def from_the_end(site: str, axis: object, x: Tensor) -> int:
    """An axis that the user gave for a site whose input is x."""
    if not isinstance(axis, int) or not -x.dim() <= axis < x.dim():
        raise SettingError(
            f"axes[{site!r}] is {axis!r}: the site's input has the shape {tuple(x.shape)}, so it "
            f"must be a whole number from {-x.dim()} to {x.dim() - 1}"
        )
    return axis if axis < 0 else axis - x.dim()


def after(name: str, axis: Axis, x: Tensor, out: Any, args: Any, named: Any) -> Axis:
    """The units' axis of `out`, made by the function called `name` of x (and others)."""
    move = MOVES.get(name)
    if move is not None:
        found = move(axis, x, out, args, named)
    elif isinstance(out, Tensor) and (out.shape == x.shape or _broadcast(axis, x, out)):
        found = axis
    else:
        found = None
    if found is not None and isinstance(out, Tensor) and out.dim() + found < 0:
        return None
    return found


def of_product(
    name: str, given: Sequence[Tensor], axes: Sequence[Axis], stored: Sequence[bool], args: Any
) -> Axis:
    """The units' axis of a product of tensors, of which the stored ones are weights."""
    if name == "einsum":
        return _of_equation(args[0], stored) if isinstance(args[0], str) else None
    if len(given) < 2:
        return None
    first, second = len(given) - 2, len(given) - 1  # addmm and its kind give the sum's term first
    if stored[first] and not stored[second]:
        return -2 if given[second].dim() > 1 else -1
    if stored[second] or axes[second] == -1:
        return -1 if given[second].dim() > 1 else None
    return -2 if axes[first] == -2 and given[second].dim() > 1 else None


def _of_equation(equation: str, stored: Sequence[bool]) -> Axis:
    """Of an einsum: the one letter of the result that only weights have."""
    before, arrow, result = equation.replace(" ", "").partition("->")
    parts = before.split(",")
    if not arrow or len(parts) != len(stored):
        return None
    other = {c for part, weight in zip(parts, stored, strict=True) if not weight for c in part}
    own = [n for n, letter in enumerate(result) if letter not in other and letter != "."]
    return own[0] - len(result) if len(own) == 1 and "..." not in result[own[0] :] else None


def _broadcast(axis: Axis, x: Tensor, out: Tensor) -> bool:
    """Whether x, stretched, may be out."""
    if axis is None or out.dim() < x.dim():
        return False
    return all(n in (1, m) for n, m in zip(reversed(x.shape), reversed(out.shape), strict=False))
