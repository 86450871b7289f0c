"""A headless browser that looks at the pages: for tests, pictures and measurements."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tributary.dashboard.pages import DashboardError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE_MS = 20_000


def find_browser() -> str | None:
    """The machine's Chromium; None where it has none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def headless() -> "Iterator[Browser]":
    """The machine's Chromium, without a window.

    Raises:
        DashboardError: it is not installed, or what drives it is not.
    """
    program = find_browser()
    if not program:
        raise DashboardError("There is no Chromium on this machine: apt-get install chromium.")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as failed:
        raise DashboardError("Playwright is not installed: uv sync.") from failed
    with sync_playwright() as playwright:
        # Its sandbox needs rights that a container does not give; the pages are our own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def wait_until_drawn(page: "Page", times: int = 1) -> None:
    """Until a page has drawn itself so many times since it was opened."""
    page.wait_for_function(
        "times => Number(document.documentElement.dataset.drawn || 0) >= times",
        arg=times,
        timeout=_PATIENCE_MS,
    )


def ready_after_ms(page: "Page") -> int:
    """How long after it was asked for a page had drawn itself and answered to its filters."""
    return int(page.evaluate("document.documentElement.dataset.readyMs"))
