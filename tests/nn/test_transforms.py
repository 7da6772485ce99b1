"""Every function, at both levels, under what PyTorch does with functions: oracles are the
catalogue's derivative, finite differences and PyTorch's eager results."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import grad, hessian, jvp, vmap

from actscope import catalogue, nn
from actscope.nn.functional import composed

ELEMENTWISE = catalogue.names()
ALL = catalogue.names(kind="all")
AWAY = torch.tensor([-3.3, -1.2, -0.4, 0.3, 0.9, 2.4], dtype=torch.float64)  # from every kink
LEVELS = pytest.mark.parametrize("precise", [False, True], ids=["default", "precise"])


def at(name: str, precise: bool) -> Callable[[Tensor], Tensor]:
    function = getattr(nn.functional, name)
    return lambda x: function(x, precise=precise)


def test_the_points_are_away_from_every_kink() -> None:
    for name in ELEMENTWISE:
        for kink in catalogue.get(name).kinks:
            assert (AWAY - kink).abs().min() > 0.01, name


@LEVELS
@pytest.mark.parametrize("name", ALL)
def test_gradients_of_every_order_are_finite_differences(name: str, precise: bool) -> None:
    x = AWAY.clone().requires_grad_()
    assert torch.autograd.gradcheck(at(name, precise), (x,))
    assert torch.autograd.gradgradcheck(at(name, precise), (x,))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_composed_function_has_right_gradients_too(name: str) -> None:
    x = AWAY.clone().requires_grad_()
    values = [torch.tensor(v, dtype=torch.float64) for v in catalogue.get(name).values.values()]
    own = composed(catalogue.get(name))
    learned = [v.requires_grad_() for v in values]
    assert torch.autograd.gradcheck(own, (x, *learned))
    assert torch.autograd.gradgradcheck(own, (x, *learned))


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch.func's own call
@LEVELS
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_function_transforms(name: str, precise: bool) -> None:
    f, slope = at(name, precise), nn.derivative(name)(AWAY)
    torch.testing.assert_close(vmap(f)(AWAY), f(AWAY))
    square = AWAY.view(2, 3)
    torch.testing.assert_close(vmap(vmap(f), 1, 1)(square), f(square))
    torch.testing.assert_close(vmap(grad(f))(AWAY), slope)
    value, tangent = jvp(f, (AWAY,), (torch.full_like(AWAY, 2),))[:2]
    torch.testing.assert_close(value, f(AWAY))
    torch.testing.assert_close(tangent, 2 * slope)
    x = AWAY.clone().requires_grad_()
    y = f(x)
    if not y.requires_grad or not (first := torch.autograd.grad(
        y.sum() + 0 * x.square().sum(), x, create_graph=True
    )[0]).requires_grad:  # fmt: skip
        return
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(vmap(hessian(f))(AWAY), second)


def test_a_batch_of_parameters_against_one_input() -> None:
    f = nn.functional.snake
    a = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)
    expected = torch.stack([f(AWAY, float(value)) for value in a])
    torch.testing.assert_close(vmap(lambda a: f(AWAY, a))(a), expected)
    torch.testing.assert_close(vmap(f, (None, 0))(AWAY, a), expected)
    wide = AWAY.expand(3, 6)
    torch.testing.assert_close(vmap(f)(wide, a), expected)
    torch.testing.assert_close(vmap(f, (1, 0))(wide.T, a), expected)
    each = vmap(grad(lambda a, x: f(x, a).sum()), (0, None))(a, AWAY)
    learned = a.clone().requires_grad_()
    torch.stack([f(AWAY, value).sum() for value in learned]).sum().backward()
    torch.testing.assert_close(each, learned.grad)


@LEVELS
@pytest.mark.parametrize("name", ALL)
def test_compiled_whole(name: str, precise: bool) -> None:
    torch.compiler.reset()
    f = getattr(nn.functional, name)
    compiled = torch.compile(lambda x: 2 * f(x), fullgraph=True, backend="aot_eager")
    found = []
    for function in (compiled, lambda x: 2 * f(x)):
        x = AWAY.float().requires_grad_()
        with nn.precise(precise):
            y = function(x)
        y.square().sum().backward()
        found += [y.detach(), x.grad]
    torch.testing.assert_close(found[:2], found[2:])


def test_one_compiled_function_follows_the_level() -> None:
    torch.compiler.reset()
    compiled = torch.compile(nn.functional.gelu, fullgraph=True, backend="aot_eager")
    x = torch.tensor([-7.0])
    assert compiled(x).item() == 0
    with nn.precise():
        assert compiled(x).item() == pytest.approx(-8.958686e-12, rel=1e-6)
    assert compiled(x).item() == 0

    def both(x: Tensor) -> Tensor:
        with nn.precise():
            y = nn.functional.gelu(x)
        return torch.cat([y, nn.functional.gelu(x)])

    torch.testing.assert_close(
        torch.compile(both, fullgraph=True, backend="aot_eager")(x), both(x), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize("name", ["telu", "acon_c"])
def test_compiled_by_inductor(name: str) -> None:
    torch.compiler.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # inductor's own imports
        made = nn.module(name)
        x, other = AWAY.float().requires_grad_(), AWAY.float().requires_grad_()
        y, expected = torch.compile(made, fullgraph=True)(x), made(other)
        torch.testing.assert_close(y, expected)
        y.sum().backward()
        expected.sum().backward()
    torch.testing.assert_close(x.grad, other.grad)


@pytest.mark.parametrize("name", ALL)
def test_the_dtype_is_kept_also_under_autocast(name: str) -> None:
    for dtype in (torch.bfloat16, torch.float16, torch.float32, torch.float64):
        for precise in (False, True):
            f = at(name, precise)
            x = AWAY.detach().clone().to(dtype).requires_grad_()
            assert f(x).dtype == dtype
            with torch.autocast("cpu", torch.bfloat16):
                y = f(x)
            assert y.dtype == dtype
            (y * 1).sum().backward()
            assert x.grad is not None
            assert x.grad.dtype == dtype
            torch.testing.assert_close(
                y.double(), f(x.detach().double()), rtol=0.02, atol=0.01, equal_nan=True
            )


def layouts() -> dict[str, Tensor]:
    x = torch.linspace(-3.05, 3.1, 48)
    return {
        "transposed": x.view(6, 8).T,
        "strided": x[::2],
        "channels last": x.view(1, 2, 4, 6).to(memory_format=torch.channels_last),
        "expanded": x[:1, None].expand(1, 5),
        "overlapping": x.as_strided((5, 4), (1, 1)),
        "empty": torch.empty(0, 4),
        "one number": torch.tensor(0.7),
    }


@pytest.mark.parametrize("kind", layouts())
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_any_memory_layout(name: str, kind: str) -> None:
    for precise in (False, True):
        f = at(name, precise)
        x = layouts()[kind].requires_grad_()
        plain = x.detach().clone(memory_format=torch.contiguous_format).requires_grad_()
        y, expected = f(x), f(plain)
        assert y.shape == x.shape
        torch.testing.assert_close(f(x.detach()), expected.detach())
        weight = torch.linspace(1, 2, max(1, x.numel()))[: x.numel()].view(x.shape)
        weight = weight.T.contiguous().T if x.dim() == 2 else weight  # strides unlike x's
        for result in (y, expected):
            (result * weight).sum().backward()
        torch.testing.assert_close(x.grad, plain.grad)
        if kind == "channels last" and name != "log_sigmoid":  # PyTorch's own does not keep it
            assert y.is_contiguous(memory_format=torch.channels_last)


def test_views_over_shared_memory_do_not_disturb_each_other() -> None:
    """Registers are shared by all programs of a thread: results must be memory of their own."""
    x = torch.linspace(-3, 3, 100)
    first = nn.functional.telu(x)
    kept = first.clone()
    for name in ELEMENTWISE:
        getattr(nn.functional, name)(x + 1)
    assert torch.equal(first, kept)


def test_threads_have_registers_of_their_own() -> None:
    from concurrent.futures import ThreadPoolExecutor

    inputs = [torch.full((5000,), 0.01 * i) for i in range(64)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(nn.functional.telu, inputs))
    for x, y in zip(inputs, found, strict=True):
        assert torch.equal(y, nn.functional.telu(x))


def test_inference_mode_leaves_nothing_behind() -> None:
    x = torch.linspace(-2, 2, 777)
    with torch.inference_mode():
        inside = nn.functional.telu(x)
    outside = nn.functional.telu(x.clone().requires_grad_())
    outside.sum().backward()
    assert torch.equal(inside.clone(), outside.detach())


def test_every_function_can_be_exported_to_onnx(tmp_path: Path) -> None:
    import numpy as np
    import onnxruntime

    class All(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList([nn.module(name) for name in ALL])

        def forward(self, x: Tensor) -> tuple[Tensor, ...]:
            return tuple(part(x) * 1 for part in self.parts)

    model, x = All().eval(), AWAY.float()[None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        program = torch.onnx.export(model, (x,), dynamo=True, verbose=False)
    assert program is not None
    program.save(str(tmp_path / "all.onnx"))
    session = onnxruntime.InferenceSession(
        str(tmp_path / "all.onnx"), providers=["CPUExecutionProvider"]
    )
    outputs = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    with torch.no_grad():
        eager = model(x)
    for name, found, expected in zip(ALL, outputs, eager, strict=True):
        np.testing.assert_allclose(
            np.asarray(found), expected.numpy(), rtol=1e-5, atol=1e-6, err_msg=name
        )


@pytest.mark.parametrize("name", catalogue.names())
@pytest.mark.parametrize("exact", [False, True])
def test_forward_mode_gives_the_slope(name: str, exact: bool) -> None:
    x = torch.tensor([-1.7, -0.3, 0.2, 2.3], dtype=torch.float64)
    with nn.precise(exact):
        expected = nn.derivative(name)(x)
        with forward_ad.dual_level():
            made = forward_ad.make_dual(x, torch.full_like(x, 2.0))
            tangent = forward_ad.unpack_dual(getattr(nn.functional, name)(made)).tangent
    torch.testing.assert_close(tangent, 2 * expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["serf", "squareplus", "gelu"])
def test_a_second_backward_pass_wants_the_graph_kept(name: str) -> None:
    x = torch.randn(5, requires_grad=True)
    whole = getattr(nn.functional, name)(x).sum()
    whole.backward()
    with pytest.raises(RuntimeError, match="second time"):
        whole.backward()
