"""The page of a study in a real browser: silent, still, legible, the verdict first."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from tests.study.comparisons import HOSTILE, comparison, hostile

from actscope.study.report._page import page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, ViewportSize

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
SCREENS: list[tuple[Scheme, int, int]] = [
    ("light", 1280, 800),
    ("dark", 1280, 800),
    ("light", 375, 700),
    ("dark", 375, 700),
]


@dataclass
class Opened:
    """A page, and all that it said and asked for."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pages")
    (made / "plain.html").write_text(page(comparison(classes=("no", "yes"))), encoding="utf-8")
    (made / "hostile.html").write_text(page(hostile()), encoding="utf-8")
    return made


@contextlib.contextmanager
def _screen(browser: Browser, scheme: Scheme, width: int, height: int) -> Iterator[Page]:
    size: ViewportSize = {"width": width, "height": height}
    context = browser.new_context(color_scheme=scheme, viewport=size)
    yield context.new_page()
    context.close()


@pytest.fixture
def screen(browser: Browser) -> Iterator[Page]:
    with _screen(browser, "light", 1280, 800) as made:
        yield made


@pytest.fixture(
    scope="module",
    params=[(name, *screen) for name in ("plain", "hostile") for screen in SCREENS],
    ids=lambda param: "-".join(str(part) for part in param[:3]),
)
def opened(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[Opened]:
    name, *size = request.param
    with _screen(browser, *size) as page:
        made = Opened(page, (folder / f"{name}.html").as_uri())

        def dialog(shown: Dialog) -> None:
            made.complaints.append(shown.message)
            shown.dismiss()

        page.on("dialog", dialog)
        page.on("console", lambda message: made.complaints.append(message.text))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("request", lambda asked: made.requests.append(asked.url))
        page.goto(made.address)
        page.wait_for_timeout(100)
        yield made


def test_it_says_nothing_and_asks_for_nothing(opened: Opened) -> None:
    assert opened.complaints == []
    assert opened.requests == [opened.address]


def test_the_page_never_scrolls_sideways(opened: Opened) -> None:
    for summary in opened.page.locator("summary").all():
        summary.click()  # folded parts count too
    assert opened.page.evaluate("document.querySelectorAll('details[open]').length") >= 3
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= opened.page.evaluate("innerWidth")


def test_nothing_sticks_out_of_the_page(opened: Opened) -> None:
    out = opened.page.evaluate(
        """() => [...document.querySelectorAll('main *')].filter(e => {
            const r = e.getBoundingClientRect();
            return r.width > 0 && r.right > innerWidth + 1 && !e.closest('.scroll, pre');
        }).map(e => e.tagName + ' ' + e.textContent.slice(0, 40))"""
    )
    assert out == []


def test_the_verdict_is_seen_first_and_large(opened: Opened) -> None:
    box = opened.page.locator(".verdict").bounding_box()
    assert box is not None
    assert box["y"] < 250
    assert box["y"] + box["height"] < opened.page.evaluate("innerHeight")
    largest = opened.page.evaluate(
        """() => Math.max(...[...document.querySelectorAll('main *')]
            .filter(e => !e.closest('svg')).map(e => parseFloat(getComputedStyle(e).fontSize)))"""
    )
    size = opened.page.locator(".verdict").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size == largest >= 20


def test_small_words_in_pictures_are_large_enough_to_read(opened: Opened) -> None:
    smallest = opened.page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('svg text')]
            .filter(e => e.getClientRects().length)
            .map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"""
    )
    assert smallest >= 9


def test_each_picture_is_shown_once(opened: Opened) -> None:
    shown = opened.page.evaluate(
        "[...document.querySelectorAll('figure svg')].filter(e => e.getClientRects().length).length"
    )
    assert shown == 2 + 3 * 8  # scores and dead units; a panel for each activation in the others


def test_words_stand_out_from_the_paper(opened: Opened) -> None:
    lowest = opened.page.evaluate(
        """() => {
            const light = c => {
                const v = c.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255)
                    .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
                return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
            };
            const paper = light(getComputedStyle(document.body).backgroundColor);
            const lowest = what => Math.min(...[...document.querySelectorAll(what)].map(e => {
                const s = getComputedStyle(e);
                const a = light(e.closest('svg') ? s.fill : s.color);
                return (Math.max(a, paper) + 0.05) / (Math.min(a, paper) + 0.05);
            }));
            return [lowest('p, td, th, li, dt, dd, h1, h2'), lowest('svg text')];
        }"""
    )
    assert lowest[0] >= 4.5  # WCAG 1.4.3
    assert lowest[1] >= 3  # the names in pictures have their series' colour, and are bold


def test_the_background_follows_the_mode(opened: Opened) -> None:
    dark = opened.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    paper = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(20, 23, 28)" if dark else "rgb(255, 255, 255)")


def test_hostile_names_are_seen_as_text(screen: Page, folder: Path) -> None:
    screen.goto((folder / "hostile.html").as_uri())
    assert HOSTILE in screen.locator("main").inner_text()
    assert screen.locator("script, img, iframe, object").count() == 0


def test_the_policy_would_stop_a_script_that_got_in(screen: Page, folder: Path) -> None:
    source = (folder / "plain.html").read_text(encoding="utf-8")
    evil = '<script>document.title = "caught"</script><img src="https://example.org/x.png">'
    (folder / "evil.html").write_text(source.replace("</main>", f"{evil}</main>"), encoding="utf-8")
    loaded: list[str] = []
    screen.on("requestfinished", lambda asked: loaded.append(asked.url))
    screen.goto((folder / "evil.html").as_uri())
    screen.wait_for_timeout(100)
    assert screen.title() != "caught"
    assert all(url.startswith("file:") for url in loaded)
