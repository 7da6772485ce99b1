"""The terminal: tables, a progress bar, a small plot. All text is text, never rich's markup."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ._text import clean, label

if TYPE_CHECKING:  # rich is imported by who shows something
    from rich.console import Console, RenderableType

    Renderable = RenderableType
else:
    Console = Renderable = Any


@dataclass(frozen=True)
class Column:
    """A column of a terminal table. A name may have two lines.

    spare: left out, from the last such column on, where the terminal is too narrow for all.
    """

    name: str
    right: bool = False
    spare: bool = False


@dataclass(frozen=True)
class Line:
    """A row of a terminal table: `dim` for what stands beside the result, `strong` for the best."""

    cells: Sequence[str]
    dim: bool = False
    strong: bool = False


def console(stderr: bool = False) -> Console:
    """A console on stdout (or stderr) that shows users' text as it is.

    Where the width is unknown (a pipe, a file) lines may be 120 characters long.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or "COLUMNS" in os.environ
    return Console(
        stderr=stderr,
        markup=False,
        highlight=False,
        emoji=False,
        width=None if known else 120,
    )


def table(columns: Sequence[Column], lines: Iterable[Line], title: str = "") -> Renderable:
    """A table; cells are plain text, cleaned of control characters.

    In a narrow terminal spare columns are left out, and a line below says which; without any,
    or where that is not enough, cells are folded.
    """
    return _Table(tuple(columns), tuple(lines), title)


@dataclass(frozen=True)
class _Table:
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    title: str

    def __rich_console__(self, console: Console, options: Any) -> Iterator[Renderable]:
        from rich.measure import Measurement

        unbounded = options.update(max_width=100_000)
        shown = list(range(len(self.columns)))
        fold = not any(column.spare for column in self.columns)
        made = self._made(shown, fold)
        while not fold and Measurement.get(console, unbounded, made).maximum > options.max_width:
            spare = [i for i in shown if self.columns[i].spare]
            if not spare:
                fold = True
                made = self._made(shown, fold)
                break
            shown.remove(spare[-1])
            made = self._made(shown, fold)
        yield made
        gone = [c.name.replace("\n", " ") for i, c in enumerate(self.columns) if i not in shown]
        if gone:
            yield line(f" Too narrow here for: {', '.join(gone)}", style="dim")

    def _made(self, shown: Sequence[int], fold: bool) -> Renderable:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        made = Table(
            box=box.SIMPLE_HEAD,
            title=Text(label(self.title, None)) if self.title else None,
            title_justify="left",
            pad_edge=False,
        )
        for i in shown:
            made.add_column(
                Text(self.columns[i].name),
                justify="right" if self.columns[i].right else "left",
                overflow="fold",
                no_wrap=not fold,
            )
        for row in self.lines:
            style = "dim" if row.dim else "bold" if row.strong else ""
            cells = [row.cells[i] for i in shown]
            made.add_row(*(Text(label(cell, None) if cell else "") for cell in cells), style=style)
        return made


def line(text: str, style: Literal["", "bold", "dim", "italic"] = "") -> Renderable:
    """A paragraph of plain text; line breaks and spaces stay, other controls do not."""
    from rich.text import Text

    return Text("\n".join(clean(part) for part in text.split("\n")), style=style)


def group(*parts: Renderable) -> Renderable:
    """Several renderables, one below the other."""
    from rich.console import Group

    return Group(*parts)


def text_of(shown: Renderable, width: int | None = None) -> str:
    """What a terminal would show, as plain text without colours.

    width: characters; None: of the terminal, 120 where there is none.
    """
    from rich.console import Console

    stream = io.StringIO()
    wide = width or console().width
    Console(
        file=stream, width=wide, markup=False, highlight=False, emoji=False, color_system=None
    ).print(shown)
    return "\n".join(part.rstrip() for part in stream.getvalue().split("\n")).rstrip("\n")


class Progress:
    """What `progress` hands out. Both methods do nothing when there is no bar."""

    def __init__(self, bar: Any = None, task: Any = None) -> None:
        self._bar, self._task = bar, task

    def advance(self, count: float = 1) -> None:
        """So much more is done. The clock of the time left starts with the first of it.

        Until then the bar pulses: starting workers says nothing about the speed of the work.
        """
        if self._bar is not None and count > 0:
            self._bar.start_task(self._task)  # only the first call has an effect
            self._bar.advance(self._task, count)

    def describe(self, text: str) -> None:
        """What is going on now."""
        if self._bar is not None:
            self._bar.update(self._task, description=label(text, 60))


@contextlib.contextmanager
def progress(total: float, description: str, enabled: bool = True) -> Iterator[Progress]:
    """A progress bar with percentage and time left, on stderr, only if that is a terminal.

    >>> with progress(2, "training") as bar:
    ...     bar.advance()
    """
    if not (enabled and sys.stderr.isatty()):
        yield Progress()
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("time left", style="dim"),
        TimeRemainingColumn(),
    )
    screen = console(stderr=True)
    # What is printed meanwhile appears above the bar, unless it goes to a file or a pipe.
    both = sys.stdout.isatty()
    with Bar(*columns, console=screen, transient=True, redirect_stdout=both) as bar:
        yield Progress(bar, bar.add_task(label(description, 60), total=total, start=False))


_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # braille: row, column -> bit


def plot(
    curves: Sequence[Sequence[tuple[float, float]]],
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    columns: int = 48,
    rows: int = 12,
) -> list[str]:
    """Curves as lines of braille characters, with the axes through 0; points outside are left out.

    Args:
        curves: points (x, y) of each, close enough together to look like a line.
        x, y: the window shown.
    """
    width, height = 2 * columns, 4 * rows
    cells = [[0] * columns for _ in range(rows)]

    def dot(px: float, py: float) -> None:
        if not (x[0] <= px <= x[1] and y[0] <= py <= y[1]):  # also leaves out NaN
            return
        i = round((px - x[0]) / (x[1] - x[0]) * (width - 1))
        j = round((y[1] - py) / (y[1] - y[0]) * (height - 1))
        cells[j // 4][i // 2] |= _DOTS[j % 4][i % 2]

    for i in range(0, width, 4):  # dotted axes
        dot(x[0] + (x[1] - x[0]) * i / (width - 1), 0.0)
    for j in range(0, height, 4):
        dot(0.0, y[0] + (y[1] - y[0]) * j / (height - 1))
    for curve in curves:
        for px, py in curve:
            dot(px, py)
    return ["".join(chr(0x2800 + bits) for bits in row).rstrip("\u2800") for row in cells]
