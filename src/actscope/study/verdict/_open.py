"""What a verdict leaves open, in words, and what weakens the rest of it."""

from __future__ import annotations

from itertools import groupby

from actscope.study.verdict._phrases import (
    FEW_NAMES,
    FEW_SEEDS,
    Evidence,
    duration,
    join,
    lost_to,
    percent,
    phrase,
    them,
    versus,
)


def undecided_line(e: Evidence) -> str:
    """Who is undecided, and what would settle it."""
    if not e.undecided or e.seeds == 1:
        return ""
    line = (
        f"Not decided: {join(e.undecided)}. These {e.seeds} seeds neither separate "
        f"{them(e.undecided)} from {e.best} nor show {them(e.undecided)} to be as good."
    )
    leaning = [n for n in e.undecided if e.gaps[n].same == e.gaps[n].same]
    if len(leaning) <= FEW_NAMES:
        line += f" Chances, each pair by itself: {'; '.join(_chances(e, n) for n in leaning)}."
    if e.between:
        clear = join([f"{better} is clearly better than {lesser}" for better, lesser in e.between])
        line += f" Yet {clear}."
    if e.seeds < FEW_SEEDS:  # too few to guess from
        return line
    reachable = [(count, name) for name, count in e.needed.items() if count is not None]
    for count, group in groupby(sorted(reachable, key=lambda item: item[0]), lambda item: item[0]):
        line += f" About {count} seeds would probably settle {join([n for _, n in group])}."
    hopeless = [name for name, count in e.needed.items() if count is None]
    if hopeless:
        why = ": every split draws on the same rows, so more rows of data are needed" * e.overlap
        everyone = len(hopeless) == len(e.undecided) > 1
        those = "For all of these" if everyone else f"For {join(hopeless)}"
        line += f" {those} more seeds alone will hardly do{why}."
    return line


def stopped_line(e: Evidence) -> str:
    """What the time allowed left undone, and what that would settle."""
    if e.stopped is None:
        return ""
    left = e.stopped.planned - e.stopped.seeds
    line = (
        f"The time allowed ({duration(e.stopped.seconds)}) ended this after {e.stopped.seeds} of "
        f"{e.stopped.planned} seeds. The other {left} would take about "
        f"{duration(e.stopped.more_seconds)}"
    )
    if not e.undecided or e.seeds < FEW_SEEDS:
        return f"{line}."
    settled = [
        name for name, count in e.needed.items() if count is not None and count <= e.stopped.planned
    ]
    if settled:
        return f"{line} and would probably settle {join(settled)}."
    return f"{line} and would hardly settle what is open."


def _chances(e: Evidence, name: str) -> str:
    """How an undecided one leans, the best's being better is its being worse."""
    gap = e.gaps[name]
    return f"{name} {percent(gap.same)} practically as good, {percent(gap.better)} worse"


def cautions(e: Evidence) -> list[str]:
    """What weakens the verdict, a line each."""
    lines = []
    if 1 < e.seeds < FEW_SEEDS:
        lines.append(
            f"Caution: {e.seeds} seeds are very few; run 10 or more before relying on this."
        )
    lines += [
        f"Caution: these {e.seeds} seeds do not yet show that a network beats "
        f"{phrase(b.name)} ({versus(e, b)})."
        for b in e.baselines
        if e.seeds > 1 and b.relation == "open" and not lost_to(e, b)
    ]
    judged = (e.best, *e.worse)
    for side, extreme, further in (("high", "largest", "larger"), ("low", "smallest", "smaller")):
        at_edge = [n for n in judged if e.edge.get(n) == side]
        worse = [n for n in at_edge if n != e.best]
        if worse:
            lines.append(
                f"Learning rate: the best for {join(worse)} was the {extreme} tried in most "
                f"seeds: try {further} ones before judging {them(worse)}."
            )
        if e.best in at_edge:
            lines.append(
                f"Learning rate: the best for {e.best} was the {extreme} tried in most seeds: "
                f"{further} ones may do better still."
            )
    blown = [f"{bad} of {total} networks with {n}" for n, (bad, total) in e.diverged.items() if bad]
    if blown:
        lines.append(f"Diverged (training ran off to infinity): {join(blown)}.")
    return lines
