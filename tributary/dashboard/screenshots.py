"""The pictures of the README: `python -m tributary.dashboard.screenshots` takes them."""

import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tributary.dashboard.browser import headless, wait_until_drawn
from tributary.dashboard.pages import DashboardError
from tributary.dashboard.site import FIRST, write_site
from tributary.publish.reading import QuestionError
from tributary.settings import SettingsError, without_events
from tributary.words import REFUSED

FOLDER = Path("docs") / "images"
_SHOTS = (
    ("dashboard-revenue.png", FIRST, "lang=en", (1280, 900)),
    ("dashboard-advertisers.png", "advertisers.html", "lang=en", (1280, 900)),
    ("dashboard-health.png", "health.html", "lang=en", (1280, 900)),
    ("dashboard-revenue-zh-phone.png", FIRST, "lang=zh", (390, 844)),
)


def take(project: Path) -> list[Path]:
    """Take a picture of each page worth showing, of what the project's own warehouse published.

    Raises:
        DashboardError: there is no browser, or no page.
        QuestionError: nothing is published.
    """
    taken = []
    with tempfile.TemporaryDirectory() as folder, headless() as browser:
        write_site(without_events(None), Path(folder))
        (project / FOLDER).mkdir(parents=True, exist_ok=True)
        for name, file, said, (width, height) in _SHOTS:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{(Path(folder) / file).as_uri()}#{said}")
            wait_until_drawn(page)
            page.screenshot(path=project / FOLDER / name)
            taken.append(project / FOLDER / name)
            page.close()
    return taken


if __name__ == "__main__":
    try:
        for picture in take(without_events(None).project):
            Console().print(str(picture))
    except (DashboardError, QuestionError, SettingsError) as failed:
        Console(stderr=True).print(str(failed))
        sys.exit(REFUSED)
