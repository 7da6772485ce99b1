"""What a study is asked to do: its data, its plan, where both came from. New, or kept before."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from actscope._version import __version__
from actscope.data import Dataset, Encoder, load
from actscope.ensemble import _check
from actscope.errors import DataError, SettingError, StoreError
from actscope.study._plan import Plan, make_plan
from actscope.study.keeping._sealed import no_study, read_about

# What decides, beside the plan, to the last digit what comes out.
VERSIONS = {
    "actscope": __version__,
    "torch": torch.__version__,
    "numpy": np.__version__,
}

_SHOWN = ("source", "drop", "keep", "group", "time")
_LOADED = ("task", "drop", "keep", "name", "group", "time")


@dataclass(frozen=True)
class Order:
    """notes: what has to be said about the plan. origin: where the data came from, JSON-ready.

    cuts: numbers of seeds after which a new study's blocks end (see `cut_shards`).
    """

    data: Dataset
    plan: Plan
    notes: tuple[str, ...]
    origin: Mapping[str, Any]
    cuts: tuple[int, ...] = ()

    @property
    def shown(self) -> dict[str, Any]:
        """What a result tells of its origin: nothing about the machine."""
        return {name: self.origin[name] for name in _SHOWN}

    def about(self) -> dict[str, Any]:
        """What a store says about its study: all that is needed to go on with it."""
        data = self.data
        return {
            "plan": self.plan.to_dict(),
            "notes": list(self.notes),
            "origin": dict(self.origin),
            "data": {
                "rows": len(data.target),
                "columns": [column.name for column in data.schema.columns],
                "target": data.target_name,
                "task": data.task,
                "classes": list(data.classes),
                "inputs": Encoder(data.schema).width,
            },
            "cuts": list(self.cuts),
            "versions": VERSIONS,
        }


def new_order(source: Any, target: Any, options: Mapping[str, Any], **settings: Any) -> Order:
    """A study of `source`; options: of `load`; settings: of `make_plan`, None where not given."""
    data = load(source, target, **{k: v for k, v in options.items() if v is not None})
    plan, notes = make_plan(data, **{**_USUAL, **only_given(settings)})
    return Order(data, plan, notes, _origin(source, target, options))


def order_of(source: Any, target: Any, arguments: Mapping[str, Any]) -> Order:
    """The study that `compare` would make of its arguments; of how to run it nothing is used."""
    planned = set(inspect.signature(make_plan).parameters) - {"data"}
    options = {name: arguments[name] for name in _LOADED if name in arguments}
    return new_order(
        source, target, options, **{k: v for k, v in arguments.items() if k in planned}
    )


def kept_order(
    folder: Path, source: Any, target: Any, options: Mapping[str, Any], **settings: Any
) -> Order:
    """The study that `folder` holds; what is given beside it must say the same.

    Raises:
        StoreError: no study there, or one of other versions.
        DataError: the data are not there any more, or others than they were.
        SettingError: a setting differs.
    """
    about = read_about(folder)
    if about is None:
        raise no_study(folder)
    _check_table(folder, about)
    check_versions(folder, about)
    origin = about["origin"]
    known = {name: origin[name] for name in _LOADED}
    if source is None:
        source = _where(origin, folder)
    if target is None:
        target = origin["target"]
    asked = {**known, **only_given(options)}
    data = load(source, target, **{k: v for k, v in asked.items() if v is not None})
    plan = Plan.from_dict(about["plan"])
    same = make_plan(data, **{**_settings(plan), **only_given(settings)})[0]
    order = Order(data, same, tuple(about["notes"]), origin)
    check_same(folder, about, order)
    return order


def check_same(folder: Path, about: Mapping[str, Any], order: Order) -> None:
    """Refuse to go on with the study in `folder`, described by `about`, as if it were `order`.

    Raises:
        StoreError: it was begun by another version.
        DataError: the data differ.
        SettingError: the plan differs.
    """
    _check_table(folder, about)
    check_versions(folder, about)
    there, here = about["plan"], order.plan.to_dict()
    if there["hash"] == here["hash"]:
        return
    if there["data_fingerprint"] != here["data_fingerprint"]:
        raise DataError(
            f"the data are not those of the study in {folder} "
            f"({_changes(about['data'], order.data)}): give the same data, or name another folder"
        )
    names = [n for n in {**there, **here} if n != "hash" and there.get(n) != here.get(n)]
    said = "; ".join(f"{n} {_short(there.get(n))} there, {_short(here.get(n))} here" for n in names)
    raise SettingError(
        f"the study in {folder} has another plan ({said}): leave those options out to go on with "
        "it, or name another folder"
    )


def check_versions(folder: Path, about: Mapping[str, Any]) -> None:
    """Refuse a study of other versions.

    Raises:
        StoreError: it was begun by another version.
    """
    if about["versions"] != VERSIONS:
        raise StoreError(
            f"the study in {folder} was begun with {_versions(about['versions'])}, and this is "
            f"{_versions(VERSIONS)}, whose numbers may differ: name another folder"
        )


def _check_table(folder: Path, about: Mapping[str, Any]) -> None:
    if "data_fingerprint" not in about["plan"]:
        raise SettingError(
            f"the study in {folder} is of a model of your own: go on with it by "
            "act.compare_models, or name another folder"
        )


def only_given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left open: None, or no column at all."""
    return {
        name: value
        for name, value in values.items()
        if value is not None and not (isinstance(value, list | tuple) and not len(value))
    }


