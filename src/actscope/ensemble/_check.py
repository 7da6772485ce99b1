"""Arguments of training, checked in one place, each complaint in one line."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any, SupportsFloat

import numpy as np

from actscope.catalogue import Record, get, split
from actscope.errors import SettingError, did_you_mean

MAX_SEEDS = 100_000
MAX_EPOCHS = 10_000_000
MAX_SEED = 2**32 - 1  # what NumPy's and scikit-learn's generators take


def whole(name: str, value: Any, *, least: int = 1, most: int | None = None) -> int:
    """`value` as an int of at least `least`.

    >>> whole("epochs", 10)
    10
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise SettingError(f"{name} must be a whole number, not {value!r}") from None
    if isinstance(value, bool):
        raise SettingError(f"{name} must be a whole number, not {value!r}")
    if number < least:
        raise SettingError(f"{name} must be at least {least}, not {number}")
    if most is not None and number > most:
        raise SettingError(f"{name} must be at most {most:,}, not {number:,}")
    return number


def positive(name: str, value: Any, *, zero: bool = False) -> float:
    """`value` as a finite float above 0 (or 0 itself where `zero`)."""
    allowed = "0 or more" if zero else "above 0"
    if isinstance(value, bool | str) or not isinstance(value, SupportsFloat):
        raise SettingError(f"{name} must be a number {allowed}, not {value!r}")
    number = float(value)
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        raise SettingError(f"{name} must be a finite number {allowed}, not {number:g}")
    return number


def below_one(name: str, value: Any) -> float:
    """`value` as a float from 0 to below 1."""
    number = positive(name, value, zero=True)
    if number >= 1:
        raise SettingError(f"{name} must be at least 0 and below 1, not {number:g}")
    return number


def one_of(name: str, value: Any, allowed: Sequence[str]) -> str:
    """`value`, which must be one of `allowed`."""
    if value not in allowed:
        hint = did_you_mean(str(value), allowed)
        raise SettingError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.{hint}")
    return str(value)


def listed(name: str, value: Any) -> list[Any]:
    """`value` as a list that is not empty; a single item counts as a list of one."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [value]
    try:
        items = list(value)
    except TypeError:  # an array without axes is iterable in name only
        return [value]
    if not items:
        raise SettingError(f"{name} is empty: give at least one")
    return items


def listed_or_none(value: Any) -> list[Any]:
    """As `listed`, but nothing given is an empty list."""
    return [] if isinstance(value, list | tuple) and not value else listed("columns", value)


def hidden_widths(value: Any) -> tuple[int, ...]:
    """Widths of the hidden layers; none is a linear model."""
    if isinstance(value, list | tuple) and not value:
        return ()
    return tuple(whole("each width in hidden", width) for width in listed("hidden", value))


def rates(value: Any) -> tuple[float, ...]:
    """Learning rates, without repeats, ascending."""
    return tuple(
        sorted({positive("each learning rate", r) for r in listed("learning_rates", value)})
    )


def seeds(value: Any) -> tuple[int, ...]:
    """Seeds: 20 means 0 to 19; a sequence is taken as it is, without repeats."""
    if isinstance(value, str) or not isinstance(value, Iterable) or np.ndim(value) == 0:  # type: ignore[arg-type]
        count = whole("seeds", value)
        if count > MAX_SEEDS:
            raise SettingError(f"seeds must be at most {MAX_SEEDS}, not {count}")
        return tuple(range(count))
    given = [whole("each seed", seed, least=0) for seed in listed("seeds", value)]
    if max(given) > MAX_SEED:
        raise SettingError(f"each seed must be at most {MAX_SEED}, not {max(given)}")
    return tuple(dict.fromkeys(given))


def activations(value: Any) -> tuple[Record, ...]:
    """Records from names, formulas, records, or one text with commas; repeats dropped.

    Raises:
        UnknownActivation, FormulaError: as `catalogue.get`.
        SettingError: one that an ensemble cannot train, or two functions under one name.
    """
    items = split(value) if isinstance(value, str) else listed("activations", value)
    found: dict[str, Record] = {}
    for item in items:
        record = trainable(get(item))
        if found.setdefault(record.label, record) != record:
            raise _two(record.label)
    return tuple(found.values())


def layered(value: Any, depth: int) -> dict[str, Record | tuple[Record, ...]]:
    """As `activations`, by label; an item may be a tuple with one for each hidden layer.

    >>> list(layered(["relu", ("tanh", "relu")], 2))
    ['relu', 'tanh > relu']
    """
    items = split(value) if isinstance(value, str) else listed("activations", value)
    found: dict[str, Record | tuple[Record, ...]] = {}
    for item in items:
        several = isinstance(item, tuple | list)
        records = activations(item) if not several else tuple(activations([i])[0] for i in item)
        if several and len(records) != depth:
            raise SettingError(
                f"{tuple(item)!r} must name one activation for each hidden layer, of which there "
                f"{'is 1' if depth == 1 else f'are {depth}'}"
            )
        several = several and depth > 1
        for known in [records] if several else records:
            label = " > ".join(r.label for r in known) if isinstance(known, tuple) else known.label
            if found.setdefault(label, known) != known:
                raise _two(label)
    return found


def _two(label: str) -> SettingError:
    return SettingError(f"two functions are called {label!r} here: define one under another name")


def trainable(record: Any) -> Record:
    """The record, if networks of plain layers can be trained with it."""
    if record.kind != "elementwise":
        example = record.gate.name if record.kind == "gated" else "tanh"
        raise SettingError(
            f"{record.name} does not act on each unit by itself ({record.kind} kind), and an "
            f"ensemble trains only functions that do: choose one such as {example}"
        )
    if record.name == "rrelu":
        raise SettingError(
            "rrelu draws random slopes in training, which an ensemble does not: use its mean, "
            "leaky_relu(negative_slope=0.229)"
        )
    if not (math.isfinite(record.gain) and record.gain > 0):
        raise SettingError(
            f"{record.label} has a gain of {record.gain:g}: no initial weights keep its signals "
            "at a scale; choose a function with finite, nonzero outputs for ordinary inputs"
        )
    return record
