"""One call: a model, some batches, a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from actscope.diagnosis._report import HealthReport
from actscope.diagnosis._watch import Watch
from actscope.errors import ActscopeError, DataError

Loss = Callable[..., Tensor]


class UnhealthyModel(ActscopeError, AssertionError):
    """What `assert_healthy` raises: a failed assertion to pytest, its text the findings."""


def diagnose(
    model: nn.Module,
    batches: Any,
    loss: Loss | None = None,
    *,
    mask: Any = None,
) -> HealthReport:
    """Look at every unit of a model on some batches, in evaluation mode.

    Args:
        model: any; its mode is put back, its parameters and gradients are left as they are.
        batches: tensors, or what the model is called with: tuples of arguments, mappings of
            keyword arguments; with `loss` pairs (inputs, targets). A single tensor is one batch.
        loss: loss(output, targets) -> scalar; gradients that arrive at each site are then told.
        mask: as for `watch`.

    Raises:
        DataError: no batch, or one that is no pair though a loss is given.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> with torch.no_grad(): _ = model[0].bias.copy_(torch.tensor([0.0, -99.0, 0.0, 0.0]))
    >>> diagnose(model, torch.randn(200, 3)).sites[0].dead_units
    [1]
    """
    training = [module for module in model.modules() if module.training]
    model.eval()
    seen = Watch(model, 1, mask)
    count = 0
    try:
        with seen:
            for batch in [batches] if isinstance(batches, Tensor) else _batches(batches):
                count += 1
                if loss is None:
                    with torch.no_grad():
                        _call(model, batch)
                else:
                    _with_gradient(model, batch, loss)
    finally:
        for module in training:
            module.training = True
    if count == 0:
        raise DataError("batches is empty: give at least one batch to look at")
    return seen.report()


def assert_healthy(
    model: nn.Module, batches: Any, loss: Loss | None = None, *, mask: Any = None
) -> HealthReport:
    """For test suites: raise where `diagnose` finds something serious; else give its report.

    Raises:
        UnhealthyModel: (an AssertionError) with a line a finding.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> _ = torch.nn.init.constant_(model[0].bias, -99.0)
    >>> assert_healthy(model, torch.randn(200, 3))
    Traceback (most recent call last):
    ...
    actscope.diagnosis._diagnose.UnhealthyModel: 1 serious finding in the model's health:
      1: 4 of 4 units (100%) are dead: on none of 200 inputs does any gradient pass
    """
    report = diagnose(model, batches, loss, mask=mask)
    serious = [f.text for f in report.findings if f.severity == "serious"]
    if serious:
        lines = "\n".join(f"  {text}" for text in serious)
        s = "s" if len(serious) > 1 else ""
        raise UnhealthyModel(f"{len(serious)} serious finding{s} in the model's health:\n{lines}")
    return report


def _batches(batches: Any) -> Iterable[Any]:
    if isinstance(batches, Mapping) or not isinstance(batches, Iterable):
        return [batches]
    return batches


def _call(model: nn.Module, batch: Any) -> Any:
    if isinstance(batch, Mapping):
        return model(**batch)
    if isinstance(batch, Sequence) and not isinstance(batch, Tensor):
        return model(*batch)
    return model(batch)


def _with_gradient(model: nn.Module, batch: Any, loss: Loss) -> None:
    if not isinstance(batch, Sequence) or len(batch) != 2:
        raise DataError("with a loss each batch must be a pair (inputs, targets)")
    inputs, targets = batch
    wanted = [p for p in model.parameters() if p.requires_grad]
    with torch.enable_grad():
        value = loss(
            _call(model, inputs if isinstance(inputs, tuple | Mapping) else (inputs,)), targets
        )
        torch.autograd.grad(value, wanted, allow_unused=True)