# What `make_plan` is told where nothing is: every setting has its own word for "the usual".
_USUAL: dict[str, Any] = {
    "activations": None,
    "seeds": 20,
    "learning_rates": None,
    "hidden": (64, 64),
    "metric": None,
    "epochs": None,
    "batch_size": None,
    "optimizer": "adam",
    "l2": 0.0,
}


def _settings(plan: Plan) -> dict[str, Any]:
    """The arguments of `make_plan` that make this plan again."""
    names = set(inspect.signature(make_plan).parameters) - {"data"}
    return {
        **{name: getattr(plan, name) for name in names if hasattr(plan, name)},
        "activations": plan.records,
    }


def _origin(source: Any, target: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Where the data came from, as far as that can be told; a table in memory has no name."""
    text = str(source) if isinstance(source, str | os.PathLike) else None
    file = text is not None and Path(text).is_file()
    return {
        "source": text,
        "path": str(Path(text).resolve()) if text is not None and file else None,
        "target": target if isinstance(target, str | int) else None,
        "task": options.get("task"),
        "name": options.get("name"),
        "group": options.get("group"),
        "time": options.get("time"),
        **{
            what: [str(column) for column in _check.listed_or_none(options.get(what) or ())]
            for what in ("drop", "keep")
        },
    }


def _where(origin: Mapping[str, Any], folder: Path) -> str:
    """The data of a kept study, wherever the command is given now."""
    source, path = origin["source"], origin["path"]
    if source is None:
        raise SettingError(
            f"the study in {folder} was made of a table in memory: give the same table again"
        )
    if path is None or Path(path).is_file():
        return path or source
    if Path(source).is_file():
        return source
    raise DataError(f"{path}, the data of the study in {folder}, is not there: say where it is now")


def _changes(then: Mapping[str, Any], data: Dataset) -> str:
    """In what a table differs from the one that a study was planned for."""
    said = []
    now = [column.name for column in data.schema.columns]
    if then["rows"] != len(data.target):
        said.append(f"{then['rows']} rows then, {len(data.target)} now")
    gone = [name for name in then["columns"] if name not in now]
    came = [name for name in now if name not in then["columns"]]
    if gone:
        said.append(f"without {_short(gone)} now")
    if came:
        said.append(f"with {_short(came)} now")
    if then["target"] != data.target_name:
        said.append(f"the target was {then['target']!r} and is {data.target_name!r}")
    elif then["task"] != data.task or then["classes"] != list(data.classes):
        said.append(f"the target's values are others than {_short(then['classes'] or 'numbers')}")
    return "; ".join(said) or f"{then['rows']} rows and the same columns, but other values"


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _short(value: Any) -> str:
    """A value of a plan for one line.

    >>> _short([0, 1, 2, 3]), _short(["relu", "tanh"]), _short(None)
    ('0 to 3', 'relu,tanh', 'none')
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) > 2 and list(value) == list(range(len(value))):
            return f"0 to {len(value) - 1}"
        shown = ",".join(str(item) for item in value[:8])
        return shown + (",..." if len(value) > 8 else "")
    return "none" if value is None else str(value)
