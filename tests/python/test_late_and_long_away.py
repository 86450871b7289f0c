"""Under the lookback as shipped: late files wait and are not read, a pause loses nothing."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
from conftest import Command
from test_rebuilds import contents
from typer.testing import CliRunner
from warm import ONLY_MODELS, run

from tributary.cli import app

DAYS = 14
FIRST_DAY = date(2026, 10, 19)
ARGUMENTS = ("--format", "parquet", "--clean", "--days", str(DAYS), "--requests-per-day", "150")
LATE = ("--late", "0.03")


def simulated(folder: Path, *more: str) -> Path:
    outcome = CliRunner().invoke(app, ["simulate", "--out", str(folder), *ARGUMENTS, *more])
    assert outcome.exit_code == 0, outcome.output
    return folder


def deliver(whole: Path, platform: Path, days: int) -> Path:
    """What has arrived after so many days: the name of a late file says when it came."""
    shutil.copytree(whole / "reference", platform / "reference", dirs_exist_ok=True)
    end = FIRST_DAY + timedelta(days=days)
    for file in (whole / "events").rglob("part-*.parquet"):
        came_late = re.search(r"-arrived-(\d{4}-\d\d-\d\d)", file.name)
        made_on = FIRST_DAY + timedelta(days=int(file.name[5:9]))
        came_on = date.fromisoformat(came_late[1]) if came_late else made_on
        target = platform / file.relative_to(whole)
        if came_on < end and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    return platform


def waiting(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(
            "select count(*) from marts.late_arrivals where is_waiting"
        ).fetchone()
    return int(row[0]) if row else -1


def test_days_that_no_run_has_seen_are_built_after_a_long_pause(tmp_path: Path) -> None:
    whole = simulated(tmp_path / "whole")
    events = deliver(whole, tmp_path / "platform", 3)
    stepped, fresh = tmp_path / "stepped", tmp_path / "fresh"
    assert run(events, stepped, *ONLY_MODELS) == 0
    deliver(whole, events, DAYS)
    assert run(events, stepped, *ONLY_MODELS) == 0
    assert waiting(stepped / "build.duckdb") == 0
    assert run(events, fresh, *ONLY_MODELS) == 0
    assert contents(stepped / "build.duckdb", "facts") == contents(fresh / "build.duckdb", "facts")


def test_files_that_wait_are_in_no_table_though_days_beside_theirs_are_built(
    tributary: Command, tmp_path: Path
) -> None:
    whole = simulated(tmp_path / "whole", *LATE)
    events, warehouse = tmp_path / "platform", tmp_path / "warehouse"
    has_waited = 0
    for days in (8, 10):
        deliver(whole, events, days)
        outcome = tributary("run", "--events", events, "--warehouse", warehouse)
        assert outcome.returncode == 0, outcome.stdout
        has_waited += waiting(warehouse / "build.duckdb")
    assert has_waited
