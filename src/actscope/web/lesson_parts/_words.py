"""The words around a picture: chapters, formulas, questions, tables. All text is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from actscope.render import Markup, element

CHAPTERS = (
    ("network", "What a network is"),
    ("neuron", "One neuron decides"),
    ("nudge", "Learning is nudging"),
    ("smooth", "From a step to a slope"),
    ("cutoff", "When is maybe a yes?"),
    ("tanh", "A cousin around zero"),
    ("relu", "Bends, and half at rest"),
    ("dying", "How units die"),
    ("leak", "A small leak heals"),
    ("yours", "All of them, and your data"),
)


def chapter(number: int, *children: object, idea: str) -> Markup:
    """The opening of chapter `number` (from 1): its name, its one idea, its first words."""
    key, name = CHAPTERS[number - 1]
    return element(
        "div",
        element("p", f"{number} of {len(CHAPTERS)}", class_="count"),
        element("h2", name, id=key, tabindex="-1"),
        element("p", idea, class_="idea"),
        children,
        class_="lesson opening",
    )


def block(*children: object) -> Markup:
    """A part of a chapter: pictures, sentences, a question."""
    return element("div", children, class_="lesson")


def text(*parts: object) -> Markup:
    """A paragraph."""
    return element("p", parts)


def answer(*parts: object) -> Markup:
    """The sentence that a slider changes; read aloud when it does."""
    return element("p", parts, class_="answer", aria_live="polite")


def strong(said: object) -> Markup:
    return element("strong", said)


def formula(*parts: object) -> Markup:
    """A formula with its numbers, on a line of its own, which may break between its parts."""
    pieces = [element("span", part) for part in parts]
    spaced = [piece for part in pieces for piece in (part, " ")]
    return element("p", spaced, class_="formula")


def question(asked: str, *answered: object) -> Markup:
    """A small question with its answer folded away."""
    return element(
        "details",
        element("summary", element("span", "A question", class_="tag"), " ", asked),
        element("div", [a if isinstance(a, Markup) else text(a) for a in answered]),
        class_="question",
    )


def contents() -> Markup:
    """The list of chapters, each a link."""
    links = [element("li", element("a", name, href=f"#{key}")) for key, name in CHAPTERS]
    return element("nav", element("ol", links), aria_label="Chapters", class_="lesson chapters")


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str, strong: int = -1
) -> Markup:
    """A small table; the first cell of a row is its head, row `strong` stands out."""
    head = element("tr", [element("th", c, scope="col") for c in columns])
    body = [
        element(
            "tr",
            [element("th", c, scope="row") if i == 0 else element("td", c) for i, c in pairs],
            class_="now" if at == strong else None,
        )
        for at, row in enumerate(rows)
        for pairs in [list(enumerate(row))]
    ]
    return element(
        "div",
        element(
            "table", element("caption", caption), element("thead", head), element("tbody", body)
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex=0,
    )


def number(value: float, digits: int = 2) -> str:
    """A number as a sentence has it: few digits, a real minus, no minus zero.

    >>> number(-0.5), number(3.0), number(-0.001)
    ('−0.5', '3', '0')
    """
    said = f"{round(value, digits) + 0.0:.{digits}f}"
    said = said.rstrip("0").rstrip(".") if "." in said else said
    return said.replace("-", "−")


def percent(share: float) -> str:
    """A share as a whole percentage.

    >>> percent(0.126)
    '13%'
    """
    return f"{100 * share:.0f}%"


def welcome() -> Markup:
    """The head of the page."""
    return element(
        "div",
        element("p", element("a", "Playground", href="/"), class_="way"),
        element("h1", "Activation functions, without fear"),
        element(
            "p",
            "Ten short chapters on what happens inside a neural network. You need to know nothing "
            "beforehand. Move every slider: nothing can break.",
            class_="idea",
        ),
        contents(),
        class_="lesson welcome",
    )


def yours() -> Markup:
    """What comes before the file is chosen."""
    return element(
        "div",
        element("h3", "Try it on your own data"),
        text(
            "Choose a table saved as CSV: a row of names, below it a row for each thing, and one "
            "column that you would like to predict. Six activation functions are trained on it, "
            "five times each with different luck, and judged on rows that they have not seen. "
            "The table stays on this computer and is not kept."
        ),
    )


def farewell() -> Markup:
    """The last words."""
    return element(
        "div",
        element("h3", "Where to go from here"),
        element(
            "p",
            "In the ",
            element("a", "playground", href="/"),
            " you build networks of your own, side by side, and see inside every unit while they "
            "learn.",
        ),
        class_="lesson",
    )
