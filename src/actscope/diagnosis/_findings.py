"""From numbers to what is wrong: named thresholds, each with its source, and plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from actscope.diagnosis._report import Finding, SiteHealth

# keras-contrib's DeadReluDetector warns from a tenth of a layer; SageMaker's rule fires at half.
DEAD_WARNING, DEAD_SERIOUS = 0.10, 0.50
# As for dead units: a saturated unit passes next to no gradient.
SATURATED_WARNING, SATURATED_SERIOUS = 0.10, 0.50
# Sokar et al. 2023 report networks in trouble well above a quarter of dormant units.
DORMANT_WARNING, DORMANT_SERIOUS = 0.25, 0.75
# AUTOTRAINER (Zhang et al. 2021): first layer's gradient over the last's, and its own size.
VANISHING_RATIO, VANISHING_SIZE, EXPLODING_RATIO = 1e-3, 1e-4, 70.0
# A signal whose spread changes so many times from the first site to the last comes from weights
# of the wrong scale: a factor of 10 in the standard deviation is 100 in the variance.
SPREAD = 10.0
# Units that die while watched, of all: as much as would be a warning if found dead.
DYING = 0.10
# Fewer samples say little of units that are rarely active: 1% of inputs is missed by 100 samples
# in one of three cases.
FEW_SAMPLES = 100


def findings(
    sites: Sequence[SiteHealth],
    looked: int,
    idle: Any = (),
    entering: Any = None,
    moments: Any = (),
) -> list[Finding]:
    """All that is wrong, the most serious first."""
    found = [finding for site in sites for finding in _of_site(site)]
    found += _of_depth(sites)
    order = {"serious": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda finding: order[finding.severity])


def _of_site(site: SiteHealth) -> Iterator[Finding]:
    if not site.units:
        return
    if site.step_like:
        yield Finding(
            "no_gradient",
            site.name,
            [],
            "serious",
            f"{site.name}: {site.activation} is flat wherever it has a slope, so that no gradient "
            "passes: what comes before it does not learn",
            f'act.swap(model, "{site.activation}", "sigmoid", example=x)',
        )
    yield from _shares(
        site, "dead", site.dead_units, DEAD_WARNING, DEAD_SERIOUS,
        "are dead: on none of {samples} inputs does any gradient pass",
        'act.revive(model, report, optimizer=optimizer, example=x), or act.swap(model, '
        f'"{site.activation}", "leaky_relu", example=x) and a lower learning rate',
    )  # fmt: skip
    yield from _shares(
        site, "saturated", site.saturated_units, SATURATED_WARNING, SATURATED_SERIOUS,
        "are saturated: on 99% of {samples} inputs or more their slope is below a thousandth of "
        "the steepest",
        "act.init_(model, example=x) for smaller weights, or standardise the inputs",
    )  # fmt: skip
    yield from _shares(
        site, "dormant", site.dormant_units, DORMANT_WARNING, DORMANT_SERIOUS,
        "are dormant: their outputs are at most a fortieth of the layer's mean",
        "act.revive(model, report, optimizer=optimizer, example=x)",
    )  # fmt: skip
    if len(site.history) > 2:
        rise = site.history[-1][1] - site.history[0][1]
        if rise >= DYING and site.dead_units:
            yield Finding(
                "dying",
                site.name,
                site.dead_units,
                "serious" if rise >= DEAD_SERIOUS else "warning",
                f"{site.name}: while watched, silent units rose from {site.history[0][1]:.0%} (step "
                f"{site.history[0][0]}) to {site.history[-1][1]:.0%} (step {site.history[-1][0]})",
                "lower the learning rate, or warm it up",
            )


def _shares(
    site: SiteHealth,
    kind: str,
    units: list[int],
    warning: float,
    serious: float,
    what: str,
    repair: str,
) -> Iterator[Finding]:
    share = site.share(units)
    if share < warning or site.step_like:
        return
    few = "" if site.samples >= FEW_SAMPLES else " (few: look at more before you act)"
    text = what.format(samples=f"{site.samples:,}{few}")
    severity = "serious" if share >= serious and not few else "warning"
    yield Finding(
        kind,
        site.name,
        units,
        severity,
        f"{site.name}: {len(units)} of {site.units} units ({share:.0%}) {text}",
        repair,
    )


def _of_depth(sites: Sequence[SiteHealth]) -> Iterator[Finding]:
    seen = [site for site in sites if site.gradient is not None and site.units]
    if len(seen) > 1:
        first, last = seen[0], seen[-1]
        assert first.gradient is not None and last.gradient is not None
        if last.gradient > 0:
            ratio = first.gradient / last.gradient
            if ratio < VANISHING_RATIO and first.gradient < VANISHING_SIZE:
                yield Finding(
                    "vanishing_gradient", first.name, [], "serious",
                    f"the gradient vanishes: at {first.name} it is {ratio:.1g} times that at "
                    f"{last.name}", "act.init_(model, example=x), another activation, or "
                    "normalisation between layers",
                )  # fmt: skip
            if ratio > EXPLODING_RATIO or ratio != ratio:
                yield Finding(
                    "exploding_gradient", first.name, [], "serious",
                    f"the gradient explodes: at {first.name} it is {ratio:.3g} times that at "
                    f"{last.name}", "act.init_(model, example=x), or clip the gradient",
                )  # fmt: skip
    spread = [site for site in sites if site.units and site.std > 0]
    if len(spread) > 2:
        first, last = spread[0], spread[-1]
        ratio = last.std / first.std
        if not 1 / SPREAD < ratio < SPREAD:
            yield Finding(
                "initialisation", last.name, [], "warning",
                f"what enters the activations {'grows' if ratio > 1 else 'shrinks'} {ratio:.3g} "
                f"times from {first.name} to {last.name}: weights of the wrong scale",
                "act.init_(model, example=x)",
            )  # fmt: skip
