"""One comparison on several data sets, and the ranking over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from time import monotonic
from typing import Any, overload

import pandas as pd

from actscope.errors import DataError, EngineError, SettingError, StoreError
from actscope.render import write_all
from actscope.study._budget import Allowed, allowed_from
from actscope.study._drive import Interrupted
from actscope.study._order import Order, only_given, order_of
from actscope.study._result import Comparison
from actscope.study._run import compare as compare_one
from actscope.study.keeping._store import PAGE, RESULTS, SCHEMA, json_bytes, to_json
from actscope.study.keeping._tables import TABLES, begin, describe, read, unused
from actscope.study.report._ranking_page import ranking_fragment, ranking_page
from actscope.study.scoring._metrics import metric_named
from actscope.study.statistics._ranking import Ranking, rank_all, ranking_text

FOLDER = "actscope-ranking"


@dataclass(frozen=True)
class Comparisons:
    """Studies of several data sets. folder: where they are kept, each in a folder of its own."""

    studies: tuple[Comparison, ...]
    ranking: Ranking
    folder: Path | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row per activation, best average rank first, with its rank on each data set."""
        return self.ranking.table

    @property
    def text(self) -> str:
        """The answer over all data sets, then a line for each of them."""
        lines = [ranking_text(self.ranking)]
        for name, study in zip(self.ranking.data, self.studies, strict=True):
            lines.append(f"{name}: {study.verdict.text.partition(chr(10))[0]}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The document that `actscope compare A B --json` prints."""
        return {
            "schema": SCHEMA,
            "studies": [to_json(study) for study in self.studies],
            "ranking": self.ranking.to_dict(),
        }

    def files(self) -> dict[str, bytes]:
        """What is kept of the ranking, by name: index.html and results.json."""
        return {
            PAGE: ranking_page(self.ranking, self.studies).encode(),
            RESULTS: json_bytes(self.to_dict()),
        }

    def to_html(self, path: str | Path) -> Path:
        """Write the page of the ranking alone."""
        try:
            write_all({Path(path): ranking_page(self.ranking, self.studies).encode()})
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror or error}") from None
        return Path(path)

    def _repr_html_(self) -> str:
        return ranking_fragment(self.ranking, self.studies)

    def __str__(self) -> str:
        return self.text


class InterruptedSeveral(Interrupted):
    """Ctrl-C in one of several studies: `done` of `tables` are finished, and a part of the next."""

    def __init__(
        self, folder: Path | None, done: int, tables: int, finished: int = 0, total: int = 0
    ) -> None:
        super().__init__(folder, finished, total)
        self.done, self.tables = done, tables


@overload
def compare(  # pyright: ignore[reportOverlappingOverload]  # a list of tables is no table
    source: list[str] | list[Path] | list[pd.DataFrame], target: Any = None, **settings: Any
) -> Comparisons: ...
@overload
def compare(source: Any = None, target: Any = None, **settings: Any) -> Comparison: ...
@wraps(compare_one)  # its arguments and its words, for several tables too
def compare(source: Any = None, target: Any = None, **settings: Any) -> Comparison | Comparisons:
    resume = settings.get("resume")
    if are_several(source) or (source is None and resume is not None and holds_several(resume)):
        return compare_several(source, target, **settings)
    return compare_one(source, target, **settings)


def are_several(source: Any) -> bool:
    """Files or frames in a list: no table looks like that."""
    return isinstance(source, list | tuple) and any(
        isinstance(each, str | Path) or hasattr(each, "columns") for each in source
    )


def holds_several(folder: str | Path) -> bool:
    """Are studies of several tables kept there?"""
    return (Path(folder) / TABLES).is_file()


