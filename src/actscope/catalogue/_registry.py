"""From what people write to a record: names, aliases, parameters."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from functools import lru_cache

from actscope.errors import SettingError, UnknownActivation, did_you_mean

from ._facts import Facts, Frozen, from_json, stored
from ._record import Entry, Parameter, Record
from .entries import ENTRIES

_SPEC = re.compile(r"\s*(?P<name>[^()]*?)\s*(?:\((?P<inside>[^()]*)\)\s*)?")

# Sizes of parameters: beyond these nobody trains a network, squares leave the range of floats
# and proofs take minutes.
SMALLEST, LARGEST = 1e-3, 1e3


def names() -> list[str]:
    """Every activation, in the order of the catalogue.

    >>> names()[:3]
    ['identity', 'bent_identity', 'square']
    """
    return [entry.name for entry in ENTRIES]


def get(spec: str | Record, **parameters: float) -> Record:
    """The record of an activation.

    spec: a name or an alias as PyTorch, Keras or JAX write it (case and underscores do not
        matter), with parameters where it has some; a record is given back as it is.
    parameters: values set on top of those in the specification.

    >>> get("swish").name, get("nn.LeakyReLU(negative_slope=0.2)").label
    ('silu', 'leaky_relu(negative_slope=0.2)')
    >>> get("leaky_relu", negative_slope=0.2) is get("lrelu(negative_slope=0.2)")
    True

    Raises:
        UnknownActivation: no such name.
        SettingError: no such parameter, or a value that it cannot have.
    """
    if parameters:
        base = get(spec)
        values = {
            name: parameters.get(name, parameter.value)
            for name, parameter in base.parameters.items()
        }
        for name in parameters:
            _require_parameter(base.name, values, name)
        return _get(f"{base.name}({', '.join(f'{n}={v}' for n, v in values.items())})")
    if isinstance(spec, Record):
        return spec
    if not isinstance(spec, str):
        raise SettingError(
            f"an activation is a name such as 'relu' or a record, not {type(spec).__name__}"
        )
    return _get(spec)


def split(text: str) -> list[str]:
    """A list of activations as one text; commas inside parentheses do not separate.

    >>> split("relu, leaky_relu(negative_slope=0.2)")
    ['relu', 'leaky_relu(negative_slope=0.2)']

    Raises:
        SettingError: an empty list, or an empty item.
    """
    items, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            items.append("")
        else:
            items[-1] += character
    items = [item.strip() for item in items]
    if items == [""]:
        raise SettingError("the list of activations is empty: write for example relu,tanh,silu")
    if "" in items:
        raise SettingError(
            f"item {items.index('') + 1} of the activations {text!r} is empty: remove a comma"
        )
    return items


def _get(spec: str) -> Record:
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise SettingError(
            f"cannot read the activation {spec!r}: write a name, or name(parameter=number)"
        )
    entry = _by_key().get(_key(found["name"]))
    if entry is None:
        hint = did_you_mean(found["name"].rpartition(".")[2], _spellings())
        hint = hint or f" Known: {', '.join(names())}."
        raise UnknownActivation(f"no activation {found['name']!r}.{hint}")
    return _record(entry.name, tuple(_values(entry, found["inside"] or "").items()))


def _key(name: str) -> str:
    """What matters of a name: 'torch.nn.LeakyReLU', 'leaky-relu', 'LEAKY_RELU' are one."""
    return re.sub(r"[\s_-]", "", name.rpartition(".")[2]).lower()


@lru_cache(maxsize=1)
def _by_key() -> Mapping[str, Entry]:
    return {_key(word): entry for entry in ENTRIES for word in _words(entry)}


def _words(entry: Entry) -> tuple[str, ...]:
    return (entry.name, entry.torch, *entry.aliases)


def _spellings() -> list[str]:
    """What to suggest: names first, then aliases."""
    return list(dict.fromkeys([*names(), *(a for entry in ENTRIES for a in entry.aliases)]))


def _values(entry: Entry, inside: str) -> dict[str, float]:
    """The parameters of an entry with the values in "name=number, ..." put in."""
    values = {name: parameter.value for name, parameter in entry.parameters.items()}
    for item in inside.split(",") if inside.strip() else ():
        name, equals, value = (part.strip() for part in item.partition("="))
        example = f"{entry.name}({next(iter(values), 'parameter')}=0.5)"
        if not values:
            raise SettingError(f"{entry.name} has no parameters: write just {entry.name!r}")
        if not equals:
            raise SettingError(f"{item.strip()!r} does not name its parameter: write {example}")
        _require_parameter(entry.name, values, name)
        values[name] = _number(entry, name, value)
    return values


def _require_parameter(activation: str, allowed: Mapping[str, object], name: str) -> None:
    if name not in allowed:
        has = f"it has {', '.join(allowed)}" if allowed else "it has none"
        raise SettingError(
            f"{activation} has no parameter {name!r}: {has}.{did_you_mean(name, allowed)}"
        )


def _number(entry: Entry, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise SettingError(f"{entry.name}: {name}={text} is not a number") from None
    above = entry.parameters[name].above
    if not math.isfinite(value) or value <= above:
        allowed = "a finite number" if above == -math.inf else f"a finite number above {above:g}"
        raise SettingError(f"{entry.name}: {name} must be {allowed}, not {text}")
    if value and not SMALLEST <= abs(value) <= LARGEST:
        raise SettingError(
            f"{entry.name}: {name} must be between {SMALLEST:g} and {LARGEST:g} in size, not {text}"
        )
    return value


@lru_cache(maxsize=512)
def _record(name: str, given: tuple[tuple[str, float], ...]) -> Record:
    entry, values = _by_key()[_key(name)], dict(given)
    parameters = {
        name: dataclasses.replace(parameter, name=name, value=values[name])
        for name, parameter in entry.parameters.items()
    }
    changed = [
        f"{name}={_short(values[name])}"
        for name, parameter in entry.parameters.items()
        if values[name] != parameter.value
    ]
    facts = facts_of(entry, parameters)
    return Record(
        **{f.name: getattr(facts, f.name) for f in dataclasses.fields(Facts)},
        name=entry.name,
        label=entry.name + (f"({', '.join(changed)})" if changed else ""),
        aliases=tuple(dict.fromkeys(w for w in _words(entry)[1:] if w != entry.name)),
        family=entry.family,
        formula=entry.formula,
        reference=entry.reference,
        summary=entry.summary,
        torch_name=entry.torch,
        parameters=Frozen(parameters),
        differs=entry.differs,
        accurate=entry.accurate,
        accurate_slope=entry.accurate_slope,
    )


def _short(value: float) -> str:
    return repr(value).removesuffix(".0")


def facts_of(entry: Entry, parameters: Mapping[str, Parameter]) -> Facts:
    """The stored facts where formula and values are those they were derived from."""
    document = stored().get(entry.name)
    if document is not None and document["from"] == origin(entry, parameters):
        return from_json(document)
    return derived(entry, parameters)


def derived(entry: Entry, parameters: Mapping[str, Parameter]) -> Facts:
    """The facts worked out anew (imports python-flint; well under a second)."""
    from ._derive import derive

    return derive(
        entry.formula,
        tuple((name, parameter.value) for name, parameter in parameters.items()),
        tuple((name, p.symbol) for name, p in parameters.items() if p.symbol),
    )


def origin(entry: Entry, parameters: Mapping[str, Parameter]) -> dict[str, object]:
    """What stored facts were derived from; where it differs they are stale."""
    return {
        "formula": entry.formula,
        "parameters": {name: [p.value, p.symbol] for name, p in parameters.items()},
    }
