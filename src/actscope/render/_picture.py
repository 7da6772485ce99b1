"""A figure that notebooks show. Imported when the first one is made: it needs matplotlib."""

from __future__ import annotations

from matplotlib.figure import Figure

from ._sheet import file_bytes


class Picture(Figure):
    """A matplotlib figure; a notebook shows it without pyplot having been imported."""

    def _repr_svg_(self) -> str:
        return file_bytes(self, ".svg", title="Activation functions").decode()
