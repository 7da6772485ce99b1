"""The playground in a real browser, used as a person uses it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from actscope.web import _bundle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, WebSocketRoute

pytestmark = pytest.mark.browser

PATIENCE = 10.0  # seconds until a condition that should hold soon is given up
SMALL = "data=circle&noise=0&hidden=3,2&features=x1,x2&net=relu,relu&net=tanh,tanh&seed=4"
CSV = "height,weight,age,ill\n" + "".join(
    f"{150 + 3 * i % 40},{50 + 7 * i % 45},{20 + i},{'yes' if i % 3 else 'no'}\n" for i in range(60)
)
DROP = """([text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "people.csv", {type: "text/csv"}));
    const root = document.querySelector(".actscope-playground");
    for (const kind of ["dragover", "drop"]) {
        const how = {dataTransfer: data, bubbles: true, cancelable: true};
        root.dispatchEvent(new DragEvent(kind, how));
    }
}"""


def _wait(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.03)


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
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(10)


@dataclass
class Visit:
    """One tab, and what it complained of and asked for."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, wish: str = SMALL) -> Visit:
        self.page.goto(f"{self.address}#{wish}")
        expect(self.page.locator(".network .unit").first).to_be_visible(timeout=PATIENCE * 1000)
        _wait(lambda: self.root.get_attribute("data-epoch") not in (None, ""), "a first frame")
        return self

    @property
    def root(self) -> Locator:
        return self.page.locator(".actscope-playground")

    def epoch(self) -> int:
        return int(self.root.get_attribute("data-epoch") or -1)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def card(self, letter: str) -> Locator:
        return self.page.get_by_role("region", name=f"Network {letter}", exact=True)

    def unit(self, network: str, layer: int, neuron: int) -> Locator:
        name = re.compile(f"^Layer {layer}, neuron {neuron}(, dead)?$")
        return self.card(network).get_by_role("button", name=name)

    def numbers(self) -> list[str]:
        return self.page.locator(".numbers").all_inner_texts()

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            before = self.epoch()
            self.button("One epoch").click()
            _wait(lambda: self.epoch() == before + 1, "the next epoch")  # noqa: B023

    def wish(self) -> dict[str, list[str]]:
        """What the address line says."""
        return parse_qs(self.fragment())

    def fragment(self) -> str:
        return self.page.evaluate("location.hash.slice(1)")

    def until_wish(self, key: str, *values: str) -> None:
        _wait(lambda: self.wish().get(key) == list(values), f"{key} is {values}")
        _wait(lambda: self.epoch() == 0, "its first frame")

    def settings(self) -> None:
        folded = self.page.locator("details:not([open]) > summary")
        while folded.count():
            folded.first.click()


