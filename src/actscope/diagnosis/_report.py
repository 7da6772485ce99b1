"""The health report: sites, findings, what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actscope.diagnosis._entrance import Entering
from actscope.diagnosis._history import Moment

SCHEMA = 1


@dataclass(frozen=True)
class SiteHealth:
    """One site's units, over `samples` inputs each.

    dead_units, saturated_units, dormant_units: indices, no unit in two of them; see `health`.
    units: None where the axis of units cannot be known, and nothing was counted. sparsity: share
    of outputs that are exactly 0. silent_since: of each dead unit the last step with an input
    outside the dead region, -1: never while watched. mean, std: of the inputs of the activation,
    over all units. gradient: mean |gradient of the output|, None where none was seen. gated: the
    unit is activation x another tensor.
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
            "mean": self.mean,
            "std": self.std,
            "gradient": self.gradient,
            "gated": self.gated,
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
    """The health of a model's units.

    ok: no finding is serious. left_out: (name, why); idle: registered activations not called;
    unseen: modules whose activations run where Python does not see them.
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
        """Whether nothing serious was found."""
        return all(finding.severity != "serious" for finding in self.findings)

    def site(self, name: str) -> SiteHealth:
        """By name."""
        return next(site for site in self.sites if site.name == name)

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
        }
