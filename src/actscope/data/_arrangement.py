"""Columns that say which rows belong together, or in which order they came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from actscope.data._say import counted, quoted
from actscope.data._types import texts_of, type_column
from actscope.errors import DataError


@dataclass(frozen=True, eq=False)
class Arrangement:
    """codes: Int["row"], of groups numbered from 0, or of times in their order (equal ones equal).

    kind: rows of a group are never parted; or what is tested is later than what is learned from.
    """

    kind: Literal["group", "time"]
    column: str
    codes: np.ndarray


def read_groups(column: pd.Series, name: str) -> Arrangement:
    """Rows with the same text are of one group.

    >>> read_groups(pd.Series(["a", "b", "a "]), "patient").codes.tolist()
    [0, 1, 0]
    """
    texts = texts_of(column)
    _complete(np.array([text is None for text in texts]), "group", name)
    return Arrangement("group", name, pd.factorize(texts)[0].astype(np.int64))


def read_times(column: pd.Series, name: str) -> Arrangement:
    """Numbers or dates, as ranks.

    >>> read_times(pd.Series(["2024-03-01", "2023-12-31", "2024-03-01"]), "day").codes.tolist()
    [1, 0, 1]
    """
    typed = type_column(column.rename(name))
    if typed.values is None or typed.kind not in ("number", "date"):
        raise DataError(f"the time {quoted(name)} holds neither numbers nor dates: name another")
    _complete(typed.absent, "time", name)
    return Arrangement("time", name, np.unique(typed.values, return_inverse=True)[1])


def _complete(absent: np.ndarray, what: str, name: str) -> None:
    if absent.any():
        raise DataError(
            f"{counted(int(absent.sum()), 'row')} without a {what} in {quoted(name)}: fill it in "
            "or leave such rows out"
        )
