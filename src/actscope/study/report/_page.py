"""A study as one self-contained HTML page: the verdict first, then the evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actscope import render
from actscope.render import Markup, Section, element, html_table
from actscope.study._result import Comparison, Row
from actscope.study.report import _method as method
from actscope.study.report import _present as show
from actscope.study.report._panels import curves, cutoffs, learning_rates
from actscope.study.report._pictures import Picture, dead, scores
from actscope.study.scoring._metrics import metric_named


def page(comparison: Comparison) -> str:
    """The page of a study: no script, no outside request, every name escaped."""
    c = comparison
    sections = [
        Section("The evidence", [_table(c), *_step_notes(c), _pairs(c)]),
        *_pictures(c),
        Section(
            "What was done to the model"
            if c.data.task == "model"
            else "What was found in the data",
            _data_notes(c),
        ),
        Section(
            "How it was done",
            [_paragraphs([*method.sentences(c), *method.definitions(c)]), _settings(c.plan)],
        ),
        Section("Do it again", _again(c)),
    ]
    title = f"Which activation function for {render.label(c.data.name, 80)}?"
    footer = (
        f"Made by actscope. {show.count(c.members_trained, 'network')} trained in "
        f"{show.duration(c.seconds)}. "
        f"The {'example' if c.data.task == 'model' else 'data'}'s fingerprint: "
        f"{render.label(c.data.fingerprint)}."
    )
    return render.html_page(title, sections, lead=_lead(c), footer=footer)


def fragment(comparison: Comparison) -> str:
    """A study as a notebook shows it: the verdict, the table and the picture of the scores."""
    c = comparison
    return render.html_fragment(_verdict(c), _table(c), _figure(scores(c)))


# --- the verdict


def _verdict(c: Comparison) -> tuple[list[Markup], list[Markup]]:
    """The answer, large, below its question; and the lines that explain it."""
    lines = [line for line in c.verdict.text.split("\n") if line.strip()]
    first, *rest = lines or [f"Use {c.verdict.best}."]
    question, mark, answer = first.partition("? ")
    if not mark or ". " in question:  # no question, or not at the beginning
        question, answer = "", first
    head = [element("p", f"{question}?", class_="question")] if question else []
    head.append(element("p", answer, class_="verdict"))
    return head, [element("p", line) for line in rest]


def _lead(c: Comparison) -> list[object]:
    colors = {name: look.color for name, look in render.looks(r.activation for r in c.rows).items()}
    groups = [
        ("Best", (c.verdict.best,)),
        ("Practically as good", c.verdict.equivalent),
        ("Not decided", c.verdict.undecided),
        ("Clearly worse", c.verdict.worse),
    ]
    listed = [
        [
            element("dt", name),
            element("dd", [_swatch(member, colors.get(member)) for member in members]),
        ]
        for name, members in groups
        if members
    ]
    answer, reasons = _verdict(c)
    warnings = (
        element("div", [element("p", w) for w in c.warnings], class_="note", role="note")
        if c.warnings
        else None
    )
    return [answer, element("dl", listed, class_="groups"), reasons, warnings]


def _swatch(name: str, color: str | None) -> Markup:
    style = f"--swatch:{render.css_color(color)}" if color else None
    return element("span", render.label(name), class_="swatch", style=style)


# --- the table


def _table(c: Comparison) -> Markup:
    trained = show.trained_per_activation(c)
    metric = show.metric_name(c.metric)
    columns = [
        "activation",
        f"test {metric} (95% interval{'; lower is better' * metric_named(c.metric).lower})",
        "learning rate (times chosen)",
        "dead units",
        "saturated units",
        "zero outputs",
        "weights moved",
        "diverged",
        "relative cost",
    ]
    rows = [_cells(c, row, trained.get(row.activation)) for row in c.rows]
    baselines = [
        [render.label(name), _score_cell(c, interval), *[""] * (len(columns) - 2)]
        for name, interval in c.baselines.items()
    ]
    seeds = max((row.seeds for row in c.rows), default=0)
    below = "Below: what needs no activation." if c.data.task != "model" else ""
    caption = f"Best first; mean over {show.count(seeds, 'seed')}. {below}".rstrip()
    return html_table(
        columns, rows, caption=caption, numeric=range(1, len(columns)), footer=baselines
    )


def _sub(text: str) -> Markup | None:
    return element("span", text, class_="sub") if text else None


def _score_cell(c: Comparison, of: Any) -> list[object]:
    return [show.score(c.metric, of.mean), _sub(show.interval(c.metric, of))]


def _cells(c: Comparison, row: Row, trained: int | None) -> list[object]:
    at_half = None
    if row.cutoff is not None:
        half = row.score_at_half
        beside = f"; {show.score(c.metric, half.mean)} at 0.5" if half is not None else ""
        at_half = _sub(f"median cutoff {row.cutoff:.2f}{beside}")
    return [
        [render.label(row.activation, 60), _sub(method.formula_below(c, row.activation))],
        [*_score_cell(c, row.score), at_half],
        [show.rate(row.learning_rate), _sub(show.rates(row.learning_rates))],
        show.share(row.dead_share),
        show.share(row.saturated_share),
        show.share(row.sparsity),
        show.movement(row.hidden_change),
        [str(row.diverged), _sub(f"of {trained}" if trained and row.diverged else "")],
        show.cost(row.cost),
    ]


def _step_notes(c: Comparison) -> list[Markup]:
    notes = [note for row in c.rows if (note := show.step_note(row))]
    if not notes:
        return []
    return [element("div", [element("p", n) for n in notes], class_="note", role="note")]


def _pairs(c: Comparison) -> Markup | None:
    if not c.verdict.pairs:
        return None
    percent = metric_named(c.metric).percent
    scale, unit = (100, "percentage points") if percent else (1, show.metric_name(c.metric))
    form = "+.1f" if percent else "+.3f" if metric_named(c.metric).unit == "1" else "+.3g"
    rows = [
        [
            f"{render.label(p.first)} − {render.label(p.second)}",
            f"{scale * p.difference:{form}}",
            f"{scale * p.low:{form}} to {scale * p.high:{form}}",
            show.probability(p.p_different),
            show.probability(p.p_equivalent),
            *(show.chance(x) for x in (p.better, p.same, p.worse)),
        ]
        for p in c.verdict.pairs
    ]
    columns = ["pair", "difference", "95% interval", "p (different)", "p (practically the same)"]
    columns += ["chance first is better", "same", "worse"]
    caption = (
        f"Paired differences in test score, in {unit}. The p-values, adjusted for all pairs, "
        "decide; the chances that the first is better by more than matters, practically the same "
        "or worse are of each pair by itself."
    )
    table = html_table(columns, rows, caption=caption, numeric=range(1, 8))
    return render.details(f"All {show.count(len(rows), 'pair')}", table)


# --- pictures


def _figure(picture: Picture | None, more: Markup | None = None) -> Markup | None:
    if picture is None:
        return None
    return render.figure(*picture.pictures, caption=picture.caption, more=more)


def _pictures(c: Comparison) -> list[Section]:
    rates = _figure(learning_rates(c), _rate_numbers(c)) or element("p", method.one_rate(c))
    found = [
        ("Scores", _figure(scores(c))),
        ("Learning curves", _figure(curves(c))),
        ("Score against learning rate", rates),
        ("Dead units", _figure(dead(c), _layer_numbers(c))),
        ("Score against cutoff", _figure(cutoffs(c))),
    ]
    return [Section(heading, [made]) for heading, made in found if made is not None]


def _rate_numbers(c: Comparison) -> Markup:
    rows = [
        [
            render.label(record["activation"]),
            show.rate(float(record["learning_rate"])),
            show.score(c.metric, float(record["mean"])),
            f"{show.score(c.metric, float(record['low']))} to "
            f"{show.score(c.metric, float(record['high']))}",
        ]
        for record in c.by_rate.to_dict("records")
    ]
    columns = ["activation", "learning rate", "validation score", "95% interval"]
    caption = "Validation score at each learning rate, mean over seeds"
    return render.details(
        "The numbers", html_table(columns, rows, caption=caption, numeric=(1, 2, 3))
    )


def _layer_numbers(c: Comparison) -> Markup:
    rows = [
        [
            render.label(record["activation"]),
            str(record["layer"]),
            str(record["units"]),
            *(
                show.share(None if record[k] is None else float(record[k]))
                for k in ("dead_share", "saturated_share", "sparsity")
            ),
        ]
        for record in c.dead_by_layer.to_dict("records")
    ]
    columns = ["activation", "layer", "units", "dead", "saturated", "zero outputs"]
    caption = "Health of each hidden layer on test rows, mean over seeds"
    return render.details(
        "The numbers", html_table(columns, rows, caption=caption, numeric=range(1, 6))
    )


# --- data, method, again


def _paragraphs(sentences: list[str]) -> Markup:
    return element("ul", [element("li", s) for s in sentences])


def _data_notes(c: Comparison) -> list[Markup]:
    return [element("p", method.data_sentence(c)), _paragraphs(list(c.data.notes))][
        : 2 if c.data.notes else 1
    ]


def _settings(plan: Mapping[str, Any]) -> Markup:
    listed = [
        [
            element("dt", render.label(str(key).replace("_", " "))),
            element("dd", value if isinstance(value, str) else json.dumps(value, default=str)),
        ]
        for key, value in plan.items()
    ]
    return render.details("All settings", element("dl", listed, class_="facts"))


def _again(c: Comparison) -> list[Markup]:
    code = (method.command(c), method.python(c))
    made = [element("pre", element("code", text), tabindex=0) for text in code if text]
    return [element("p", method.same_data(c)), *made]
