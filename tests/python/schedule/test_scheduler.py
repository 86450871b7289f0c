"""Daemon and web server, for real: a tick publishes, a failed audit does not, the next run does."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from copied import project_with_tests_of
from dagster_at_work import Scheduler
from landed import land, platform_of
from tiny import write_reference

from tributary.publish.places import Places
from tributary.publish.publication import served
from tributary.publish.reports import Ending
from tributary.publish.run import last_runs
from tributary.settings import resolve

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
BEFORE = YESTERDAY - timedelta(days=1)
UNRATED = "rates_are_present"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that blocks on money without a rate, and has the tests of revenue only."""
    copy = project_with_tests_of(tmp_path_factory.mktemp("project"), "marts", "revenue")
    rules = (copy / "audit.yml").read_text("utf-8")
    warned, blocked = (f"  {UNRATED}:\n    severity: {word}\n" for word in ("warn", "block"))
    assert warned in rules
    (copy / "audit.yml").write_text(rules.replace(warned, blocked), "utf-8")
    return copy


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of a tiny platform, the second of which is the newest that is over."""
    folder = tmp_path_factory.mktemp("events")
    for day in (BEFORE, YESTERDAY):
        land(platform_of(day), folder, day)
    return folder


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="module")
def scheduler(
    project: Path, events: Path, warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scheduler]:
    started = Scheduler(
        project,
        tmp_path_factory.mktemp("dagster") / "home",
        {
            "TRIBUTARY_CRON": "* * * * *",
            "TRIBUTARY_EVENTS": str(events),
            "TRIBUTARY_WAREHOUSE": str(warehouse),
            "DBT_TARGET_PATH": str(project / "target"),
            "DBT_LOG_PATH": str(project / "logs"),
        },
    )
    yield started
    started.process.terminate()
    started.process.wait(90)


def revenue(warehouse: Path) -> str:
    """What readers see."""
    with duckdb.connect(str(warehouse / "marts.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select sum(revenue) from marts.revenue_daily where surface = '(all)'"
        ).fetchone()
    return str(found[0]) if found else "nothing"


def test_a_tick_publishes_a_failed_audit_does_not_and_the_next_good_run_does(
    scheduler: Scheduler, events: Path, warehouse: Path
) -> None:
    places = Places(warehouse)

    # A tick of the schedule, and its run.
    state = scheduler.wait_for(scheduler.schedule)
    assert state["cronSchedule"] == "* * * * *"
    assert state["scheduleState"]["status"] == "RUNNING"
    ticks = scheduler.wait_for(
        lambda: [
            tick
            for tick in scheduler.schedule()["scheduleState"]["ticks"]
            if tick["status"] == "SUCCESS"
        ]
    )
    scheduler.stop_schedule()
    [first] = ticks[-1]["runIds"]
    assert {"key": "dagster/partition", "value": str(YESTERDAY)} in scheduler.runs()[first]["tags"]
    assert scheduler.ended(first) == "SUCCESS"
    published = served(places)
    assert published is not None
    assert revenue(warehouse) == "3.000000"
    passed = scheduler.check(("candidate",), UNRATED)
    assert (passed["runId"], passed["status"]) == (first, "SUCCEEDED")
    [made] = scheduler.asset("publication")["assetMaterializations"]
    assert made == {"runId": first, "partition": str(YESTERDAY)}
    tested = scheduler.check(("marts", "revenue_daily"), "surfaces_add_up_to_the_day")
    assert tested["evaluation"]["success"]

    # A run that is killed is seen to have failed, and is in nobody's way.
    doomed = scheduler.launch(str(YESTERDAY))
    at_work = scheduler.wait_for(lambda: scheduler.holder(warehouse))
    os.kill(at_work.pid, signal.SIGKILL)
    assert scheduler.ended(doomed) == "FAILURE"
    assert served(places) == published

    # Money without a rate: the audit refuses the candidate.
    tables = platform_of(YESTERDAY)
    second_ad = tables["impressions"][1]["impression_id"]
    click = tables["clicks"][0] | {"click_id": "second", "impression_id": second_ad}
    charge = tables["charges"][0] | {"charge_id": "h2", "event_id": "second", "currency": "USD"}
    land({"clicks": [click], "charges": [charge]}, events, YESTERDAY, "part-2")
    second = scheduler.launch(str(YESTERDAY))
    assert scheduler.ended(second) == "FAILURE"
    failed = scheduler.check(("candidate",), UNRATED)
    assert (failed["runId"], failed["status"]) == (second, "FAILED")
    assert failed["evaluation"]["severity"] == "ERROR"
    assert "USD" in failed["evaluation"]["description"]
    assert UNRATED in scheduler.failure(second)
    assert len(scheduler.asset("publication")["assetMaterializations"]) == 1
    assert served(places) == published
    assert revenue(warehouse) == "3.000000"

    # The rate comes; both days are asked for at once, and one run publishes them.
    write_reference(
        events,
        "fx_rates",
        [{"rate_date": str(day), "currency": "USD", "rate": "7"} for day in (BEFORE, YESTERDAY)],
    )
    everything = [*marts_and_models(scheduler), ["candidate"], ["publication"]]
    asked = scheduler.backfill(everything, [str(BEFORE), str(YESTERDAY)])
    [third] = scheduler.wait_for(
        lambda: [
            run_id
            for run_id, run in scheduler.runs().items()
            if {"key": "dagster/backfill", "value": asked} in run["tags"]
        ]
    )
    assert scheduler.ended(third) == "SUCCESS"
    assert scheduler.check(("candidate",), UNRATED)["status"] == "SUCCEEDED"
    days = {
        one["partition"]
        for one in scheduler.asset("publication")["assetMaterializations"]
        if one["runId"] == third
    }
    assert days == {str(BEFORE), str(YESTERDAY)}
    endings = [report.ending for report in last_runs(resolve(warehouse=warehouse), 4)]
    assert endings[:3] == [Ending.published, Ending.failed, Ending.killed]
    assert revenue(warehouse) == "13.500000"
    assert scheduler.wait_for(lambda: scheduler.freshness("publication")) == "HEALTHY"


def marts_and_models(scheduler: Scheduler) -> list[list[str]]:
    """Every asset that a run makes, but the last two."""
    nodes = scheduler.ask("{ assetNodes { assetKey { path } isMaterializable } }")["assetNodes"]
    paths = [node["assetKey"]["path"] for node in nodes if node["isMaterializable"]]
    return [path for path in paths if len(path) == 2]


def test_it_stops_when_it_is_told_to(scheduler: Scheduler) -> None:
    assert scheduler.stop() == 0
