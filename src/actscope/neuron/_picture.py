"""A neuron as a picture: inputs, weights, sum, the activation with its threshold, output."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from actscope.errors import DataError, SettingError
from actscope.gallery import check_path, save
from actscope.render import (
    Markup,
    details,
    figure,
    html_fragment,
    html_table,
    label,
    sheet,
)
from actscope.render import picture as inline_picture

from ._draw import Layout, draw, narrow, wide
from ._inputs import rows_of
from ._text import brief, short

if TYPE_CHECKING:
    from actscope.render import Figure

    from ._neuron import Neuron

_DPI = 200.0
_TABLE_INPUTS = 4  # a notebook shows the table of so many inputs: 16 rows


def plot(neuron: Neuron, x: Any, path: str | os.PathLike[str] | None) -> Figure:
    """See `Neuron.plot`."""
    where = None if path is None else check_path(path, "neuron.svg")
    row, layout = _row(neuron, x), wide(neuron)
    fig = sheet(lambda blank: draw(blank, neuron, row, layout), layout.width, layout.height)
    if where is not None:
        save(fig, where, title=_title(neuron), description=described(neuron, row), dpi=_DPI)
    return fig


def inline(neuron: Neuron, x: Any, *, for_phone: bool = False) -> Markup:
    """See `Neuron.picture`."""
    return _inline(neuron, _row(neuron, x), narrow(neuron) if for_phone else wide(neuron))


def _inline(neuron: Neuron, row: list[float] | None, layout: Layout) -> Markup:
    return inline_picture(
        lambda blank: draw(blank, neuron, row, layout),
        layout.width,
        layout.height,
        title=_title(neuron),
        description=described(neuron, row),
        arrange=False,
    )


def fragment(neuron: Neuron) -> str:
    """The picture and, of few inputs, all answers, for a notebook's output."""
    parts = [figure(_inline(neuron, None, wide(neuron)), caption=described(neuron, None))]
    if len(neuron.weights) <= _TABLE_INPUTS:
        table = neuron.truth_table()
        rows = [
            [*map(short, map(float, row[: len(neuron.names) + 1])), brief(float(output), 4)]
            for row, output in zip(
                table.drop(columns="output").to_numpy(), table["output"], strict=True
            )
        ]
        made = html_table(
            [*map(label, neuron.names), "sum", "output"],
            rows,
            caption="All cases of inputs 0 and 1",
            numeric=range(len(neuron.names) + 2),
        )
        parts.append(details("All cases", made))
    return html_fragment(*parts)


def described(neuron: Neuron, row: list[float] | None) -> str:
    """The picture in words."""
    return neuron.text if row is None else neuron.explain(row)


def _title(neuron: Neuron) -> str:
    count = len(neuron.weights)
    return f"A neuron with {count} input{'' if count == 1 else 's'}"


def _row(neuron: Neuron, x: Any) -> list[float] | None:
    if x is None:
        return None
    if isinstance(x, (str, os.PathLike)):
        raise SettingError(
            f"a row of inputs comes first, not {str(x)!r}: for a file write path={str(x)!r}"
        )
    rows, _ = rows_of(x, neuron.names, neuron.named)
    if len(rows) != 1:
        raise DataError(f"a picture shows one row of inputs, not {len(rows)}: give one")
    return rows[0].tolist()
