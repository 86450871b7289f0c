"""Pages are made of what is published, and of nothing else."""

import json
import re
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from tributary.cli import app
from tributary.dashboard.data import Span, ask
from tributary.dashboard.pages import DashboardError, Page, read_pages, read_words
from tributary.dashboard.server import served_site
from tributary.dashboard.site import file_of, write_site
from tributary.publish.places import Places
from tributary.publish.publication import publications
from tributary.publish.reading import opened
from tributary.publish.reports import Ending, RunReport, Stage
from tributary.settings import Settings, without_events
from tributary.words import REFUSED

ROOT = Path(__file__).resolve().parents[3]
PAGES = read_pages(ROOT)
WHOLE = Span(date(2026, 10, 19), date(2026, 11, 15), date(2026, 10, 19))


def payload(site: Path, page: Page) -> dict[str, Any]:
    text = (site / "assets" / f"{page.name}.js").read_text("utf-8")
    held: dict[str, Any] = json.loads(text.removeprefix("window.tributary = ").rstrip(";\n"))
    return held


def project_with(folder: Path, page: str, before: str, after: str) -> Path:
    """A copy of what the pages are made from, in which a text of one page is another."""
    folder.mkdir()
    for name in ("dbt_project.yml", "dashboards", "macros", "models"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    file = folder / "dashboards" / f"{page}.yml"
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")
    return folder


def test_a_site_asks_nothing_of_the_network(site: Path) -> None:
    files = [file for file in site.rglob("*") if file.is_file() and "vega-" not in file.name]
    assert {file_of(page, PAGES) for page in PAGES} <= {file.name for file in files}
    for file in files:
        text = file.read_text("utf-8")
        # A schema is named by an address that nothing asks.
        asked = set(re.findall(r"https?://[^\s\"'<]+", text))
        assert asked <= {"https://vega.github.io/schema/vega-lite/v6.json"}, file
        assert not re.search(r"@import|url\((?!data:)", text), file


def test_every_page_holds_rows_of_every_data_it_declares(site: Path) -> None:
    for page in PAGES:
        held = payload(site, page)
        assert held["data"].keys() == page.data.keys()
        # Four weeks of seeds are too little history for an alarm.
        empty = {name for name, table in held["data"].items() if not table["rows"]}
        assert empty <= {"alarms"}, page.name


def test_pages_read_the_marts_and_no_more(settings: Settings) -> None:
    marts = {file.stem for file in (ROOT / "models" / "marts").rglob("*.sql")}
    with opened(settings.warehouse) as (_, connection):
        for page in PAGES:
            for dataset in page.data.values():
                read = set(re.findall(r"\b(?:from|join)\s+(\w+)", dataset.sql))
                assert read <= marts
                if dataset.sql:
                    assert ask(connection, dataset, WHOLE).description


def test_every_page_is_an_exposure_that_names_the_marts_it_reads() -> None:
    declared = yaml.safe_load((ROOT / "models" / "marts" / "exposures.yml").read_text("utf-8"))
    exposures = {one["name"]: one for one in declared["exposures"]}
    for page in PAGES:
        read = {
            f"ref('{mart}')"
            for dataset in page.data.values()
            for mart in re.findall(r"\b(?:from|join)\s+(\w+)", dataset.sql)
        }
        assert set(exposures[f"dashboard_{page.name}"]["depends_on"]) == read, page.name


def test_a_site_holds_no_more_days_than_asked_for(settings: Settings, tmp_path: Path) -> None:
    write_site(settings, tmp_path, days=3)
    held = payload(tmp_path, PAGES[0])
    assert held["publication"]["first_day"] == "2026-11-13"
    table = held["data"]["daily"]
    days = {row[table["columns"].index("day")] for row in table["rows"]}
    assert days == {"2026-11-13", "2026-11-14", "2026-11-15"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("[revenue, requests, pvr, asn", "[revenue, requests, pvr, banana", "banana"),
        ("identity: five_factor", "identity: six_factor", "six_factor"),
        ("from revenue_drivers", "from revenue_driver", "revenue_driver"),
        ("data: surfaces", "data: surface", "'surface'"),
        ("kind: funnel", "kind: tunnel", "tunnel"),
        ("title: {en: Funnel, zh: 漏斗}", "title: {en: Funnel}", "zh"),
        # Declared, and not among the columns of the tile's data: it would be shown as 0.
        (
            "metrics: [revenue, requests, ad_imp",
            "metrics: [revenue, invalid_clicks, ad_imp",
            "invalid",
        ),
        ("by: surface", "by: surfaces", "surfaces"),
        ("day: day", "day: days", "days"),
        ("filters: {surface: surface}", "filters: {surface: surfaces}", "surfaces"),
        ("comparisons: [same_weekday, day_on_day, week_on_week]", "comparisons: []", "comparisons"),
        ("name: revenue\nplace", "name: ../revenue\nplace", "name"),
        ("name: revenue\nplace", "name: local\nplace", "another page"),
        ("name: revenue\nplace", "name: dashboard\nplace", "no page can be named dashboard"),
        ("name: revenue\nplace", "name: index\nplace", "no page can be named index"),
        ("filters: {surface: surface}", "filters: {surfaec: surface}", "surfaec"),
        ("[same_weekday, day_on_day, week", "[same_wekday, day_on_day, week", "same_wekday"),
    ],
)
def test_a_page_that_shows_what_is_not_there_is_refused(
    settings: Settings, tmp_path: Path, before: str, after: str, said: str
) -> None:
    project = project_with(tmp_path / "project", "revenue", before, after)
    asked = Settings(project, settings.events, settings.source, settings.warehouse)
    with pytest.raises(DashboardError, match=re.escape(said)) as refused:
        write_site(asked, tmp_path / "site")
    assert "revenue" in str(refused.value)
    assert not (tmp_path / "site").exists()


