"""What is kept day by day is, after any history of deliveries, what a build from nothing gives."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from conftest import Command
from histories import (
    DAYS_APART,
    STEPS,
    History,
    draw_history,
    write_rates,
    write_step,
    write_tiers,
)
from one_path import TARGETS, at_one_path
from rich.console import Console
from scanned import kept_models, read_whole

from tributary.build import run_build
from tributary.settings import resolve
from tributary.simulate.run import run as simulate
from tributary.simulate.schema import TABLES
from tributary.simulate.settings import LogFormat, Settings

HISTORIES = 200
EVERYTHING_IS_RECENT = (
    "{lookback_days: {requests: 99999, impressions: 99999, clicks: 99999, actions: 99999, "
    "charges: 99999}, arrivals_ahead_days: 9999, batch_bytes: %d}"
)
# Explanations are made anew in each run from what is kept, and keep nothing themselves.
KEPT_MODELS = ["--resource-type", "model", "--exclude", "tag:explanation"]
Span = tuple[datetime | None, datetime | None]
NONE: Span = (None, None)
FEW_BATCHES, ONE_BATCH = 2 * 10**7, 10**9


def build(events: Path, warehouse: Path, batch_bytes: int, *more: str) -> Path:
    settings = resolve(events=str(events), warehouse=at_one_path(warehouse))
    arguments = [
        *KEPT_MODELS,
        *("--vars", EVERYTHING_IS_RECENT % batch_bytes),
        *("--target-path", str(TARGETS / f"batches_of_{batch_bytes}")),
        *more,
    ]
    result = run_build(settings, arguments, Console(), verbose=False)
    assert result.succeeded, (result.error, result.problems)
    return warehouse / "build.duckdb"


def killed_build(root: Path, events: Path, warehouse: Path, seconds: float) -> None:
    """Start a build and kill it after so many seconds of work."""
    warehouse.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "dbt.cli.main", "build", *KEPT_MODELS),
            *("--vars", EVERYTHING_IS_RECENT % FEW_BATCHES),
            *("--target-path", str(TARGETS / f"batches_of_{FEW_BATCHES}")),
        ],
        cwd=root,
        env={
            **os.environ,
            "TRIBUTARY_EVENTS": str(events),
            "TRIBUTARY_SOURCE": "events",
            "TRIBUTARY_WAREHOUSE": str(at_one_path(warehouse)),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if "by_day model" in line:
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()


def differences(kept: Path, fresh: Path) -> dict[str, tuple[int, int]]:
    """Per relation of the event-grain layer, the facts and the marts: rows on one side only."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{kept}' as kept (read_only)")
        connection.execute(f"attach '{fresh}' as fresh (read_only)")
        names = connection.execute(
            "select distinct table_schema, table_name from information_schema.tables "
            "where table_schema in ('intermediate', 'facts', 'marts')"
        ).fetchall()
        assert len(names) > 40
        for schema, name in names:
            one, other = f"kept.{schema}.{name}", f"fresh.{schema}.{name}"
            counts = [
                connection.execute(
                    f"select count(*) from (select * from {a} except all select * from {b})"
                ).fetchone()
                for a, b in ((one, other), (other, one))
            ]
            only = tuple(count[0] for count in counts if count)
            if only != (0, 0):
                found[f"{schema}.{name}"] = (only[0], only[1])
    return found


