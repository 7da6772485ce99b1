"""The health report: sites, findings, what they rest on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from actscope import render
from actscope.diagnosis._diff import Difference, difference
from actscope.diagnosis._entrance import Entering
from actscope.diagnosis._history import Moment
from actscope.errors import SettingError, StoreError

SCHEMA = 1
# Of the severities of findings, the worst last.
RANKS = {"note": 0, "warning": 1, "serious": 2}


def _finite(value: float | None) -> float | None:
    """JSON has neither NaN nor infinity."""
    return value if value is not None and isfinite(value) else None


@dataclass(frozen=True)
class SiteHealth:
    """One site's units, over `samples` inputs each.

    samples: how many numbers each unit was seen on: rows, times the positions of a convolution
    (of an image 8 by 8, 64) or the steps of a sequence, padding that a mask left out excepted.
    dead_units, saturated_units, dormant_units: indices, no unit in two of them; see `health`.
    units: None where the axis of units cannot be known, and nothing was counted. sparsity: share
    of outputs that are exactly 0, on `counted_samples` of the inputs. died_units: fired while
    watched and have been silent since, on more inputs than chance allows; none of them is in
    dead_units. silent_since: of each dead or died unit the last step looked at with an input
    outside the dead region, -1: never while watched; silent_samples: on how many inputs since, or
    more. broken_units: with an output that
    was infinite or no number. history: (step, share of units
    silent on that look), thinned. mean, std: of the inputs of the activation, over all units;
    unit_std: root of the mean variance of a unit. gradient: mean |gradient of the output|, None
    where none was seen. gated: the unit is activation x another tensor. producer: path of the
    module that made the activation's input.
    """

    name: str
    activation: str
    units: int | None
    axis: int | None
    samples: int
    dead_units: list[int]
    saturated_units: list[int]
    dormant_units: list[int]
    sparsity: float
    mean: float
    std: float
    unit_std: float
    gradient: float | None
    gated: bool
    step_like: bool
    silent_since: dict[int, int] = field(default_factory=dict)
    history: list[tuple[int, float]] = field(default_factory=list)
    died_units: list[int] = field(default_factory=list)
    silent_samples: dict[int, int] = field(default_factory=dict)
    broken_units: list[int] = field(default_factory=list)
    counted_samples: int = 0
    producer: str = ""

    def share(self, which: Sequence[int]) -> float:
        """Of the units."""
        return len(which) / self.units if self.units else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "name": self.name,
            "activation": self.activation,
            "units": self.units,
            "axis": self.axis,
            "dead_units": self.dead_units,
            "saturated_units": self.saturated_units,
            "dormant_units": self.dormant_units,
            "sparsity": self.sparsity,
            "samples": self.samples,
            "counted_samples": self.counted_samples,
            "mean": _finite(self.mean),
            "std": _finite(self.std),
            "unit_std": _finite(self.unit_std),
            "gradient": _finite(self.gradient),
            "gated": self.gated,
            "died_units": self.died_units,
            "broken_units": self.broken_units,
            "silent_samples": {str(k): v for k, v in self.silent_samples.items()},
            "silent_since": {str(k): v for k, v in self.silent_since.items()},
            "history": [[step, share] for step, share in self.history],
        }


@dataclass(frozen=True)
class Finding:
    """What is wrong, on what evidence, and what would mend it.

    severity: "serious", "warning" or "note"; units: of `site`, empty where it is not about some.
    repair: Python, or a sentence.
    """

    kind: str
    site: str
    units: list[int]
    severity: str
    text: str
    repair: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "kind": self.kind,
            "site": self.site,
            "units": self.units,
            "severity": self.severity,
            "text": self.text,
            "repair": self.repair,
        }


@dataclass(frozen=True)
class HealthReport:
    """The health of a model's units. print() shows it, and a notebook too.

    ok: units were seen, and no finding is serious. steps: passes while watched; looked: those
    looked at. left_out: (name, why); idle: registered activations not called; unseen: modules
    whose activations run where Python does not see them. entering: what enters the first layer.
    moments: loss and learning rate over time, as far as they were told.

    >>> import torch, actscope as act
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    >>> _ = torch.nn.init.constant_(model[0].bias, -99.0)
    >>> print(act.diagnose(model, torch.randn(200, 3)))  # doctest: +ELLIPSIS
    Not healthy: 1 serious finding.
    4 units at 1 site; 1 pass looked at.
    ...
    """

    sites: list[SiteHealth]
    findings: list[Finding]
    steps: int
    looked: int
    left_out: list[tuple[str, str]] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    entering: Entering | None = None
    moments: list[Moment] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether units were seen and nothing serious was found."""
        return all(f.severity != "serious" and f.kind != "nothing_seen" for f in self.findings)

    def site(self, name: str) -> SiteHealth:
        """By name.

        Raises:
            SettingError: there is none of that name.
        """
        for site in self.sites:
            if site.name == name:
                return site
        names = ", ".join(repr(site.name) for site in self.sites) or "none"
        raise SettingError(f"{name!r} is no site; the sites are {names}")

    def diff(self, other: HealthReport) -> Difference:
        """What changed from this report to a later one: units that died, revived and so on, by
        site, findings gone and new.

        >>> import torch, actscope as act
        >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
        >>> x = torch.randn(200, 3)
        >>> before = act.diagnose(model, x)
        >>> _ = torch.nn.init.constant_(model[0].bias, -99.0)
        >>> before.diff(act.diagnose(model, x)).sites[0].became["dead"]
        [0, 1, 2, 3]
        """
        return difference(self, other)

    def table(self) -> render.Renderable:
        """A row for each site, for rich.print."""
        from actscope.diagnosis._terminal import table

        return table(self)

    def __rich__(self) -> render.Renderable:
        from actscope.diagnosis._terminal import whole

        return whole(self)

    def __str__(self) -> str:
        return render.text_of(self.__rich__())

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as one self-contained page, with pictures; written to `path` if given.

        Raises:
            StoreError: a file that cannot be written.
        """
        from actscope.diagnosis._page import page

        if path is not None and (not isinstance(path, str | os.PathLike) or not str(path)):
            raise StoreError(
                f"cannot write to {path!r}: give the path of a file, such as report.html"
            )
        made = page(self)
        if path is not None:
            try:
                render.write_all({Path(path): made.encode("utf-8")})
            except OSError as error:
                raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
        return made

    def _repr_html_(self) -> str:
        from actscope.diagnosis._page import fragment

        return fragment(self)

    def to_dict(self) -> dict[str, Any]:
        """One JSON document."""
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "steps": self.steps,
            "looked_at": self.looked,
            "sites": [site.to_dict() for site in self.sites],
            "findings": [finding.to_dict() for finding in self.findings],
            "left_out": [{"name": name, "why": why} for name, why in self.left_out],
            "idle": self.idle,
            "unseen": self.unseen,
            "entering": None if self.entering is None else self.entering.to_dict(),
            "moments": [moment.to_dict() for moment in self.moments],
        }
