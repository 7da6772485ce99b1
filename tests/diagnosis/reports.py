"""Reports made by hand, with every kind of thing that a page must show."""

from __future__ import annotations

from actscope.diagnosis._entrance import Entering
from actscope.diagnosis._findings import findings
from actscope.diagnosis._history import Moment
from actscope.diagnosis._report import HealthReport, SiteHealth

HOSTILE = "<script>alert(1)</script>&\"'\x1b[31m[bold]"


def site(name: str = "act", **given: object) -> SiteHealth:
    """A healthy one of 40 units, but for what is given."""
    healthy: dict[str, object] = {
        "name": name, "activation": "relu", "units": 40, "axis": -1, "samples": 5000,
        "dead_units": [], "saturated_units": [], "dormant_units": [], "sparsity": 0.5,
        "mean": 0.0, "std": 1.0, "unit_std": 1.0, "gradient": 1e-3, "gated": False,
        "step_like": False,
    }  # fmt: skip
    return SiteHealth(**(healthy | given))  # type: ignore[arg-type]


def report(*sites: SiteHealth, idle: list[str] | None = None) -> HealthReport:
    """Its findings are those of its sites."""
    moments = [Moment(n, 2.0 if n < 50 else 9.0, 0.1 if n < 50 else 3.0) for n in range(100)]
    entering = Entering("first", 8, 5000, 0.0, 1.0, 0.0)
    return HealthReport(
        list(sites), findings(sites, 100, idle or [], entering, moments), 400, 100,
        [("gate", "a gate")], idle or [], ["lstm"], entering, moments,
    )  # fmt: skip


def troubled(name: str = "blocks.1.act") -> HealthReport:
    """Dead, died, saturated, dormant; one site unknown, one step-like."""
    history = [(n, 0.1 if n < 50 else 0.6) for n in range(100)]
    return report(
        site("blocks.0.act", unit_std=0.9, gradient=2e-3),
        site(
            name,
            dead_units=[0, 1, 2, 3, 39],
            died_units=list(range(10, 32)),
            dormant_units=[5, 6],
            silent_since=dict.fromkeys([0, 1, 2, 3, 39], -1) | dict.fromkeys(range(10, 32), 49),
            silent_samples=dict.fromkeys([0, 1, 2, 3, 39], 5000)
            | dict.fromkeys(range(10, 32), 2500),
            history=history,
        ),
        site("tanh", activation="tanh", saturated_units=list(range(30)), sparsity=0.0),
        site("step", activation="step", step_like=True),
        site("unknown", units=None, axis=None, samples=0),
        idle=["spare"],
    )
