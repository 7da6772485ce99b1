"""The terminal: users' text is text, progress only where somebody looks."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from actscope.render import Column, Line, Progress, console, label, line, plot, progress, table


def _shown(thing: object, width: int = 100) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, markup=False, emoji=False, highlight=False).print(thing)
    return stream.getvalue()


@given(st.text())
def test_a_label_is_one_printable_line(text: str) -> None:
    shown = label(text, 12)
    assert shown
    assert shown.isprintable()
    assert len(shown) <= 12


def test_a_label_keeps_what_fits() -> None:
    assert label("leaky_relu(negative_slope=0.2)", None) == "leaky_relu(negative_slope=0.2)"
    assert label("\u202eevil\x1b[31m") == "evil [31m"
    assert label(" \n ") == "(empty)"


@pytest.mark.parametrize("name", ["[red]x", "[/]", ":smile:", "[link=http://x]y[/link]"])
def test_markup_of_rich_is_text(name: str) -> None:
    out = _shown(table([Column("a"), Column("b", right=True)], [Line([name, "1"])]))
    assert name in out
    assert name in _shown(line(name))


def test_a_table_has_no_control_characters() -> None:
    out = _shown(table([Column("a")], [Line(["x\x1b[2Jy"], strong=True), Line(["z"], dim=True)]))
    assert "\x1b" not in out
    assert "x [2Jy" in out


def test_a_paragraph_keeps_its_lines_and_spaces() -> None:
    assert _shown(line("f(x)  = x\n  a")) == "f(x)  = x\n  a\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_silent_when_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress(3, "training") as bar:
        bar.advance()
        bar.describe("more")
    assert isinstance(bar, Progress)
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]
    assert capsys.readouterr().out == ""


def test_progress_shows_percentage_and_time_left_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress(4, "training [red]") as bar:
        bar.advance(1)
        bar.describe("training [blue]")
        bar.advance(2)
    shown = screen.getvalue()
    assert "75%" in shown
    assert "[blue]" in shown
    assert "time left" in shown
    assert capsys.readouterr().out == ""
    before = len(shown)
    with progress(4, "off", enabled=False) as bar:
        bar.advance(1)
    assert len(screen.getvalue()) == before


def test_a_pipe_is_wide_enough_for_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert console().width == 120


def _dots(rows: list[str], columns: int) -> set[tuple[int, int]]:
    """Where the dots are, from the definition of the braille block."""
    places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
    return {
        (2 * i + dx, 4 * j + dy)
        for j, row in enumerate(rows)
        for i, char in enumerate(row.ljust(columns, "\u2800"))
        for bit, (dx, dy) in enumerate(places)
        if (ord(char) - 0x2800) >> bit & 1
    }


def test_a_plot_puts_each_point_where_it_belongs() -> None:
    rows = plot([[(0.0, 0.0), (1.0, 1.0)]], x=(0.0, 1.0), y=(0.0, 1.0), columns=2, rows=2)
    assert len(rows) == 2
    found = _dots(rows, 2)
    assert {(0, 7), (3, 0)} <= found  # bottom left, top right
    axes = {(i, 7) for i in range(4)} | {(0, j) for j in range(8)}
    assert found - axes == {(3, 0)}


def test_a_plot_leaves_out_what_is_outside_or_no_number() -> None:
    points = [(1.5, 9.0), (float("nan"), 1.5), (1.5, float("nan")), (5.0, 1.5)]
    drawn = plot([points], x=(1.0, 2.0), y=(1.0, 2.0))
    assert drawn == plot([], x=(1.0, 2.0), y=(1.0, 2.0)) == [""] * 12


@pytest.mark.parametrize("width", [30, 45, 200])
def test_a_narrow_terminal_leaves_out_spare_columns_whole_and_says_so(width: int) -> None:
    columns = [
        Column("activation"),
        Column("test\naccuracy", right=True),
        Column("zeros", right=True, spare=True),
        Column("cost", right=True, spare=True),
    ]
    wide = Console(width=width, record=True, file=io.StringIO())
    wide.print(table(columns, [Line(["leaky_relu", "97.5%", "50.0%", "1.25x"])]))
    text = " ".join(wide.export_text().split())
    assert "leaky_relu" in text
    assert "97.5%" in text
    shown = {name for name, cell in (("zeros", "50.0%"), ("cost", "1.25x")) if cell in text}
    assert shown == {30: set(), 45: {"zeros", "cost"}, 200: {"zeros", "cost"}}[width]
    assert ("Too narrow here for: zeros, cost" in text) == (not shown)