def test_every_word_that_pages_say_is_declared() -> None:
    words = read_words(ROOT)
    script = (ROOT / "tributary/dashboard/assets/dashboard.js").read_text("utf-8")
    said = set(re.findall(r"say\(\"(\w+)\"\)", script))
    template = (ROOT / "tributary/dashboard/assets/page.html").read_text("utf-8")
    said |= set(re.findall(r"words\.(\w+)", template))
    said |= {name for page in PAGES for name in page.filters}
    said |= {
        word for page in PAGES for tile in page.tiles for word in getattr(tile, "comparisons", [])
    }
    assert said <= words.keys()
    # Told by a value: the effect of a driver, a list's choice, what there is not, how a run ended.
    by_value = {"volume", "mix", "rate", "unattributed", "metric", "comparison", "served", "kept"}
    by_value |= {"no_value", "no_earlier_days", "no_value_before", *Ending, *Stage}
    assert words.keys() == said | by_value


def changed(settings: Settings, folder: Path, sql: str) -> Settings:
    """A warehouse of its own, in whose publication statements were run."""
    shutil.copytree(settings.warehouse, folder, symlinks=True)
    (database,) = folder.glob("publications/2*/marts.duckdb")
    database.chmod(0o644)
    with duckdb.connect(str(database)) as marts:
        marts.execute(sql)
    return without_events(folder)


def test_a_mart_that_a_publication_lacks_leaves_one_tile_empty_and_no_page(
    settings: Settings, tmp_path: Path
) -> None:
    lacking = changed(settings, tmp_path / "warehouse", "drop table metric_anomalies")
    write_site(lacking, tmp_path / "site")
    data = payload(tmp_path / "site", PAGES[0])["data"]
    assert [name for name, table in data.items() if table["is_missing"]] == ["alarms"]


def test_so_does_a_column_that_it_lacks(settings: Settings, tmp_path: Path) -> None:
    lacking = changed(
        settings, tmp_path / "warehouse", "alter table revenue_drivers drop is_to_date"
    )
    write_site(lacking, tmp_path / "site")
    data = payload(tmp_path / "site", PAGES[0])["data"]
    assert [name for name, table in data.items() if table["is_missing"]] == ["drivers"]


def test_values_that_a_page_cannot_hold_do_not_end_it(settings: Settings, tmp_path: Path) -> None:
    odd = changed(
        settings,
        tmp_path / "warehouse",
        "update lateness set share_later = 'inf';"
        " update advertiser_daily set advertiser_name = '</script>' || chr(8232) || 'x'",
    )
    write_site(odd, tmp_path / "site")
    held = payload(tmp_path / "site", next(page for page in PAGES if page.name == "health"))
    table = held["data"]["lateness"]
    assert {row[table["columns"].index("share_later")] for row in table["rows"]} == {None}
    text = (tmp_path / "site" / "assets" / "advertisers.js").read_text("utf-8")
    assert "</script> x" in text


