"""Spark builds what DuckDB builds: every model runs there, and every mart is the same."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Command
from one_path import TARGETS, at_one_path
from parity import differing_rows, mart_columns
from pyspark.sql import SparkSession
from rich.console import Console

from tributary.build import run_build
from tributary.settings import resolve

# Statements are many and small here: no code made for each, one collector, one partition, one core,
# and a catalog that goes with the process, of which none is kept on disk. Files without a checksum
# beside them: for the mode of each file that it makes, Spark starts a process.
QUICK = {
    "TRIBUTARY_JVM_FLAGS": "-XX:+UseSerialGC "
    "-Dspark.hadoop.fs.file.impl=org.apache.hadoop.fs.RawLocalFileSystem "
    "-Dspark.sql.codegen.wholeStage=false -Dspark.sql.codegen.factoryMode=NO_CODEGEN",
    "TRIBUTARY_SPARK_PARTITIONS": "1",
    "TRIBUTARY_SPARK_CATALOG": "in-memory",
    "SPARK_MASTER": "local[1]",
}
# A statement costs Spark a second or more, and marts that are the same on both answer every test
# of theirs the same. So Spark is asked one test of each sort, and those that read several models;
# `tributary run --target spark` asks all of them.
OF_EACH_SORT = {
    "bounds_of_metrics_hold": "bounds_of_metrics_hold_in_revenue_daily",
    "expression_holds": "only_a_correction_of_an_earlier_line_is_negative",
    "has_rows": "revenue_daily_is_not_empty",
    "no_day_is_missing": "no_day_is_missing_from_the_requests_of_a_surface",
    "parts_add_up_to_change": "contributions_add_up_to_the_change_to_the_last_digit",
    "ratios_equal_their_sums": "ratios_of_revenue_daily_equal_their_sums",
    "relationships": "every_response_joins_its_impression",
    "sums_equal_those_of": "fact_total_is_the_ledger_total_per_currency_to_the_micro_unit",
    "unique_grain": "advertiser_daily_has_one_row_per_day_and_advertiser",
    "values_add_up_to_total": "surfaces_add_up_to_the_day",
    "values_match": "reasons_against_charges_are_of_the_known_vocabulary",
    "volume_is_in_season": "requests_of_a_surface_are_in_season",
}
OF_OTHER_LOGS = {"share_of_rows_stays_low"}
"""Sorts that no model of the events is tested by."""
ACROSS_MODELS = (
    "distinct_counts_are_recounted_and_never_summed",
    "every_child_joins_its_parent_or_is_quarantined",
    "every_identity_is_judged_in_every_slice",
    "money_is_converted_half_even_at_its_own_days_rate",
    "revenue_is_one_number_from_the_ledger_to_the_marts",
)
REJECTED = "rejected_rows_per_million_stay_low_in_each_event_table"
"""Asked before a log loses a day: what hung on that is rejected then."""
ENGINES = ("duckdb", "spark")
TESTS = (*OF_EACH_SORT.values(), *ACROSS_MODELS)


def build(platform: Path, warehouse: Path, engine: str, *arguments: str) -> dict[str, int]:
    """Build on one of the engines, Spark inside this process; returns how many nodes ended how."""
    # What dbt keeps of the project is of one engine, and that of every other test is DuckDB's.
    kept = ["--target-path", str(TARGETS / engine)] if engine == "spark" else []
    settings = resolve(events=str(platform), warehouse=warehouse, target=engine)
    result = run_build(settings, [*kept, *arguments], Console(), verbose=False)
    assert result.succeeded, result.error or result.problems
    return result.counts


def only(selected: str) -> tuple[str, ...]:
    """No test comes with the models that it is about."""
    return ("--select", selected, "--indirect-selection", "empty")


@pytest.fixture
def quick_spark(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Spark for small statements, gone when the test is over."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    yield
    session = SparkSession.getActiveSession()
    if session:
        session.stop()


@pytest.fixture(scope="module")
def platform(tributary: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days of Parquet with every defect, of which the last has not come yet."""
    folder = tmp_path_factory.mktemp("spark") / "platform"
    assert (
        tributary("simulate", "--out", folder, "--days", 4, "--format", "parquet").returncode == 0
    )
    for day in folder.glob("events/*/dt=*"):
        if day.name >= "dt=2026-10-22":
            shutil.move(day, folder / "later" / day.relative_to(folder))
    assert list(folder.glob("later/events/*/dt=*"))
    return folder


@pytest.mark.usefixtures("quick_spark")
def test_spark_builds_every_mart_that_duckdb_builds_day_after_day(
    root: Path, platform: Path, tmp_path: Path
) -> None:
    warehouse = at_one_path(tmp_path / "warehouse")
    tables = warehouse / "spark" / "tables"
    # Of the first days no more than what is kept of them: everything else is made anew in each run.
    kept = f"+config.materialized:by_day +conservation_daily {REJECTED}"
    first, on_spark = (build(platform, warehouse, engine, *only(kept)) for engine in ENGINES)
    assert on_spark == first
    assert first.get("pass", 0) + first.get("warn", 0) == 1
    written = {
        file: file.stat().st_mtime_ns
        for file in tables.glob("facts.db/agg_traffic_daily/requested_on=2026-10-19/*.parquet")
    }
    assert written

    # A day more, and the clicks of one withdrawn. What does not hang on them is not written again.
    shutil.copytree(platform / "later" / "events", platform / "events", dirs_exist_ok=True)
    shutil.rmtree(platform / "events" / "clicks" / "dt=2026-10-20")
    everything = " ".join(("resource_type:model", *TESTS))
    ended, on_spark = (build(platform, warehouse, engine, *only(everything)) for engine in ENGINES)
    assert on_spark == ended
    assert ended["pass"] + ended.get("warn", 0) == len(TESTS)
    same = dict.fromkeys(mart_columns(warehouse / "build.duckdb"), 0)
    assert len(same) == len(list((root / "models" / "marts").rglob("*.sql")))
    assert differing_rows(warehouse / "build.duckdb", tables) == same
    assert {file: file.stat().st_mtime_ns for file in written} == written


def test_each_sort_of_generic_test_is_asked_of_spark(root: Path) -> None:
    files = (root / "tests" / "generic").glob("*.sql")
    declared = {name for file in files for name in re.findall(r"{% test (\w+)", file.read_text())}
    assert declared | {"relationships"} == OF_EACH_SORT.keys() | OF_OTHER_LOGS
