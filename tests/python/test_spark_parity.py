"""Spark builds what DuckDB builds: every model and test runs there, and every mart is the same."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command
from one_path import at_one_path
from parity import differing_rows, mart_columns
from rich.console import Console

from tributary.build import run_build
from tributary.settings import resolve

# Statements are many and small here: no second compiler, no code made for each, one collector, one
# partition.
QUICK = {
    "TRIBUTARY_JVM_FLAGS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
    "-Dspark.sql.codegen.wholeStage=false -Dspark.sql.codegen.factoryMode=NO_CODEGEN",
    "TRIBUTARY_SPARK_PARTITIONS": "1",
}


def counts(said: str) -> str:
    """How many models and tests a run had, as its last lines say."""
    found = re.search(r"\d+ models built, \d+ tests passed, \d+ warned", " ".join(said.split()))
    assert found, said
    return found.group()


def on_spark(root: Path, *command: str, **settings: str) -> str:
    """Run a command with a Spark of its own; returns what it said."""
    outcome = subprocess.run(
        [sys.executable, "-m", *command, "--target", "spark"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, **QUICK, **settings, "COLUMNS": "200"},
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr[-3000:]
    return outcome.stdout


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


def test_spark_builds_every_mart_that_duckdb_builds_day_after_day(
    root: Path, tributary: Command, platform: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "warehouse"
    tables = warehouse / "spark" / "tables"
    here = tributary("run", "--events", platform, "--warehouse", warehouse)
    assert here.returncode == 0, here.stdout
    place = ("--events", str(platform), "--warehouse", str(warehouse))
    there = on_spark(root, "tributary", "run", *place)
    assert counts(there) == counts(here.stdout)
    same = dict.fromkeys(mart_columns(warehouse / "build.duckdb"), 0)
    assert len(same) == 13
    assert differing_rows(warehouse / "build.duckdb", tables) == same

    # A day more, and the clicks of one withdrawn. What does not hang on them is not written again.
    shutil.copytree(platform / "later" / "events", platform / "events", dirs_exist_ok=True)
    shutil.rmtree(platform / "events" / "clicks" / "dt=2026-10-20")
    written = {
        file: file.stat().st_mtime_ns
        for file in tables.glob("facts.db/agg_traffic_daily/requested_on=2026-10-19/*.parquet")
    }
    assert written
    settings = resolve(events=str(platform), warehouse=at_one_path(warehouse))
    assert run_build(settings, ["--resource-type", "model"], Console(), verbose=False).succeeded
    java = {"JAVA_HOME": str(warehouse / "spark" / "java")}
    given = {"TRIBUTARY_EVENTS": str(platform), "TRIBUTARY_WAREHOUSE": str(warehouse)}
    on_spark(root, "dbt.cli.main", "run", **given, **java)
    assert differing_rows(warehouse / "build.duckdb", tables) == same
    assert {file: file.stat().st_mtime_ns for file in written} == written
