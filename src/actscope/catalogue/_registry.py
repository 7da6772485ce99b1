"""From what people write to a record: names, aliases, parameters."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from actscope.errors import SettingError, UnknownActivation, did_you_mean

from ._facts import Facts, Frozen, from_json, stored
from ._layers import GatedEntry, GatedRecord, VectorEntry, VectorRecord, gated, vector
from ._names import DEFINED, built_in, key, words
from ._own import LARGEST, OWN, SMALLEST, entry_of_formula
from ._record import Entry, Parameter, Record
from ._tokens import LONGEST, quoted, tokens
from .entries import ENTRIES, GATED, VECTOR

AnyEntry = Entry | GatedEntry | VectorEntry
AnyRecord = Record | GatedRecord | VectorRecord

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
    entry = _by_key(name)
    if entry is not None and (not bracket or _is_inside(inside)):
        return _record(entry, tuple(_values(entry, inside.removesuffix(")")).items()))
    layer = _layers().get(key(name))
    if layer is not None and (not bracket or _is_inside(inside)):
        return _layer(layer.name, tuple(_values(layer, inside.removesuffix(")")).items()))
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


@lru_cache(maxsize=64)
def _layer(name: str, given: tuple[tuple[str, float], ...]) -> GatedRecord | VectorRecord:
    entry = _layers()[key(name)]
    if isinstance(entry, GatedEntry):
        gate = _by_key(entry.gate)
        assert gate is not None
        return gated(entry, record_of(gate))
    from ._vector_facts import measure

    parameters = {
        name: dataclasses.replace(entry.parameters[name], name=name, value=value)
        for name, value in given
    }
    values: dict[str, Any] = {n: int(v) if parameters[n].whole else v for n, v in given}
    facts = measure(partial(entry.function, **values), int(values.get("pieces", 1)))
    return vector(entry, facts, parameters)


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


def record_of(entry: Entry) -> Record:
    """The record of an entry, its parameters at their defaults."""
    return _record(entry, tuple((name, p.value) for name, p in entry.parameters.items()))


def _record(entry: Entry, given: tuple[tuple[str, float], ...]) -> Record:
    # By what it says, not by its name alone: a name may be defined anew.
    parameters = Frozen(
        {
            name: dataclasses.replace(entry.parameters[name], name=name, value=value)
            for name, value in given
        }
    )
    known = (entry.name, entry.formula, entry.family, parameters)
    if known not in _RECORDS:
        _RECORDS[known] = _built(entry, parameters)
    return _RECORDS[known]


_RECORDS: dict[tuple[str, str, str, Mapping[str, Parameter]], Record] = {}


def _built(entry: Entry, parameters: Mapping[str, Parameter]) -> Record:
    changed = [
        f"{name}={_short(parameter.value)}"
        for name, parameter in parameters.items()
        if parameter.value != entry.parameters[name].value
    ]
    facts = facts_of(entry, parameters)
    return Record(
        **{f.name: getattr(facts, f.name) for f in dataclasses.fields(Facts)},
        name=entry.name,
        label=entry.name + (f"({', '.join(changed)})" if changed else ""),
        aliases=tuple(dict.fromkeys(w for w in words(entry)[1:] if w != entry.name)),
        family=entry.family,
        formula=entry.formula,
        reference=entry.reference,
        summary=entry.summary,
        torch_name=entry.torch,
        parameters=parameters,
        differs=entry.differs,
        accurate=entry.accurate,
        accurate_slope=entry.accurate_slope,
    )


def _short(value: float) -> str:
    return repr(value).removesuffix(".0")


def facts_of(entry: Entry, parameters: Mapping[str, Parameter]) -> Facts:
    """The stored facts where formula and values are those they were derived from."""
    if entry.family == OWN:  # typed by somebody: not in this process
        from ._analysis import analyse

        return analyse(entry.formula, _derivable(parameters), _symbols(parameters))
    document = stored().get(entry.name)
    if document is not None and document["from"] == origin(entry, parameters):
        return from_json(document)
    return derived(entry, parameters)


def derived(entry: Entry, parameters: Mapping[str, Parameter]) -> Facts:
    """The facts worked out anew (imports python-flint; well under a second)."""
    from ._derive import derive

    return derive(entry.formula, _derivable(parameters), _symbols(parameters))


def _derivable(parameters: Mapping[str, Parameter]) -> tuple[tuple[str, float], ...]:
    return tuple((name, parameter.value) for name, parameter in parameters.items())


def _symbols(parameters: Mapping[str, Parameter]) -> tuple[tuple[str, str], ...]:
    return tuple((name, p.symbol) for name, p in parameters.items() if p.symbol)


def origin(entry: Entry, parameters: Mapping[str, Parameter]) -> dict[str, object]:
    """What stored facts were derived from; where it differs they are stale."""
    return {
        "formula": entry.formula,
        "parameters": {name: [p.value, p.symbol] for name, p in parameters.items()},
    }
