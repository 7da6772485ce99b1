"""`actscope compare A B ...`: the same comparison on several tables, and the ranking over them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from actscope.errors import SettingError

from . import _track as track
from ._stopped import Stopped

if TYPE_CHECKING:
    from actscope.study import Comparisons


def compare_several(
    data: Sequence[str], target: str | None, *, json: bool, mlflow: str | None, **settings: Any
) -> Stopped | None:
    """Run, keep, say. settings: as for `act.compare`."""
    from actscope import study

    _refuse(settings)
    try:
        result = study.compare(list(data), target, **settings)
    except study.Interrupted as stop:
        if stop.folder is None:
            return Stopped("nothing was kept, as --no-save asked.")
        named = " ".join(shlex.quote(each) for each in data)
        return Stopped(f"what is finished is kept: the same command on {named} goes on with it")
    if json:
        folder = result.folder and str(result.folder)
        track.print_json({**result.to_dict(), "folder": folder}, result, mlflow)
    else:
        _show(result)
        track.log(result, mlflow)
    return None


def _refuse(settings: Mapping[str, Any]) -> None:
    if settings.get("resume") is not None:
        raise SettingError("--resume is for one study; give the same command again to go on")


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
