"""Spark builds what DuckDB builds: every model runs there, and every mart is the same."""

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

# Statements are many and small here: no second compiler, no code made for each, one collector, one
# partition, and a catalog that need not outlive a power cut.
QUICK = {
    "TRIBUTARY_JVM_FLAGS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
    "-Dderby.system.durability=test "
    "-Dspark.sql.codegen.wholeStage=false -Dspark.sql.codegen.factoryMode=NO_CODEGEN",
    "TRIBUTARY_SPARK_PARTITIONS": "1",
}
# A statement costs Spark a second. Left out are dbt's own tests, whose words it holds to be every
# engine's, and conditions on single rows, whose words the lint of portable SQL reads; every test
# that joins, adds up or compares runs on both.
TESTS = (
    "--exclude",
    "test_name:not_null test_name:unique test_name:accepted_values test_name:expression_holds",
)


def build(platform: Path, warehouse: Path, engine: str, *arguments: str) -> dict[str, int]:
    """Build on one of the engines, Spark inside this process; returns how many nodes ended how."""
    # What dbt keeps of the project is of one engine.
    kept = ["--target-path", str(TARGETS / engine)]
    settings = resolve(events=str(platform), warehouse=warehouse, target=engine)
    result = run_build(settings, [*kept, *arguments], Console(), verbose=False)
    assert result.succeeded, result.error or result.problems
    return result.counts


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
    platform: Path, tmp_path: Path
) -> None:
    warehouse = at_one_path(tmp_path / "warehouse")
    tables = warehouse / "spark" / "tables"
    ended = build(platform, warehouse, "duckdb", *TESTS)
    assert ended["pass"] > 180
    assert build(platform, warehouse, "spark", *TESTS) == ended
    same = dict.fromkeys(mart_columns(warehouse / "build.duckdb"), 0)
    assert len(same) == 18
    assert differing_rows(warehouse / "build.duckdb", tables) == same

    # A day more, and the clicks of one withdrawn. What does not hang on them is not written again.
    shutil.copytree(platform / "later" / "events", platform / "events", dirs_exist_ok=True)
    shutil.rmtree(platform / "events" / "clicks" / "dt=2026-10-20")
    written = {
        file: file.stat().st_mtime_ns
        for file in tables.glob("facts.db/agg_traffic_daily/requested_on=2026-10-19/*.parquet")
    }
    assert written
    for engine in ("duckdb", "spark"):
        build(platform, warehouse, engine, "--resource-type", "model")
    assert differing_rows(warehouse / "build.duckdb", tables) == same
    assert {file: file.stat().st_mtime_ns for file in written} == written
