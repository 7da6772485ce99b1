"""How a study's numbers read, on the page and in the terminal alike."""

from __future__ import annotations

import math
from collections.abc import Mapping

from actscope.render import label
from actscope.study._result import Comparison, Interval, Row
from actscope.study.scoring._metrics import metric_named
from actscope.study.verdict._phrases import duration as duration
from actscope.study.verdict._phrases import join, percent, plain

NONE = "–"


def metric_name(metric: str) -> str:
    """The metric in words."""
    return label(metric_named(metric).words)


def score(metric: str, value: float | None) -> str:
    """A score: accuracies in percent, others with three decimals, a dash for no number."""
    if value is None or not math.isfinite(value):
        return NONE
    if metric_named(metric).percent:
        return f"{100 * value:.1f}%"
    return plain(metric_named(metric), value)


def interval(metric: str, of: Interval) -> str:
    """The interval's bounds, or '' when there is one seed."""
    if not (math.isfinite(of.low) and math.isfinite(of.high)):
        return ""
    low, high = score(metric, of.low), score(metric, of.high)
    return f"{low.rstrip('%')} to {high}"


def share(value: float | None) -> str:
    """A share as percent; a small one that is not zero never looks like zero."""
    if value is None or not math.isfinite(value):
        return NONE
    if 0 < value < 0.001:
        return "<0.1%"
    return f"{100 * value:.1f}%" if value < 0.1 else f"{100 * value:.0f}%"


def rate(value: float) -> str:
    """A learning rate as a person writes it."""
    return f"{value:g}" if math.isfinite(value) else NONE


def rates(of: Mapping[float, int]) -> str:
    """How often each learning rate was chosen, '' when it was always the same."""
    if len(of) < 2:
        return ""
    ordered = sorted(of.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{times}× {rate(value)}" for value, times in ordered if times)


def movement(change: float) -> str:
    """How far the first layer's weights went, relative to where they began."""
    if not math.isfinite(change):
        return NONE
    return "0" if change == 0 else f"{change:.2f}" if change >= 0.005 else f"{change:.1g}"


def cost(value: float) -> str:
    """Training time relative to the cheapest."""
    return f"{value:.2f}×" if math.isfinite(value) else NONE


def probability(value: float) -> str:
    """A p-value: three decimals, small ones as a bound."""
    if not math.isfinite(value):
        return NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def chance(value: float) -> str:
    """A probability of a posterior, which is never sure."""
    return percent(value) if math.isfinite(value) else NONE


def count(number: int, thing: str, plural: str = "") -> str:
    """'1 row', '2 rows', '1,797 rows'."""
    return f"{number:,} {thing if number == 1 else plural or thing + 's'}"


def trained_per_activation(c: Comparison) -> dict[str, int]:
    """Networks trained of each activation, for 'diverged 3 of 30'."""
    if "activation" not in c.members.columns:
        return {}
    return {str(k): int(v) for k, v in c.members["activation"].value_counts().items()}


def race_note(c: Comparison) -> str | None:
    """What a race did and saved; None where none was run."""
    race = c.race
    if race is None:
        return None
    done = race.looks[-1] if c.stopped is None else c.stopped.seeds
    taken = [seeds for seeds in race.looks[:-1] if seeds <= done]
    if not taken:
        return None
    looks = join([str(seeds) for seeds in taken])
    if not race.dropped:
        return f"A race: nothing was clearly worse after {looks} seeds, so nothing stopped early."
    said = (
        f"A race: after {looks} seeds, those that were clearly worse by then stopped. "
        f"{count(c.members_trained, 'network')} of {race.networks:,} were trained"
    )
    if math.isfinite(race.saved):
        saved = f"{100 * race.saved:.0f}%" if race.saved >= 0.005 else "none"
        said += f", which saved {'about ' * (saved != 'none')}{saved} of the training"
    return f"{said}."


def step_note(row: Row) -> str | None:
    """Why a step-like activation cannot learn, from what was measured; None for any other."""
    if row.dead_share is not None:
        return None
    name = label(row.activation)
    if row.hidden_change == 0:
        moved = "its hidden weights moved by exactly 0: the derivative is 0 everywhere"
    else:
        moved = (
            f"its hidden weights moved by {movement(row.hidden_change)} of their size, but not by "
            "learning (weight decay moves them too): the derivative is 0 everywhere"
        )
    return (
        f"{name}: {moved}, so no gradient passes; what it scores, it scores with random features "
        "and a trained output layer."
    )
