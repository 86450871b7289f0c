"""Where nothing is new the tests that passed do not run again; where anything is, they do."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import Command
from copied import project_with_tests_of
from platforms import simulated
from rich.console import Console

from tributary.publish.places import Places
from tributary.publish.reports import Ending, RunReport, Stage
from tributary.publish.run import report_refusal
from tributary.publish.settled import fingerprint_of_reference, has_passed, last_run_of_the_same
from tributary.settings import resolve

SIMULATED = ("--clean", "--days", "3", "--requests-per-day", "40")
UNTESTED = "nothing new to test"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("settled") / "platform", *SIMULATED)


def test_what_passed_is_not_tested_again_until_something_is_new(
    tributary: Command, events: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_with_tests_of(tmp_path / "project", "staging", "reference")
    monkeypatch.setenv("DBT_TARGET_PATH", str(project / "target"))
    arguments = ("run", "--events", events, "--warehouse", tmp_path / "warehouse")
    first, again = (tributary(*arguments, cwd=project) for _ in range(2))
    assert first.returncode == again.returncode == 0, first.stdout + again.stdout
    assert UNTESTED not in first.stdout
    assert UNTESTED in again.stdout
    assert "Published" in again.stdout
    # A reference file that says another thing, and bears the date of the one before.
    folder = events / "reference"
    regions = folder / "regions.csv"
    dates = [(place, place.stat().st_mtime) for place in (regions, folder)]
    lines = regions.read_text("utf-8").splitlines(keepends=True)
    regions.write_text("".join([*lines, lines[-1]]), encoding="utf-8")
    for place, date in dates:
        os.utime(place, (date, date))
    outcome = tributary(*arguments, cwd=project)
    assert outcome.returncode == 1, outcome.stdout
    assert "regions_have_one_row_per_region_code" in outcome.stdout


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
