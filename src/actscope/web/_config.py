"""The set-up of a playground: every field checked, each complaint in one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from actscope.errors import SettingError, did_you_mean
from actscope.web._data2d import DATA, FEATURES

MAX_LAYERS, MAX_UNITS, MAX_NETWORKS = 6, 16, 4
MAX_SEED = 2**32 - 1
MAX_TEXT = 200  # characters of a name or formula
MAX_STEPS = 1_000  # batches of an epoch: between epochs the others have their turn
OWN = "own"
INITS = {
    "gain": "each function's own gain",
    "he": "He (for ReLU)",
    "glorot": "Glorot",
    "small": "far too small",
    "large": "far too large",
    "zeros": "all zeros",
}
# name -> (what is shown, the ensemble's optimiser, its momentum)
OPTIMIZERS = {
    "sgd": ("plain gradient descent", "sgd", 0.0),
    "momentum": ("gradient descent with momentum", "sgd", 0.9),
    "adam": ("Adam", "adam", 0.9),
    "adamw": ("AdamW", "adamw", 0.9),
}


class Refused(SettingError):
    """What a client asked for cannot be; `field` is the part of a set-up that is wrong."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field


@dataclass(frozen=True)
class Config:
    """A set-up as it is granted: every field has a value, and every value was checked.

    noise and train are percent. networks: of each the activation of every hidden layer.
    """

    data: str = "circle"
    noise: float = 10
    train: float = 50
    seed: int = 1
    hidden: tuple[int, ...] = (4, 4)
    networks: tuple[tuple[str, ...], ...] = (("relu",) * 2, ("tanh",) * 2)
    features: tuple[str, ...] = ("x1", "x2")
    init: str = "gain"
    optimizer: str = "sgd"
    learning_rate: float = 0.03
    batch: int = 10
    l2: float = 0.0

    def document(self) -> dict[str, Any]:
        """The set-up as JSON has it."""
        flat = {field.name: getattr(self, field.name) for field in fields(self)}
        networks = [{"activations": list(names)} for names in self.networks]
        return {
            **flat,
            "hidden": list(self.hidden),
            "features": list(self.features),
            "networks": networks,
        }


def read_config(given: Any) -> Config:
    """The set-up in a JSON object; what is absent has its default.

    >>> read_config({"hidden": [3], "networks": [{"activations": ["relu"]}]}).networks
    (('relu',),)

    Raises:
        Refused: with the field that is wrong.
    """
    if not isinstance(given, dict):
        raise Refused(f"a set-up is an object with fields, not {kind_of(given)}")
    known = [field.name for field in fields(Config)]
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known)
            raise Refused(f"a set-up has no field {shown(name)}: {', '.join(known)}.{hint}", None)
    read = {name: _READERS[name](given[name]) for name in known if name in given}
    config = replace(Config(), **read)
    depth = len(config.hidden)
    if "networks" not in given:
        names = tuple(network[0] for network in Config.networks)
        return replace(config, networks=tuple((name,) * depth for name in names))
    for names in config.networks:
        if len(names) != depth and not (len(names) == 1 and depth):
            raise Refused(
                f"activations must be {depth}, one for each hidden layer, not {len(names)}",
                "networks",
            )
    full = tuple(n * depth if len(n) == 1 < depth else n for n in config.networks)
    return replace(config, networks=full)


def number(name: str, low: float, high: float, *, above: bool = False) -> Callable[[Any], float]:
    """A reader of numbers from `low` (or just above) to `high`."""

    def read(value: Any) -> float:
        usual = isinstance(value, int | float) and not isinstance(value, bool)
        if not usual or not math.isfinite(value):
            raise Refused(f"{name} must be a number, not {shown(value)}", name)
        if not low <= value <= high or (above and value == low):
            allowed = f"above {low:g} and at most {high:g}" if above else f"{low:g} to {high:g}"
            raise Refused(f"{name} must be {allowed}, not {value:g}", name)
        return value

    return read


def whole(name: str, low: int, high: int) -> Callable[[Any], int]:
    """A reader of whole numbers; 3.0 is one."""

    def read(value: Any) -> int:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        if not plain or not math.isfinite(value) or value != int(value):
            raise Refused(f"{name} must be a whole number, not {shown(value)}", name)
        if not low <= value <= high:
            raise Refused(f"{name} must be {low:,} to {high:,}, not {shown(int(value))}", name)
        return int(value)

    return read


def one_of(name: str, allowed: Sequence[str]) -> Callable[[Any], str]:
    """A reader of one of some words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            hint = did_you_mean(value[:MAX_TEXT], allowed) if isinstance(value, str) else ""
            raise Refused(
                f"{name} must be one of {', '.join(allowed)}, not {shown(value)}.{hint}", name
            )
        return value

    return read


def several(
    name: str, each: Callable[[Any], Any], low: int, high: int
) -> Callable[[Any], tuple[Any, ...]]:
    """A reader of a list of `low` to `high` items."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Refused(f"{name} must be a list, not {kind_of(value)}", name)
        if not low <= len(value) <= high:
            raise Refused(f"{name} must have {low} to {high} items, not {len(value):,}", name)
        return tuple(each(item) for item in value)

    return read


def _activation(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"an activation is a name or a formula, not {shown(value)}", "networks")
    if len(value) > MAX_TEXT:
        raise Refused(
            f"an activation's formula has {len(value):,} characters: at most {MAX_TEXT}", "networks"
        )
    return value.strip()


def _network(value: Any) -> tuple[str, ...]:
    if not isinstance(value, dict) or set(value) != {"activations"}:
        keys = (
            f" with {', '.join(map(str, value))[:100] or 'nothing'}"
            if isinstance(value, dict)
            else ""
        )
        raise Refused(
            f'a network is an object {{"activations": [...]}}, not {kind_of(value)}{keys}',
            "networks",
        )
    return several("networks", _activation, 0, MAX_LAYERS)(value["activations"])


def _features(value: Any) -> tuple[str, ...]:
    found = several("features", one_of("features", list(FEATURES)), 1, len(FEATURES))(value)
    return tuple(name for name in FEATURES if name in found)


def shown(value: Any) -> str:
    """A value within a line: short, and without anything that breaks it.

    >>> shown("x" * 100), shown([1])
    ("'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'", 'a list')
    """
    if isinstance(value, list | dict):
        return kind_of(value)
    text = value if isinstance(value, str) else str(value) if abs(value or 0) < 1e30 else "?"
    text = text if len(text) <= 40 else f"{text[:39]}…"
    return repr(text) if isinstance(value, str) else "null" if value is None else text


def kind_of(value: Any) -> str:
    """What JSON calls it."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "null" if value is None else "a number")


_READERS: dict[str, Callable[[Any], Any]] = {
    "data": one_of("data", [*DATA, OWN]),
    "noise": number("noise", 0, 50),
    "train": number("train", 10, 90),
    "seed": whole("seed", 0, MAX_SEED),
    "hidden": several("hidden", whole("hidden", 1, MAX_UNITS), 0, MAX_LAYERS),
    "networks": several("networks", _network, 1, MAX_NETWORKS),
    "features": _features,
    "init": one_of("init", list(INITS)),
    "optimizer": one_of("optimizer", list(OPTIMIZERS)),
    "learning_rate": number("learning_rate", 0, 100, above=True),
    "batch": whole("batch", 1, 5_000),
    "l2": number("l2", 0, 10),
}
