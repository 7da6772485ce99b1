"""A user's model with another activation: swapped, proven in both modes, weights drawn for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from actscope.catalogue import Record
from actscope.errors import ActscopeError, SettingError
from actscope.sites import Site, find, init_, swap
from actscope.study.models._exits import last_layers

Init = Literal["gain", "lsuv", "own"]


@dataclass(frozen=True)
class Prepared:
    """changed, there: names of sites that were given the activation, and that had it already.

    outputs: of those that are left alone, because they make the model's answer.
    """

    changed: tuple[str, ...]
    there: tuple[str, ...]
    outputs: tuple[str, ...]


def prepare(
    model: nn.Module,
    record: Record,
    example: Any,
    *,
    replace: Collection[str] = (),
    init: Init = "gain",
) -> Prepared:
    """Give the hidden sites of `model` the activation, in place, and draw its weights anew.

    replace: labels or names of the activations to change; none: all. What the model does in
    evaluation and in training may differ, so it is run and proven in both.

    Raises:
        SettingError: no site to change, one that cannot be changed, a model that fails on the
            example.
    """
    was = {module: module.training for module in model.modules()}
    changed: list[str] = []
    there: list[str] = []
    outputs: list[str] = []
    others: set[str] = set()
    found = False
    try:
        for training in (False, True):
            model.train(training)
            sites = _sites(model, example, training)
            last = last_layers(model, example)
            hidden = [site for site in sites if site.key.producer not in last]
            if not training:
                outputs = [site.name for site in sites if site.key.producer in last]
                there = [site.name for site in hidden if site.activation == record.label]
            others |= {site.activation for site in hidden}
            wanted = [site for site in hidden if _chosen(site, replace)]
            found = found or bool(wanted)
            old = [site.name for site in wanted if site.activation != record.label]
            if old:
                swap(model, "all", record, example=example, sites=old)
                changed += old
        if not found:
            raise _nothing(replace, others, outputs)
        if init != "own":
            model.train(False)
            init_(model, example=example, lsuv=init == "lsuv")
    finally:
        for module, mode in was.items():
            module.training = mode
    return Prepared(tuple(changed), tuple(there), tuple(outputs))


def _sites(model: nn.Module, example: Any, training: bool) -> tuple[Site, ...]:
    try:
        return find(model, example).sites
    except ActscopeError:
        raise
    except Exception as error:
        mode = "training" if training else "evaluation"
        raise SettingError(
            f"the model cannot be run on the example in {mode} mode: {type(error).__name__}: "
            f"{str(error).partition(chr(10))[0]}; give example=x, what the model is called with"
        ) from error


def _chosen(site: Site, replace: Collection[str]) -> bool:
    return not replace or bool({site.activation, site.record.name} & set(replace))


def _nothing(
    replace: Collection[str], others: Collection[str], outputs: Collection[str]
) -> SettingError:
    what = " or ".join(sorted(replace)) or "any activation that can be changed"
    left = f"; {', '.join(outputs)} makes its answer and is left alone" if outputs else ""
    return SettingError(
        f"the model does not apply {what} in a hidden layer; there it applies "
        f"{', '.join(sorted(others)) or 'none'}{left}"
    )
