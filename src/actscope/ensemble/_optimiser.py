"""Optimisers over flat stretches of many networks, a learning rate for each slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actscope.ensemble._layout import Values

_torch: Any = torch  # torch.optim's own fused steps: private names, pinned version
_vector_norm: Any = torch.linalg.vector_norm  # its stub wants keywords that cost time

Name = Literal["adam", "adamw", "sgd"]
NAMES: tuple[Name, ...] = ("adam", "adamw", "sgd")


@dataclass(frozen=True)
class Rate:
    """Neighbouring members, first <= i < last, that share a learning rate."""

    first: int
    last: int
    learning_rate: float


class Clip:
    """Each member's whole gradient scaled down to an L2 norm of at most `limit`.

    As `torch.nn.utils.clip_grad_norm_` on that network alone: by limit / (norm + 1e-6) where
    that is below 1. A member's norm is taken along its own stretches, so that neither its
    bits nor a neighbour's NaN depend on who stands beside it. Padding is 0 and adds nothing.
    """

    def __init__(self, grads: Values, limit: float) -> None:
        self._regions, self._stretches = grads.regions[: grads.trained], grads.stretches()
        some = self._regions[0]
        self._limit = torch.tensor(limit, dtype=some.dtype, device=some.device)
        self._each = [some.new_empty(grads.members) for _ in self._stretches]
        self._norm = some.new_empty(grads.members)
        self._factor = some.new_empty(grads.members)
        self._column = self._factor.unsqueeze(1)

    def __call__(self) -> None:
        for stretch, norm in zip(self._stretches, self._each, strict=True):
            _vector_norm(stretch, 2, 1, out=norm)
        # One after the other: one more, of zeros because a neighbour learns slopes, then changes
        # nothing.
        self._norm.zero_()
        for norm in self._each:
            self._norm.addcmul_(norm, norm)
        self._norm.sqrt_()
        torch.div(self._limit, self._norm.add_(1e-6), out=self._factor).clamp_max_(1.0)
        for region in self._regions:
            region.mul_(self._column)


class Optimiser:
    """Adam, AdamW (decoupled decay) or SGD with Nesterov-free momentum, as in `torch.optim`.

    l2 adds l2 * w to the gradient of weights (not of biases or learned slopes); with
    "adamw" the decay is decoupled instead. The fused kernels work element by element, so a
    member's NaN stays its own.

    factors: Float["step"], what every learning rate is multiplied by at each step; None: 1.
    clip_grad_norm: see `Clip`; it comes before l2, as in a loop written by hand.
    """

    def __init__(
        self,
        name: Name,
        values: Values,
        grads: Values,
        rates: Sequence[Rate],
        *,
        l2: float = 0.0,
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        factors: NDArray[np.float64] | None = None,
        clip_grad_norm: float | None = None,
        state: tuple[Values, Values, int] | None = None,
    ) -> None:
        self._factors = None if factors is None else factors.tolist()
        self._clip = None if clip_grad_norm is None else Clip(grads, clip_grad_norm)
        self.first, self.second, self.steps = state or (
            values.zeros_like(),
            values.zeros_like(),
            0,
        )
        # One counter for all: the fused step reads it, nobody else writes it.
        self._count = torch.tensor(float(self.steps), device=values.regions[0].device)
        self._one = torch.ones_like(self._count)
        self._decay = [_decay(name, values, grads, rate, l2) for rate in rates] if l2 else []
        # One fused call for the stretches that share a rate; the rate is given later.
        self._updates: list[tuple[float, Callable[..., Any]]] = []
        for rate in rates:
            w, g, first, second, counts = self._stretches(values, grads, rate)
            if name == "sgd":
                update = partial(
                    _torch._fused_sgd_,
                    w,
                    g,
                    first if momentum else [],
                    weight_decay=0.0,
                    momentum=momentum,
                    dampening=0.0,
                    nesterov=False,
                    maximize=False,
                    is_first_step=False,  # the buffer starts at 0: momentum * 0 + g
                )
            else:
                update = partial(
                    _torch._fused_adam_,  # AdamW is this after its decay
                    w,
                    g,
                    first,
                    second,
                    [],
                    counts,
                    beta1=betas[0],
                    beta2=betas[1],
                    weight_decay=0.0,
                    eps=eps,
                    amsgrad=False,
                    maximize=False,
                )
            self._updates.append((rate.learning_rate, update))

    def _stretches(self, values: Values, grads: Values, rate: Rate) -> list[Any]:
        def flat(store: Values) -> list[Tensor]:
            trained = store.regions[: values.trained]
            return [region[rate.first : rate.last].view(-1) for region in trained]

        joined = _joined([flat(store) for store in (values, grads, self.first, self.second)])
        return [*joined, [self._count] * len(joined[0])]

    def step(self) -> None:
        """One update of every member."""
        if self._clip is not None:
            self._clip()
        factor = self._factors[self.steps] if self._factors else 1.0
        self.steps += 1
        torch.add(self._count, self._one, out=self._count)
        for decay in self._decay:
            decay(factor)
        for rate, update in self._updates:
            update(lr=rate * factor)


def _decay(
    name: Name, values: Values, grads: Values, rate: Rate, l2: float
) -> Callable[[float], None]:
    """What weight decay does before a step, given the factor of the learning rate."""
    here = slice(rate.first, rate.last)
    weights = [weight[here] for weight in values.weights_only()]
    if name == "adamw":

        def shrink(factor: float) -> None:
            for weight in weights:
                weight.mul_(1.0 - rate.learning_rate * factor * l2)

        return shrink
    pairs = list(zip((grad[here] for grad in grads.weights_only()), weights, strict=True))

    def add(factor: float) -> None:
        for grad, weight in pairs:
            grad.add_(weight, alpha=l2)

    return add


def _joined(stores: list[list[Tensor]]) -> list[list[Tensor]]:
    """Stretches that follow one another in memory, in all of `stores`, as one."""
    joined = [[stretches[0]] for stretches in stores]
    for following in zip(*(stretches[1:] for stretches in stores), strict=True):
        ends = [list_[-1] for list_ in joined]
        if all(_follows(end, part) for end, part in zip(ends, following, strict=True)):
            for list_, part in zip(joined, following, strict=True):
                size = list_[-1].numel() + part.numel()
                list_[-1] = list_[-1].as_strided((size,), (1,))
        else:
            for list_, part in zip(joined, following, strict=True):
                list_.append(part)
    return joined


def _follows(end: Tensor, part: Tensor) -> bool:
    return (
        end.untyped_storage().data_ptr() == part.untyped_storage().data_ptr()
        and end.data_ptr() + end.nbytes == part.data_ptr()
    )


def state_bytes(parameters: int) -> int:
    """Bytes per member of values, gradients and two moments, in float32."""
    return 4 * 4 * parameters
