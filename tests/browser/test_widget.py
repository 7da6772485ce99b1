"""`act.Playground()` in a real notebook: marimo runs it, Chromium shows it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    import actscope as act
    act.Playground(data="xor", hidden=[3], networks=["relu", "tanh"])
    return

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The notebook, served by marimo."""
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "marimo", "run", "notebook.py", "--headless", "--no-token",
         "--port", str(port)],
        cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(600):
            assert server.poll() is None, "marimo ended"
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def test_the_playground_trains_in_a_notebook(browser: Browser, address: str) -> None:
    page = browser.new_page()
    try:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        play = page.get_by_role("button", name="Play", exact=True)
        expect(play).to_be_visible(timeout=60_000)
        networks = page.get_by_role("region", name="Network")
        expect(networks).to_have_count(2)
        expect(networks.nth(1)).to_contain_text("tanh")
        play.click()
        epoch = page.locator(".epoch-number")
        expect(epoch).not_to_have_text("0", timeout=30_000)
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(play).to_be_visible()
        assert errors == []
    finally:
        page.close()
