"""The lesson in a real browser, served by `actscope learn`, read as a beginner reads it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

pytestmark = pytest.mark.browser

PATIENCE = 45.0  # seconds until a condition that should hold soon is given up
CSV = "height,weight,age,ill\n" + "".join(
    f"{150 + 3 * i % 40},{50 + 7 * i % 45},{20 + i},{'yes' if i % 3 else 'no'}\n" for i in range(60)
)
FOCUSED = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    const style = getComputedStyle(at);
    return [at.tagName, at.type ?? "", style.outlineStyle];
}"""


def _wait(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server of its own on a free port."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "actscope.cli", "learn", "--port", str(port), "--no-browser"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        assert server.poll() is None, "the server ended"
        with closing(socket.socket()) as knock:
            return knock.connect_ex(("127.0.0.1", port)) == 0

    try:
        _wait(answers, "the server answers")
        yield f"http://127.0.0.1:{port}/lesson/"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)


@dataclass
class Visit:
    """One tab, and what it complained of and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def slider(self, name: str, at: int = 0) -> Locator:
        return self.page.get_by_role("slider", name=name, exact=True).nth(at)

    def formula(self, starting: str) -> Locator:
        """The formula that begins so, whatever its numbers."""
        return self.page.locator(".formula").filter(has_text=re.compile(f"^{starting}"))


def _visit(
    browser: Browser, address: str, scheme: Literal["light", "dark"], width: int
) -> Iterator[Visit]:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    visit = Visit(context.new_page())

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.complaints.append(message.text)

    def asked(request: Request) -> None:
        visit.requests.append(request.url)

    visit.page.on("console", heard)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("request", asked)
    visit.page.goto(address)
    last = visit.page.get_by_role("heading", name="Where to go from here")
    expect(last).to_be_visible(timeout=1000 * PATIENCE)
    yield visit
    context.close()


@pytest.fixture(scope="module")
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """By day on a desk: one tab for all tests that only move what they look at."""
    yield from _visit(browser, address, "light", 1100)


@pytest.fixture(scope="module")
def phone(browser: Browser, address: str) -> Iterator[Visit]:
    """By night on a phone."""
    yield from _visit(browser, address, "dark", 375)


def test_the_movie_slider_moves_the_decision_and_the_formula(visit: Visit) -> None:
    weight = visit.slider("Weight of “Marvel film”")
    sum_ = visit.page.get_by_text("4 × 1 + 2 × 0 + 2 × 0 = 4", exact=True)
    expect(sum_).to_be_visible()
    expect(visit.page.get_by_text("4 is more than 3: I go.")).to_be_visible()
    weight.focus()
    for _ in range(2):
        weight.press("ArrowLeft")
    expect(visit.page.get_by_text("3 × 1 + 2 × 0 + 2 × 0 = 3", exact=True)).to_be_visible()
    said = visit.page.get_by_text("3 is only equal to 3, not more: I stay at home.")
    expect(said).to_be_visible()
    visit.slider("Threshold").fill("2.5")
    expect(visit.page.get_by_text("3 is more than 2.5: I go.")).to_be_visible()
    now = visit.page.locator("tr.now")
    expect(now).to_have_text("yesnono3go")


def test_a_network_learns_at_the_press_of_a_button(visit: Visit) -> None:
    said = visit.page.locator(".answer").first
    expect(said).to_contain_text("After 0 small changes")
    visit.page.get_by_role("button", name="Let it learn").first.click()
    expect(said).to_contain_text("After 150 small changes", timeout=1000 * PATIENCE)
    expect(said).to_contain_text("8 right")


def test_all_of_it_by_keyboard_with_a_visible_focus(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("link", name="Playground").first.focus()
    seen = []
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
    kinds = [(tag, kind) for tag, kind, _ in seen]
    assert kinds.count(("A", "")) == 10, "the list of chapters"
    assert ("INPUT", "checkbox") in kinds
    assert ("INPUT", "range") in kinds
    assert ("BUTTON", "button") in kinds
    assert all(outline != "none" for _, _, outline in seen), seen
    box = page.get_by_role("checkbox", name="A friend comes along").first
    box.focus()
    before = box.is_checked()
    page.keyboard.press("Space")
    assert box.is_checked() != before
    question = page.locator("details").first
    question.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(question.locator("div")).to_be_visible()


def test_a_chapter_is_a_link_away(visit: Visit) -> None:
    visit.page.get_by_role("link", name="How units die").click()
    expect(visit.page.locator("#dying")).to_be_in_viewport()


def test_every_slider_goes_from_end_to_end_without_a_fault(visit: Visit) -> None:
    sliders = visit.page.get_by_role("slider")
    count = sliders.count()
    assert count >= 20
    for at in range(count):
        for key in ("End", "Home"):
            sliders.nth(at).press(key)
    visit.slider("Which digit").press("End")
    visit.page.get_by_label("Compare ReLU with").select_option("both")
    visit.page.get_by_role("checkbox", name="Show all of them").check()
    expect(visit.page.get_by_role("img", name="mish, its curve", exact=True)).to_be_visible()
    # The last answer of all is there: nothing waits before it any more.
    visit.slider("Total z").fill("-3")
    expect(visit.formula("1 / ").last).to_contain_text("−3")
    assert visit.page.locator(".marimo-error").count() == 0
    assert visit.page.get_by_text("raised an exception").count() == 0


def test_a_file_of_ones_own(visit: Visit) -> None:
    choose = visit.page.get_by_label("Choose a CSV file")
    choose.set_input_files([{"name": "me.csv", "mimeType": "text/csv", "buffer": b"x\n1\n2\n"}])
    expect(visit.page.get_by_role("alert")).to_contain_text("me.csv has one column")
    choose.set_input_files([{"name": "ok.csv", "mimeType": "text/csv", "buffer": CSV.encode()}])
    expect(visit.page.get_by_text("60 rows, 4 columns.")).to_be_visible()
    expect(visit.page.get_by_role("alert")).to_have_count(0)
    target = visit.page.get_by_label("Column to predict")
    expect(target).to_have_value("ill")
    visit.page.get_by_role("button", name="Compare six functions").click()
    verdict = visit.page.locator(".verdict")
    expect(verdict).to_be_visible(timeout=1000 * PATIENCE)
    expect(visit.page.get_by_role("table", name="90 networks trained")).to_be_visible()
    target.select_option("age")  # another question: the old answer goes, nothing starts
    expect(verdict).to_have_count(0)


def test_nothing_is_asked_of_another_host_and_nothing_complains(
    visit: Visit, phone: Visit, address: str
) -> None:
    home = address.removesuffix("lesson/")
    for one in (visit, phone):
        outside = [u for u in one.requests if not u.startswith((home, "data:", "blob:"))]
        assert outside == []
        assert one.complaints == []


def test_the_code_stays_out_of_the_page(address: str) -> None:
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        page = answer.read().decode()
    assert "parts.chapter" not in page
    assert "without fear" in page


def test_a_phone_never_scrolls_sideways(phone: Visit) -> None:
    wide = phone.page.evaluate(
        "() => [document.documentElement, document.querySelector('#App')].map(e => e.scrollWidth)"
    )
    assert wide == [375, 375]


def test_by_night_the_page_is_dark(phone: Visit) -> None:
    look = "e => [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor]"
    assert phone.page.locator("h1").evaluate(look) == ["rgb(232, 234, 238)", "rgb(20, 23, 28)"]


@pytest.mark.parametrize("which", ["visit", "phone"])
def test_no_serious_accessibility_fault(which: str, request: pytest.FixtureRequest) -> None:
    one: Visit = request.getfixturevalue(which)
    found = Axe().run(one.page).response["violations"]
    grave = [(v["id"], v["nodes"][0]["target"]) for v in found
             if v["impact"] in ("serious", "critical")]  # fmt: skip
    assert grave == []