def fetch(database: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(query).fetchall()


def deliver(histories: list[History], events: Path, step: int) -> None:
    write_step(histories, events, step)
    write_rates(histories, events, step)
    write_tiers(events, step)


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return [draw_history(number) for number in range(HISTORIES)]


def test_after_any_history_the_kept_days_are_those_of_a_full_build(
    root: Path, histories: list[History], tmp_path: Path
) -> None:
    """Every step delivers to all histories at once. Some wait for the next one's build, and some
    builds are killed."""
    events, kept = tmp_path / "platform", tmp_path / "kept"
    rng = random.Random("kills")
    for step in range(STEPS):
        deliver(histories, events, step)
        if step in (0, 2):
            killed_build(root, events, kept, seconds=rng.random() * 6)
        if step in (0, 2, 3, STEPS - 1):
            build(events, kept, batch_bytes=FEW_BATCHES if step else ONE_BATCH)
    fresh = build(events, tmp_path / "fresh", batch_bytes=ONE_BATCH)
    assert differences(kept / "build.duckdb", fresh) == {}
    with duckdb.connect(str(fresh), read_only=True) as connection:
        outcomes = dict(
            connection.execute(
                "select reasons, count(*) from facts.fct_quarantined_events group by reasons"
            ).fetchall()
        )
        volume = connection.execute("select count(*) from facts.fct_responses").fetchone()
    # The histories hold what they are about.
    assert {
        "conflicting_duplicate",
        "orphan_impression",
        "orphan_click",
        "orphan_charge",
        "charge_on_invalid_click",
        "time_reversed",
        "no_fx_rate",
    } <= outcomes.keys()
    assert volume and volume[0] > HISTORIES


def build_as_shipped(events: Path, warehouse: Path, span: Span | None = None) -> Path:
    """Build what changed within the lookback of the project, or a range of days."""
    settings = resolve(events=str(events), warehouse=at_one_path(warehouse), backfill=span or NONE)
    result = run_build(settings, KEPT_MODELS, Console(), verbose=False)
    assert result.succeeded, (result.error, result.problems)
    return warehouse / "build.duckdb"


def spans_that_wait(database: Path) -> list[Span]:
    """Days that came after the lookback, by the histories that they are of."""
    shown = fetch(
        database,
        "select event_table, event_on from marts.late_arrivals where is_waiting order by 2",
    )
    assert sorted(shown) == sorted(
        fetch(database, "select event_table, landed_on from state.late_days")
    )
    spans: list[list[datetime]] = []
    for _, day in shown:
        moment = datetime.fromisoformat(str(day))
        if spans and (moment - spans[-1][-1]).days < DAYS_APART // 2:
            spans[-1].append(moment)
        else:
            spans.append([moment])
    return [(span[0], span[-1]) for span in spans]


def test_days_that_waited_for_the_shipped_lookback_end_where_a_full_build_does(
    histories: list[History], tmp_path: Path
) -> None:
    """What waits is taken in history by history, while more comes for those that still wait."""
    events, kept = tmp_path / "platform", tmp_path / "kept"
    rng = random.Random("ranges")
    for step in (0, 2, 4):
        deliver(histories[:6], events, step)
        database = build_as_shipped(events, kept)
        waiting = spans_that_wait(database)
        assert len(waiting) == (0 if step == 0 else 2)
        if step == 2:
            database = build_as_shipped(events, kept, rng.choice(waiting))
            assert len(spans_that_wait(database)) == 1
    fresh = build_as_shipped(events, tmp_path / "fresh")
    assert differences(database, fresh), "what waits makes a difference"
    for span in rng.sample(waiting, len(waiting)):
        database = build_as_shipped(events, kept, span)
    assert spans_that_wait(database) == []
    assert differences(database, fresh) == {}


@pytest.fixture(scope="module")
def at_once(histories: list[History], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few histories, built in one batch: one day at a time they take hundreds of batches."""
    folder = tmp_path_factory.mktemp("some")
    for step in range(STEPS):
        deliver(histories[:3], folder / "platform", step)
    return build(folder / "platform", folder / "warehouse", batch_bytes=ONE_BATCH)


def test_one_day_at_a_time_gives_what_all_days_at_once_give(at_once: Path, tmp_path: Path) -> None:
    by_one = build(at_once.parents[1] / "platform", tmp_path / "one", batch_bytes=1)
    assert differences(by_one, at_once) == {}


def test_a_build_of_some_days_reads_the_files_of_those_days_only(at_once: Path) -> None:
    landed = fetch(
        at_once,
        "select event_table, cast(min(landed_on) as varchar), count(*) "
        "from state.landed_files group by event_table",
    )
    assert len(landed) == len(TABLES)
    for table, day, files in landed:
        plan = fetch(
            at_once,
            f"explain analyze select max(ingested_at) from staging.stg_events__{table} "
            f"where landed_on between date '{day}' and date '{day}'",
        )
        read = re.search(r"Total Files Read: (\d+)", str(plan[0][1]))
        of_that_day = fetch(
            at_once,
            f"select count(*) from state.landed_files "
            f"where event_table = '{table}' and landed_on = date '{day}'",
        )
        assert read
        assert int(read[1]) == int(str(of_that_day[0][0])) < int(str(files))


def test_a_batch_reads_its_own_days_of_every_kept_table(root: Path, at_once: Path) -> None:
    kept = kept_models(root, at_once.parent)
    assert len(kept) > 18
    ((landed,),) = fetch(
        at_once, "select cast(median(landed_on)::date as varchar) from state.landed_files"
    )
    day = str(landed)
    for name, node in kept.items():
        assert read_whole(at_once, node.compiled_code, kept, day) == [], name
    # No landed day reaches below the window that tells the valid click of an impression.
    clicks = "select * from intermediate.int_events__clicks_accepted where {}"
    by_landing = clicks.format("(1 = 1 /* batch: landed_on -1 +1 */)")
    (found,) = read_whole(at_once, by_landing, kept, day)
    assert found.endswith(".int_events__clicks_judged")
    assert read_whole(at_once, by_landing.replace("landed_on", "requested_on"), kept, day) == []


def test_a_session_reads_the_files_that_it_was_given(at_once: Path) -> None:
    every_path = "select event_table, list(path order by path) from state.files_now group by all"
    for table, paths in fetch(at_once, every_path):
        assert isinstance(paths, list)
        some = paths[::2]
        assert 0 < len(some) < len(paths)
        with duckdb.connect(str(at_once), read_only=True) as connection:
            plan = f"explain analyze select max(ingested_at) from staging.stg_events__{table}"
            for given, count in (("null", len(paths)), (str(some), len(some))):
                connection.execute(f"set variable files_of_{table} = {given}::varchar[]")
                shown = str(connection.execute(plan).fetchall())
                assert f"Total Files Read: {count}" in shown


def test_a_full_refresh_of_kept_days_changes_nothing(
    histories: list[History], tmp_path: Path
) -> None:
    some = histories[:6]
    for step in (0, 2):
        deliver(some, tmp_path / "platform", step)
        build(tmp_path / "platform", tmp_path / "kept", batch_bytes=ONE_BATCH)
    kept = (tmp_path / "kept" / "build.duckdb").rename(tmp_path / "before.duckdb")
    (tmp_path / "kept" / "build.duckdb").write_bytes(kept.read_bytes())
    build(tmp_path / "platform", tmp_path / "kept", ONE_BATCH, "--full-refresh")
    assert differences(kept, tmp_path / "kept" / "build.duckdb") == {}


def test_files_delivered_in_the_order_of_their_arrival_end_in_the_simulators_truth(
    tmp_path: Path,
) -> None:
    """Late rows, corrections and verdicts come as files of their own, some days after the rest."""
    simulated, events = tmp_path / "simulated", tmp_path / "platform"
    settings = Settings(
        days=6,
        requests_per_day=150,
        clean=True,
        log_format=LogFormat.parquet,
        duplicates=0.01,
        late=0.02,
        corrections=0.02,
        withdrawals=0.02,
    )
    simulate(settings, simulated)
    shutil.copytree(simulated / "reference", events / "reference")
    arrivals: dict[str, list[Path]] = defaultdict(list)
    for file in sorted((simulated / "events").rglob("*.parquet")):
        day = file.stem.partition("-arrived-")[2] or file.parent.name.removeprefix("dt=")
        arrivals[day].append(file)
    days = sorted(arrivals)
    assert len(days) > 9
    for delivery in (days[:3], days[3:6], days[6:]):
        for file in (file for day in delivery for file in arrivals[day]):
            target = events / file.relative_to(simulated)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        database = build(events, tmp_path / "warehouse", batch_bytes=ONE_BATCH)
    truth = json.loads((simulated / "truth.json").read_text("utf-8"))
    for mart in ("revenue_daily", "advertiser_daily", "conservation_daily"):
        columns, rows = truth["marts"][mart]["columns"], truth["marts"][mart]["rows"]
        shown = ", ".join(f"cast({column} as varchar)" for column in columns)
        found = fetch(database, f"select {shown} from marts.{mart}")
        expected = [tuple(None if value is None else str(value) for value in row) for row in rows]
        assert sorted(found, key=str) == sorted(expected, key=str), mart


def test_what_comes_after_the_lookback_waits_until_it_is_asked_for(
    tributary: Command, tmp_path: Path
) -> None:
    events, warehouse = tmp_path / "platform", tmp_path / "warehouse"
    simulated = ("--format", "parquet", "--days", "8", "--requests-per-day", "30", "--clean")
    assert tributary("simulate", "--out", events, *simulated).returncode == 0
    old, late = [
        events / "events" / "requests" / "dt=2026-10-20" / name
        for name in ("part-0001.parquet", "late.parquet")
    ]
    kept_back = late.with_name("kept_back")
    with duckdb.connect() as connection:
        for path, condition in ((late, "request_id % 3 = 0"), (kept_back, "request_id % 3 <> 0")):
            condition = condition.replace("request_id", "hash(request_id)")
            connection.execute(
                f"copy (select * from '{old}' where {condition}) to '{path}' (format parquet)"
            )
        count = connection.execute(f"select count(*) from '{late}'").fetchone()
    assert count and count[0] > 0
    # A clock of another century does not make every other day old.
    ahead = old.parents[1] / "dt=2250-01-01" / "broken_clock.parquet"
    ahead.parent.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select * replace ('ahead' as request_id, "
            "timestamp '2250-01-01' as requested_at) "
            f"from '{old}' limit 1) to '{ahead}' (format parquet)"
        )
    whole = old.read_bytes()
    late_bytes = late.read_bytes()
    late.unlink()
    kept_back.replace(old)

    def run(first: datetime | None = None, last: datetime | None = None) -> None:
        settings = resolve(
            events=str(events), warehouse=at_one_path(warehouse), backfill=(first, last)
        )
        result = run_build(settings, KEPT_MODELS, Console(), verbose=False)
        assert result.succeeded, (result.error, result.problems)

    def waiting() -> list[tuple[object, ...]]:
        return fetch(
            warehouse / "build.duckdb",
            "select event_table, cast(event_on as varchar), late_rows, command "
            "from marts.late_arrivals where is_waiting",
        )

    def requests() -> int:
        found = fetch(
            warehouse / "build.duckdb", "select sum(requests) from facts.agg_funnel_daily"
        )
        return int(str(found[0][0]))

    run()
    assert waiting() == []
    before = requests()
    late.write_bytes(late_bytes)
    run()
    assert waiting() == [
        (
            "requests",
            "2026-10-20",
            count[0],
            "uv run tributary run --from 2026-10-20 --to 2026-10-20",
        )
    ]
    assert requests() == before
    run(datetime(2026, 10, 20), datetime(2026, 10, 20))
    assert waiting() == []
    assert requests() == before + count[0]
    late.unlink()
    old.write_bytes(whole)
    run(datetime(2026, 10, 20))
    assert requests() == before + count[0]
