"""Where nothing is new the tests that passed do not run again; where anything is, they do."""

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import Command
from platforms import simulated
from rich.console import Console
from warm import ONLY_MODELS, last_report, run

from tributary.publish.places import Places
from tributary.publish.reports import Ending, RunReport, Stage
from tributary.publish.run import report_refusal
from tributary.publish.settled import fingerprint_of_reference, has_passed, last_run_of_the_same
from tributary.settings import resolve

SIMULATED = ("--clean", "--days", "3", "--requests-per-day", "40")
UNTESTED = "nothing new to test"
OF_REGIONS = "regions_have_one_row_per_region_code"


def test_what_passed_is_not_tested_again(
    tributary: Command, seeds_run: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    warehouse, first = seeds_run
    assert UNTESTED not in first.stdout
    shutil.copytree(warehouse, tmp_path / "warehouse", symlinks=True)
    again = tributary("run", "--warehouse", tmp_path / "warehouse")
    assert again.returncode == 0, again.stdout + again.stderr
    assert UNTESTED in again.stdout
    assert "Published" in again.stdout


def test_a_reference_file_that_says_another_thing_is_something_new(tmp_path: Path) -> None:
    settings = resolve(
        events=str(simulated(tmp_path / "platform", *SIMULATED)), warehouse=tmp_path / "warehouse"
    )
    assert run(Path(settings.events), settings.warehouse, *ONLY_MODELS) == 0
    assert last_run_of_the_same(settings, "now") == last_report(Places(settings.warehouse))
    # It bears the date of the one before.
    folder = Path(settings.events) / "reference"
    regions = folder / "regions.csv"
    dates = [(place, place.stat().st_mtime) for place in (regions, folder)]
    lines = regions.read_text("utf-8").splitlines(keepends=True)
    regions.write_text("".join([*lines, lines[-1]]), encoding="utf-8")
    for place, date in dates:
        os.utime(place, (date, date))
    assert last_run_of_the_same(settings, "now") is None
    assert run(Path(settings.events), settings.warehouse, "--select", OF_REGIONS) == 1
    found = last_report(Places(settings.warehouse)).findings
    assert OF_REGIONS in {finding.name for finding in found if finding.is_blocking}


def test_a_run_that_never_began_says_nothing_of_the_one_before(tmp_path: Path) -> None:
    events, warehouse = tmp_path / "events", tmp_path / "warehouse"
    (events / "clicks").mkdir(parents=True)
    settings = resolve(events=str(events), warehouse=warehouse)
    places, now = Places(warehouse), datetime.now(UTC) + timedelta(seconds=1)
    warehouse.mkdir()
    with duckdb.connect(str(settings.build_database)) as connection:
        connection.execute("create schema state; create table state.files_now (path varchar)")
    published = RunReport(
        run_id="20260101T000000Z", began_at=now, ending=Ending.published, stage=Stage.publish
    )
    published.events, published.reference = settings.events, fingerprint_of_reference(settings)
    published.write(places)
    report_refusal(Console(quiet=True), warehouse, None, "busy", ending=Ending.busy)
    assert last_run_of_the_same(settings, "now") == published


@pytest.mark.parametrize(
    ("change", "has_it"),
    [
        ("select 1", True),
        (
            "insert into state.untested_days by name select 'x' as model, current_date as day",
            False,
        ),
        ("update state.code_now set fingerprint = 'another'", False),
        ("truncate state.tested_code", False),
    ],
)
def test_only_a_build_whose_every_test_passed_with_this_code_has_passed(
    built_warehouse: Path, tmp_path: Path, change: str, has_it: bool
) -> None:
    database = tmp_path / "build.duckdb"
    shutil.copy(built_warehouse, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(change)
    assert has_passed(database) is has_it
