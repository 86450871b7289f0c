"""Under the lookback as shipped: late files wait and are not read, a pause loses nothing."""

from pathlib import Path

import duckdb
from platforms import deliver, simulated
from test_rebuilds import build, contents

DAYS = 14
ARGUMENTS = ("--format", "parquet", "--clean", "--days", str(DAYS), "--requests-per-day", "150")
LATE = ("--late", "0.03")
ADDS_UP = (
    "every_child_joins_its_parent_or_is_quarantined",
    "money_delivered_is_accepted_repeated_or_quarantined",
)
AND_WHAT_ADDS_UP = [
    *("--select", " ".join(("resource_type:model", *ADDS_UP))),
    *("--exclude", "tag:explanation"),
    *("--indirect-selection", "empty"),
]


def waiting(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(
            "select count(*) from marts.late_arrivals where is_waiting"
        ).fetchone()
    return int(row[0]) if row else -1


def test_days_that_no_run_has_seen_are_built_after_a_long_pause(tmp_path: Path) -> None:
    whole = simulated(tmp_path / "whole", *ARGUMENTS)
    events = deliver(whole, tmp_path / "platform", 3)
    stepped, fresh = tmp_path / "stepped", tmp_path / "fresh"
    build(events, stepped)
    deliver(whole, events, DAYS)
    assert waiting(build(events, stepped)) == 0
    assert contents(build(events, fresh), "facts") == contents(stepped / "build.duckdb", "facts")


def test_files_that_wait_are_in_no_table_though_days_beside_theirs_are_built(
    tmp_path: Path,
) -> None:
    whole = simulated(tmp_path / "whole", *ARGUMENTS, *LATE)
    events, warehouse = tmp_path / "platform", tmp_path / "warehouse"
    has_waited = 0
    for days in (8, 10):
        deliver(whole, events, days)
        has_waited += waiting(build(events, warehouse, AND_WHAT_ADDS_UP))
    assert has_waited


def test_a_file_that_went_from_an_old_day_waits_like_one_that_came(tmp_path: Path) -> None:
    """No footer says how many rows it had: not even that is a reason to fail."""
    events = simulated(tmp_path / "platform", *ARGUMENTS, *LATE)
    warehouse = tmp_path / "warehouse"
    build(events, warehouse)
    first_day = min((events / "events" / "impressions").glob("dt=*"))
    with duckdb.connect(str(warehouse / "build.duckdb"), read_only=True) as connection:
        taken_in = connection.execute("select count(*) from state.landed_files").fetchone()
    late = max(first_day.glob("*-arrived-*.parquet"))
    late.unlink()
    about_it = "stg_landing__late_days agg_late_events_daily late_arrivals"
    database = build(events, warehouse, ["--select", about_it])
    with duckdb.connect(str(database), read_only=True) as connection:
        waits = connection.execute(
            "select event_table, cast(landed_on as varchar), new_rows from state.late_days"
        ).fetchall()
        still = connection.execute("select count(*) from state.landed_files").fetchone()
    assert waits == [("impressions", first_day.name.removeprefix("dt="), None)]
    assert still == taken_in
    assert waiting(database) == 1
