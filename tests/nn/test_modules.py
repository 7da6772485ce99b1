"""Module classes: PyTorch's own where there is one, composed ones elsewhere."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from actscope import catalogue, nn
from actscope.catalogue import Entry, Parameter, Record, _registry
from actscope.errors import SettingError, UnknownActivation
from actscope.nn import _modules, functional

X = torch.linspace(-6, 6, 49, dtype=torch.float64)


@pytest.mark.parametrize("name", catalogue.names())
def test_a_module_is_the_class_of_its_torch_name(name: str) -> None:
    record = catalogue.get(name)
    made = nn.module(name)
    assert type(made) is getattr(nn, record.torch_name)
    made = made.double()
    torch.testing.assert_close(made(X), getattr(nn.functional, name)(X), rtol=0, atol=1e-15)
    native = getattr(torch.nn, record.torch_name, None)
    assert (native is None) == (name == "step")
    if native is not None:
        torch.testing.assert_close(made(X), native().double()(X), rtol=0, atol=3e-9)


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


def test_a_composed_module_can_be_copied_pickled_and_saved() -> None:
    step = nn.Step()
    for again in (pickle.loads(pickle.dumps(step)), copy.deepcopy(step)):
        assert type(again) is nn.Step
        assert torch.equal(again(X), step(X))
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), step)
    assert set(model.state_dict()) == {"0.weight", "0.bias"}


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
    caches = (_registry._by_key, _modules.classes, _modules.class_of, functional._function)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setattr(_registry, "ENTRIES", entries)
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
