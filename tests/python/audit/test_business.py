"""The business rules, on histories made for them: no Great Expectations is needed to ask them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from audited import DECLARED, ROOT

from tributary.audit.checks.business import checks
from tributary.audit.rulebook import read_rulebook
from tributary.audit.sql import summed_by_mart

LAST = date(2026, 6, 30)
WEEKDAY = (90, 100, 110, 105, 130, 200, 180)


@dataclass
class Asked:
    """What a rule found, what it noted, and whether it had enough to judge by."""

    found: int
    examples: str
    note: str | None
    is_judged: bool


def ask(connection: duckdb.DuckDBPyConnection, rule: str, now: datetime) -> Asked:
    check = next(c for c in checks(DECLARED, read_rulebook(ROOT).rules, now) if c.rule == rule)
    rows = connection.execute(summed_by_mart([part.sql for part in check.parts], 5)).fetchall()
    noted = connection.execute(check.note).fetchall()[0] if check.note else (None, True)
    found = rows[0][1:3] if rows else (0, "")
    return Asked(*found, *noted)


def history(days: int, changes: dict[date, float] | None = None) -> duckdb.DuckDBPyConnection:
    """A revenue_daily with a weekly season and a little noise, `days` long."""
    connection = duckdb.connect()
    connection.execute(
        "create table main.revenue_daily (requested_on date, surface varchar, requests bigint,"
        " ad_impressions bigint, ad_clicks bigint, revenue decimal(38, 6))"
    )
    for back in range(days):
        day = LAST - timedelta(days=back)
        noise = 1 + ((back * 7919) % 100 - 50) / 1000
        volume = round(WEEKDAY[day.weekday()] * 10 * noise * (changes or {}).get(day, 1))
        if volume:
            connection.execute(
                "insert into main.revenue_daily values (?, '(all)', ?, ?, ?, ?)",
                [day, volume, volume * 2, volume, volume],
            )
    return connection


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


MORNING = at(LAST + timedelta(days=1))


def test_a_history_in_season_is_judged_and_holds() -> None:
    asked = ask(history(120), "volumes_are_in_season", MORNING)
    assert asked.found == 0, asked.examples
    assert asked.note == "28 volumes of 7 days were judged, of 4 series out of 4."


@pytest.mark.parametrize("times", [0.3, 3.0, 0.0])
def test_a_day_out_of_season_is_found_with_its_band(times: float) -> None:
    day = LAST - timedelta(days=2)
    asked = ask(history(120, {day: times}), "volumes_are_in_season", MORNING)
    assert asked.found == 4
    assert f"requested_on {day}, surface (all), ad_clicks: is " in asked.examples
    assert "in band from" in asked.examples


def test_a_weekend_is_no_surprise_and_one_wild_day_long_ago_widens_no_band() -> None:
    wild = {LAST - timedelta(days=40): 9.0, LAST - timedelta(days=2): 2.0}
    asked = ask(history(120, wild), "volumes_are_in_season", MORNING)
    assert asked.found == 4


def test_the_day_that_still_runs_is_not_judged() -> None:
    asked = ask(history(120, {LAST: 0.1}), "volumes_are_in_season", at(LAST))
    assert asked.found == 0
    assert ask(history(120, {LAST: 0.1}), "volumes_are_in_season", MORNING).found == 4


@pytest.mark.parametrize("days", [28, 41])
def test_less_than_six_weeks_are_too_little_history(days: int) -> None:
    asked = ask(history(days, {LAST: 9.0}), "volumes_are_in_season", MORNING)
    assert (asked.found, asked.is_judged) == (0, False)
    assert asked.note == f"Too little history to judge a day by: {days} days, and 42 are needed."


def test_six_weeks_are_enough() -> None:
    asked = ask(history(42, {LAST: 9.0}), "volumes_are_in_season", MORNING)
    assert (asked.found, asked.is_judged) == (4, True)


@pytest.mark.parametrize(
    ("days_later", "found", "note"),
    [
        (1, 0, "The newest complete day is 2026-06-30."),
        (3, 0, "The newest complete day is 2026-06-30."),
        (4, 1, "The newest complete day is 2026-06-30."),
        (61, 1, "The newest complete day is 2026-06-30."),
        (62, 0, "The newest day is 2026-06-30: a history that nobody adds to, not judged."),
        (-9, 0, "The newest day, 2026-06-30, lies after today, 2026-06-21: its age says nothing."),
    ],
)
def test_a_feed_that_stopped_is_found_and_a_history_is_not_called_stale(
    days_later: int, found: int, note: str
) -> None:
    asked = ask(history(30), "newest_day_is_recent", at(LAST + timedelta(days=days_later)))
    assert (asked.found, asked.note) == (found, note)
    assert asked.is_judged == ("complete" in note)


def outcomes(*rows: tuple[str, int, int, int]) -> duckdb.DuckDBPyConnection:
    """A conservation_daily of (table, days before the last, accepted, quarantined)."""
    connection = duckdb.connect()
    connection.execute(
        "create table main.conservation_daily (event_on date, event_table varchar, raw_rows bigint,"
        " accepted_rows bigint, duplicate_rows bigint, quarantined_rows bigint)"
    )
    for table, back, accepted, quarantined in rows:
        connection.execute(
            "insert into main.conservation_daily values (?, ?, ?, ?, 0, ?)",
            [LAST - timedelta(days=back), table, accepted + quarantined, accepted, quarantined],
        )
    return connection


def test_one_feed_of_five_that_stopped_is_found_however_old_the_data() -> None:
    feeds = [("requests", 0), ("impressions", 0), ("clicks", 3), ("actions", -20), ("charges", 0)]
    connection = outcomes(*((table, back, 10, 0) for table, back in feeds))
    asked = ask(connection, "no_event_table_lags_behind", at(LAST + timedelta(days=3000)))
    assert asked.found == 1
    assert asked.examples.startswith("event_table clicks: ends on 2026-06-27, and most tables")


def test_rejects_warn_above_two_percent_and_block_above_ten_and_few_rows_say_nothing() -> None:
    connection = outcomes(
        ("requests", 0, 980, 20),
        ("clicks", 0, 979, 21),
        ("charges", 0, 899, 101),
        ("actions", 0, 1, 98),
    )
    asked = ask(connection, "rejects_call_for_attention", MORNING)
    assert asked.found == 2
    assert "event_table clicks: has 21 of 1000 rows: 21000 per million" in asked.examples
    assert ask(connection, "rejects_are_few", MORNING).found == 1


def test_late_rows_and_missing_rates_are_found() -> None:
    connection = duckdb.connect()
    connection.execute(
        "create table main.lateness as from (values ('clicks', 970, true), ('clicks', 30, false),"
        " ('requests', 990, true), ('requests', 10, false))"
        " as listed(event_table, accepted_rows, is_within_lookback)"
    )
    assert ask(connection, "late_rows_are_few", MORNING).found == 1
    connection.execute(
        "create table main.quarantine_summary as from (values"
        " (date '2026-06-01', 'charges', 'no_fx_rate', 'XTS', 2, 1, 1.5),"
        " (date '2026-06-02', 'charges', 'no_fx_rate', 'XTS', 1, 1, 9.5),"
        " (date '2026-06-02', 'charges', 'orphan_charge', 'CNY', 1, 0, 9.5))"
        " as listed(event_on, event_table, reason, currency, quarantined_rows, superseded_rows,"
        " amount)"
    )
    asked = ask(connection, "rates_are_present", MORNING)
    assert asked.found == 1
    assert asked.examples.endswith("currency XTS: 1 row(s) hold back 1.5")
