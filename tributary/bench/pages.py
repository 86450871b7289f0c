"""The command `tributary bench-dashboard`: how long a reader of the pages waits."""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tributary.dashboard.browser import headless, ready_after_ms, wait_until_drawn
from tributary.dashboard.data import Span, ask
from tributary.dashboard.pages import DashboardError, Dataset, Page, read_pages
from tributary.dashboard.site import DAYS, file_of, span_of, write_site
from tributary.publish.reading import QuestionError, opened
from tributary.settings import Settings, SettingsError, without_events
from tributary.words import WarehouseOption, refuse

_RATE = 0.95


def bench_dashboard(
    warehouse: WarehouseOption = None,
    days: Annotated[
        int, typer.Option("--days", min=1, help="How many days the pages hold, up to the newest.")
    ] = DAYS,
    times: Annotated[
        int, typer.Option("--times", min=2, help="How often each query is asked.")
    ] = 20,
    visits: Annotated[int, typer.Option("--visits", min=1, help="How often a page is opened.")] = 5,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Measure the pages over the published marts, in a headless Chromium.

    Of each page: how long its slowest query takes, of so many askings the one that 19 of 20 stay
    below, its answer read to the end; its bytes; and how long after it was asked for it had drawn
    itself, the median of so many visits by a browser that has seen nothing before.
    """
    console = Console()
    try:
        settings = without_events(warehouse)
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            write_site(settings, Path(folder), days)
            written_s = time.perf_counter() - began
            pages = read_pages(settings.project)
            queries = {page.name: _slowest_ms(settings, page, days, times) for page in pages}
            ready = _ready_ms(Path(folder), pages, visits)
            sizes = {
                page.name: (Path(folder) / "assets" / f"{page.name}.js").stat().st_size
                for page in pages
            }
    except (DashboardError, QuestionError, SettingsError) as failed:
        refuse(console, str(failed))
    listing = Table("page", "slowest query, p95", "data", "drawn after", box=SIMPLE_HEAD)
    for page in pages:
        name, slowest = queries[page.name]
        listing.add_row(
            page.name,
            f"{slowest:.1f} ms ({name})",
            f"{sizes[page.name] / 1e6:.2f} MB",
            f"{ready[page.name]:,} ms",
        )
    console.print(listing)
    console.print(f"The site was written in {written_s:.1f} s.")
    if json_file:
        figures = {
            "query_p95_ms": {name: slowest for name, (_, slowest) in queries.items()},
            "drawn_ms": ready,
            "bytes": sizes,
            "written_s": written_s,
        }
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _slowest_ms(settings: Settings, page: Page, days: int, times: int) -> tuple[str, float]:
    slowest = ("", 0.0)
    with opened(settings.warehouse) as (publication, marts):
        span = span_of(publication, days)
        for name, dataset in page.data.items():
            if not dataset.sql:
                continue
            took = sorted(_timed_ms(marts, dataset, span) for _ in range(times))
            slowest = max(slowest, (name, took[round(_RATE * (times - 1))]), key=lambda one: one[1])
    return slowest


def _timed_ms(marts: duckdb.DuckDBPyConnection, dataset: Dataset, span: Span) -> float:
    began = time.perf_counter()
    ask(marts, dataset, span).fetchall()
    return 1000 * (time.perf_counter() - began)


def _ready_ms(folder: Path, pages: list[Page], visits: int) -> dict[str, int]:
    found = {}
    with headless() as browser:
        for page in pages:
            waits = []
            for _ in range(visits):
                visit = browser.new_context().new_page()
                visit.goto((folder / file_of(page, pages)).as_uri())
                wait_until_drawn(visit)
                waits.append(ready_after_ms(visit))
                visit.context.close()
            found[page.name] = round(statistics.median(waits))
    return found
