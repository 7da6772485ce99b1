"""The page of a health report in a real browser: silent, still, legible; colour is never alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from tests.diagnosis.reports import HOSTILE, troubled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
SCREENS: list[tuple[str, Scheme, int]] = [
    ("plain", "light", 1280), ("plain", "dark", 375), ("hostile", "dark", 1280),
    ("hostile", "light", 375),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("health")
    troubled().to_html(made / "plain.html")
    troubled(HOSTILE * 4).to_html(made / "hostile.html")
    return made


@pytest.fixture(scope="module", params=SCREENS, ids=lambda p: "-".join(map(str, p)))
def opened(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[Page]:
    name, scheme, width = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda asked: said.append(asked.url))
    address = (folder / f"{name}.html").as_uri()
    page.goto(address)
    page.wait_for_timeout(100)
    assert said == [address]  # nothing else asked for, nothing complained of
    yield page
    context.close()


def test_the_page_never_scrolls_sideways(opened: Page) -> None:
    for summary in opened.locator("summary").all():
        summary.click()
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_verdict_is_seen_first(opened: Page) -> None:
    box = opened.locator(".verdict").bounding_box()
    assert box is not None
    assert box["y"] < 250


def test_words_stand_out_and_are_large_enough(opened: Page) -> None:
    contrast, smallest = opened.evaluate(
        """() => {
            const light = c => {
                const v = c.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255)
                    .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
                return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
            };
            const paper = light(getComputedStyle(document.body).backgroundColor);
            const what = "p, td, th, li, dt, dd, h1, h2, h3, svg text";
            const seen = [...document.querySelectorAll(what)]
                .filter(e => e.getClientRects().length);
            const contrasts = seen.map(e => {
                const s = getComputedStyle(e);
                const a = light(e.closest('svg') ? s.fill : s.color);
                return (Math.max(a, paper) + 0.05) / (Math.min(a, paper) + 0.05);
            });
            const sizes = seen.filter(e => e.closest('svg'))
                .map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a);
            return [Math.min(...contrasts), Math.min(...sizes)];
        }"""
    )
    assert contrast >= 4.5  # WCAG 1.4.3
    assert smallest >= 9


def test_each_picture_is_shown_once_and_has_words(opened: Page) -> None:
    shown = opened.locator("figure svg:visible")
    # bars and raster; spread and gradient; one site with a past, loss, learning rate
    assert shown.count() == 2 + 2 + 3
    for picture in shown.all():
        title, words = (picture.locator(tag).text_content() for tag in ("title", "desc"))
        assert title
        assert words


def test_nothing_of_a_name_becomes_an_element(opened: Page) -> None:
    assert opened.locator("script, img, iframe, object").count() == 0
