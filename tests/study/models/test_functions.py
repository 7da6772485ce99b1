from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import actscope as act
from actscope.study.models._functions import function, name_of, source


def _fit(net: object, seed: int, lr: float) -> tuple[object, int, float]:
    return net, seed, lr


def _only_model(net: object, /) -> object:
    return net


class _Scorer:
    def __call__(self, model: object, epochs: int = 3) -> tuple[object, int]:
        return model, epochs


def test_each_is_given_what_it_takes() -> None:
    values = {"model": "m", "seed": 4, "lr": 0.1}
    everything = ("model", "seed", "lr")
    assert function("fit", _fit, everything)("", **values) == ("m", 4, 0.1)
    assert function("fit", _only_model, everything)("", **values) == "m"
    assert function("score", _Scorer(), everything)("", **values) == ("m", 3)
    assert function("fit", lambda seed, model: (seed, model), everything)("", **values) == (4, "m")
    assert function("build", lambda: 7, ("seed",))("", **values) == 7
    assert function("build", lambda width=8, seed=0: (width, seed), ("seed",))("", **values) == (
        8,
        4,
    )
    half = partial(_fit, lr=0.5)
    assert function("fit", half, ("model", "seed"))("", model="m", seed=1) == ("m", 1, 0.5)
    rate = function("fit", lambda m, learning_rate: learning_rate, everything)
    assert rate("", **values) == 0.1


@pytest.mark.parametrize(
    ("body", "offered", "said"),
    [
        (3, ("seed",), "build is 3: give a function, build(seed)"),
        (lambda width: None, ("seed",), "build takes 'width', which it cannot be given"),
        (lambda: None, ("model", "seed"), "build takes no model: write it as build(model, seed)"),
        (lambda seed: None, ("model", "seed"), "build takes no model"),
        (lambda m, x: None, ("model", "seed"), "build takes 'x', which it cannot be given: it is "),
    ],
)
def test_what_cannot_be_called_is_one_line(body: Any, offered: tuple[str, ...], said: str) -> None:
    with pytest.raises(act.SettingError) as told:
        function("build", body, offered)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def _breaks(model: object) -> None:
    raise KeyError("oops\nand more")


def test_an_error_names_the_function_the_place_and_the_line() -> None:
    line = _breaks.__code__.co_firstlineno + 1
    with pytest.raises(act.SettingError) as told:
        function("fit", _breaks, ("model", "seed"))("with relu, seed 3", model=None, seed=3)
    where = f"(test_functions.py, line {line})"
    assert str(told.value) == f"fit failed with relu, seed 3: KeyError: 'oops\\nand more' {where}"
    assert isinstance(told.value.__cause__, KeyError)


def test_a_training_that_ran_off_is_no_mistake() -> None:
    def fit(model: object) -> float:
        return 10.0**400

    with pytest.raises(OverflowError):
        function("fit", fit, ("model",))("", model=None)


def test_the_text_of_a_function() -> None:
    assert source(_breaks).splitlines()[1] == '    raise KeyError("oops\\nand more")'
    assert source(partial(_breaks, model=1)) == source(_breaks)
    assert source(_Scorer()).startswith("class _Scorer:")
    assert source(len) == "len"
    assert name_of(partial(_breaks)) == "_breaks"
