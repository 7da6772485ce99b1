"""Set-ups: what is granted, what is refused, and in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscope.errors import SettingError
from actscope.web._config import Config, Refused, read_config
from actscope.web._data2d import DATA, FEATURES


def test_nothing_asked_is_the_default() -> None:
    assert read_config({}) == Config()
    assert read_config(Config().document()) == Config()


def test_one_activation_stands_for_every_layer() -> None:
    config = read_config({"hidden": [3, 2, 4], "networks": [{"activations": ["silu"]}]})
    assert config.networks == (("silu",) * 3,)
    assert read_config({"hidden": [2]}).networks == (("relu",), ("tanh",))
    assert read_config({"hidden": []}).networks == ((), ())
    assert read_config({"features": ["x2^2", "x1"]}).features == ("x1", "x2^2")


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ([], None, "a set-up is an object with fields, not a list"),
        ({"hiden": [4]}, None, "no field 'hiden'"),
        ({"data": "cirle"}, "data", "Did you mean 'circle'?"),
        ({"data": "../../etc/passwd"}, "data", "data must be one of circle"),
        ({"data": {}}, "data", "not an object"),
        ({"noise": 51}, "noise", "noise must be 0 to 50, not 51"),
        ({"noise": float("inf")}, "noise", "must be a number"),
        ({"noise": None}, "noise", "not null"),
        ({"train": 5}, "train", "10 to 90"),
        ({"seed": -1}, "seed", "seed must be 0 to"),
        ({"seed": 1.5}, "seed", "whole number"),
        ({"seed": True}, "seed", "whole number"),
        ({"hidden": 4}, "hidden", "must be a list, not a number"),
        ({"hidden": [4] * 7}, "hidden", "0 to 6 items, not 7"),
        ({"hidden": [-2]}, "hidden", "hidden must be 1 to 16, not -2"),
        ({"hidden": [10**9]}, "hidden", "1 to 16, not 1000000000"),
        ({"hidden": ["4"]}, "hidden", "whole number, not '4'"),
        ({"networks": []}, "networks", "1 to 4 items, not 0"),
        ({"networks": [{"activations": ["relu"]}] * 5}, "networks", "not 5"),
        ({"networks": ["relu"]}, "networks", "a network is an object"),
        ({"networks": [{"activations": ["relu"] * 3}]}, "networks", "must be 2, one for each"),
        ({"networks": [{"activations": [7]}]}, "networks", "a name or a formula, not 7"),
        ({"networks": [{"activations": ["x" * 500]}]}, "networks", "500 characters: at most 200"),
        ({"features": []}, "features", "1 to 7 items"),
        ({"features": ["x3"]}, "features", "features must be one of x1"),
        ({"init": "he_normal"}, "init", "init must be one of gain, he"),
        ({"optimizer": "sdg"}, "optimizer", "Did you mean 'sgd'?"),
        ({"learning_rate": 0}, "learning_rate", "above 0 and at most 100, not 0"),
        ({"learning_rate": "fast"}, "learning_rate", "must be a number, not 'fast'"),
        ({"batch": 0}, "batch", "1 to 5,000, not 0"),
        ({"l2": -0.1}, "l2", "0 to 10, not -0.1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_refused_in_one_line_with_its_field(given: Any, field: str | None, says: str) -> None:
    with pytest.raises(Refused) as caught:
        read_config(given)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250
    assert caught.value.field == field
    assert isinstance(caught.value, SettingError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(list(Config().document()))


@given(st.dictionaries(FIELDS, JSON))
def test_whatever_comes_is_granted_or_refused(given: dict[str, Any]) -> None:
    said = ""
    try:
        config = read_config(given)
        assert read_config(json.loads(json.dumps(config.document()))) == config
    except Refused as error:
        said = str(error)
    assert "\n" not in said


@st.composite
def set_ups(draw: st.DrawFn) -> dict[str, Any]:
    hidden = draw(st.lists(st.integers(1, 16), max_size=6))
    layer = st.sampled_from(["relu", "tanh", "x*tanh(x)"])
    chosen = draw(st.sets(st.sampled_from(list(FEATURES)), min_size=1))
    network = st.lists(layer, min_size=len(hidden), max_size=len(hidden))
    return {
        "data": draw(st.sampled_from(list(DATA))),
        "noise": draw(st.floats(0, 50)),
        "hidden": hidden,
        "networks": [
            {"activations": names} for names in draw(st.lists(network, min_size=1, max_size=4))
        ],
        "features": [name for name in FEATURES if name in chosen],
        "seed": draw(st.integers(0, 2**32 - 1)),
        "learning_rate": draw(st.floats(1e-6, 100)),
    }


@given(set_ups())
def test_what_is_allowed_comes_back_as_it_was(given: dict[str, Any]) -> None:
    document = read_config(given).document()
    assert {name: document[name] for name in given} == given
