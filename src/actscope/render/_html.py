"""HTML that cannot be forgotten to be escaped: only `Markup` passes, all else is text.

`element` is the one place where text becomes HTML. A `Markup` that is concatenated or formatted
into a string is a plain string again and would be escaped, so the mistake shows, harmlessly.
"""

from __future__ import annotations

import html
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ._style import variables

_VOID = frozenset({"meta", "link", "br", "hr", "col"})
_RAW = frozenset({"script", "style"})  # their content is not parsed as HTML: not for user text
# No load of any kind, from anywhere; only this page's own style sheet.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


class Markup(str):
    """Text that is HTML already. Made by this module and by `picture`, not from users' text."""

    __slots__ = ()


@dataclass(frozen=True)
class Section:
    """A part of a page: a heading (text) and its children (text or Markup)."""

    heading: str
    children: Sequence[object]


def _inside(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, Iterable) and not isinstance(child, str):
        return "".join(_inside(one) for one in child)
    # An unpaired surrogate cannot be written as UTF-8; a NUL is not allowed in HTML.
    text = str(child).encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return html.escape(text, quote=True)


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """An HTML element: children that are not Markup are text, escaped; None is left out.

    Attributes: `class_` is class, `aria_label` is aria-label; True is a bare attribute, None
    and False are left out.

    >>> element("p", "a < b", element("br"), class_="note")
    '<p class="note">a &lt; b<br></p>'
    """
    if name in _RAW or not re.fullmatch(r"[a-z][a-z0-9]*", name):
        raise ValueError(f"not an element for content: {name!r}")
    written = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        plain = key.rstrip("_").replace("_", "-")
        written += f" {plain}" if value is True else f' {plain}="{_inside(str(value))}"'
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{_inside(children)}</{name}>")


def html_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str,
    numeric: Iterable[int] = (),
    footer: Iterable[Sequence[object]] = (),
) -> Markup:
    """A table that scrolls inside itself when narrow. The first cell of a row is its header.

    Args:
        numeric: positions of the columns to align right.
        footer: rows of another kind (baselines), set apart.
    """
    right = frozenset(numeric)

    def cell(tag: str, position: int, content: object, scope: str | None) -> Markup:
        return element(tag, content, scope=scope, class_="n" if position in right else None)

    def body(of: Iterable[Sequence[object]], class_: str | None) -> Markup | None:
        lines = [
            element(
                "tr",
                [
                    cell("th", i, c, "row") if i == 0 else cell("td", i, c, None)
                    for i, c in enumerate(row)
                ],
            )
            for row in of
        ]
        return element("tbody", lines, class_=class_) if lines else None

    head = [cell("th", i, c, "col") for i, c in enumerate(columns)]
    return element(
        "div",
        element(
            "table",
            element("caption", element("span", caption)),
            element("thead", element("tr", head)),
            body(rows, None),
            body(footer, "footer"),
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex=0,
    )


def figure(*pictures: Markup, caption: str, more: Markup | None = None) -> Markup:
    """A picture (or several, as a grid) with the sentence that says what to see."""
    inside = pictures if len(pictures) == 1 else element("div", pictures, class_="grid")
    return element("figure", element("figcaption", caption), inside, more)


def details(summary: str, *children: object) -> Markup:
    """A part that is folded away until asked for."""
    return element("details", element("summary", summary), children)


def _sheet() -> Markup:
    css = importlib.resources.files("actscope.render").joinpath("page.css").read_text("utf-8")
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    css = re.sub(r"--light:\s*0;", lambda _: variables(dark=False), css)
    css = re.sub(r"--dark:\s*0;", lambda _: variables(dark=True), css)
    return Markup(f"<style>{' '.join(css.split())}</style>")


def html_page(
    title: str, sections: Iterable[Section], *, lead: object = None, footer: object = None
) -> str:
    """One self-contained HTML page: no request, no script, light and dark, readable on a phone.

    Args:
        title: the page's name and its h1.
        sections: each becomes an h2 with its children.
        lead: what stands before the first section.
        footer: what stands at the very end.
    """
    head = [
        element("meta", charset="utf-8"),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content="actscope"),
        element("link", rel="icon", href="data:,"),
        Markup(f"<title>{_inside(title)}</title>"),
        _sheet(),
    ]
    body = element(
        "body",
        element(
            "main",
            element("h1", title),
            lead,
            [element("section", element("h2", s.heading), s.children) for s in sections],
        ),
        element("footer", footer) if footer is not None else None,
        class_="actscope page",
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n{element("head", head)}\n{body}\n</html>\n'


def html_fragment(*children: object) -> str:
    """A part of a page for a notebook's output, with its own style, which stays inside it."""
    return element("div", _sheet(), children, class_="actscope fragment")