def compare_several(
    sources: Sequence[Any] | None,
    target: Any = None,
    *,
    out: str | Path | bool = False,
    resume: str | Path | None = None,
    **settings: Any,
) -> Comparisons:
    """Compare the same activations on several tables and rank them over all.

    All tables are read before the first network is trained, so that what cannot be used is told
    at once.

    Args:
        sources: as `compare` takes them, two or more; None with `resume`.
        target: the same column in each.
        out: the folder to keep all in, a folder for each data set within; True:
            ./actscope-ranking; False keeps nothing. The same command goes on after a stop.
        resume: such a folder, to go on with.
        settings: as for `compare`; a budget is for all together.

    Raises:
        SettingError: one source only, or settings that `compare` refuses.
        DataError: a table that cannot be used, named.
        InterruptedSeveral: Ctrl-C.

    >>> found = compare_several(["sklearn:iris", "sklearn:wine"], activations="relu,tanh", seeds=2,
    ...                         learning_rates=0.01, epochs=3, hidden=4, workers=1, progress=False)
    >>> found.table.columns.tolist(), len(found.studies)
    (['activation', 'average_rank', '1: iris', '2: wine'], 2)
    """
    allowed = allowed_from(settings.pop("budget", None))
    if settings.get("name") is not None:
        raise SettingError("name is for one data set: several are named by their files")
    if resume is not None and out:
        raise SettingError("out and resume contradict each other: a study goes on in its folder")
    base = None
    if resume is not None:
        base = Path(resume)
        sources, target, settings = _kept(base, sources, target, settings)
    assert sources is not None
    if len(sources) < 2:
        raise SettingError(f"several data sets are needed for a ranking, not {len(sources)}")
    orders = [_order(number, source, target, settings) for number, source in enumerate(sources, 1)]
    if base is None and out is not False:
        tables = describe(orders, target, settings)
        base = unused(FOLDER, tables) if out is True else Path(out)
        begin(base, tables)
    names: list[str] = []
    for order in orders:
        names.append(_unused(order.data.name, names))
    del orders  # with all data but those that the caller holds
    studies = _each(sources, target, base, settings, allowed)
    means = {
        name: {
            row.activation: metric_named(study.metric).sign * row.score.mean for row in study.rows
        }
        for name, study in zip(names, studies, strict=True)
    }
    found = Comparisons(tuple(studies), rank_all(means), base)
    if base is not None:
        try:
            write_all({base / name: content for name, content in found.files().items()})
        except OSError as error:
            reason = error.strerror or error
            raise StoreError(
                f"cannot write the ranking to {base}: {reason}; all studies are kept: make room, "
                f"and resume={str(base)!r} goes on"
            ) from None
    return found


def _kept(
    base: Path, sources: Sequence[Any] | None, target: Any, given: Mapping[str, Any]
) -> tuple[Sequence[Any], Any, dict[str, Any]]:
    """What is known from the folder, with what is given beside it."""
    tables = read(base)
    if tables is None:
        raise StoreError(f"no studies of several tables in {base}: give the folder that was named")
    if sources is None:
        sources = tables.found(base)
    elif len(sources) != len(tables.plans):
        raise SettingError(
            f"the studies in {base} are of {len(tables.plans)} tables, and these are "
            f"{len(sources)}: give the same, or none"
        )
    settings = {**tables.arguments(), **only_given(given)}
    return sources, tables.target if target is None else target, settings


def _order(number: int, source: Any, target: Any, settings: Mapping[str, Any]) -> Order:
    try:
        return order_of(source, target, settings)
    except DataError as error:
        if isinstance(source, str | Path):
            raise
        raise DataError(f"table {number}: {error}") from None


def _each(
    sources: Sequence[Any],
    target: Any,
    base: Path | None,
    settings: Mapping[str, Any],
    allowed: Allowed | None,
) -> list[Comparison]:
    """One after the other; each gets its part of the time that those before it left."""
    studies: list[Comparison] = []
    for number, source in enumerate(sources, start=1):
        into = False if base is None else base / str(number)
        share = None
        if allowed is not None:
            share = max(0.1, allowed.until - monotonic()) / (len(sources) - number + 1)
        try:
            studies.append(compare_one(source, target, out=into, budget=share, **settings))
        except KeyboardInterrupt as stop:
            parts = (stop.finished, stop.total) if isinstance(stop, Interrupted) else ()
            raise InterruptedSeveral(base, len(studies), len(sources), *parts) from None
        except (SettingError, StoreError, EngineError) as error:  # a setting: too little time
            # what goes on is all of it
            said = str(error).replace(f"resume={str(into)!r}", f"resume={str(base)!r}")
            raise type(error)(f"table {number} of {len(sources)}: {said}") from None
    return studies


def _unused(name: str, taken: Sequence[str]) -> str:
    """Two files of one name stay apart."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found
