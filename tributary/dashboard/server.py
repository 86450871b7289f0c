"""The pages, served on this machine, of what is published at the time that they are asked for."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tributary.dashboard.pages import FOLDER, DashboardError
from tributary.dashboard.site import write_site
from tributary.publish.places import Places
from tributary.publish.publication import served_name
from tributary.publish.reading import QuestionError
from tributary.settings import Settings


class _Site:
    """A site that is written again when what it shows is another."""

    def __init__(self, settings: Settings, folder: Path, days: int) -> None:
        self.folder = folder
        self._settings = settings
        self._days = days
        self._shown: object = None
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Write it, if what is published has changed.

        Raises:
            DashboardError, QuestionError: as `write_site`; the pages stay as they were.
        """
        with self._lock:
            now = self._what_is_shown()
            if now != self._shown:
                write_site(self._settings, self.folder, self._days)
                self._shown = now

    def _what_is_shown(self) -> object:
        """All that a page hangs on: the publication, the runs' reports, and the declarations."""
        places = Places(self._settings.warehouse)
        files = [*places.runs.glob("*/report.json"), *places.publications.glob("*/manifest.json")]
        files += (self._settings.project / FOLDER).glob("*.yml")
        changed = {}
        for file in files:
            # Old runs go while new ones come.
            with suppress(FileNotFoundError):
                changed[file] = file.stat().st_mtime_ns
        return served_name(places), changed


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

    def list_directory(self, path: Any) -> None:
        """Folders are not listed."""
        self.send_error(404)

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
                f"The pages cannot be served at {host}:{port}: {failed}. Choose another place: "
                "--port, --host."
            ) from failed
        with server:
            yield server
