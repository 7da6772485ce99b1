"""One call: a model, some batches, a report."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from actscope import render
from actscope.diagnosis._batches import Batch, arguments, each
from actscope.diagnosis._mistakes import explained
from actscope.diagnosis._report import HealthReport
from actscope.diagnosis._units_shown import unseen
from actscope.diagnosis._watch import Watch
from actscope.errors import DataError, SettingError
from actscope.errors import UnhealthyModel as UnhealthyModel
from actscope.sites._call import names_of
from actscope.sites._observe import kept

Loss = Callable[..., Tensor]

# A bar for fewer batches would be gone before it is read.
LONG = 10


def diagnose(
    model: nn.Module,
    batches: Any,
    loss: Loss | None = None,
    *,
    mask: Any = None,
    max_batches: int | None = None,
    axes: Mapping[str, int] | None = None,
) -> HealthReport:
    """Look at every unit of a model on some batches, in evaluation mode.

    All is left as it was: mode, parameters, gradients, buffers, random state.

    Args:
        model: any PyTorch module.
        batches: one batch (a tensor; a tuple of arguments; a mapping of keyword arguments), or a
            list, generator or DataLoader of such. Pairs (inputs, targets), as DataLoaders give
            them, need no loss where the model takes one argument: the targets are left out.
        loss: loss(output, targets) -> a tensor of one number; each batch is a pair (inputs,
            targets), or a mapping, of which loss(output, batch) takes what it needs. The
            gradients that arrive at each site are then told, too.
        mask, axes: as for `watch`.
        max_batches: how many to look at, of a long or endless source.

    Raises:
        DataError: no batch; one that the model cannot be called with, or on another device.
        SettingError: a loss that gives no gradient; a model that cannot be watched; axes of a site
            that is not there.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> with torch.no_grad(): _ = model[0].bias.copy_(torch.tensor([0.0, -99.0, 0.0, 0.0]))
    >>> diagnose(model, torch.randn(200, 3)).sites[0].dead_units
    [1]
    """
    if max_batches is not None and (type(max_batches) is not int or max_batches < 1):
        raise SettingError(f"max_batches is {max_batches!r}: it must be a whole number from 1")
    if loss is not None and not callable(loss):
        raise SettingError(f"loss is {loss!r}: give a function, loss(output, targets)")
    if isinstance(loss, type):
        raise SettingError(f"loss is the class {loss.__name__}: give one of it, {loss.__name__}()")
    if axes is not None and not isinstance(axes, Mapping):
        raise SettingError(f'axes is {axes!r}: give them by site, {{"relu(first)": 1}}')
    seen = Watch(model, 1, mask, axes=axes)
    count = 0
    with ExitStack() as stack:
        stack.enter_context(_unchanged(model))
        stack.enter_context(seen)
        some, known = each(batches)  # a shuffling loader draws a number here
        total = max_batches if known is None else min(known, max_batches or known)
        bar = stack.enter_context(
            render.progress(total or 1, "diagnosing", enabled=(total or 0) >= LONG)
        )
        for raw in islice(some, max_batches):
            batch = arguments(model, raw, loss is not None)
            _look(model, batch, loss)
            count += 1
            bar.advance()
    if count == 0:
        raise DataError("batches is empty: give at least one batch to look at")
    report = seen.report()
    known = {name for key in seen.calls for name in names_of(key)}
    strange = next((name for name in seen.axes if name not in known), None)
    if strange is not None:
        names = ", ".join(repr(site.name) for site in report.sites) or "none"
        raise SettingError(f"axes names {strange!r}, which is no site; the sites are {names}")
    return report


def assert_healthy(
    model: nn.Module,
    batches: Any,
    loss: Loss | None = None,
    *,
    mask: Any = None,
    max_batches: int | None = None,
    axes: Mapping[str, int] | None = None,
) -> HealthReport:
    """For test suites: raise where `diagnose` finds something serious or sees no unit at all;
    else give its report.

    Give 100 inputs or more: what rests on fewer is no more than a warning, and passes, but for
    units dead on so many that chance cannot explain it (a thousandth, were each awake on a tenth
    of the inputs; where all units of a site are dead, on half).

    Raises:
        UnhealthyModel: (an AssertionError) with what was found and what to do.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> _ = torch.nn.init.constant_(model[0].bias, -99.0)
    >>> assert_healthy(model, torch.randn(200, 3))
    Traceback (most recent call last):
    ...
    actscope.errors.UnhealthyModel: 1 serious finding in the model's health:
      1: 4 of 4 units (100%) are dead: on none of 200 inputs did any gradient pass
        try: act.swap(model, 'relu', 'leaky_relu', example=x, sites=['1'])
    """
    __tracebackhide__ = True  # pytest then shows the line of the test, not this one
    report = diagnose(model, batches, loss, mask=mask, max_batches=max_batches, axes=axes)
    blind = next((finding for finding in report.findings if finding.kind == "nothing_seen"), None)
    if blind is not None:
        outside = f" (outside Python: {unseen(report)})" if report.unseen else ""
        raise UnhealthyModel(f"{blind.text}{outside}; try: {blind.repair}")
    serious = [finding for finding in report.findings if finding.severity == "serious"]
    if serious:
        lines = [f"  {finding.text}\n    try: {finding.repair}" for finding in serious[:SHOWN]]
        if len(serious) > SHOWN:
            lines.append(f"  and {len(serious) - SHOWN} more: print(act.diagnose(...)) shows all")
        s = "s" if len(serious) > 1 else ""
        raise UnhealthyModel(
            "\n".join([f"{len(serious)} serious finding{s} in the model's health:", *lines])
        )
    return report


# A failed test names so many; a model of a hundred dead sites fits no screen.
SHOWN = 5


def _look(model: nn.Module, batch: Batch, loss: Loss | None) -> None:
    with torch.set_grad_enabled(loss is not None):
        with explained(model, batch):
            output = model(*batch.args, **batch.kwargs)
        if loss is None:
            return
        with explained(model, batch, "loss"):
            value = loss(output, batch.targets)
    if not isinstance(value, Tensor) or value.numel() != 1:
        what = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise SettingError(f"loss gives {what}: it must give a tensor of one number")
    wanted = [p for p in model.parameters() if p.requires_grad]
    if not wanted or not value.requires_grad:
        raise SettingError(
            "no gradient comes from the loss: it must be computed from the output by PyTorch, and "
            "some parameter must require a gradient, outside of torch.inference_mode(); or leave "
            "out loss"
        )
    # Not backward(): that would add to the gradients, and start what hangs on them.
    with explained(model, batch, "the backward pass of the loss"):
        torch.autograd.grad(value.reshape(()), wanted, allow_unused=True)


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; modes, buffers and random states as they were after it."""
    training = [(module, module.training) for module in model.modules()]
    python, numpy = random.getstate(), np.random.get_state()
    with kept(model):
        try:
            model.eval()
            yield
        finally:
            for module, was in training:
                module.training = was
            random.setstate(python)
            np.random.set_state(numpy)
