"""A build can be repeated, killed, fed in another format and corrected, and ends up right."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from one_path import TARGETS, at_one_path
from platforms import simulated as make_platform
from rich.console import Console
from tiny import tiny_platform, write_platform, write_reference
from typer.testing import CliRunner

from tributary.build import run_build
from tributary.cli import app
from tributary.settings import resolve

SIMULATED = ("--days", "6", "--requests-per-day", "40", "--seed", "3")
# What is compared here is what is built; the checks on it have tests of their own.
# Explanations are made anew in each run from what is kept, and keep nothing themselves.
ONLY_MODELS = ["--resource-type", "model", "--exclude", "tag:explanation"]
LANDED_GAP = "no_landed_day_of_requests_or_impressions_is_missing"
CALENDAR_GRAIN = "calendar_events_have_one_row_per_event_name_wave_and_start"


def build(events: Path, warehouse: Path, what: list[str] = ONLY_MODELS) -> Path:
    """Build the marts in this process; returns the database."""
    settings = resolve(events=str(events), warehouse=at_one_path(warehouse))
    result = run_build(settings, what, Console(), verbose=False)
    assert result.succeeded, (result.error, result.problems)
    return warehouse / "build.duckdb"


def fetch(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def contents(database: Path, schema: str = "marts") -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of a schema, in one order."""
    names = fetch(
        database,
        f"select table_name from information_schema.tables where table_schema = '{schema}'",
    )
    assert names
    return {
        str(name): fetch(database, f"select * from {schema}.{name} order by all")
        for (name,) in names
    }


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_platform(tmp_path_factory.mktemp("simulated") / "platform", *SIMULATED)