@pytest.fixture
def visits(browser: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Opens tabs; afterwards none may have complained, nor asked another host for anything."""
    made: list[Visit] = []

    def visit(**how: object) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        one = Visit(page, address)
        page.on("console", lambda message: one.complaints.append(message.text))
        page.on("pageerror", lambda error: one.complaints.append(str(error)))
        page.on("request", lambda asked: one.requests.append(asked.url))
        page.on("websocket", lambda asked: one.requests.append(asked.url))
        made.append(one)
        return one

    yield visit
    for one in made:
        one.page.context.close()
        assert one.complaints == []
        own = (one.address, one.address.replace("http", "ws"), "data:", "blob:")
        assert one.requests
        assert [url for url in one.requests if not url.startswith(own)] == []


@pytest.fixture
def tab(visits: Callable[..., Visit]) -> Visit:
    return visits()


def test_reset_is_the_same_start(tab: Visit) -> None:
    tab.open()
    first = tab.numbers()
    tab.step(3)
    third = tab.numbers()
    assert third != first
    tab.button("Reset to the same start").click()
    _wait(lambda: tab.epoch() == 0, "epoch 0")
    assert tab.numbers() == first
    tab.step(3)
    assert tab.numbers() == third


def test_play_goes_on_and_pause_holds(tab: Visit) -> None:
    tab.open()
    tab.page.keyboard.press("Space")
    _wait(lambda: tab.epoch() >= 5, "epoch 5")
    tab.button("Pause").click()
    expect(tab.button("Play")).to_be_visible()
    tab.step()  # exactly one epoch further than where it stood


def test_networks_side_by_side_start_alike(tab: Visit) -> None:
    tab.open("data=xor&hidden=4,3&net=relu,relu&net=relu,relu&seed=2")
    tab.step(2)
    first, second = tab.numbers()
    assert first == second  # the same weights and the same batches
    tab.page.get_by_role("button", name="Add a network").click()
    tab.until_wish("net", "relu,relu", "relu,relu", "tanh,tanh")
    expect(tab.page.locator(".network")).to_have_count(3)
    tab.step(2)
    again, _, third = tab.numbers()
    assert again == first
    assert third != first
    tab.button("Remove network B").click()
    tab.until_wish("net", "relu,relu", "tanh,tanh")
    expect(tab.page.locator(".network")).to_have_count(2)


def test_each_layer_has_an_activation_of_its_own(tab: Visit) -> None:
    tab.open()
    tab.card("A").get_by_role("button", name="Layer 2: relu. Change").click()
    tab.page.keyboard.type("softs")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowUp")
    tab.page.keyboard.press("Enter")
    tab.until_wish("net", "relu,softsign", "tanh,tanh")
    expect(tab.card("A").get_by_role("button", name="Layer 2: softsign. Change")).to_be_visible()
    tab.step()
    tab.unit("A", 2, 1).click()
    expect(tab.page.locator(".formula")).to_contain_text("softsign(")


def test_a_formula_is_an_activation(tab: Visit) -> None:
    tab.open()
    tab.card("B").get_by_role("button", name=re.compile("Change in all layers")).click()
    tab.page.keyboard.type("x*tanh(exp(x))")
    tab.page.keyboard.press("Enter")
    tab.until_wish("net", "relu,relu", "x * tanh(exp(x)),x * tanh(exp(x))")
    tab.step()


def test_a_refusal_is_said_and_changes_nothing(tab: Visit) -> None:
    tab.open()
    before = tab.wish()
    tab.card("B").get_by_role("button", name=re.compile("Change in all layers")).click()
    tab.page.keyboard.type("__import__('os')")
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("alert")).not_to_be_empty()
    assert tab.wish() == before
    expect(tab.card("B").locator(".head").first).to_have_text("tanh")
    tab.step()


def test_dead_neurons_are_crossed_named_and_counted(tab: Visit) -> None:
    tab.open()
    tab.button("Examples").click()
    tab.page.locator(".preset", has_text="they die").first.click()
    expect(tab.page.locator(".strip")).to_be_visible()
    expect(tab.page.locator(".is-dead").first).to_be_visible(timeout=PATIENCE * 1000)
    tab.button("Pause").click()
    expect(tab.button("Play")).to_be_visible()
    tab.step()
    dead = tab.card("A").locator(".is-dead")
    assert re.search(rf"\b{dead.count()} of \d+ dead", tab.numbers()[0])
    expect(dead.first.locator(".dead-mark")).to_be_visible()
    expect(dead.first).to_have_accessible_name(re.compile(", dead$"))
    chart = tab.page.get_by_role("img", name=re.compile("^Dead neurons at epoch"))
    expect(chart).to_have_accessible_name(re.compile(f"A [a-z_]+ {dead.count()} neuron"))
    dead.first.click()
    expect(tab.page.locator(".fate")).to_contain_text("Dead")


def test_the_address_is_the_whole_set_up(visits: Callable[..., Visit]) -> None:
    tab = visits().open()
    tab.settings()
    tab.page.locator(".set", has_text="Spiral").click()
    tab.until_wish("data", "spiral")
    for label, value in (("Learning rate", "0.3"), ("Batch", "30"), ("First weights", "he")):
        tab.page.get_by_role("combobox", name=label).select_option(value)
    tab.page.get_by_role("slider", name="Noise").fill("20")
    tab.page.get_by_role("checkbox", name="sin x₁").check()
    tab.button("One neuron more in layer 1").click()
    tab.page.get_by_role("spinbutton", name="Seed").fill("77")
    tab.page.keyboard.press("Enter")
    tab.until_wish("seed", "77")
    tab.page.get_by_role("combobox", name="Speed").select_option("max")
    tab.until_wish("speed", "max")
    tab.step(2)
    wish = tab.wish()
    assert (wish["hidden"], wish["noise"], wish["learning_rate"]) == (["4,2"], ["20"], ["0.3"])
    assert wish["features"] == ["x1,x2,sin(x1)"]
    other = visits().open(tab.fragment())
    assert other.wish() == wish
    expect(other.page.get_by_role("combobox", name="Speed")).to_have_value("max")
    other.step(2)
    assert other.numbers() == tab.numbers()


def test_going_back_is_the_set_up_before(tab: Visit) -> None:
    tab.open()
    before = tab.fragment()
    tab.button("Remove layer 2").click()
    tab.until_wish("hidden", "3")
    tab.page.go_back()
    tab.until_wish("hidden", "3,2")
    expect(tab.page.locator(".layers li")).to_have_count(2)
    assert tab.fragment() == before
    tab.step()
    tab.page.go_forward()
    tab.until_wish("hidden", "3")
    expect(tab.page.locator(".layers li")).to_have_count(1)


def test_a_dropped_table_is_learned_from(tab: Visit) -> None:
    tab.open()
    tab.page.evaluate(DROP, [CSV])
    tab.until_wish("data", "own")
    target = tab.page.get_by_role("combobox", name="Target")
    expect(target).to_have_value("ill")
    expect(tab.page.locator(".columns")).to_contain_text("60 rows")
    tab.page.get_by_role("combobox", name="Across").select_option("age")
    expect(tab.page.get_by_role("combobox", name="Across")).to_have_value("age")
    _wait(lambda: tab.epoch() == 0, "its first frame")
    tab.step()


def test_a_bad_table_is_refused_in_one_line(tab: Visit) -> None:
    tab.open()
    tab.page.evaluate(DROP, ["just words"])
    alert = tab.page.get_by_role("alert")
    expect(alert).not_to_be_empty()
    assert "\n" not in alert.inner_text()
    assert tab.wish()["data"] == ["circle"]


def test_points_set_by_hand(tab: Visit) -> None:
    tab.open()
    tab.button("Clear").click()
    plot = tab.page.get_by_role("application")
    for x, y in ((30, 30), (40, 60), (60, 40)):
        plot.click(position={"x": x, "y": y})
    for x, y in ((150, 150), (160, 130)):
        plot.click(position={"x": x, "y": y}, modifiers=["Shift"])
    plot.press("Enter")  # a sixth, where the cross stands
    _wait(lambda: len(tab.wish().get("points", [""])[0].split()) == 6, "six points in the address")
    _wait(lambda: tab.epoch() == 0, "their first frame")
    tab.step(2)
    targets = [point.split(",")[2] for point in tab.wish()["points"][0].split()]
    assert targets == ["0", "0", "0", "1", "1", "0"]
    tab.page.locator(".set", has_text="Two clouds").click()
    tab.until_wish("data", "gaussians")
    tab.page.locator(".set", has_text="Own").click()
    tab.until_wish("data", "own")
    assert len(tab.wish()["points"][0].split()) == 6


def test_an_address_that_cannot_be_is_said(tab: Visit) -> None:
    tab.open("hidden=4,999&net=relu")
    expect(tab.page.get_by_role("alert")).to_contain_text("999")
    tab.step()  # with what a playground begins with


def test_a_weight_is_changed_at_its_line(tab: Visit) -> None:
    tab.open("hidden=1&features=x1&net=relu")
    start, end = (box for box in map(_box, tab.page.locator(".unit").all()[:2]))
    tab.page.mouse.click((start[0] + start[2] + end[0]) / 2, start[1] + start[3] / 2)
    tab.page.keyboard.type("2.5")
    tab.page.keyboard.press("Enter")
    tab.unit("A", 1, 1).hover()
    expect(tab.page.locator(".formula")).to_contain_text("2.50 x₁")
    tab.button("Reset to the same start").click()
    tab.unit("A", 1, 1).hover()
    expect(tab.page.locator(".formula")).not_to_contain_text("2.50 x₁")


def _box(element: Locator) -> tuple[float, float, float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def _tab_to(tab: Visit, holds: str) -> None:
    """Presses Tab until the focused element fulfils a piece of JavaScript."""
    for _ in range(80):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate(f"(e => {holds})(document.activeElement)"):
            return
    pytest.fail(f"Tab never comes to {holds}")


def test_the_keyboard_alone_is_enough(tab: Visit) -> None:
    tab.open()
    _tab_to(tab, "e.textContent === 'Play'")
    outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab.page.keyboard.press("Enter")
    _wait(lambda: tab.epoch() >= 2, "epoch 2")
    tab.page.keyboard.press("Enter")
    _tab_to(tab, "e.type === 'radio' && e.value === 'circle'")
    tab.page.keyboard.press("ArrowRight")
    _wait(lambda: tab.wish()["data"] != ["circle"], "the next data set")
    _tab_to(tab, "e.classList.contains('unit')")
    tab.page.keyboard.press("ArrowDown")
    expect(tab.unit("A", 1, 2)).to_be_focused()
    tab.page.keyboard.press("ArrowRight")
    expect(tab.unit("A", 2, 2)).to_be_focused()
    tab.page.keyboard.press("Space")
    expect(tab.button("Pause")).to_be_visible()
    tab.page.keyboard.press("Space")
    expect(tab.button("Play")).to_be_visible()
    tab.page.keyboard.press("Enter")  # keeps it in the large view
    _tab_to(tab, "e.closest('.weight-row')")
    tab.page.keyboard.press("Control+A")
    tab.page.keyboard.type("1.75")
    expect(tab.page.locator(".formula")).to_contain_text("1.75 a₁")


def test_the_code_is_python(tab: Visit) -> None:
    tab.open()
    tab.button("Code").click()
    code = tab.page.locator("dialog code")
    expect(code).to_contain_text("act.")
    compile(code.inner_text(), "playground.py", "exec")
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator("dialog")).to_be_hidden()


def test_the_picture_is_a_png(tab: Visit) -> None:
    tab.open()
    with tab.page.expect_download() as waiting:
        tab.button("Picture").click()
    assert waiting.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way(visits: Callable[..., Visit], scheme: str) -> None:
    tab = visits(color_scheme=scheme, bypass_csp=True).open()
    tab.settings()
    tab.unit("A", 1, 1).click()
    tab.step()
    found = Axe().run(tab.page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    told = [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious]
    assert told == []


def test_a_phone_needs_no_sideways_scrolling(visits: Callable[..., Visit]) -> None:
    tab = visits(viewport={"width": 375, "height": 700}).open(
        "hidden=4,4,4,4,4,4&net=relu&net=x*tanh(exp(x))"
    )
    tab.settings()
    tab.unit("A", 1, 1).click()
    wide = tab.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= tab.page.evaluate("innerWidth")
    out = tab.page.evaluate(
        """() => [...document.querySelectorAll('.actscope-playground *')].filter(e => {
            const r = e.getBoundingClientRect();
            return r.width > 1 && (r.right > innerWidth + 1 || r.left < -1);
        }).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert out == []


def test_a_lost_connection_is_said_and_taken_up_again(tab: Visit) -> None:
    sockets: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    tab.page.route_web_socket(re.compile("/ws$"), between)
    tab.open()
    tab.button("One neuron more in layer 1").click()
    tab.until_wish("hidden", "4,2")
    tab.step(2)
    before = tab.numbers()
    sockets[0].close()
    expect(tab.page.get_by_role("alert")).to_contain_text("lost")
    expect(tab.button("Play")).to_be_disabled()
    expect(tab.button("Play")).to_be_enabled()
    expect(tab.page.get_by_role("alert")).to_be_empty()
    tab.until_wish("hidden", "4,2")
    tab.step(2)
    assert tab.numbers() == before


def test_one_file_does_the_same(tab: Visit) -> None:
    """What anywidget loads is one module: here it stands in for the page's own."""
    served = {"body": _bundle.source(), "content_type": "text/javascript"}
    tab.page.route("**/static/net.js", lambda route: route.fulfill(**served))  # type: ignore[arg-type]
    tab.open()
    tab.step()
    assert not [url for url in tab.requests if url.endswith("store.js")]


def test_a_refused_table_leaves_the_good_one(tab: Visit) -> None:
    tab.open()
    tab.page.evaluate(DROP, [CSV])
    tab.until_wish("data", "own")
    tab.page.evaluate(DROP, ["just words"])
    expect(tab.page.get_by_role("alert")).not_to_be_empty()
    across, target = (tab.page.get_by_role("combobox", name=name) for name in ("Across", "Target"))
    across.select_option("age")
    expect(tab.page.get_by_role("alert")).to_be_empty()
    target.select_option("age")  # has a role: another column takes that one
    expect(tab.page.locator(".columns")).to_contain_text("standard deviations")
    expect(target).to_have_value("age")
    expect(across).to_have_value("height")
    expect(tab.page.get_by_role("alert")).to_be_empty()


def test_points_that_do_not_fit_into_the_address_are_said(tab: Visit) -> None:
    tab.open()
    tab.page.get_by_role("application").click(position={"x": 30, "y": 30})
    tab.until_wish("data", "own")
    expect(tab.page.locator(".points")).to_contain_text("too many for the address")
    tab.page.reload()
    expect(tab.page.get_by_role("alert")).to_contain_text("too many for the address")
    tab.until_wish("data", "circle")


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("data=own&points=1,1,0+1,2,1+2,1,0+2,2,x", "targets"),
        ("data=nope", "nope"),
        ("hidden=99", "99"),
    ],
)
def test_a_refused_address_becomes_what_is_shown(tab: Visit, wish: str, said: str) -> None:
    tab.open(wish)
    expect(tab.page.get_by_role("alert")).to_contain_text(said)
    tab.until_wish("data", "circle")
    assert tab.wish()["hidden"] == ["4,4"]
    expect(tab.page.get_by_role("alert")).to_contain_text(said)


