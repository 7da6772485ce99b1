"""From numbers to what is wrong: named thresholds, each with its source, and plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, isfinite, log

from actscope.diagnosis import _repairs as repairs
from actscope.diagnosis._entrance import Entering
from actscope.diagnosis._flow import flow, offset
from actscope.diagnosis._history import Moment
from actscope.diagnosis._report import RANKS, Finding, SiteHealth

# keras-contrib's DeadReluDetector warns from a tenth of a layer; SageMaker's rule fires at half.
DEAD_WARNING, DEAD_SERIOUS = 0.10, 0.50
# As for dead units: a saturated unit passes next to no gradient.
SATURATED_WARNING, SATURATED_SERIOUS = 0.10, 0.50
# Sokar et al. 2023 report networks in trouble well above a quarter of dormant units.
DORMANT_WARNING, DORMANT_SERIOUS = 0.25, 0.75
# Fewer samples say little of units that are rarely active: 1% of inputs is missed by 100 samples
# in one of three cases. A finding that rests on fewer is one degree milder, but for dead units
# that chance does not explain: see `_by_chance`.
FEW_SAMPLES, RARE, USUAL, CHANCE = 100, 0.1, 0.5, 1e-3
MILDER = {"serious": "warning", "warning": "note", "note": "note"}
# A finding about all sites names so many.
NAMED = 3


def findings(
    sites: Sequence[SiteHealth],
    looked: int,
    idle: Sequence[str] = (),
    entering: Entering | None = None,
    moments: Sequence[Moment] = (),
    left_out: Sequence[tuple[str, str]] = (),
) -> list[Finding]:
    """All that is wrong, the most serious first, then in the model's order.

    Args:
        looked: passes looked at. idle: registered activations that none of them called.
        entering: what enters the first layer. moments: loss and learning rate over time.
        left_out: (site, why it is not judged).
    """
    found = [*offset(entering), *flow(sites, entering)]
    cause = {finding.kind for finding in found}
    for site in sites:
        if site.units:
            found += _of_site(site, cause, moments)
    found += [_not_called(name, looked) for name in idle]
    found += nothing_seen(sites, looked, left_out)
    return sorted(found, key=lambda finding: -RANKS[finding.severity])


def nothing_seen(
    sites: Sequence[SiteHealth], looked: int, left_out: Sequence[tuple[str, str]] = ()
) -> list[Finding]:
    """No unit was counted, which is not health."""
    if any(site.units for site in sites):
        return []
    if not looked:
        what, repair = "the model's own forward did not run while it was watched", repairs.RUN
    elif not sites and left_out:
        listed = "; ".join(f"{name} ({why})" for name, why in left_out[:NAMED])
        what, repair = (
            f"all that was seen in {_passes(looked)} is left out: {listed}",
            repairs.PARTS,
        )
    elif not sites:
        what, repair = f"no activation was seen in {_passes(looked)}", repairs.DECLARE
    elif any(site.axis is not None for site in sites):
        what, repair = "the mask, or empty batches, left no input to count", repairs.COUNT
    else:
        named = ", ".join(site.name for site in sites[:NAMED])
        more = f" and {len(sites) - NAMED} more" if len(sites) > NAMED else ""
        what = f"no unit could be counted at any site seen ({named}{more})"
        repair = repairs.axes(sites[0].name)
    text = f"nothing was seen of the model's units, so that nothing can be said of them: {what}"
    return [Finding("nothing_seen", "", [], "warning", text, repair)]


def _of_site(site: SiteHealth, cause: set[str], moments: Sequence[Moment]) -> Iterator[Finding]:
    if site.broken_units or not isfinite(site.std):
        yield Finding(
            "not_finite", site.name, site.broken_units, "serious",
            f"{site.name}: what leaves {len(site.broken_units)} of {site.units} units was NaN or "
            f"infinity on some of {_inputs(site.samples)}{_since(moments)}",
            repairs.FINITE,
        )  # fmt: skip
        return
    if site.step_like:
        yield Finding(
            "no_gradient", site.name, [], "serious",
            f"{site.name}: {site.activation} has slope 0 everywhere, so that no gradient passes: "
            "what comes before it does not learn",
            repairs.graded(site.activation, site.name),
        )  # fmt: skip
        return
    yield from _share(
        site, "dead", site.dead_units, (DEAD_WARNING, DEAD_SERIOUS),
        "dead: on none of {inputs} did any gradient pass", _mend_dead(site, cause),
    )  # fmt: skip
    yield from _dying(site, moments)
    yield from _share(
        site, "saturated", site.saturated_units, (SATURATED_WARNING, SATURATED_SERIOUS),
        "saturated: on 99% or more of {inputs} their slope was below a thousandth of the steepest",
        repairs.STANDARDISE if "input_not_centred" in cause else repairs.INITIALISE,
    )  # fmt: skip
    yield from _share(
        site, "dormant", site.dormant_units, (DORMANT_WARNING, DORMANT_SERIOUS),
        "dormant: over {inputs} their outputs were at most a fortieth of the layer's mean",
        repairs.SLOWER,
    )  # fmt: skip


def _since(moments: Sequence[Moment]) -> str:
    """When the loss was no number for the first time, if it was told."""
    bad = next((m for m in moments if m.loss is not None and not isfinite(m.loss)), None)
    if bad is None:
        return ""
    rate = "" if bad.lr is None else f", at a learning rate of {bad.lr:.3g}"
    return f"; the loss was not finite for the first time at step {bad.step}{rate}"


def _mend_dead(site: SiteHealth, cause: set[str]) -> str:
    if "input_not_centred" in cause:
        return repairs.STANDARDISE
    if "initialisation" in cause:
        return repairs.INITIALISE
    return repairs.alive(site.activation, site.name)


def _share(
    site: SiteHealth,
    kind: str,
    units: Sequence[int],
    bounds: tuple[float, float],
    what: str,
    repair: str,
) -> Iterator[Finding]:
    whole = site.units or 0
    if kind != "dead":  # those that died are told of by themselves
        died = set(site.died_units)
        units, whole = [unit for unit in units if unit not in died], whole - len(died)
    share = len(units) / whole if whole else 0.0
    if share < bounds[0]:
        return
    severity = "serious" if share >= bounds[1] else "warning"
    if len(units) == 1 and whole != 1:  # of ten units one is a tenth, and may be chance
        severity = MILDER[severity]
    text = what.format(inputs=_inputs(site.samples))
    if site.samples < FEW_SAMPLES and not (
        kind == "dead" and _by_chance(len(units), whole, site.samples) < CHANCE
    ):
        severity = MILDER[severity]
        text += " (few: look at more before you act)"
    verb = "is" if len(units) == 1 else "are"
    among = f"{whole} units" if whole == site.units else f"the {whole} units that did not die"
    yield Finding(
        kind,
        site.name,
        list(units),
        severity,
        f"{site.name}: {len(units)} of {among} ({share:.0%}) {verb} {text}",
        repair,
    )


def _by_chance(silent: int, units: int, samples: int) -> float:
    """A bound of the probability that so many of some living units are silent on so few inputs.

    Each is awake on RARE of the inputs; where all are silent, as a whole layer at rest is none
    that works, on USUAL. Units and inputs are taken as independent; Chernoff's bound.

    >>> _by_chance(1, 1, 4)
    0.0625
    """
    if silent == units:
        return (1 - USUAL) ** (samples * units)
    one, share = (1 - RARE) ** samples, silent / units
    if share <= one:
        return 1.0
    if one == 0:
        return 0.0
    away = share * log(share / one) + (1 - share) * log((1 - share) / (1 - one))
    return exp(-units * away)


def _dying(site: SiteHealth, moments: Sequence[Moment]) -> Iterator[Finding]:
    units = site.died_units
    share = site.share(units)
    if share < DEAD_WARNING or (len(units) == 1 and site.units != 1):
        return
    steps = sorted(site.silent_since[unit] for unit in units)
    fewest = min(site.silent_samples[unit] for unit in units)
    middle = steps[len(steps) // 2]
    if steps[0] == steps[-1]:
        when = f"after step {middle}"
    else:
        when = f"after steps {steps[0]} to {steps[-1]}, half of them by step {middle}"
    severity = "serious" if share >= DEAD_SERIOUS else "warning"
    yield Finding(
        "dying",
        site.name,
        list(units),
        severity,
        f"{site.name}: {len(units)} of {site.units} units ({share:.0%}) died while watched, "
        f"{when}: they fired before, and on none of {fewest:,} inputs or more since"
        f"{_what_happened(middle, moments)}",
        repairs.SLOWER,
    )


def _what_happened(step: int, moments: Sequence[Moment]) -> str:
    """Learning rate and loss around a step, as far as they were told."""
    before = [moment for moment in moments if moment.step <= step]
    after = [moment for moment in moments if moment.step > step]
    rates = [m.lr for m in (*before[-1:], *after[:1]) if m.lr is not None]
    losses = [next((m.loss for m in part if m.loss is not None), None)
              for part in (reversed(before), after)]  # fmt: skip
    told = [f"the learning rate was {max(rates):.3g}"] if rates else []
    if None not in losses:
        told.append(f"the loss went from {losses[0]:.3g} to {losses[1]:.3g}")
    return f"; {' and '.join(told)}" if told else ""


def _not_called(name: str, looked: int) -> Finding:
    return Finding(
        "not_called", name, [], "note",
        f"{name} is registered in the model, and was not called in {_passes(looked)}",
        repairs.call(name),
    )  # fmt: skip


def _passes(looked: int) -> str:
    return f"{'the one pass' if looked == 1 else f'any of the {looked:,} passes'} looked at"


def _inputs(samples: int) -> str:
    return f"{samples:,} input{'' if samples == 1 else 's'}"