@pytest.fixture(scope="module")
def undisturbed(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(simulated, tmp_path_factory.mktemp("undisturbed"))


def test_a_second_build_changes_nothing(simulated: Path, undisturbed: Path) -> None:
    before = contents(undisturbed)
    build(simulated, undisturbed.parent)
    assert contents(undisturbed) == before
    assert before["revenue_daily"]


def test_a_platform_that_begins_to_lie_by_day_is_taken_in_anew(
    undisturbed: Path, simulated: Path, tmp_path: Path
) -> None:
    platform = tmp_path / "platform"
    shutil.copytree(simulated, platform)
    by_day = (*SIMULATED, "--format", "parquet", "--force")
    assert contents(build(platform, tmp_path / "warehouse")) == contents(undisturbed)
    make_platform(platform, *by_day)
    database = build(platform, tmp_path / "warehouse")
    total = "select requested_on, surface, requests, revenue from marts.revenue_daily order by all"
    assert fetch(database, total) == fetch(undisturbed, total)


def test_a_changed_tolerance_is_applied_to_what_was_judged_before(
    simulated: Path, undisturbed: Path, tmp_path: Path
) -> None:
    # What dbt keeps of the project is of one set of variables.
    kept = ["--target-path", str(TARGETS / "stricter")]
    stricter = [*ONLY_MODELS, *kept, "--vars", "{greatest_age_days: 2}"]
    found = (
        "select coalesce(sum(first_reason_rows), 0) from marts.quarantine_summary "
        "where reason = 'from_the_past'"
    )
    results = []
    for warehouse in (tmp_path / "kept", tmp_path / "fresh"):
        if warehouse.name == "kept":
            build(simulated, warehouse)
        settings = resolve(events=str(simulated), warehouse=at_one_path(warehouse))
        assert run_build(settings, stricter, Console(), verbose=False).succeeded
        results.append(fetch(warehouse / "build.duckdb", found))
    assert results[0] == results[1] != fetch(undisturbed, found)


def test_a_build_killed_again_and_again_leaves_the_next_one_right(
    root: Path, simulated: Path, undisturbed: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "warehouse"
    for seconds_of_work in (0.2, 1.0, 2.5):
        kill_a_build(root, simulated, warehouse, seconds_of_work)
    assert contents(build(simulated, warehouse)) == contents(undisturbed)


def kill_a_build(root: Path, events: Path, warehouse: Path, seconds_of_work: float) -> None:
    """Start a build in a process of its own, and kill it once it has worked on the database."""
    warehouse.mkdir(exist_ok=True)
    database = warehouse / "build.duckdb"
    before = touched(database)
    process = subprocess.Popen(
        [sys.executable, "-m", "dbt.cli.main", "build", *ONLY_MODELS],
        cwd=root,
        env={
            **os.environ,
            "TRIBUTARY_EVENTS": str(events),
            "TRIBUTARY_WAREHOUSE": str(at_one_path(warehouse)),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while touched(database) <= before and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(seconds_of_work)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def touched(database: Path) -> int:
    """When the database, or what is written ahead of it, was written last; 0: it is not there."""
    files = [database, database.with_name(f"{database.name}.wal")]
    return max((file.stat().st_mtime_ns for file in files if file.exists()), default=0)


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    # Text that does not parse cannot be stored in typed Parquet: a clean platform has none.
    databases = []
    for kind in ("csv", "parquet"):
        folder = make_platform(tmp_path / kind, "--format", kind, "--clean", *SIMULATED)
        databases.append(build(folder, tmp_path / f"{kind}_warehouse"))
    from_csv, from_parquet = (contents(database) for database in databases)
    assert from_csv == from_parquet
    assert from_csv["revenue_daily"]


def test_a_mended_row_leaves_the_quarantine(tmp_path: Path) -> None:
    tables = tiny_platform()
    tables["charges"][0]["currency"] = "USD"
    tables["clicks"][0]["impression_id"] = "i9"
    events = write_platform(tables, tmp_path / "platform")
    database = build(events, tmp_path / "warehouse")
    assert reasons(database) == {
        ("clicks", "orphan_click"),
        ("actions", "orphan_action"),
        ("charges", "orphan_charge,no_fx_rate"),
    }

    out = tmp_path / "rejected"
    outcome = CliRunner().invoke(
        app, ["quarantine", str(out), "--warehouse", str(database.parent), "--table", "clicks"]
    )
    assert outcome.exit_code == 0, outcome.output
    rejected = out / "clicks.csv"
    rejected.write_text(rejected.read_text().replace("i9", "i1"))
    rejected.replace(events / "events" / "clicks.csv")
    write_reference(
        events, "fx_rates", [{"rate_date": "2026-10-19", "currency": "USD", "rate": "7.1"}]
    )
    build(events, tmp_path / "warehouse")
    assert reasons(database) == set()
    assert fetch(
        database,
        "select ad_clicks, ad_actions, cast(revenue as varchar) from marts.revenue_daily "
        "where surface = '(all)'",
    ) == [(1, 1, "10.650000")]


def test_an_orphan_leaves_the_quarantine_once_its_parent_arrives(tmp_path: Path) -> None:
    tables = tiny_platform()
    late = tables["impressions"].pop(0)
    events = write_platform(tables, tmp_path / "platform")
    database = build(events, tmp_path / "warehouse")
    assert ("clicks", "orphan_click") in reasons(database)
    tables["impressions"].append({**late, "ingested_at": "2026-10-21 03:00:00"})
    write_platform(tables, tmp_path / "platform")
    build(events, tmp_path / "warehouse")
    assert reasons(database) == set()


def reasons(database: Path) -> set[tuple[object, ...]]:
    return set(fetch(database, "select event_table, reasons from facts.fct_quarantined_events"))


def test_a_changed_tier_is_that_of_all_weeks_of_its_advertiser(tmp_path: Path) -> None:
    adv1 = {
        "advertiser_id": "adv1",
        "advertiser_name": "A",
        "industry": "retail",
        "tier": "mid",
        "onboarded_on": "2026-01-01",
    }
    other = {**adv1, "advertiser_id": "adv2"}
    events = write_platform(tiny_platform(), tmp_path / "platform")
    by_tier = (
        "select dimension_value, cast(sum(predictions) as integer) from marts.{} "
        "where dimension = 'tier' group by dimension_value"
    )
    found = []
    for listed in ([other], [adv1, {**other, "tier": "key"}], [{**other, "tier": ""}]):
        write_reference(events, "advertisers", listed)
        database = build(events, tmp_path / "warehouse")
        tables = ("prediction_calibration", "prediction_calibration_buckets")
        found.append([fetch(database, by_tier.format(table)) for table in tables])
    assert found == [[[(tier, 3)]] * 2 for tier in ("(unknown)", "mid", "(unknown)")]


def test_a_view_is_made_again_only_where_it_would_be_another(tmp_path: Path) -> None:
    events = write_platform(tiny_platform(), tmp_path / "platform")
    warehouse = tmp_path / "warehouse"
    assert len(views_made(events, warehouse)) > 30
    assert views_made(events, warehouse) == set()
    # One is gone, one was changed by hand, and one reads a log that has become typed.
    log = events / "events" / "clicks"
    with duckdb.connect(str(warehouse / "build.duckdb")) as connection:
        connection.execute("drop view staging.stg_reference__campaigns")
        connection.execute("create or replace view staging.stg_reference__regions as select 1 as a")
        connection.execute(f"copy (from '{log}.csv') to '{log}.parquet'")
    log.with_suffix(".csv").unlink()
    assert views_made(events, warehouse) == {
        "stg_events__clicks",
        "stg_reference__campaigns",
        "stg_reference__regions",
    }


def views_made(events: Path, warehouse: Path) -> set[str]:
    """The views that a build makes; the others stand."""
    made = set()

    def look(event: Any) -> None:
        if event.info.name == "NodeFinished" and event.data.node_info.materialized == "view":
            made.add((event.data.node_info.node_name, event.data.run_result.message))

    settings = resolve(events=str(events), warehouse=at_one_path(warehouse))
    assert run_build(settings, ONLY_MODELS, Console(), verbose=False, watch=look).succeeded
    return {name for name, message in made if message != "STANDS"}


def test_a_day_that_never_arrived_fails_the_run_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_platform(tmp_path / "platform", "--missing-day", "2026-10-22", *SIMULATED)
    monkeypatch.setenv("DBT_INDIRECT_SELECTION", "empty")
    outcome = CliRunner().invoke(
        app,
        [
            *("run", "--select", "+no_day_is_missing_from_the_requests_of_a_surface"),
            *("--events", str(folder), "--warehouse", str(at_one_path(tmp_path / "warehouse"))),
        ],
        terminal_width=200,
    )
    assert outcome.exit_code == 1, outcome.output
    assert "no_day_is_missing" in outcome.output


def test_a_landed_day_that_is_missing_from_every_log_fails_by_name(tmp_path: Path) -> None:
    # Each reporting day still has hours of it in the files of the day beside it.
    platform = make_platform(tmp_path / "platform", *SIMULATED, "--format", "parquet", "--clean")
    chosen = ["--select", f"+agg_landings_daily {LANDED_GAP}", "--indirect-selection", "empty"]
    problems = []
    for _ in range(2):
        settings = resolve(events=str(platform), warehouse=at_one_path(tmp_path / "warehouse"))
        result = run_build(settings, chosen, Console(), verbose=False)
        problems.append([problem.name for problem in result.problems])
        for day in (platform / "events").glob("*/dt=2026-10-21"):
            shutil.rmtree(day)
    assert problems == [[], [LANDED_GAP]]


def test_the_quarantine_export_refuses_what_it_cannot_do(undisturbed: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    no_build = runner.invoke(app, ["quarantine", str(tmp_path / "a"), "--warehouse", str(tmp_path)])
    assert no_build.exit_code == 2
    assert "tributary run" in no_build.output
    warehouse = str(undisturbed.parent)
    no_table = runner.invoke(
        app, ["quarantine", str(tmp_path / "b"), "--warehouse", warehouse, "--table", "views"]
    )
    assert no_table.exit_code == 2
    assert "views" in no_table.output
    no_reason = runner.invoke(
        app, ["quarantine", str(tmp_path / "d"), "--warehouse", warehouse, "--reason", "typo"]
    )
    assert no_reason.exit_code == 2
    assert "orphan_charge" in no_reason.output
    taken = tmp_path / "c"
    assert runner.invoke(app, ["quarantine", str(taken), "--warehouse", warehouse]).exit_code == 0
    again = runner.invoke(app, ["quarantine", str(taken), "--warehouse", warehouse])
    assert again.exit_code == 2
    assert "exists" in again.output


def test_an_event_of_the_calendar_comes_again_each_year(tmp_path: Path) -> None:
    events = write_platform(tiny_platform(), tmp_path / "platform")
    columns = ("event_name", "event_type", "wave", "starts_on", "ends_on")
    waves = [
        ("11.11", "promotion", "final", "2026-11-10", "2026-11-11"),
        ("11.11", "promotion", "final", "2027-11-10", "2027-11-11"),
    ]
    of_the_calendar = ["--select", "stg_reference__calendar_events"]
    for rows, problems in ((waves, []), ([*waves, waves[0]], [CALENDAR_GRAIN])):
        write_reference(
            events, "calendar_events", [dict(zip(columns, row, strict=True)) for row in rows]
        )
        settings = resolve(events=str(events), warehouse=at_one_path(tmp_path / "warehouse"))
        result = run_build(settings, of_the_calendar, Console(), verbose=False)
        assert result.error is None
        assert [problem.name for problem in result.problems] == problems
