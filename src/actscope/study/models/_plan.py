"""What a comparison in a user's own model tries, and how it is judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from actscope import catalogue
from actscope.catalogue import Record, from_definition, get, is_own, to_definition
from actscope.ensemble import _check
from actscope.errors import SettingError
from actscope.study._plan import DEFAULT_ACTIVATIONS
from actscope.study.models._functions import source
from actscope.study.models._prepare import Init
from actscope.study.scoring._metrics import METRICS, Metric, check_rope, metric_named, own_metric

KIND = "models"
DEFAULT_SEEDS = 10
_INITS: dict[Any, Init] = {True: "gain", False: "own", "lsuv": "lsuv"}
FUNCTIONS = ("build", "fit", "score", "validate")


@dataclass(frozen=True)
class ModelPlan:
    """Equal plans give equal results, as far as the functions' text tells what they do.

    learning_rates: none where `fit` has its own. replace: labels to change, none: all. lower:
    lower scores are better. overlap: test rows / training rows where each seed draws its split
    anew. build, fit, score, validate: their text. example: a fingerprint.
    """

    activations: tuple[str, ...]
    seeds: tuple[int, ...]
    learning_rates: tuple[float, ...]
    replace: tuple[str, ...]
    init: Init
    metric: str
    lower: bool
    rope: float
    overlap: float
    build: str
    fit: str
    score: str
    validate: str
    example: str
    records: tuple[Record, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with a `hash` of the rest; own functions as "definitions" by label."""
        plain = json.loads(json.dumps({"kind": KIND, **asdict(replace(self, records=()))}))
        del plain["records"]
        own = {r.label: to_definition(r) for r in self.records if is_own(r)}
        if own:
            plain["definitions"] = own
        text = json.dumps(plain, sort_keys=True)
        return {**plain, "hash": hashlib.sha256(text.encode()).hexdigest()[:16]}

    @property
    def rates(self) -> tuple[float | None, ...]:
        """What `fit` is told, one after the other."""
        return self.learning_rates or (None,)

    @property
    def networks(self) -> int:
        return len(self.activations) * len(self.rates) * len(self.seeds)

    def record(self, label: str) -> Record:
        """The record of one of the activations."""
        return self.records[self.activations.index(label)]

    def scored(self) -> Metric:
        """The metric."""
        return metric_named(metric_name(self.metric, self.lower))


def kept_settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that made a kept plan, but for the functions and the example."""
    own = document.get("definitions", {})
    names = {f.name for f in fields(ModelPlan)} - {"records", "lower", "example", *FUNCTIONS}
    kept = {name: document[name] for name in names}
    kept["activations"] = [
        from_definition(own[label]) if label in own else get(label)
        for label in document["activations"]
    ]
    kept["init"] = next(given for given, what in _INITS.items() if what == document["init"])
    kept["replace"] = document["replace"] or "all"
    kept["learning_rates"] = document["learning_rates"] or None
    kept["higher_is_better"] = not document["lower"]
    return kept


def make_plan(
    functions: Mapping[str, Callable[..., Any] | None],
    *,
    activations: Sequence[str | Record] | str | None,
    seeds: Sequence[int] | int | None,
    learning_rates: Sequence[float] | float | None,
    replace: Sequence[str] | str | None,
    init: bool | str | None,
    metric: str | None,
    higher_is_better: bool | None,
    rope: float | None,
    overlap: float | None,
    example: str,
) -> ModelPlan:
    """The plan; None: the usual. Refuses bad settings before any training."""
    records = _check.activations(DEFAULT_ACTIVATIONS if activations is None else activations)
    rates = () if learning_rates is None else _check.rates(learning_rates)
    if len(rates) > 1 and functions["validate"] is None:
        raise SettingError(
            "several learning_rates need validate(model), a score on data that score does not "
            "see: it chooses among them for each activation and seed"
        )
    name = "accuracy" if metric is None else metric
    lower = _lower(name, higher_is_better)
    return ModelPlan(
        activations=tuple(record.label for record in records),
        seeds=_check.seeds(DEFAULT_SEEDS if seeds is None else seeds),
        learning_rates=rates,
        replace=_replaced(replace),
        init=_init(True if init is None else init),
        metric=name,
        lower=lower,
        rope=_rope(name, rope),
        overlap=_check.positive("overlap", 0.0 if overlap is None else overlap, zero=True),
        example=example,
        records=records,
        **{role: "" if (body := functions[role]) is None else source(body) for role in FUNCTIONS},
    )


def metric_name(name: str, lower: bool) -> str:
    """As a `Comparison` has it: one of those known, or one that brings its own facts along."""
    return name if name in METRICS else own_metric(name, lower)


def _lower(name: Any, higher_is_better: Any) -> bool:
    if not isinstance(name, str) or not name.strip():
        raise SettingError(f"metric is {name!r}: give the score a name, such as 'accuracy'")
    if higher_is_better is not None and not isinstance(higher_is_better, bool):
        raise SettingError(f"higher_is_better is {higher_is_better!r}: give True or False")
    known = METRICS.get(name)
    if known is None:
        return higher_is_better is False
    if higher_is_better is known.lower:
        better = "lower" if known.lower else "higher"
        raise SettingError(
            f"{name} is better when it is {better}: leave higher_is_better out, or give your "
            "score another name with metric="
        )
    return known.lower


def _rope(name: str, rope: float | None) -> float:
    if rope is not None:
        return check_rope(rope)
    known = METRICS.get(name)
    if known is not None and known.rope is not None and known.unit == "1":
        return known.rope
    raise SettingError(
        f"how much of {name} matters is not known: give rope=, the smallest difference that would "
        "change your decision"
    )


def _init(value: Any) -> Init:
    if isinstance(value, bool | str) and value in _INITS:
        return _INITS[value]
    raise SettingError(f"init is {value!r}: give True, False or 'lsuv'")


def _replaced(value: Any) -> tuple[str, ...]:
    if value is None or value == "all":
        return ()
    return tuple(sorted({catalogue.get(name).label for name in _check.listed("replace", value)}))
