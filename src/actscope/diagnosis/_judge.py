"""From what was streamed of a site to what is said of it."""

from __future__ import annotations

from torch import Tensor

from actscope.diagnosis._history import fallen
from actscope.diagnosis._pass import SiteState
from actscope.diagnosis._report import SiteHealth
from actscope.diagnosis._units import GRADIENT
from actscope.sites._find import Site


def health_of(site: Site, state: SiteState | None, *, trained: bool) -> SiteHealth:
    """trained: whether weights could change while it was watched: without, nobody dies."""
    record = site.record
    common = {
        "name": site.name,
        "activation": site.activation,
        "gated": site.gated,
        "step_like": record.step_like,
        "producer": site.key.producer,
    }
    if state is None or not float(state.units.samples):
        return SiteHealth(
            units=None, axis=site.axis, samples=0, dead_units=[], saturated_units=[],
            dormant_units=[], sparsity=0.0, mean=0.0, std=0.0, unit_std=0.0, gradient=None,
            **common,
        )  # fmt: skip
    units = state.units.to("cpu")
    health = units.health(record)
    count = len(units.last_outside)
    dead = [] if health.dead is None else _indices(health.dead)
    mean, variance = units.pooled()
    gradients = float(units.gradients)
    # Where no weight changes, silence tells of the order of the data.
    died = fallen(units.outside(), units.last_outside, state.history)
    died = died if trained else {}
    return SiteHealth(
        units=count,
        axis=site.axis,
        samples=int(units.samples),
        dead_units=dead,
        saturated_units=_indices(health.saturated),
        dormant_units=_indices(health.dormant),
        sparsity=float(health.sparsity),
        counted_samples=int(units.counted),
        mean=mean,
        std=variance**0.5,
        unit_std=float(units.variance().nanmean()) ** 0.5,
        gradient=float(units.sums[GRADIENT].mean()) / gradients if gradients else None,
        silent_since=dict.fromkeys(dead, -1) | {unit: f.step for unit, f in died.items()},
        history=[(int(step), silent / count) for step, silent, _ in state.history.rows()],
        died_units=[] if record.step_like else list(died),
        broken_units=_indices(units.broken()),
        silent_samples=dict.fromkeys(dead, int(units.samples))
        | {unit: f.samples for unit, f in died.items()},
        **common,
    )


def _indices(which: Tensor) -> list[int]:
    return which.nonzero().flatten().tolist()