def test_points_being_set_outlast_a_change(tab: Visit) -> None:
    tab.open()
    tab.button("Clear").click()
    tab.page.get_by_role("application").click(position={"x": 30, "y": 30})
    tab.button("One neuron more in layer 1").click()
    tab.until_wish("hidden", "4,2")
    expect(tab.page.locator(".points")).to_contain_text("Set at least 4 points")


def test_the_seed_in_force_stands_in_its_field(tab: Visit) -> None:
    tab.open()
    seed = tab.page.get_by_role("spinbutton", name="Seed")
    for wrong, said in (("", "0 to 4,294,967,295"), ("1.5", "whole number, not 1.5")):
        seed.fill(wrong)
        seed.press("Enter")
        expect(tab.page.get_by_role("alert")).to_contain_text(said)
        expect(seed).to_have_value("4")
    assert tab.wish()["seed"] == ["4"]


def test_layers_come_back_with_their_functions(tab: Visit) -> None:
    tab.open()
    expect(tab.page.get_by_role("main")).to_have_count(1)
    tab.button("Remove layer 2").click()
    tab.until_wish("net", "relu", "tanh")
    tab.button("Remove layer 1").click()
    expect(tab.page.locator(".layers li")).to_have_count(0)
    tab.button("Add a layer").click()
    tab.until_wish("net", "relu", "tanh")
