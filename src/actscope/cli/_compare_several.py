"""`actscope compare A B ...`: the same comparison on several tables, and the ranking over them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import _json as json_output
from . import _track as track
from . import _values as values
from ._stopped import Stopped

if TYPE_CHECKING:
    from actscope.study import Comparisons, InterruptedSeveral


def compare_several(
    data: Sequence[str], target: str | None, *, json: bool, mlflow: str | None, **settings: Any
) -> Stopped | None:
    """Run, keep, say. data: none where a folder is gone on with. settings: as for `act.compare`."""
    from actscope import study

    try:
        result = study.compare(list(data) or None, target, **settings)
    except study.InterruptedSeveral as stop:
        return _how_to_go_on(stop, json)
    assert isinstance(result, study.Comparisons)
    if json:
        folder = result.folder and str(result.folder)
        track.print_json({**result.to_dict(), "folder": folder}, result, mlflow)
    else:
        _show(result)
        track.log(result, mlflow)
    return None


def estimate_several(data: Sequence[str], target: str | None, json: bool, **asked: Any) -> None:
    """`--dry-run`: a line for each table, and the sum."""
    from actscope import study

    found = study.estimate_several(data, target, **asked)
    if json:
        json_output.write(found.to_dict())
        return
    plan = found.each[0].order.plan
    for one in found.each:
        table = one.order.data
        for note in (*table.notes, *one.order.notes):
            print(f"- {table.name}: {note}")
    for one in found.each:
        table, most = one.order.data, "at most" if one.at_most else "about"
        print(
            f"{table.name}: {len(table.target)} rows, {table.frame.shape[1]} columns, "
            f"{table.task} judged by {one.order.plan.metric}; {one.order.plan.networks} networks "
            f"in {one.parts} parts, {most} {values.duration(one.seconds)}"
        )
    print(f"Activations: {', '.join(plan.activations)}")
    workers = max(one.workers for one in found.each)
    cores = f"{workers} workers" if workers > 1 else "one worker"
    print(
        f"Together {found.networks} networks. On this machine, with {cores}: "
        f"{'at most' if found.at_most else 'about'} {values.duration(found.seconds)}, "
        f"{found.memory / 1e9:.1f} GB of memory."
    )


def _how_to_go_on(stop: InterruptedSeveral, json: bool) -> Stopped:
    if stop.folder is None:
        return Stopped("nothing was kept, as --no-save asked.")
    command = f"actscope compare --resume {shlex.quote(str(stop.folder))}{' --json' * json}"
    parts = f" and {stop.finished} of {stop.total} parts of the next" if stop.total else ""
    are = "is" if stop.done == 1 and not parts else "are"
    return Stopped(f"{stop.done} of {stop.tables} tables{parts} {are} kept. Go on with: {command}")


def _show(result: Comparisons) -> None:
    from actscope import render

    screen = render.console()
    ranking = result.ranking
    columns = [
        render.Column("activation"),
        render.Column("average\nrank", right=True),
        *(render.Column(render.label(name, 18), right=True, spare=True) for name in ranking.data),
    ]
    lines = [
        render.Line(
            [render.label(name, 32), f"{ranking.average[name]:.2f}", *(f"{rank:g}" for rank in of)],
            strong=name == ranking.best,
        )
        for name, of in ranking.ranks.items()
    ]
    screen.print(render.table(columns, lines))
    first, _, rest = result.text.partition("\n")
    screen.print(render.line(first, "bold"))
    screen.print(render.line(rest))
    if result.folder is not None:
        page = result.folder / "index.html"
        print(f"\nThe page with the picture: {page}\n  {page.resolve().as_uri()}")
