"""From what people write to a record: names, aliases, parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from actscope.errors import SettingError, UnknownActivation, did_you_mean

from ._layers import GatedEntry, GatedRecord, VectorEntry, VectorRecord
from ._names import DEFINED, built_in, key
from ._own import LARGEST, OWN, SMALLEST, entry_of_formula
from ._record import Entry, Record
from ._records import layer_record, record, record_of
from ._tokens import LONGEST, quoted, tokens
from .entries import ENTRIES, GATED, VECTOR

AnyEntry = Entry | GatedEntry | VectorEntry
AnyRecord = Record | GatedRecord | VectorRecord

# Where a library means another function by the same word.
_ELSEWHERE = {"jax.nn.gelu": "gelu_tanh"}
_OPERATOR = re.compile(r"[()+*/^<>]|[^\x00-\x7f]")
_X = re.compile(r"(?<![A-Za-z0-9_])x(?![A-Za-z0-9_])")
_ASSIGNMENT = re.compile(r"(?<![<>=])=")


def names(kind: str = "elementwise") -> list[str]:
    """Every activation of a kind, in the order of the catalogue, then what was defined.

    kind: "elementwise" (one number in, one out), "gated" (one half of the features times a gate
        made of the other), "vector" (a whole vector at once), or "all".

    >>> names()[:3], names("gated")
    (['identity', 'bent_identity', 'square'], ['glu', 'bilinear', 'reglu', 'geglu', 'swiglu'])

    Raises:
        SettingError: no such kind.
    """
    kinds = {"elementwise": (*ENTRIES, *DEFINED.values()), "gated": GATED, "vector": VECTOR}
    if kind == "all":
        return [entry.name for entries in kinds.values() for entry in entries]
    if kind not in kinds:
        allowed = ", ".join([*kinds, "all"])
        raise SettingError(f"no kind {kind!r} of activation: write one of {allowed}")
    return [entry.name for entry in kinds[kind]]


def get(spec: str | AnyRecord, **parameters: float) -> Any:
    """The record of an activation: a `Record`, `GatedRecord` or `VectorRecord` by its kind.

    spec: a name or an alias as PyTorch, Keras or JAX write it (case and underscores do not
        matter), with parameters where it has some; a name given to `define`; or a formula in
        x, in which built-in activations may be called. A record is given back as it is.
    parameters: values set on top of those in the specification.

    >>> get("swish").name, get("nn.LeakyReLU(negative_slope=0.2)").label
    ('silu', 'leaky_relu(negative_slope=0.2)')
    >>> get("leaky_relu", negative_slope=0.2) is get("lrelu(negative_slope=0.2)")
    True
    >>> get("x*relu(x)").dead_region
    ((-inf, 0.0),)

    Raises:
        UnknownActivation: no such name.
        SettingError: no such parameter, or a value that it cannot have.
        FormulaError: a formula that cannot be read, analysed or used.
    """
    if parameters:
        base = get(spec)
        values = {
            name: parameters.get(name, parameter.value)
            for name, parameter in base.parameters.items()
        }
        for name in parameters:
            _require_parameter(base.name, values, name)
        if base.family == OWN and getattr(_by_key(base.name), "formula", "") != base.formula:
            raise SettingError(
                f"{base.name} was defined anew or forgotten: define it with the parameters wanted"
            )
        return _get(f"{base.name}({', '.join(f'{n}={v}' for n, v in values.items())})")
    if isinstance(spec, (Record, GatedRecord, VectorRecord)):
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


def _get(spec: str) -> AnyRecord:
    if len(spec) > LONGEST:
        tokens(spec)  # says that it is too long
    name, bracket, inside = (part.strip() for part in spec.partition("("))
    name = _ELSEWHERE.get(name, name)
    entry = _by_key(name)
    if entry is not None and (not bracket or _is_inside(inside)):
        return record(entry, tuple(_values(entry, inside.removesuffix(")")).items()))
    layer = _layers().get(key(name))
    if layer is not None and (not bracket or _is_inside(inside)):
        return layer_record(layer, tuple(_values(layer, inside.removesuffix(")")).items()))
    if entry is not None or _is_formula(spec):  # tanh(2*x) and relu(x)^2 begin with a name
        return record_of(entry_of_formula(spec))
    hint = did_you_mean(name.rpartition(".")[2][:40], _spellings())
    hint = hint or f" `actscope list` shows all {len(names('all'))} names."
    raise UnknownActivation(f"no activation {quoted(name)}.{hint}")


def _is_inside(text: str) -> bool:
    """Whether this, after "name(", gives parameters rather than an argument with x."""
    inside, end = text[:-1], text[-1:]
    if end != ")" or "(" in inside or ")" in inside:
        return False
    return bool(_ASSIGNMENT.search(inside)) or not _X.search(inside)


def _is_formula(spec: str) -> bool:
    """Whether a text that begins with no known name is meant as a formula.

    leaky-relv and gelo(alpha=2) are names that nobody knows; x - 1, gelo(x), 2x are formulas.
    """
    if spec.lstrip()[:1].isdigit():
        return True
    if _ASSIGNMENT.search(spec) and not _X.search(spec):
        return False
    return bool(_X.search(spec) or _OPERATOR.search(spec))


@lru_cache(maxsize=1)
def _layers() -> Mapping[str, GatedEntry | VectorEntry]:
    """Gated and vector kinds by the key of each of their words."""
    return {
        key(word): entry
        for entry in (*GATED, *VECTOR)
        for word in (entry.name, entry.torch, *entry.aliases)
    }


def _by_key(name: str) -> Entry | None:
    return built_in().get(key(name)) or DEFINED.get(key(name))


def _spellings() -> list[str]:
    """What to suggest: names first, then aliases."""
    entries = (*ENTRIES, *GATED, *VECTOR)
    return list(dict.fromkeys([*names("all"), *(a for entry in entries for a in entry.aliases)]))


def _values(entry: AnyEntry, inside: str) -> dict[str, float]:
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
    for name, parameter in entry.parameters.items():
        if parameter.below and values[name] >= values[parameter.below]:
            raise SettingError(
                f"{entry.name}: {name} must be below {parameter.below}, "
                f"not {values[name]:g} and {values[parameter.below]:g}"
            )
    return values


def _require_parameter(activation: str, allowed: Mapping[str, object], name: str) -> None:
    if name not in allowed:
        has = f"it has {', '.join(allowed)}" if allowed else "it has none"
        raise SettingError(
            f"{activation} has no parameter {name!r}: {has}.{did_you_mean(name, allowed)}"
        )


def _number(entry: AnyEntry, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise SettingError(f"{entry.name}: {name}={text} is not a number") from None
    above = entry.parameters[name].above
    if not math.isfinite(value) or value <= above:
        allowed = "a finite number" if above == -math.inf else f"a finite number above {above:g}"
        raise SettingError(f"{entry.name}: {name} must be {allowed}, not {text}")
    if entry.parameters[name].whole and value != int(value):
        raise SettingError(f"{entry.name}: {name} must be a whole number, not {text}")
    if value and not SMALLEST <= abs(value) <= LARGEST:
        raise SettingError(
            f"{entry.name}: {name} must be between {SMALLEST:g} and {LARGEST:g} in size, not {text}"
        )
    return value
