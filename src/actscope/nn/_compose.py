"""A formula as a torch function, with a backward pass made from its derivative's formula.

Autograd through `torch.where` gives nan where the branch not taken overflows (0 * inf);
evaluating the derivative's own formula does not, and only the input needs to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from actscope.catalogue import Parameter
from actscope.catalogue.formula import Node, bind, parse, stable
from actscope.errors import SettingError

from ._family import Family
from ._program import BLOCK, Program
from ._program import SOFTPLUS_THRESHOLD as SOFTPLUS_THRESHOLD
from ._recording import RECORDER

_FLOATING = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
_SLOPE_KEPT = 1 << 20  # elements, 4 MiB in float32: below, memory is worth less than time
_PLAIN_TYPES = (Tensor, torch.nn.Parameter)


def compose(family: Family, *tensors: Tensor, path: tuple[str, ...] = ()) -> Tensor:
    """The function of a family at x and its parameters, elementwise; nan in x stays nan.

    tensors: x, then one tensor for each parameter, broadcast.
    path: what to differentiate by, in order.
    """
    return _product(family, path, 0, *tensors)


def _product(family: Family, path: tuple[str, ...], factors: int, *tensors: Tensor) -> Tensor:
    """A derivative of the function, times some factors (tensors as large as x).

    path: what it is differentiated by. tensors: x, the factors, the parameters.
    """
    x = tensors[0]
    if not isinstance(x, Tensor):
        raise SettingError(
            f"an activation takes a tensor, not {type(x).__name__}: convert with torch.as_tensor(x)"
        )
    if x.dtype not in _FLOATING:
        raise SettingError(
            f"an activation takes floating-point numbers, not {x.dtype}: convert with x.float()"
        )
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        result = _Transformable.apply(family, path, factors, *tensors)
    elif torch.is_grad_enabled() and any(t.requires_grad for t in tensors):
        result = _Differentiable.apply(family, path, factors, *tensors)
    else:
        return _evaluated(family, path, factors, tensors)
    assert isinstance(result, Tensor)
    return result


def _in_blocks(x: Tensor, others: Sequence[Tensor]) -> bool:
    """Whether nobody watches single operations, and memory is an ordinary CPU tensor's."""
    return (
        type(x) in _PLAIN_TYPES
        and x.is_cpu
        and x.layout is torch.strided
        and not torch.compiler.is_compiling()
        and (RECORDER.call is not None or not torch._C._len_torch_dispatch_stack())
        and torch._C._get_tracing_state() is None
        and all(type(t) in _PLAIN_TYPES and t.is_cpu for t in others)
    )


def _evaluated(
    family: Family, path: tuple[str, ...], factors: int, tensors: Sequence[Tensor]
) -> Tensor:
    if RECORDER.call is not None:
        return RECORDER.call(lambda *given: _evaluated(family, path, factors, given), tensors)
    x, full, parameters = tensors[0], tensors[: 1 + factors], tensors[1 + factors :]
    if (
        _in_blocks(x, tensors[1:])
        and all(f.shape == x.shape and f.dtype == x.dtype for f in full[1:])
        and all(p.numel() == 1 and p.dim() <= x.dim() for p in parameters)
    ):
        program = family.program(path, factors)
        if x.numel() <= BLOCK and not parameters and all(f.is_contiguous() for f in full):
            value = torch.empty_like(x)
            program.small(full, (value,))
            return value
        return _run(program, full, parameters)[0]
    return family.program(path, factors).plain(tensors)[0]


def _run(
    program: Program, full: Sequence[Tensor], parameters: Sequence[Tensor], outputs: int = 1
) -> list[Tensor]:
    """New tensors with x's strides, where its memory has no gaps."""
    x = full[0]
    out = [torch.empty_like(x) for _ in range(outputs)]
    if x.is_contiguous():
        flat = [f.reshape(-1) for f in full]
        flat_out = [o.view(-1) for o in out]
    else:
        strides, size = out[0].stride(), (x.numel(),)
        laid = [f if f.stride() == strides else torch.empty_like(x).copy_(f) for f in full]
        if laid[0].stride() != strides:  # gaps or overlaps
            laid = [torch.empty_strided(x.shape, strides, dtype=x.dtype).copy_(f) for f in full]
        flat = [f.as_strided(size, (1,)) for f in laid]
        flat_out = [o.as_strided(size, (1,)) for o in out]
    program.run(flat, [p.reshape(()) for p in parameters], flat_out)
    return out


def _pair(family: Family, x: Tensor) -> tuple[Tensor, Tensor]:
    """Value and slope at x, which is contiguous, in one pass."""
    if RECORDER.call is not None:
        return RECORDER.call(lambda given: _pair(family, given), [x])
    value, slope = torch.empty_like(x), torch.empty_like(x)
    if x.numel() <= BLOCK:
        family.pair.small((x,), (value, slope))
    else:
        family.pair.run((x.view(-1),), (), (value.view(-1), slope.view(-1)))
    return value, slope


