"""Module classes: PyTorch's own where there is one, composed ones elsewhere."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
import torch

from actscope import catalogue, nn
from actscope.catalogue import Entry, Parameter, Record, _names, _registry
from actscope.errors import SettingError, UnknownActivation
from actscope.nn import _modules, functional

X = torch.linspace(-6, 6, 49, dtype=torch.float64)


@pytest.mark.parametrize("name", catalogue.names())
def test_a_module_is_the_class_of_its_torch_name(name: str) -> None:
    record = catalogue.get(name)
    made = nn.module(name)
    assert type(made) is getattr(nn, record.torch_name)
    made = made.double().eval()
    rounding = 3e-8 if any(True for _ in made.parameters()) else 1e-15  # they began as float32
    expected = getattr(nn.functional, name)(X)
    torch.testing.assert_close(made(X), expected, rtol=rounding, atol=1e-15)


NATIVE = [n for n in catalogue.names(kind="all") if hasattr(torch.nn, catalogue.get(n).torch_name)]
ARGUMENTS = {"threshold": (1.0, 0.0), "softmax": (-1,), "log_softmax": (-1,), "softmin": (-1,)}


@pytest.mark.parametrize("name", NATIVE)
def test_a_class_of_pytorchs_can_be_replaced_by_ours(name: str) -> None:
    """The same arguments, repr, state and isinstance; the same values and gradients."""
    torch_class = getattr(torch.nn, catalogue.get(name).torch_name)
    ours, theirs = (
        c(*ARGUMENTS.get(name, ())).eval() for c in (type(nn.module(name)), torch_class)
    )
    assert isinstance(ours, torch_class)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert repr(ours).replace("threshold=40.0", "threshold=20.0") == repr(theirs)
    parameters = list(inspect.signature(type(ours)).parameters)
    assert [p for p in parameters if p != "precise"] == list(
        inspect.signature(torch_class).parameters
    )
    exact = name not in ("softsign", "tanhshrink", "hard_sigmoid")  # composed: another rounding
    found = []
    for made in (ours, theirs):
        x = X.float()[:48].clone().requires_grad_()
        y = made(x)
        (y * y).sum().backward()
        found.append((y.detach(), x.grad))
    for mine, native in zip(*found, strict=True):
        tolerance = 0.0 if exact else 1e-6
        torch.testing.assert_close(mine, native, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("precise", [None, True])
@pytest.mark.parametrize(
    "name",
    [n for n in NATIVE if "inplace" in inspect.signature(getattr(nn.functional, n)).parameters],
)
def test_in_place_is_the_same_and_overwrites(name: str, precise: bool | None) -> None:
    function = getattr(nn.functional, name)
    leaf = X.clone().requires_grad_()
    x = leaf * 1
    y = function(x, inplace=True, precise=precise)
    assert y is x
    (y * y).sum().backward()
    other = X.clone().requires_grad_()
    expected = function(other, precise=precise)
    (expected * expected).sum().backward()
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(leaf.grad, other.grad)
    named = getattr(nn, catalogue.get(name).torch_name)
    made = named(*ARGUMENTS.get(name, ()), inplace=True, precise=precise).eval()
    torch.testing.assert_close(made(X.clone()), expected.detach())
    assert made.inplace is True


@pytest.mark.parametrize("name", catalogue.names(kind="all"))
def test_a_module_can_be_copied_pickled_and_saved(name: str) -> None:
    made = nn.module(name).eval()
    x = X.float()[:48]
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(0.7)
    fresh = nn.module(name).eval()
    fresh.load_state_dict(made.state_dict())
    for again in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made), fresh):
        assert type(again) is type(made)
        assert repr(again) == repr(made)
        assert torch.equal(again(x), made(x))
    leveled = pickle.loads(pickle.dumps(type(made)(*ARGUMENTS.get(name, ()), precise=True)))
    assert leveled.precise is True
    assert "precise=True" in repr(leveled)


def test_in_place_at_the_precise_level_keeps_what_backward_needs() -> None:
    leaf = X.clone().requires_grad_()
    y = nn.functional.silu(leaf * 1, inplace=True, precise=True)
    (slope,) = torch.autograd.grad(y.sum(), leaf, create_graph=True)  # needs the input itself
    torch.testing.assert_close(slope, nn.derivative("silu")(X))


def test_rrelu_draws_in_training_and_uses_the_mean_slope_otherwise() -> None:
    x = torch.full((2000,), -1.0)
    for precise in (None, True):
        made = nn.RReLU(0.1, 0.5, precise=precise)
        torch.manual_seed(0)
        drawn = -made(x)
        assert 0.1 <= drawn.min() < 0.12 < 0.48 < drawn.max() <= 0.5
        assert abs(drawn.mean() - 0.3) < 0.01
        torch.testing.assert_close(made.eval()(x), x * 0.3)


def test_parameters_of_a_composed_module_by_position_or_name() -> None:
    for made in (nn.AconC(0.9, 0.1, 2.0), nn.AconC(p1=0.9, beta=2.0, p2=0.1)):
        assert [(n, p.item()) for n, p in made.named_parameters()] == [
            ("p1", pytest.approx(0.9)), ("p2", pytest.approx(0.1)), ("beta", pytest.approx(2.0)),
        ]  # fmt: skip
    assert nn.Sine(30.0).omega == 30.0
    with pytest.raises(SettingError, match="Snake takes 1 parameters, not 2: a"):
        nn.Snake(1.0, 2.0)
    with pytest.raises(SettingError, match="Maxout takes pieces and dim"):
        nn.Maxout(size=3)


@pytest.mark.parametrize(
    ("spec", "parameters", "expected"),
    [
        ("leaky_relu", {"negative_slope": 0.1}, torch.nn.LeakyReLU(0.1)),
        ("leaky_relu(negative_slope=0.1)", {}, torch.nn.LeakyReLU(0.1)),
        ("prelu", {"weight": 0.4}, torch.nn.PReLU(init=0.4)),
        ("elu(alpha=0.5)", {}, torch.nn.ELU(0.5)),
        ("celu", {"alpha": 2.0}, torch.nn.CELU(2.0)),
        ("softplus", {"beta": 3.0}, torch.nn.Softplus(3.0, 40.0)),
        ("nn.Swish", {}, torch.nn.SiLU()),
        (catalogue.get("elu(alpha=0.5)"), {"alpha": 1.5}, torch.nn.ELU(1.5)),
    ],
)
def test_parameters_reach_the_module(
    spec: str | Record, parameters: dict[str, float], expected: torch.nn.Module
) -> None:
    made = nn.module(spec, **parameters)
    assert repr(made) == repr(expected)
    assert torch.equal(made(X.float()), expected(X.float()))


def test_mistakes_are_the_catalogues() -> None:
    with pytest.raises(UnknownActivation, match="Did you mean"):
        nn.module("rellu")
    with pytest.raises(SettingError, match="has no parameter 'slope'"):
        nn.module("leaky_relu", slope=0.1)
    with pytest.raises(SettingError, match="above 0"):
        nn.module("elu", alpha=-1)
    with pytest.raises(AttributeError, match="NoSuch"):
        nn.NoSuch  # noqa: B018


def test_the_names_of_the_room() -> None:
    assert {"SiLU", "Hardswish", "Step", "module", "derivative", "functional"} <= set(dir(nn))


def test_step_fires_above_zero_only_and_passes_no_gradient() -> None:
    x = torch.tensor([-1.0, 0.0, 1e-30, 2.0], requires_grad=True)
    y = nn.Step()(x)
    assert y.tolist() == [0, 0, 1, 1]
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 0, 0]


def test_one_entry_is_enough_for_a_function_a_module_and_a_derivative(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = Entry(
        "bent",
        "where(x > 0, x, slope * x) + shift * tanh(x)",
        family="test",
        summary="For this test.",
        reference="none",
        torch="Bent",
        parameters={
            "slope": Parameter(0.25, "negative slope", learned=True),
            "shift": Parameter(0.5, "how much tanh"),
        },
    )
    entries = (*_registry.ENTRIES, entry)
    caches = (_names.built_in, _modules.classes, _modules.class_of, functional.of)
    for cache in caches:
        cache.cache_clear()
    for room in (_registry, _names):
        monkeypatch.setattr(room, "ENTRIES", entries)
    try:
        record = catalogue.get("Bent")
        assert record.gain > 0
        assert record.kinks == (0.0,)
        made = nn.module("bent(shift=1)").double()
        assert type(made) is nn.Bent
        assert repr(made) == "Bent(slope=0.25, shift=1)"
        assert [name for name, _ in made.named_parameters()] == ["slope"]
        expected = torch.where(X > 0, X, 0.25 * X) + X.tanh()
        torch.testing.assert_close(made(X), expected)
        made(X).sum().backward()
        torch.testing.assert_close(next(made.parameters()).grad, X.clamp_max(0).sum()[None])
        torch.testing.assert_close(
            nn.functional.bent(X, slope=0.25, shift=0.0), torch.where(X > 0, X, 0.25 * X)
        )
        assert nn.derivative("bent")(X[:1]).item() == pytest.approx(0.25, abs=1e-4)
    finally:
        for cache in caches:
            cache.cache_clear()
