"""A study, planned: everything that decides its result, frozen before it starts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from actscope import ensemble
from actscope.catalogue import Record, from_definition, get, is_own, to_definition
from actscope.data import Dataset, Encoder, available_memory
from actscope.ensemble import _check
from actscope.errors import SettingError
from actscope.study.scoring._metrics import check_rope, choose_metric, default_rope
from actscope.study.statistics._racing import FIRST_LOOK
from actscope.study.training._split import TEST_SHARE, VALIDATION_SHARE, check_splittable

DEFAULT_ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "step")
DEFAULT_RATES = (1e-3, 3e-3, 1e-2)
DEFAULT_EPOCHS = 100
PATIENCE = 10
# Small tables need small batches to get enough steps; large ones need large batches to be
# done in time. About 30 steps an epoch, within these.
STEPS_PER_EPOCH = 30
BATCHES = (32, 64, 128, 256)
# Networks times rows from which a study is a race if nothing is said (docs/statistics.md).
RACE_FROM = 4_000_000


@dataclass(frozen=True)
class Plan:
    """What is trained, on what, and how it is judged. Equal plans give equal results.

    race: activations that have clearly lost stop early.

    records: of each activation, for workers: another process does not know what was defined.
    """

    activations: tuple[str, ...]
    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]
    hidden: tuple[int, ...]
    epochs: int
    patience: int
    batch_size: int
    optimizer: str
    l2: float
    init: str
    metric: str
    rope: float
    split: str
    test_share: float
    validation_share: float
    data_fingerprint: str
    race: bool = False
    records: tuple[Record, ...] = field(default=(), repr=False)

    @property
    def networks(self) -> int:
        return len(self.activations) * len(self.learning_rates) * len(self.seeds)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with a `hash` of the rest; own functions as "definitions" by label."""
        plain = json.loads(json.dumps(asdict(replace(self, records=()))))
        del plain["records"]
        if not self.race:  # told where it is one
            del plain["race"]
        own = {r.label: to_definition(r) for r in self.records if is_own(r)}
        if own:
            plain["definitions"] = own
        text = json.dumps(plain, sort_keys=True)
        return {**plain, "hash": hashlib.sha256(text.encode()).hexdigest()[:16]}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Plan:
        """The plan that `to_dict` described.

        Raises:
            KeyError, TypeError, ValueError: a document of another shape.
        """
        own = document.get("definitions", {})
        records = [
            from_definition(own[label]) if label in own else get(label)
            for label in document["activations"]
        ]
        values = {f.name: document[f.name] for f in fields(cls) if f.name in document}
        plain = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**{**plain, "records": tuple(records)})

    def record(self, label: str) -> Record:
        """The record of one of the activations."""
        return self.records[self.activations.index(label)]

    def settings(self, outputs: int, task: Any) -> ensemble.Settings:
        """As the ensemble wants them."""
        return ensemble.Settings(
            outputs=outputs,
            task=task,
            hidden=self.hidden,
            epochs=self.epochs,
            batch_size=self.batch_size,
            optimizer=self.optimizer,  # type: ignore[arg-type]
            l2=self.l2,
            init=self.init,  # type: ignore[arg-type]
            patience=self.patience,
        )


def make_plan(
    data: Dataset,
    *,
    activations: Sequence[str | Record] | str | None,
    seeds: Sequence[int] | int,
    learning_rates: Sequence[float] | float | None,
    hidden: Sequence[int] | int,
    metric: str | None,
    rope: float | None = None,
    epochs: int | None,
    batch_size: int | None,
    optimizer: str,
    l2: float,
    race: bool | None = None,
) -> tuple[Plan, tuple[str, ...]]:
    """The plan, and what has to be said about it. Refuses bad settings before any training."""
    check_splittable(data)
    records = _check.activations(DEFAULT_ACTIVATIONS if activations is None else activations)
    chosen, note = choose_metric(metric, data.task, data.target, data.classes)
    plan = Plan(
        activations=tuple(record.label for record in records),
        learning_rates=_check.rates(DEFAULT_RATES if learning_rates is None else learning_rates),
        seeds=_check.seeds(seeds),
        hidden=_check.hidden_widths(hidden),
        epochs=_check.whole("epochs", DEFAULT_EPOCHS if epochs is None else epochs),
        patience=PATIENCE,
        batch_size=(
            _default_batch(len(data.target))
            if batch_size is None
            else _check.whole("batch_size", batch_size)
        ),
        optimizer=_check.one_of("optimizer", optimizer, ("adam", "adamw", "sgd")),
        l2=_check.positive("l2", l2, zero=True),
        init="gain",
        metric=chosen.name,
        rope=default_rope(chosen, data.target) if rope is None else check_rope(rope),
        split=_split(data),
        test_share=TEST_SHARE,
        validation_share=VALIDATION_SHARE,
        data_fingerprint=data.fingerprint,
        records=records,
    )
    plan = replace(plan, race=_worth_racing(data, plan) if race is None else bool(race))
    _check_memory(data, plan)
    return plan, (note,) if note else ()


def _worth_racing(data: Dataset, plan: Plan) -> bool:
    """Where it saves minutes, at the price of a somewhat stricter test at the end."""
    return plan.networks * len(data.target) >= RACE_FROM and len(plan.seeds) > FIRST_LOOK


def _check_memory(data: Dataset, plan: Plan) -> None:
    """One network must fit: its training, and copies of its first and best weights."""
    settings = plan.settings(max(1, len(data.classes)), data.task)
    kind = ensemble.Perceptron(Encoder(data.schema).width, settings)
    needed = 2 * kind.member_bytes(plan.batch_size)
    available = available_memory()
    if available is not None and needed > available:
        raise SettingError(
            f"one network with hidden={','.join(map(str, plan.hidden))} needs about "
            f"{needed / 1e9:.1f} GB and {available / 1e9:.1f} GB are free: use fewer units"
        )


def _split(data: Dataset) -> str:
    by = data.arrangement
    return "rows" if by is None else f"{by.kind} {by.column}"


def _default_batch(rows: int) -> int:
    training = rows * (1 - TEST_SHARE) * (1 - VALIDATION_SHARE)
    fitting = [batch for batch in BATCHES if batch * STEPS_PER_EPOCH <= training]
    return fitting[-1] if fitting else BATCHES[0]
