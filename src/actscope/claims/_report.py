"""Outcomes as JSON-ready values and as a page of Markdown with pictures."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from actscope.errors import StoreError
from actscope.render import write_all

from ._claim import Outcome
from ._numbers import Number
from ._pictures import spoken, svg
from ._verdict import VERDICTS, Check

_INTRO = """\
# The claims, measured

Introductions to activation functions say much about them. Here each claim is an experiment.
This page is what one run of `actscope claims` wrote: no number and no verdict is typed.

A verdict follows from conditions that stand in the code, not from the numbers of this run. All were
written before anything was measured but those of three, changed after a first look: relu-cheap
(being cheaper became the essential condition, on arrays that stay in a core's cache), half-active
(the share after training became a remark, as the claim is about the start) and leaky-cures (winning
accuracy became essential). A condition is met only if the whole 95% interval of its number meets
it, so that chance alone seldom speaks for a claim; what was counted or measured once has none.
*Holds*: all are met. *Holds in part*: all essential ones are. *Not confirmed*: an
essential one is refuted, or stays open with so many runs.
"""


def to_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain values: all but its picture, which its numbers make.

    Keys: id, claim, verdict, text, number, numbers, conditions, how, seeds, seconds. A number has
    name, value, low, high, unit and runs (0 where nothing is random).
    """
    return {
        "id": outcome.id,
        "claim": outcome.claim,
        "verdict": outcome.verdict,
        "text": outcome.text,
        "number": dataclasses.asdict(outcome.number),
        "numbers": [dataclasses.asdict(number) for number in outcome.numbers],
        "conditions": [
            {
                "condition": check.bound.words,
                "number": check.number.name,
                "met": check.ok,
                "essential": check.essential,
            }
            for check in outcome.checks
        ],
        "how": outcome.how,
        "seeds": outcome.seeds,
        "seconds": outcome.seconds,
    }


def counted(outcomes: Sequence[Outcome]) -> str:
    """How many of each verdict.

    >>> counted([])
    'none measured'
    """
    found = Counter(outcome.verdict for outcome in outcomes)
    said = ", ".join(f"{found[v]} {_plural(v, found[v])}" for v in VERDICTS if found[v])
    return said or "none measured"


def save(outcomes: Sequence[Outcome], folder: Path) -> Path:
    """Write `claims.md` and a picture of each claim in `claims/`; the page's path.

    Raises:
        StoreError: the folder cannot be written to.
    """
    page, pictures = folder / "claims.md", folder / "claims"
    files = {pictures / f"{o.id}.svg": svg(o.picture) for o in outcomes}
    try:
        pictures.mkdir(parents=True, exist_ok=True)
        write_all({page: markdown(outcomes, pictures.name).encode(), **files})
    except OSError as error:
        said = error.strerror or error
        raise StoreError(f"cannot write to {str(folder)!r}: {said}; name another folder") from None
    return page


def markdown(outcomes: Sequence[Outcome], pictures: str) -> str:
    """The page: what was found in a table, then a section for each claim.

    pictures: the folder of the pictures, as seen from the page.
    """
    seconds = sum(o.seconds for o in outcomes)
    summary = [
        "| claim | verdict | number | 95% interval |",
        "|---|---|---|---|",
        *(
            f"| [{o.id}](#{o.id}) | {o.verdict} | {_cell(o.number.name)}: {o.number.shown} "
            f"| {o.number.interval} |"
            for o in outcomes
        ),
    ]
    torch = version("torch").split("+")[0]  # without the build
    made = (
        f"{counted(outcomes).capitalize()}. Measured in {seconds:.0f} seconds on a processor, "
        f"with PyTorch {torch}; `actscope claims --thorough` uses more seeds."
    )
    parts = [_INTRO, made, "\n".join(summary), *(_section(o, pictures) for o in outcomes)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _section(o: Outcome, pictures: str) -> str:
    runs = f"{o.seeds} seeds, {o.seconds:.1f} s" if o.seeds else "Nothing is random here"
    conditions = "\n".join(_condition(check) for check in o.checks)
    numbers = "\n".join(
        ["| number | value | 95% interval | runs |", "|---|---|---|---|", *map(_row, o.numbers)]
    )
    alt = _cell(spoken(o.picture)).replace("[", "(").replace("]", ")")
    return f"""\
## {o.id}

{o.claim}

**{o.verdict.capitalize()}.** {o.text}

![{alt}]({pictures}/{o.id}.svg)

{o.how} {runs}.

{conditions}

<details><summary>All numbers</summary>

{numbers}

</details>"""


def _condition(check: Check) -> str:
    kind = "essential" if check.essential else "further"
    said = "met" if check.ok else "not met"
    return f"- {kind}: {check.bound.words}; {check.number.name}: {check.number.shown}, **{said}**"


def _row(number: Number) -> str:
    runs = str(number.runs or "")
    return f"| {_cell(number.name)} | {number.shown} | {number.interval} | {runs} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plural(verdict: str, count: int) -> str:
    return verdict if count == 1 else verdict.replace("holds", "hold")
