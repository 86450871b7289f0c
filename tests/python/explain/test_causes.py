"""Planted causes are found by the models' own SQL, and quiet days stay quiet: small and the same
on every machine. `tributary bench-causes` asks the same of months of events.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from aggregates import History, write_aggregates
from scratch import build, make_project

from tributary.bench.causes import (
    Cause,
    Score,
    by_size,
    days_with_a_false_cause,
    false_alarms,
    planted_causes,
    score,
)
from tributary.simulate.settings import Plant

DAYS, JUDGED = 98, 14
LAST = History(DAYS, 1, 1).last_day


def plant(back: int, factor: str, size: float, **where: str) -> Plant:
    return Plant(factor, tuple(where.items()), size, LAST - timedelta(days=back))


PLANTS = (
    plant(0, "ctr2", -0.3, surface="search"),
    plant(2, "requests", -0.4, region_code="cn-bj"),
    plant(4, "acp", 0.3, surface="local"),
    plant(6, "pvr", -0.4, surface="search", device_type="phone"),
    plant(8, "ctr2", -0.5, surface="search", region_code="jp-tk"),
    plant(10, "asn", -0.3, app_id="reel"),
    plant(12, "requests", 0.5, app_id="reel", device_type="desktop"),
)
EVENT_DAYS = {LAST - timedelta(days=back): "sale" for back in (1, 3, 31, 32)}


@pytest.fixture(scope="module")
def place(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The marts over a history with seven causes, quiet days and four days of a promotion."""
    folder = tmp_path_factory.mktemp("causes")
    write_aggregates(History(DAYS, 30_000, 5, PLANTS, EVENT_DAYS), folder / "aggregates")
    make_project(root, folder, folder / "aggregates", {"explained_days": JUDGED})
    planted = [{**one.as_record(), "reached": one.size} for one in PLANTS]
    (folder / "truth.json").write_text(json.dumps({"plants": planted}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIBUTARY_WAREHOUSE", str(folder))
        build(folder)
    yield folder


def rows(place: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(place / "build.duckdb"), read_only=True) as connection:
        return connection.sql(sql).fetchall()


def test_planted_causes_are_found_by_factor_and_slice_and_no_other_is_named(place: Path) -> None:
    causes = planted_causes(place / "build.duckdb", place / "truth.json")
    assert {(cause.factor, cause.where): cause.found for cause in causes} == {
        (cause.factor, cause.where): ((cause.factor, cause.where),) for cause in causes
    }
    assert score(causes).f1 == 1
    planted = {cause.day for cause in causes}
    assert days_with_a_false_cause(place / "build.duckdb", planted) == (0, 7)


def test_a_quiet_day_raises_no_alarm(place: Path) -> None:
    quiet = [LAST - timedelta(days=back) for back in (5, 7, 9, 11, 13)]
    listed = ", ".join(f"date '{day}'" for day in quiet)
    found = rows(
        place,
        "select count(*), count(*) filter (where is_alarm) from marts.metric_anomalies"
        f" where requested_on in ({listed}) and p_value is not null",
    )
    assert found[0][0] > 2_000
    assert found[0][1] == 0


def test_what_was_found_adds_up(place: Path) -> None:
    found = rows(
        place,
        "select cause, relative_difference, contribution, rate_part, mix_part, explanatory_power"
        f" from marts.root_causes where metric = 'ctr2' and method = 'slice'"
        f" and requested_on = date '{LAST}'",
    )
    ((cause, change, contribution, rate, mix, power),) = found
    assert cause == "surface:search"
    assert change == pytest.approx(-0.3, abs=0.04)
    assert rate + mix == pytest.approx(contribution, rel=1e-9)
    assert power == pytest.approx(1, abs=0.15)


def test_a_factor_that_is_off_without_an_alarm_is_asked_for_its_slice(
    root: Path, place: Path, tmp_path: Path
) -> None:
    declared = yaml.safe_load((root / "dbt_project.yml").read_text("utf-8"))["vars"]
    # No change is large enough for an alarm.
    anomalies = {**declared["anomalies"], "least_change": 100}
    given = {"explained_days": JUDGED, "anomalies": anomalies}
    make_project(root, tmp_path, place / "aggregates", given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIBUTARY_WAREHOUSE", str(tmp_path))
        build(tmp_path)
    assert rows(tmp_path, "select count(*) from marts.metric_anomalies where is_alarm") == [(0,)]
    causes = planted_causes(tmp_path / "build.duckdb", place / "truth.json")
    measured = score(causes)
    assert measured.found >= 5
    assert measured.wrong == 0
    said = "select distinct method, whole_status from marts.root_causes"
    assert rows(tmp_path, said) == [("slice", "in_band")]


def test_a_promotion_is_held_against_its_own_earlier_days(place: Path) -> None:
    found = rows(
        place,
        "select requested_on, comparable_days, status, relative_difference"
        " from marts.metric_anomalies where metric = 'requests' and dimension = '(all)'"
        " and calendar_events = 'sale' order by requested_on",
    )
    assert [(row[0], row[1], row[2]) for row in found] == [
        (LAST - timedelta(days=3), 2, "in_band"),
        (LAST - timedelta(days=1), 3, "in_band"),
    ]
    usual = rows(
        place,
        "select usual, value from facts.agg_expected_metrics_daily where metric = 'requests'"
        f" and dimension = '(all)' and day = date '{LAST - timedelta(days=1)}'",
    )
    # Half as much again is a promotion, not the weekday's usual: it is no part of the baseline.
    assert usual[0][1] / usual[0][0] == pytest.approx(1.5, abs=0.12)


def cause(found: tuple[tuple[str, str], ...], impact: float = 0.2) -> Cause:
    return Cause("2025-04-01", "ctr2", "surface:search", 1, -0.3, impact, found)


def test_a_cause_named_wrongly_counts_against_precision_and_recall() -> None:
    right, other = ("ctr2", "surface:search"), ("acp", "surface:search")
    measured = score([cause((right,)), cause((other,)), cause((right, other)), cause(())])
    assert measured == Score(planted=4, found=2, wrong=2)
    assert (measured.precision, measured.recall, measured.f1) == (0.5, 0.5, 0.5)
    assert score([]).f1 is None


def test_scores_are_told_apart_by_size() -> None:
    right = (("ctr2", "surface:search"),)
    found = {
        row["size"]: row["f1"]
        for row in by_size([cause(right, 0.05), cause((), 0.12), cause(right)])
    }
    assert found == {"below 10 %": 1, "10 to 15 %": 0, "15 % and more": 1, "10 % and more": 2 / 3}


def test_alarms_of_the_planted_days_would_be_false_ones(place: Path) -> None:
    counted = false_alarms(place / "build.duckdb")
    assert counted["slice_days_with_one"] > 20
    assert counted["slice_days_per_1000"] == pytest.approx(
        1000 * counted["slice_days_with_one"] / counted["slice_days"]
    )


def test_a_history_that_is_too_short_is_not_judged(root: Path, tmp_path: Path) -> None:
    write_aggregates(
        History(28, 2_000, 5, [plant(0, "ctr2", -0.9, surface="search")], None, date(2025, 3, 17)),
        tmp_path / "aggregates",
    )
    make_project(root, tmp_path, tmp_path / "aggregates", {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIBUTARY_WAREHOUSE", str(tmp_path))
        build(tmp_path)
    verdicts = {
        row[0] for row in rows(tmp_path, "select distinct status from marts.metric_anomalies")
    }
    assert "too_little_history" in verdicts
    assert verdicts <= {"too_little_history", "no_value"}
    assert rows(tmp_path, "select count(*) from marts.root_causes") == [(0,)]
