"""Colours, markers and dashes: one look for each activation, legible in light and dark.

Every colour is a CSS variable with two values. The eight series colours have a contrast of at
least 3 to the paper (WCAG 1.4.11) and stay apart for people with deuteranopia or protanopia;
tests/render/test_style.py measures both. Colour is never alone: each slot has its own marker,
and colours that repeat have another dash.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

# name -> (light, dark)
NEUTRALS = {
    "paper": ("#ffffff", "#14171c"),
    "panel": ("#f6f7f9", "#1c2027"),
    "ink": ("#1b1e24", "#e8eaee"),
    "muted": ("#5a616c", "#a2aab6"),
    "grid": ("#e3e6ea", "#2c323b"),
    "faint": ("#c5cad2", "#4b535f"),
    "link": ("#0b58a8", "#86b7ff"),
}
SERIES = (
    ("#0460ba", "#5b8dff"),
    ("#e36614", "#ff8f4a"),
    ("#0b8973", "#35e0a5"),
    ("#a9348f", "#de85c8"),
    ("#6f5b00", "#fae26f"),
    ("#1398d9", "#9ad8ff"),
    ("#33343c", "#d5d5dc"),
    ("#d1214a", "#fe5e78"),
)
INK, MUTED, FAINT, GRID, PAPER = (
    NEUTRALS[name][0] for name in ("ink", "muted", "faint", "grid", "paper")
)

_DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2), (1.5, 1.5), (6, 2, 1.5, 2))
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p", "<", ">", "h", "*", "d", "8", "H", "+")
# Well-known names keep one look on every page; all others take a free slot by their checksum.
# The first row has one colour each; the second shares the colours, with dashes, each with one
# that it is seldom compared with.
_KNOWN = (
    *("relu", "tanh", "gelu", "sigmoid", "leaky_relu", "silu", "step", "elu"),
    *("celu", "hard_swish", "selu", "mish", "identity", "softsign", "prelu", "softplus"),
)


@dataclass(frozen=True)
class Look:
    """How one activation is drawn. `dash` is in points, empty for a solid line."""

    color: str
    marker: str
    dash: tuple[float, ...]
    index: int

    @property
    def linestyle(self) -> str | tuple[float, tuple[float, ...]]:
        """The dash in the form that matplotlib takes."""
        return (0, self.dash) if self.dash else "-"


def _look(slot: int) -> Look:
    cycle = slot // len(SERIES)
    return Look(
        color=SERIES[slot % len(SERIES)][0],
        marker=_MARKERS[slot % len(_MARKERS)],
        dash=_DASHES[cycle % len(_DASHES)],
        index=slot % len(SERIES),
    )


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A look for each activation, the same on every page that shows the same names.

    Up to eight names that are not well known get eight different colours; then dashes change.

    >>> looks(["relu"])["relu"] == looks(["tanh", "relu"])["relu"]
    True
    """
    wanted = sorted(set(names))
    taken = {name: _KNOWN.index(name) for name in wanted if name in _KNOWN}
    slots = len(_DASHES) * len(SERIES)
    for name in wanted:
        if name in taken:
            continue
        start = zlib.crc32(name.encode("utf-8", "replace")) % len(SERIES)
        ring = [(start + i) % len(SERIES) for i in range(len(SERIES))]
        used_colors = {slot % len(SERIES) for slot in taken.values()}
        unused = [slot for slot in ring if slot not in used_colors]
        cycles = [c * len(SERIES) + slot for c in range(len(_DASHES)) for slot in ring]
        free = [slot for slot in (*unused, *cycles) if slot not in taken.values()]
        taken[name] = free[0] if free else len(taken) % slots
    return {name: _look(slot) for name, slot in taken.items()}


def variables(dark: bool) -> str:
    """The CSS declarations of every colour, for one of the two modes."""
    named = [*NEUTRALS.items(), *((f"series-{i}", pair) for i, pair in enumerate(SERIES))]
    return "".join(f"--{name}:{pair[1 if dark else 0]};" for name, pair in named)


def variable_of() -> dict[str, str]:
    """From a light colour to the CSS that follows the reader's mode, the colour as fallback."""
    named = [*NEUTRALS.items(), *((f"series-{i}", pair) for i, pair in enumerate(SERIES))]
    return {light: f"var(--{name},{light})" for name, (light, _dark) in named}


def css_color(color: str) -> str:
    """A palette colour as CSS that follows the reader's mode; any other as it is."""
    return variable_of().get(color, color)
