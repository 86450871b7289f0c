"""The pages, served on this machine, of what is published at the time that they are asked for."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tributary.dashboard.pages import DashboardError
from tributary.dashboard.site import write_site
from tributary.publish.places import Places
from tributary.publish.publication import served_name
from tributary.publish.reading import QuestionError
from tributary.settings import Settings


class _Site:
    """A site that is written again when another publication is served."""

    def __init__(self, settings: Settings, folder: Path, days: int) -> None:
        self.folder = folder
        self._settings = settings
        self._days = days
        self._shown: str | None = None
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Write it, if what is published has changed.

        Raises:
            DashboardError, QuestionError: as `write_site`; the pages stay as they were.
        """
        with self._lock:
            now = served_name(Places(self._settings.warehouse))
            if now is None or now != self._shown:
                write_site(self._settings, self.folder, self._days)
                self._shown = now


class _Handler(SimpleHTTPRequestHandler):
    """Files of the site; a page is made anew first where it is no longer of what is published."""

    def __init__(self, site: _Site, *arguments: Any) -> None:
        self._site = site
        super().__init__(*arguments, directory=str(site.folder))

    def do_GET(self) -> None:
        """Answer with a file."""
        try:
            self._site.refresh()
        except (DashboardError, QuestionError) as failed:
            self.send_error(503, "Not now", str(failed))
            return
        super().do_GET()

    def end_headers(self) -> None:
        """No browser keeps a page: the next publication is another one."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
        """Say nothing of each request."""


@contextmanager
def served_site(
    settings: Settings, host: str, port: int, days: int
) -> Iterator[ThreadingHTTPServer]:
    """A server of the pages, which answers once its `serve_forever` runs.

    Raises:
        DashboardError: the address is taken, or no page can be made.
        QuestionError: nothing is published.
    """
    with tempfile.TemporaryDirectory(prefix="tributary-dashboard-") as folder:
        site = _Site(settings, Path(folder), days)
        site.refresh()
        try:
            server = ThreadingHTTPServer((host, port), partial(_Handler, site))
        except (OSError, OverflowError) as failed:
            raise DashboardError(
                f"The pages cannot be served at {host}:{port}: {failed}. Choose another: --port."
            ) from failed
        with server:
            yield server