class _Differentiable(torch.autograd.Function):
    """For plain autograd: half the overhead of the other.

    Backward keeps only the tensors, and the slope beside a small one.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, family: Family, path: tuple[str, ...], factors: int, *tensors: Tensor
    ) -> Tensor:
        ctx.what = family, path, factors
        x = tensors[0]
        if len(tensors) == 1 and not path and x.is_contiguous() and _in_blocks(x, ()):
            # Where little memory is at stake, one pass for value and slope costs less than a
            # second one later.
            size = x.numel()
            if size <= BLOCK or (size <= _SLOPE_KEPT and family.slope_is_dear):
                value, slope = _pair(family, x)
                ctx.keeps_slope = True
                ctx.save_for_backward(x, slope)
                return value
        ctx.keeps_slope = False
        ctx.save_for_backward(*tensors)
        return _evaluated(family, path, factors, tensors)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        tensors = ctx.saved_tensors
        if ctx.keeps_slope:
            x, slope = tensors
            if not torch.is_grad_enabled():
                return None, None, None, grad * slope
            tensors = (x,)
        return _gradients(ctx.what, ctx.needs_input_grad[3:], grad, tensors)


class _Transformable(torch.autograd.Function):
    """The same for torch.func: forward without a context, with rules for vmap and jvp."""

    @staticmethod
    def forward(  # type: ignore[override]
        family: Family, path: tuple[str, ...], factors: int, *tensors: Tensor
    ) -> Tensor:
        return _evaluated(family, path, factors, tensors)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.what = inputs[:3]
        ctx.save_for_backward(*inputs[3:])
        ctx.save_for_forward(*inputs[3:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        needed = ctx.needs_input_grad[3:]
        return _gradients(ctx.what, needed, grad, ctx.saved_tensors)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Tensor:  # type: ignore[override]
        family, path, factors = ctx.what
        total = None
        for i, tangent in enumerate(tangents[3:]):
            if tangent is not None:
                part = _partial(family, path, factors, i, tangent, ctx.saved_tensors)
                total = part if total is None else total + part
        assert total is not None
        return total

    @staticmethod
    def vmap(  # type: ignore[override]
        info: Any, dims: tuple[Any, ...], family: Family, path: Any, factors: int, *tensors: Tensor
    ) -> tuple[Tensor, int]:
        ranks = [t.dim() - (d is not None) for t, d in zip(tensors, dims[3:], strict=True)]
        rank = max(ranks)
        aligned = []
        for tensor, dim, own in zip(tensors, dims[3:], ranks, strict=True):
            if dim is not None:  # the batch first, then ones, then the tensor's own dimensions
                moved = tensor.movedim(dim, 0)
                tensor = moved.reshape(moved.shape[0], *(1,) * (rank - own), *moved.shape[1:])
            aligned.append(tensor)
        return _product(family, path, factors, *aligned), 0


def _partial(
    family: Family,
    path: tuple[str, ...],
    factors: int,
    i: int,
    factor: Tensor,
    tensors: Sequence[Tensor],
) -> Tensor:
    """The derivative by tensor number i, times a factor."""
    x, given, parameters = tensors[0], tensors[1 : 1 + factors], tensors[1 + factors :]
    if 1 <= i <= factors:
        others = [*given[: i - 1], factor, *given[i:]]
        return _product(family, path, factors, x, *others, *parameters)
    by = family.names[0 if i == 0 else i - factors]
    return _product(family, (*path, by), factors + 1, x, *given, factor, *parameters)


def _gradients(
    what: tuple[Family, tuple[str, ...], int],
    needed: Sequence[bool],
    grad: Tensor,
    tensors: Sequence[Tensor],
) -> tuple[Tensor | None, ...]:
    # Autograd sums over broadcast dimensions itself.
    found = [_partial(*what, i, grad, tensors) if need else None for i, need in enumerate(needed)]
    return (None, None, None, *found)


# --- formulas --------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _family_of(tree: Node, names: tuple[str, ...]) -> Family:
    return Family(tree, names)


def compose_tree(tree: Node, values: Mapping[str, Tensor]) -> Tensor:
    """The value of a tree in "x" and tensor parameters, elementwise, broadcast."""
    names = ("x", *(name for name in values if name != "x"))
    return compose(_family_of(tree, names), *(values[name] for name in names))


def compile_formula(
    formula: str, parameters: Mapping[str, Parameter]
) -> Callable[[Tensor], Tensor]:
    """The formula as a function of one tensor, parameters at their values.

    >>> f = compile_formula("where(x > 0, x, a * x)", {"a": Parameter(0.5, "slope")})
    >>> f(torch.tensor([-2.0, 2.0]))
    tensor([-1.,  2.])

    Raises:
        FormulaError: the formula cannot be read.
    """
    values = {name: parameter.value for name, parameter in parameters.items()}
    bound = stable(bind(parse(formula, tuple(parameters)), values))
    family = _family_of(bound, ("x",))
    return lambda x: compose(family, x)
