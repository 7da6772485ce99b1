"""HTML: nothing that a user wrote becomes markup, and the page asks for nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actscope.render import Markup, Section, details, element, html_fragment, html_page, html_table


class Reader(HTMLParser):
    """An independent reader: which tags there are, and what text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._quiet = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._quiet += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag == "style"

    def handle_data(self, data: str) -> None:
        self.text += "" if self._quiet else data


# \r and \0 are changed by every HTML reader; lone surrogates cannot be written as UTF-8
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"))


@given(TEXTS)
def test_text_stays_text_in_an_element(text: str) -> None:
    read = Reader(element("p", text))
    assert (read.tags, read.text) == (["p"], text)


@given(TEXTS)
def test_text_stays_text_in_an_attribute(text: str) -> None:
    read = Reader(element("p", title=text))
    assert read.tags == ["p"]
    assert read.attributes == [("title", text)]


@given(TEXTS, TEXTS)
def test_every_place_of_a_page_escapes(first: str, second: str) -> None:
    plain = Reader(_page("a", "b"))
    hostile = Reader(_page(first, second))
    assert hostile.tags == plain.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]


def _page(first: str, second: str) -> str:
    table = html_table([first, second], [[first, second]], caption=second, footer=[[second, first]])
    sections = [Section(first, [second, table]), Section(second, [details(first, second)])]
    return html_page(first, sections, lead=second, footer=first)


def test_markup_passes_and_becomes_text_again_when_formatted() -> None:
    inner = element("b", "x")
    assert element("p", inner) == "<p><b>x</b></p>"
    assert element("p", f"{inner}") == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    assert element("p", inner + inner) == "<p>&lt;b&gt;x&lt;/b&gt;&lt;b&gt;x&lt;/b&gt;</p>"


def test_what_cannot_be_written_is_replaced() -> None:
    assert element("p", "a\ud800b\0c").encode("utf-8") == "<p>a?b\ufffdc</p>".encode()


@pytest.mark.parametrize("name", ["script", "style", "p onclick=x", "P"])
def test_only_plain_elements_take_content(name: str) -> None:
    with pytest.raises(ValueError, match="not an element"):
        element(name, "x")


def test_attributes_that_are_none_or_false_are_left_out() -> None:
    assert element("td", scope=None, hidden=False, id="a") == '<td id="a"></td>'
    assert element("td", hidden=True, class_="n", aria_label="x") == (
        '<td hidden class="n" aria-label="x"></td>'
    )


def test_the_page_forbids_every_load_and_asks_for_none() -> None:
    page = html_page("A title", [Section("Part", ["text"])])
    read = Reader(page)
    policy = next(v for k, v in read.attributes if k == "content" and "default" in (v or ""))
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script" not in read.tags
    assert "http" not in page.replace("http-equiv", "")
    assert "@import" not in page
    assert "url(" not in page
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">')


def test_the_page_has_one_h1_and_a_heading_for_each_section() -> None:
    read = Reader(html_page("A", [Section("B", []), Section("C", [])]))
    assert [tag for tag in read.tags if tag in ("h1", "h2", "h3")] == ["h1", "h2", "h2"]


def test_table_headers_have_a_scope() -> None:
    read = Reader(html_table(["name", "value"], [["a", "1"]], caption="Values", numeric=[1]))
    assert [value for name, value in read.attributes if name == "scope"] == ["col", "col", "row"]
    assert ("class", "n") in read.attributes


def test_light_and_dark_have_the_same_variables() -> None:
    page = html_page("A", [])
    light, dark = page.split("@media (prefers-color-scheme: dark)")[:2]
    names = [
        part.split(":")[0] for part in dark.split("}")[0].split("{")[2].split(";") if ":" in part
    ]
    assert len(names) > 10
    assert all(f"{name}:" in light for name in names)
    assert "--light" not in page
    assert "--dark" not in page


def test_a_fragment_keeps_its_style_to_itself() -> None:
    source = html_fragment(element("p", "x"))
    sheet = source.split("<style>")[1].split("</style>")[0]
    rules = [part.split("{")[-2] for part in sheet.split("}") if part.count("{")]
    selectors = [s.strip() for rule in rules for s in rule.split(",")]
    assert len(selectors) > 40
    assert all(".actscope" in s for s in selectors), [s for s in selectors if ".actscope" not in s]
    assert isinstance(element("p"), Markup)
    assert type(source) is str or isinstance(source, Markup)
