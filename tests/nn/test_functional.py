"""Tensor functions against rigorous values of the formulas, and autograd against gradcheck."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import pytest
import torch
from torch import Tensor
from torch.nn import functional as torch_functional

from actscope import catalogue, nn
from actscope.catalogue import Parameter, formula
from actscope.catalogue._extremes import at_point
from actscope.errors import FormulaError, SettingError
from actscope.nn._compose import compile_formula, compose
from actscope.nn._family import Family
from actscope.nn.functional import composed

SPECS = [
    *catalogue.names(),
    "leaky_relu(negative_slope=0.3)",
    "prelu(weight=0.5)",
    "elu(alpha=0.5)",
    "celu(alpha=2)",
    "softplus(beta=3)",
]
# Off 0 and +-3, where kinks are: there the sides have their own test. -30 and 30: the tails.
GRID = [k / 8 + 1 / 64 for k in range(-80, 80)] + [-700.0, -100.0, -30.0, 20.5, 30.0, 100.0, 700.0]
# PyTorch's own kernels (gelu: 1 + erf) are off by some spacings of doubles at 1, times |x|.
TOLERANCE = 2e-15


def _function(spec: str, own: bool) -> Callable[[Tensor], Tensor]:
    record = catalogue.get(spec)
    function = composed(record) if own else getattr(nn.functional, record.name)
    return lambda x: function(x, **record.values)


@pytest.mark.parametrize("own", [False, True], ids=["native", "composed"])
@pytest.mark.parametrize("spec", SPECS)
def test_value_and_slope_are_the_formulas(spec: str, own: bool) -> None:
    record = catalogue.get(spec)
    x = torch.tensor(GRID, dtype=torch.float64, requires_grad=True)
    y = _function(spec, own)(x)
    assert y.dtype == x.dtype
    if y is x:
        y = y * 1
    (gradient,) = torch.autograd.grad(y.sum(), x)
    slope = nn.derivative(spec)(x.detach())
    for i, point in enumerate(GRID):
        value = float(at_point(record.bound, Fraction(point)).low)
        exact = float(at_point(record.bound_derivative, Fraction(point)).low)
        allowed = TOLERANCE * max(1, abs(point), abs(value), abs(exact))
        assert abs(value - y[i].item()) <= allowed or value == y[i].item(), point
        for found in (gradient[i].item(), slope[i].item()):
            assert abs(exact - found) <= allowed or found == exact, point


@pytest.mark.parametrize("spec", SPECS)
def test_at_a_kink_the_slope_is_pytorchs(spec: str) -> None:
    record = catalogue.get(spec)
    x = torch.tensor([*record.kinks, 0.0], dtype=torch.float64, requires_grad=True)
    native_class = getattr(torch.nn, record.torch_name, None)
    if native_class is None:
        pytest.skip("PyTorch does not have it")
    (native,) = torch.autograd.grad((_function(spec, own=False)(x) * 1).sum(), x)
    (own,) = torch.autograd.grad(_function(spec, own=True)(x).sum(), x)
    torch.testing.assert_close(own, native)
    torch.testing.assert_close(nn.derivative(spec)(x.detach()), native)


def test_learned_parameters_receive_their_gradient() -> None:
    x = torch.linspace(-4.05, 4.1, 12, dtype=torch.float64).reshape(3, 4).requires_grad_()
    weight = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    own = composed(catalogue.get("prelu"))
    assert torch.autograd.gradcheck(own, (x, weight))
    (ours,) = torch.autograd.grad(own(x, weight).sum(), weight)
    (native,) = torch.autograd.grad(torch_functional.prelu(x, weight).sum(), weight)
    torch.testing.assert_close(ours, native)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("name", catalogue.names())
def test_dtype_shape_and_nan_are_kept(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([[-2.0, 0.0, math.nan], [1.0, 3.0, 5.0]], dtype=dtype)
    for own in (False, True):
        y = _function(name, own)(x)
        assert y.dtype == dtype
        assert y.shape == x.shape
        assert y.isnan().tolist() == x.isnan().tolist()
    expected = [catalogue.get(name)(value) for value in (1.0, 3.0, 5.0)]
    rounding = 16 * torch.finfo(dtype).eps
    assert y[1].tolist() == pytest.approx(expected, rel=rounding, abs=rounding)


def test_a_branch_not_taken_leaves_no_nan_in_the_gradient() -> None:
    """Autograd through torch.where would give inf * 0 for elu at 1000."""
    x = torch.tensor([-1000.0, 1000.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(composed(catalogue.get("elu"))(x).sum(), x)
    assert gradient.tolist() == [0.0, 1.0]
    naive = torch.where(x > 0, x, torch.exp(x) - 1)
    assert torch.autograd.grad(naive.sum(), x)[0].isnan().any()  # what this test is about


# (formula, the same with torch): what the first fifteen do not use
OTHERS: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("clip(x, -1, 1)", lambda x: x.clamp(-1, 1)),
    ("x / (1 + abs(x))", torch_functional.softsign),
    ("max(0, min(1, x / 6 + 0.5))", torch_functional.hardsigmoid),
    ("sign(x) * log1p(abs(x))", lambda x: x.sign() * x.abs().log1p()),
    ("x - tanh(x)", torch_functional.tanhshrink),
    ("-softplus(-x)", torch_functional.logsigmoid),
    ("x * sqrt(2) / sqrt(x^2 + 2^1)", lambda x: x * math.sqrt(2) / (x**2 + 2).sqrt()),
    ("2^x + erf(x) * sin(x)", lambda x: 2**x + x.erf() * x.sin()),
    ("cos(pi * x)", lambda x: (x * torch.pi).cos()),
    ("sech(x) + sinh(x) / cosh(x) + atan(x) + asinh(x)",
     lambda x: 1 / x.cosh() + x.tanh() + x.atan() + x.asinh()),
    ("normal_pdf(x)", lambda x: (-(x**2) / 2).exp() / math.sqrt(2 * math.pi)),
    ("log(exp(x) + 1) + expm1(x)", lambda x: torch.logaddexp(x, x * 0) + x.expm1()),
    ("pi / 2", lambda x: torch.full_like(x, math.pi / 2)),
    ("where(2 > 1, x, 0)", lambda x: x),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reference"), OTHERS)
def test_any_formula_can_be_composed(text: str, reference: Callable[[Tensor], Tensor]) -> None:
    x = torch.linspace(-3.95, 4.05, 41, dtype=torch.float64, requires_grad=True)
    own = compile_formula(text, {})
    torch.testing.assert_close(own(x), reference(x), rtol=1e-12, atol=1e-13)
    assert torch.autograd.gradcheck(own, (x,))


def test_the_whole_vocabulary_has_a_meaning_in_torch() -> None:
    x = torch.tensor([0.3, 0.6])
    for name, function in formula.VOCABULARY.items():
        text = f"{name}({', '.join(['x', '0.1', '0.5'][: function.arguments])})"
        got = compile_formula(text, {})(x)
        expected = [formula.at(formula.parse(text), value) for value in x.tolist()]
        assert got.tolist() == pytest.approx(expected, rel=1e-5)


def test_parameters_by_position_and_by_name() -> None:
    x = torch.tensor([-1.0, 2.0])
    assert nn.functional.leaky_relu(x, 0.5).tolist() == [-0.5, 2.0]
    assert nn.functional.leaky_relu(x, negative_slope=0.5).tolist() == [-0.5, 2.0]
    own = composed(catalogue.get("leaky_relu"))
    assert own(x, 0.5).tolist() == own(x, negative_slope=0.5).tolist() == [-0.5, 2.0]
    with pytest.raises(TypeError, match="slope"):
        own(x, slope=0.5)
    assert compile_formula("a * x", {"a": Parameter(0.5, "slope")})(x).tolist() == [-0.5, 1.0]


def test_functions_are_named_like_the_catalogue() -> None:
    assert dir(nn.functional) == sorted(catalogue.names(kind="all"))
    assert nn.functional.hardtanh is nn.functional.hard_tanh
    assert nn.functional.swish is nn.functional.silu
    assert nn.functional.step.__name__ == "step"
    assert "where(x > 0, 1, 0)" in (nn.functional.step.__doc__ or "")
    with pytest.raises(AttributeError, match=r"no activation 'silo'.*'silu'"):
        nn.functional.silo  # noqa: B018
    with pytest.raises(FormulaError):
        compile_formula("x +", {})


def test_tensors_broadcast_against_parameters() -> None:
    tree = formula.parse("a * x", ("a",))
    x, a = torch.ones(2, 3, requires_grad=True), torch.arange(3.0, requires_grad=True)
    compose(Family(tree, ("x", "a")), x, a).sum().backward()
    assert x.grad is not None
    assert a.grad is not None
    assert x.grad.tolist() == [[0, 1, 2]] * 2
    assert a.grad.tolist() == [2, 2, 2]


def test_whole_numbers_are_refused() -> None:
    with pytest.raises(SettingError, match=r"not torch.int64: convert with x.float\(\)"):
        nn.functional.telu(torch.tensor([1, 2]))


def test_a_wrong_argument_is_named() -> None:
    with pytest.raises(TypeError, match="'slope'; parameters: a"):
        nn.functional.snake(torch.ones(1), slope=1)
    with pytest.raises(TypeError, match="takes a tensor and 1 parameters, not 2"):
        nn.functional.snake(torch.ones(1), 1.0, 2.0)
