"""A Chromium for the tests that need one; without it they are skipped, and CI fails."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_HOW = (
    "install one with `apt-get install chromium` or `.venv/bin/python -m playwright install "
    "chromium`, or name yours in ACTSCOPE_CHROMIUM"
)
# Also what keeps Chromium itself from calling home while a test watches for requests.
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-default-apps", "--no-pings", "--disable-domain-reliability"),
)
_skipped = False


def _chromium(bundled: str) -> str | None:
    wanted = os.environ.get("ACTSCOPE_CHROMIUM")
    if wanted:
        return wanted
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return found or (bundled if Path(bundled).exists() else None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = _chromium(playwright.chromium.executable_path)
        if path is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"no Chromium in CI: {_HOW}")
            global _skipped
            _skipped = True
            pytest.skip(f"no Chromium: {_HOW}")
        launched = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield launched
        launched.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        terminalreporter.section("BROWSER TESTS WERE SKIPPED: no Chromium", yellow=True)
        terminalreporter.line(_HOW)