def test_a_foreign_page_is_not_written_over_and_an_old_one_goes(
    settings: Settings, site: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "index.html").write_text("mine")
    with pytest.raises(DashboardError, match="none of these"):
        write_site(settings, foreign)
    for name in ("local.html", "assets/dashboard.css", "assets/revenue.js"):
        other = tmp_path / name.replace("/", "_")
        (other / name).parent.mkdir(parents=True)
        (other / name).write_text("mine")
        with pytest.raises(DashboardError, match=re.escape(name)):
            write_site(settings, other)
        assert (other / name).read_text() == "mine"
    again = tmp_path / "again"
    shutil.copytree(site, again)
    shutil.copy(again / "local.html", again / "gone.html")
    (again / "assets" / "gone.js").touch()
    (again / "notes.html").write_text("mine")
    write_site(settings, again)
    assert not (again / "gone.html").exists()
    assert not (again / "assets" / "gone.js").exists()
    assert (again / "notes.html").exists()


def test_a_filter_that_no_data_answers_to_is_refused() -> None:
    page = next(one for one in PAGES if one.name == "health").model_dump()
    with pytest.raises(ValueError, match="no data of the page is cut by its filter surface"):
        Page.model_validate(page | {"filters": ["surface"]})


@pytest.mark.parametrize("words", ["", "[]", "skip: {en: Skip, zh: 跳}"])
def test_words_that_are_not_there_are_refused(
    settings: Settings, tmp_path: Path, words: str
) -> None:
    project = project_with(tmp_path / "project", "revenue", "place: 1", "place: 1")
    (project / "dashboards" / "words.yml").write_text(words)
    asked = Settings(project, settings.events, settings.source, settings.warehouse)
    with pytest.raises(DashboardError, match=r"words\.yml"):
        write_site(asked, tmp_path / "site")


def test_without_a_publication_the_command_says_what_to_do(tmp_path: Path) -> None:
    at = ["--warehouse", str(tmp_path / "none"), "--static", str(tmp_path / "site")]
    outcome = CliRunner().invoke(app, ["dashboard", *at])
    assert outcome.exit_code == REFUSED
    assert "tributary run" in outcome.output
    assert not (tmp_path / "site").exists()


def test_the_command_writes_a_site(settings: Settings, tmp_path: Path) -> None:
    at = ["--warehouse", str(settings.warehouse), "--static", str(tmp_path / "a" / "site")]
    outcome = CliRunner().invoke(app, ["dashboard", *at])
    assert outcome.exit_code == 0
    assert (tmp_path / "a" / "site" / "index.html").exists()


def test_a_folder_that_cannot_be_written_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DashboardError, match="cannot be written"):
        write_site(settings, tmp_path / "file")


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    """The pages of a warehouse of its own."""
    warehouse = tmp_path / "warehouse"
    shutil.copytree(settings.warehouse, warehouse, symlinks=True)
    with served_site(without_events(warehouse), "127.0.0.1", 0, 92) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def body(server: ThreadingHTTPServer, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{path}", timeout=30) as got:
        text: str = got.read().decode()
        return text


def test_served_pages_follow_what_is_published(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    places = Places(tmp_path / "warehouse")
    first = publications(places)[0].manifest.run_id
    assert first in body(server, "assets/revenue.js")
    # A run that failed publishes nothing, and is what the page of health is for.
    report = RunReport(
        run_id="20980101T000000Z",
        began_at=datetime.now(UTC),
        ending=Ending.failed,
        stage=Stage.build,
    )
    report.write(places)
    assert "20980101T000000Z" in body(server, "assets/health.js")
    # Another publication: the same one under another name.
    second = places.publication("20990101T000000Z")
    shutil.copytree(places.publication(first), second)
    manifest = second / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text("utf-8").replace(first, second.name), "utf-8")
    places.current.unlink()
    places.current.symlink_to(second.name)
    held = body(server, "assets/revenue.js")
    assert f'"run_id":"{second.name}"' in held
    # And none: what cannot be shown is said, and said no longer once there is one again.
    places.current.unlink()
    with pytest.raises(urllib.error.HTTPError) as refused:
        body(server, "index.html")
    assert refused.value.code == 503
    assert "tributary run" in refused.value.read().decode()
    places.current.symlink_to(first)
    assert first in body(server, "assets/revenue.js")


def test_a_port_that_is_taken_is_refused(settings: Settings, server: ThreadingHTTPServer) -> None:
    with (
        pytest.raises(DashboardError, match="--port"),
        served_site(settings, "127.0.0.1", server.server_port, 92),
    ):
        pass


def test_nothing_outside_of_the_site_is_served(server: ThreadingHTTPServer) -> None:
    for path in ("../../../../etc/passwd", "assets/"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            body(server, path)
        assert refused.value.code == 404
