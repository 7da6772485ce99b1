"""A verdict in plain words, for a reader who is no statistician: the answer first.

One line of text per topic; the first line answers "does the choice matter here?" and "which one
should I use?". Nothing here decides anything: the lists come ready made in `Evidence`.
"""

from __future__ import annotations

from actscope.study.verdict._open import cautions, stopped_line, undecided_line
from actscope.study.verdict._phrases import (
    FEW_NAMES,
    LINEAR_BASELINE,
    UNTRAINED,
    Evidence,
    Standing,
    fall,
    join,
    lead,
    lost_to,
    metric_name,
    number,
    phrase,
    value,
    versus,
    weakness,
    within,
)


def verdict_text(e: Evidence) -> str:
    """The verdict, a line per topic, the answer first."""
    lines = [
        _baseline_line(e),
        _answer_line(e),
        _best_line(e),
        _equivalent_line(e),
        _worse_line(e),
        undecided_line(e),
        stopped_line(e),
        *cautions(e),
    ]
    return "\n".join(line for line in lines if line)


# --- the answer


def _baseline_line(e: Evidence) -> str:
    """Empty unless some baseline is as good as the networks."""
    lost = [b for b in e.baselines if lost_to(e, b)]
    trivial = [b for b in lost if b.name != LINEAR_BASELINE]
    linear = [b for b in lost if b.name == LINEAR_BASELINE]
    sentences = []
    toughest = max(trivial, key=lambda b: e.metric.sign * b.mean, default=None)
    learner = _learning_linear_model(e, toughest)
    if learner:
        return (
            "The networks learned less than a linear model did "
            f"({versus(e, learner)}): train them longer or with other learning rates before "
            "comparing activation functions, or use the linear model."
        )
    if toughest:
        sentences.append(
            "The activation function is not your question here: no network is clearly better than "
            f"{phrase(toughest.name)} ({versus(e, toughest)}). "
            + (
                "Look first at how the networks are trained and scored."
                if toughest.name == UNTRAINED
                else "Look first at what the columns can tell about the target."
            )
        )
    for b in linear:
        if b.relation == "ahead":
            sentences.append(
                "The activation function is not your question here: a linear model is clearly "
                f"better than the best network ({versus(e, b)}). Use that."
            )
        elif not trivial and b.relation == "level":
            sentences.append(
                "The activation function is not your question here: a linear model does as well "
                f"({versus(e, b)}). Use that."
            )
        elif not trivial:
            sentences.append(
                "The activation function is not your first question here: no network is clearly "
                f"better than a linear model ({versus(e, b)})."
            )
    return " ".join(sentences)


def _learning_linear_model(e: Evidence, trivial: Standing | None) -> Standing | None:
    """A linear model that found something where the networks are no better than guessing."""
    for b in e.baselines:
        if trivial and b.name == LINEAR_BASELINE and lead(e, b.mean, trivial.mean) > e.rope:
            return b if lead(e, b.mean, e.means[e.best]) > e.rope else None
    return None


def _answer_line(e: Evidence) -> str:
    if len(e.means) == 1:
        return f"Only {e.best} was tried: there is nothing to compare it with."
    if e.seeds == 1:
        return (
            "Does the choice of activation function matter here? One seed cannot tell: any "
            f"difference may be luck. {e.best} did best; run 10 seeds or more."
        )
    networks_lose = bool(_baseline_line(e))
    question = (
        "If you use a network all the same, does the choice of activation function matter?"
        if networks_lose
        else "Does the choice of activation function matter here?"
    )
    return f"{question} {_answer(e)}"


def _answer(e: Evidence) -> str:
    use = f"Use {e.best}{_or_equals(e)}."
    if not e.worse and not e.undecided:
        if len(e.means) == 2:
            return f"No: {join(list(e.means))} are practically the same ({within(e)}). Use either."
        return (
            f"No: all {len(e.means)} are practically as good as the best, {e.best} "
            f"({within(e)}). Use any of them."
        )
    if not e.worse:
        return (
            f"Not that these {e.seeds} seeds can show: none is clearly worse than {e.best}, "
            f"which has the best mean. {use}"
        )
    weak = {*e.linear, *e.step_like}
    if not set(e.worse) <= weak:
        losers = join(e.worse) if len(e.worse) <= FEW_NAMES else f"{len(e.worse)} of {len(e.means)}"
        return f"Yes: {losers} {'is' if len(e.worse) == 1 else 'are'} clearly worse. {use}"
    only = f"Only in that {join([f'{n} ({weakness(e, n)})' for n in e.worse])} {fall(e.worse)}."
    serious = [n for n in e.means if n not in weak]
    if e.best in weak or len(serious) < 2:
        return f"{only} {use}"
    equal = all(n in e.equivalent or n == e.best for n in serious)
    finding = (
        f"all are practically as good as the best ({within(e)})"
        if equal
        else "no clear difference from the best was found"
    )
    return f"{only} Among the {len(serious)} nonlinear, trainable ones {finding}. {use}"


def _or_equals(e: Evidence) -> str:
    if not e.equivalent:
        return ""
    shown = list(e.equivalent[:FEW_NAMES])
    more = len(e.equivalent) - len(shown)
    if more:
        shown.append(f"{more} more")
    return f" (or {join(shown, 'or')}: practically as good)"


# --- the details


def _best_line(e: Evidence) -> str:
    over = f"over {e.seeds} seeds" if e.seeds > 1 else "with one seed"
    line = f"Best: {e.best}, mean test {metric_name(e)} {value(e, e.means[e.best])} {over}."
    if e.baselines:
        against = [f"{phrase(b.name)} gives {value(e, b.mean)}" for b in e.baselines]
        line += f" For comparison, {join(against)}."
    if e.seeds == 1 or len(e.means) == 1:
        return line
    as_good = (e.best, *e.equivalent)
    line += "".join(
        f" Among the best is {n}, which keeps the whole network linear: nonlinearity gains little "
        "here."
        for n in as_good
        if n in e.linear
    )
    line += "".join(
        f" Among the best is {n}, whose hidden layers cannot train: random ones do as well here."
        for n in as_good
        if n in e.step_like
    )
    return line


def _equivalent_line(e: Evidence) -> str:
    if not e.equivalent:
        return ""
    return f"Practically equivalent to {e.best} ({within(e)}): {join(e.equivalent)}."


def _worse_line(e: Evidence) -> str:
    if not e.worse:
        return ""
    items = []
    for name in e.worse:
        gap = e.gaps[name]
        reason = "; ".join(filter(None, (weakness(e, name), _dropped(e, name))))
        interval = f"{number(e, gap.low)} to {number(e, gap.high)}"
        items.append(
            f"{name} by {number(e, gap.difference)} ({interval}{'; ' + reason if reason else ''})"
        )
    unit = "percentage points" if e.metric.percent else metric_name(e)
    return f"Clearly worse than {e.best}, in {unit} with 95% intervals: {join(items)}."


def _dropped(e: Evidence, name: str) -> str:
    """Where a race ended for one, and behind whom if not the best."""
    drop = e.dropped.get(name)
    if drop is None:
        return ""
    than = "" if drop.behind == e.best else f", against {drop.behind}"
    return f"stopped after {drop.seeds} seeds{than}"
