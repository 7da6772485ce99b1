"""Chapter 10: a reader's own table -> a small fair study -> table and verdict."""

from __future__ import annotations

import base64
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actscope.errors import ActscopeError, DataError
from actscope.render import Markup, element

from ._poster import TOLD
from ._words import block, percent, strong, table, text

MOST_BYTES = 5_000_000
MOST_ROWS = 3_000
MOST_COLUMNS = 100
SEEDS, EPOCHS, HIDDEN = 5, 30, (32, 32)
_POLL = 0.1
_ELSEWHERE = "For more, run `actscope compare` in a terminal."

if TYPE_CHECKING:  # these take a second to import, which the first chapter need not wait for
    import pandas as pd

    from actscope.study import Comparison

# A study takes a core; readers in other tabs wait for their turn.
_turn = threading.Lock()


@dataclass(frozen=True)
class Upload:
    """A table as it came: `note` says what was left out, `error` why it cannot be used."""

    name: str
    frame: pd.DataFrame | None = None
    note: str = ""
    error: str = ""


def received(file: Mapping[str, Any] | None) -> Upload | None:
    """What the control `file` sends, as a table; None before one is chosen.

    >>> received({"name": "a.csv", "size": 12, "data": "eCx5CjEsMgozLDQ="}).frame.shape
    (2, 2)
    """
    if file is None:
        return None
    name, size = str(file["name"]), int(file["size"])
    if size > MOST_BYTES:
        return _too_large(name, size)
    return read(name, base64.b64decode(file["data"]))


def _too_large(name: str, size: int) -> Upload:
    said = f"{name} has {size / 1e6:.1f} MB; up to {MOST_BYTES / 1e6:.0f} MB fit here."
    return Upload(name, error=f"{said} {_ELSEWHERE}")


def read(name: str, contents: bytes) -> Upload:
    """A CSV file's bytes as a table, or one clear line.

    >>> read("a.csv", b"x,y\\n1,2\\n3,4\\n").frame.shape
    (2, 2)
    >>> read("a.csv", b"").error
    'a.csv is empty: choose a CSV file with a row of names and some rows of numbers.'
    """
    from actscope.data import read_frame

    if not contents.strip():
        return Upload(name, error=f"{name} is empty: choose a CSV file with a row of names and "
                                  "some rows of numbers.")  # fmt: skip
    if len(contents) > MOST_BYTES:
        return _too_large(name, len(contents))
    with tempfile.TemporaryDirectory(prefix="actscope-") as folder:
        path = Path(folder) / "table.csv"  # never the reader's own name: it could be a path
        path.write_bytes(contents)
        try:
            frame = read_frame(path)
        except DataError as error:
            said = str(error).replace(str(path), name).replace("table.csv", name)
            return Upload(name, error=said)
    if frame.shape[1] < 2:
        return Upload(name, error=f"{name} has one column: a column to predict needs others to "
                                  "predict it from.")  # fmt: skip
    if frame.shape[1] > MOST_COLUMNS:
        said = f"{name} has {frame.shape[1]} columns; up to {MOST_COLUMNS} fit here."
        return Upload(name, error=f"{said} {_ELSEWHERE}")
    rows, columns = len(frame), frame.shape[1]
    note = f"{rows:,} row{'s' * (rows != 1)}, {columns} column{'s' * (columns != 1)}."
    if len(frame) > MOST_ROWS:
        note += f" So that it stays quick, {MOST_ROWS:,} rows drawn at random are used."
        frame = frame.sample(MOST_ROWS, random_state=0).reset_index(drop=True)
    return Upload(name, frame, note)


@dataclass
class Job:
    """A study in a thread of its own: `shares` tells how far it is; then `result` or `error`."""

    upload: Upload
    target: str
    result: Comparison | None = None
    error: str = ""
    _share: float = field(default=0.0, repr=False)

    def shares(self) -> Iterator[float]:
        """Run, and say how much is done, 0 to 1, a few times a second."""
        if not _turn.acquire(blocking=False):
            self.error = "Another study is running in this program: try again when it is done."
            return
        try:
            thread = threading.Thread(target=self._run, daemon=True)
            thread.start()
            while thread.is_alive():
                yield min(self._share, 1.0)
                time.sleep(_POLL)
            yield 1.0
        finally:
            _turn.release()

    def _run(self) -> None:
        from actscope.study import compare

        try:
            self.result = compare(
                self.upload.frame,
                self.target,
                activations=list(TOLD),
                seeds=SEEDS,
                hidden=HIDDEN,
                epochs=EPOCHS,
                name=self.upload.name,
                workers=1,  # 3 s at most for so few rows, which further processes need to start
                progress=self._said,
            )
        except ActscopeError as error:
            self.error = str(error)

    def _said(self, share: float) -> None:
        self._share = share


def complaint(said: str) -> Markup:
    """One clear line of what is wrong."""
    return element("p", said, class_="complaint", role="alert")


def result(of: Comparison) -> Markup:
    """The verdict in large letters, the table below it."""
    shown = percent if of.metric in ("accuracy", "balanced_accuracy") else "{:.3f}".format
    rows = [
        [
            row.activation,
            shown(row.score.mean),
            f"{shown(row.score.low)} to {shown(row.score.high)}",
            "–" if row.dead_share is None else percent(row.dead_share),
        ]
        for row in of.rows
    ]
    baselines = [
        [name.replace("_", " "), shown(b.mean), f"{shown(b.low)} to {shown(b.high)}", ""]
        for name, b in of.baselines.items()
    ]
    answer, *more = of.verdict.text.split("\n")
    columns = ["activation", of.metric.replace("_", " "), "95% interval", "dead units"]
    return block(
        element("p", strong(answer), class_="verdict"),
        table(columns, [*rows, *baselines], f"{of.members_trained} networks trained"),
        text(
            "The last lines use no network at all: if a network does not beat them, it is not "
            "needed here. Each function was tried several times, from other random strengths and "
            "with other rows kept aside to test on: each such try has a number, its seed. The "
            "interval says where the score would lie, nearly always, if all were tried again. A "
            "linear model is one that can only draw straight lines."
        ),
        [text(line) for line in more],
    )
