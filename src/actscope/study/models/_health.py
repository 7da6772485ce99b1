"""The health of a trained network's sites, as a study's tables have it."""

from __future__ import annotations

from collections.abc import Collection
from math import nan
from typing import Any

from torch import nn

from actscope.diagnosis import diagnose
from actscope.errors import ActscopeError

# A unit that is silent on a handful of inputs says nothing: as `assert_healthy`.
ENOUGH = 100


def site_rows(model: nn.Module, example: Any, outputs: Collection[str]) -> list[dict[str, Any]]:
    """A row for each hidden site, in the order of the calls, on the inputs of `example`.

    Shares are NaN where the example has too few inputs to tell, and the lists of a step-like
    function, which has none. No rows where the model cannot be watched.
    """
    batch = tuple(example) if isinstance(example, list) else example
    try:
        report = diagnose(model, [batch])
    except ActscopeError:
        return []
    rows = []
    for site in report.sites:
        if site.name in outputs or site.units is None:
            continue
        told = site.samples >= ENOUGH
        graded = told and not site.step_like
        rows.append(
            {
                "site": site.name,
                "units": site.units,
                "samples": site.samples,
                "dead_share": site.share(site.dead_units) if graded else nan,
                "saturated_share": site.share(site.saturated_units) if graded else nan,
                "sparsity": float(site.sparsity) if told else nan,
            }
        )
    return rows
