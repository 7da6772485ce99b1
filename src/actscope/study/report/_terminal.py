"""A study in the terminal: the table, and the verdict in words."""

from __future__ import annotations

from actscope import render
from actscope.study._result import Comparison
from actscope.study.report import _present as show
from actscope.study.scoring._metrics import metric_named


def table(comparison: Comparison) -> render.Renderable:
    """The table of activations, best first, and the baselines below."""
    c = comparison
    trained = show.trained_per_activation(c)
    lower = metric_named(c.metric).lower
    two_classes = any(row.cutoff is not None for row in c.rows)
    columns = [
        render.Column("activation"),
        render.Column(f"test\n{show.metric_name(c.metric)}{' ↓' * lower}", right=True),
        render.Column("95%\ninterval", right=True),
        render.Column("learning\nrate", right=True),
        *([render.Column("median\ncutoff", right=True)] if two_classes else []),
        render.Column("dead", right=True),
        render.Column("saturated", right=True, spare=True),
        render.Column("zeros", right=True, spare=True),
        render.Column("diverged", right=True),
        render.Column("cost", right=True, spare=True),
    ]
    lines = []
    for row in c.rows:
        cutoff = show.NONE if row.cutoff is None else f"{row.cutoff:.2f}"
        of = f"/{trained[row.activation]}" if row.activation in trained else ""
        cells = [
            render.label(row.activation, 32),
            show.score(c.metric, row.score.mean),
            show.interval(c.metric, row.score) or show.NONE,
            show.rate(row.learning_rate),
            *([cutoff] if two_classes else []),
            show.share(row.dead_share),
            show.share(row.saturated_share),
            show.share(row.sparsity),
            f"{row.diverged}{of}" if row.diverged else "0",
            show.cost(row.cost),
        ]
        lines.append(render.Line(cells, strong=row.activation == c.verdict.best))
    for name, interval in c.baselines.items():
        cells = [
            render.label(name, 32),
            show.score(c.metric, interval.mean),
            show.interval(c.metric, interval) or show.NONE,
        ]
        empty = len(columns) - len(cells)
        lines.append(render.Line([*cells, *[""] * empty], dim=True))
    return render.table(columns, lines)


def text(comparison: Comparison) -> str:
    """The verdict's words, a line for each topic, then why a step-like activation cannot learn."""
    notes = [note for row in comparison.rows if (note := show.step_note(row))]
    race = show.race_note(comparison)
    return "\n".join([comparison.verdict.text.strip(), *([race] if race else []), *notes])
