"""One comparison on several data sets, and the ranking over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, overload

import pandas as pd

from actscope.errors import SettingError, StoreError
from actscope.render import write_all
from actscope.study._result import Comparison
from actscope.study._run import compare as compare_one
from actscope.study.keeping._store import PAGE, RESULTS, SCHEMA, json_bytes, to_json
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


@overload
def compare(  # pyright: ignore[reportOverlappingOverload]  # a list of tables is no table
    source: list[str] | list[Path] | list[pd.DataFrame], target: Any = None, **settings: Any
) -> Comparisons: ...
@overload
def compare(source: Any = None, target: Any = None, **settings: Any) -> Comparison: ...
@wraps(compare_one)  # its arguments and its words, for several tables too
def compare(source: Any = None, target: Any = None, **settings: Any) -> Comparison | Comparisons:
    if _are_several(source):
        return compare_several(source, target, **settings)
    return compare_one(source, target, **settings)


def _are_several(source: Any) -> bool:
    """Files or frames in a list: no table looks like that."""
    return isinstance(source, list | tuple) and any(
        isinstance(each, str | Path) or hasattr(each, "columns") for each in source
    )


def compare_several(
    sources: Sequence[Any], target: Any = None, *, out: str | Path | bool = False, **settings: Any
) -> Comparisons:
    """Compare the same activations on several tables and rank them over all.

    Args:
        sources: as `compare` takes them, two or more.
        target: the same column in each.
        out: the folder to keep all in, a folder for each data set within; True:
            ./actscope-ranking; False keeps nothing. The same command goes on after a stop.
        settings: as for `compare`.

    Raises:
        SettingError: one source only, or settings that `compare` refuses.
        DataError: a table that cannot be used, named.

    >>> found = compare_several(["sklearn:iris", "sklearn:wine"], activations="relu,tanh", seeds=2,
    ...                         learning_rates=0.01, epochs=3, hidden=4, workers=1, progress=False)
    >>> found.table.columns.tolist(), len(found.studies)
    (['activation', 'average_rank', '1: iris', '2: wine'], 2)
    """
    if len(sources) < 2:
        raise SettingError(f"several data sets are needed for a ranking, not {len(sources)}")
    if settings.get("resume") is not None or settings.get("name") is not None:
        raise SettingError("resume and name are for one data set; give the same command to go on")
    base = None if out is False else Path(FOLDER if out is True else out)
    studies: list[Comparison] = []
    names: list[str] = []
    for number, source in enumerate(sources, start=1):
        into = False if base is None else base / str(number)
        study = compare_one(source, target, out=into, **settings)
        studies.append(study)
        names.append(_unused(study.data.name, names))
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
            raise StoreError(f"cannot write to {base}: {reason}; name another folder") from None
    return found


def _unused(name: str, taken: Sequence[str]) -> str:
    """Two files of one name stay apart."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found
