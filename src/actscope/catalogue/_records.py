"""From an entry and the values of its parameters to its record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

from ._facts import Facts, Frozen, from_json, stored
from ._layers import GatedEntry, GatedRecord, VectorEntry, VectorRecord, gated, vector
from ._names import built_in, key, words
from ._own import OWN
from ._record import Entry, Parameter, Record
from .entries import GATED, VECTOR

Given = tuple[tuple[str, float], ...]  # (parameter, value)
_MOST = 1_000  # records kept


def record_of(entry: Entry) -> Record:
    """The record of an entry, its parameters at their defaults."""
    return record(entry, tuple((name, p.value) for name, p in entry.parameters.items()))


def record(entry: Entry, given: Given) -> Record:
    # By what it says, not by its name alone: a name may be defined anew.
    parameters = Frozen(
        {
            name: dataclasses.replace(entry.parameters[name], name=name, value=value)
            for name, value in given
        }
    )
    known = (entry.name, entry.formula, entry.family, parameters)
    if known not in _RECORDS:
        if len(_RECORDS) >= _MOST:  # a parameter that takes ever new values must not fill memory
            del _RECORDS[next(iter(_RECORDS))]
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


def layer_record(entry: GatedEntry | VectorEntry, given: Given) -> GatedRecord | VectorRecord:
    """The record of a gated layer, or of a function of a vector (which is measured once)."""
    return _layer_built(entry.name, given)


@lru_cache(maxsize=64)
def _layer_built(name: str, given: Given) -> GatedRecord | VectorRecord:
    entry = next(e for e in (*GATED, *VECTOR) if e.name == name)
    if isinstance(entry, GatedEntry):
        return gated(entry, record_of(built_in()[key(entry.gate)]))
    from ._vector_facts import measure

    parameters = {
        name: dataclasses.replace(entry.parameters[name], name=name, value=value)
        for name, value in given
    }
    values: dict[str, Any] = {n: int(v) if parameters[n].whole else v for n, v in given}
    facts = measure(partial(entry.function, **values), int(values.get("pieces", 1)))
    return vector(entry, facts, parameters)


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
