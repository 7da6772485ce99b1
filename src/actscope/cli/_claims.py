"""`actscope claims`."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actscope.errors import SettingError

from . import _json as json_output
from . import _values as values
from ._stopped import Stopped

if TYPE_CHECKING:
    from actscope.claims import Claim, Outcome


def claims(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Which claims (--list shows them); else all."),
    ] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="More seeds: narrower intervals, in minutes.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the claims, measure none.")] = False,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="DIR", help="Write claims.md and claims/*.svg in there."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> Stopped | None:
    """Measure what introductions say about activation functions.

    Each claim is an experiment with a number, its 95% interval over seeds and a verdict: holds,
    holds in part, or not confirmed. All take about two minutes.

    \b
    Example:
      actscope claims
      actscope claims dying leaky-cures --thorough
      actscope claims --out report
    """
    if out is not None:
        _check_out(out, list_)
    from actscope import claims as room

    wanted = room.chosen(names or None)
    if list_:
        _list(wanted, json)
        return None
    done: list[Outcome] = []
    stopped = _measure(wanted, thorough, done, quiet=json)
    page = room.save(done, Path(out)) if out is not None and done else None
    if json:
        found = [room.to_json(outcome) for outcome in done]
        json_output.write({"schema": 1, "claims": found, "page": page and str(page)})
    elif done:
        _table(done)
        if page is not None:
            print(f"The page with the pictures: {page}")
    if not stopped:
        return None
    return _left(wanted[len(done) :], len(done), thorough, out, json)


def _check_out(out: str, listed: bool) -> None:
    if listed:
        raise SettingError("--list measures nothing that --out could write: give one of them")
    if not out.strip():
        raise SettingError("--out is empty; name a folder for the page")
    values.check_folder("--out", Path(out))


def _measure(wanted: Sequence[Claim], thorough: bool, done: list[Outcome], quiet: bool) -> bool:
    """Measure one after the other into `done`; whether Ctrl-C ended it."""
    from actscope.claims import run
    from actscope.render import progress

    costs = [_cost(claim, thorough) for claim in wanted]
    with progress(sum(costs), wanted[0].id) as bar:
        bar.advance(1e-9)  # a claim may take long: the clock starts with it, not after it
        try:
            for claim, cost in zip(wanted, costs, strict=True):
                bar.describe(claim.id)
                done.extend(run([claim.id], thorough))
                bar.advance(cost)
                if not quiet:
                    _say(done[-1])
        except KeyboardInterrupt:
            return True
    return False


def _cost(claim: Claim, thorough: bool) -> float:
    """Seconds that it takes about."""
    return claim.cost * (claim.thorough / claim.seeds if thorough and claim.seeds else 1)


def _say(outcome: Outcome) -> None:
    """An outcome as it comes: the verdict and its sentence."""
    from actscope.render import console

    width = min(console().width, 100)
    said = f"{outcome.id}: {outcome.verdict}. {outcome.text}"
    print(textwrap.fill(said, width - 1, subsequent_indent="  "), flush=True)


def _table(done: Sequence[Outcome]) -> None:
    from actscope.claims import counted
    from actscope.render import Column, Line, console, line, table

    columns = [
        Column("claim"),
        Column("verdict"),
        Column("number", right=True),
        Column("95% interval"),
        Column("seeds", right=True, spare=True),
        Column("seconds", right=True, spare=True),
        Column("what the number is", spare=True),
    ]
    lines = [
        Line(
            [
                o.id,
                o.verdict,
                o.number.shown,
                o.number.interval,
                str(o.seeds or ""),
                f"{o.seconds:.1f}",
                o.number.name,
            ],
            strong=o.verdict == "holds",
        )
        for o in done
    ]
    screen = console()
    screen.print(table(columns, lines))
    screen.print(line(f"Of {len(done)} claim{'s' * (len(done) > 1)}: {counted(done)}.", "bold"))


def _list(wanted: Sequence[Claim], json: bool) -> None:
    if json:
        listed = [{"id": c.id, "claim": c.says, "how": c.how, "seeds": c.seeds} for c in wanted]
        json_output.write({"schema": 1, "claims": listed})
        return
    from actscope.render import Column, Line, console, table

    lines = [Line([claim.id, claim.says]) for claim in wanted]
    console().print(table([Column("name"), Column("claim")], lines))


def _left(
    rest: Sequence[Claim], finished: int, thorough: bool, out: str | None, json: bool
) -> Stopped:
    command = f"actscope claims {' '.join(claim.id for claim in rest)}"
    command += " --thorough" * thorough + " --json" * json
    if out is not None:  # beside the page of those that are finished
        command += f" --out {shlex.quote(out.rstrip('/') + '-rest' * bool(finished))}"
    return Stopped(f"{finished} finished. The others: {command}")
