"""One measured piece of work, in a process of its own: `python -m tributary.bench.worker …`.

Each engine reads the same event files and writes the same marts, one Parquet file a mart.
"""

import json
import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from time import process_time
from typing import Annotated, Any

import duckdb
import typer

from tributary.bench.measure import START_FILE, most_memory_mb
from tributary.bench.statements import (
    CLICKHOUSE,
    DUCKDB,
    MARTS,
    OF_THE_LEDGER,
    SPARK,
    Statements,
    parts_of,
)
from tributary.settings import Settings, find_project, resolve
from tributary.spark import JAVA_HOME, java_home

THREADS = 2
_READ_ONCE = ("rates", "traffic")
"""Steps that one other reads. An engine that keeps none by itself writes the others down."""
_PART_BYTES = 500_000_000
"""Files of so many bytes become steps that fit the memory beside each other, in DuckDB."""
_POLARS_PART_BYTES = 1_000_000_000
"""The same for Polars, which takes less of it. A part reads the days around it as well: the fewer,
the better."""
_CHARGED_OF_DAYS = """
    select
        requested_on,
        charged_on,
        currency,
        cast(sum(amount_micros) as bigint) as amount_micros,
        cast(sum(revenue_micros) as bigint) as revenue_micros
    from charged
    group by requested_on, charged_on, currency
"""


class Part(StrEnum):
    """Which of the project's models are built."""

    everything = "everything"
    kept = "kept"
    """All but explanations: the marts that floors and peers make, and the others."""
    compared = "compared"
    """The marts that floors and peers make, and what those are made from."""
    explanations = "explanations"


_SELECTIONS = {
    Part.everything: [],
    Part.kept: ["--exclude", "tag:explanation"],
    Part.compared: ["--select", " ".join(f"+{mart}" for mart in MARTS)],
    Part.explanations: ["--select", "tag:explanation"],
}

app = typer.Typer(add_completion=False)
Folder = Annotated[Path, typer.Option()]


@app.command()
def build(
    events: Folder,
    out: Folder,
    first: datetime | None = None,
    last: datetime | None = None,
    part: Part = Part.everything,
) -> None:
    """The project's own build of its models; `out` is the warehouse, the days a range to build."""
    _build_models(resolve(events=str(events), warehouse=out, backfill=(first, last)), part)


@app.command()
def build_on_spark(events: Folder, out: Folder) -> None:
    """The same models, built on Spark in local mode; its marts are moved to `out`."""
    settings = resolve(events=str(events), warehouse=out, target="spark")
    _build_models(settings)
    for mart in MARTS:
        (settings.spark_folder / "tables" / "marts.db" / mart).rename(out / f"{mart}.parquet")


def _build_models(settings: Settings, part: Part = Part.everything) -> None:
    from rich.console import Console

    from tributary.build import run_build

    models = ["--resource-type", "model", *_SELECTIONS[part]]
    result = run_build(settings, models, Console(), verbose=False)
    if not result.succeeded:
        raise SystemExit(str(result.error or result.problems))


@app.command()
def start(events: Folder, out: Folder) -> None:
    """CPU seconds of dbt before it builds anything: in a new process, and again in the same.

    The project has not changed since the last run; `out` is the warehouse that it has built.
    """
    with resolve(events=str(events), warehouse=out).exported():
        seconds = [_parse_cpu_s() for _ in range(3)]
    (out / START_FILE).write_text(json.dumps({"new": seconds[0], "again": seconds[-1]}), "utf-8")


def _parse_cpu_s() -> float:
    began = process_time() if "dbt.cli.main" in sys.modules else 0
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(["--quiet", "parse", "--no-write-json"])
    if not outcome.success:
        raise SystemExit(str(outcome.exception))
    return round(process_time() - began, 2)


@app.command()
def floor(events: Folder, out: Folder) -> None:
    """DuckDB by hand: one statement a mart, each from the files."""
    statements = Statements(find_project(Path.cwd()), events, DUCKDB)
    for mart in MARTS:
        with _duckdb(out) as connection:
            connection.execute(f"copy ({statements.whole(mart)}) to '{out}/{mart}.parquet'")


@app.command()
def floor_shared(events: Folder, out: Folder) -> None:
    """DuckDB by hand, sterner: the steps made once, for all marts, of some days at a time."""
    project = find_project(Path.cwd())
    with _duckdb(out) as connection:
        for place, days in enumerate(parts_of(events, _PART_BYTES)):
            statements = Statements(project, events, DUCKDB, days)
            for step, select in statements.steps().items():
                kind = "view" if step in _READ_ONCE else "table"
                connection.execute(f"create or replace temp {kind} {step} as {select}")
            # A mart by the day of the ledger is made of all parts.
            selects = {mart: statements.mart(mart) for mart in MARTS if mart != OF_THE_LEDGER}
            selects["charged_of_days"] = _CHARGED_OF_DAYS
            for name, select in selects.items():
                into = f"insert into made_{name}" if place else f"create table made_{name} as"
                connection.execute(f"{into} {select}")
        connection.execute("create or replace temp table charged as from made_charged_of_days")
        connection.execute(f"create table made_{OF_THE_LEDGER} as {statements.mart(OF_THE_LEDGER)}")
        for mart in MARTS:
            connection.execute(f"copy made_{mart} to '{out}/{mart}.parquet'")


def _duckdb(scratch: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(scratch / "scratch.duckdb"))
    # The memory limit is DuckDB's own, several times the build's: a floor waits for no disk.
    for setting in (
        f"threads = {THREADS}",
        f"temp_directory = '{scratch / 'spill'}'",
        "preserve_insertion_order = false",
    ):
        connection.execute(f"set {setting}")
    return connection


@app.command()
def chdb(events: Folder, out: Folder) -> None:
    """ClickHouse, embedded: the same statements in its own words, steps as tables on disk."""
    from chdb import session as clickhouse

    statements = Statements(find_project(Path.cwd()), events, CLICKHOUSE)
    make_session: Any = clickhouse.Session
    session = make_session(str(out / "clickhouse"))
    for setting in (
        f"max_threads = {THREADS}",
        "join_use_nulls = 1",
        "prefer_column_name_to_alias = 1",
        "session_timezone = 'UTC'",
        f"max_memory_usage = {most_memory_mb()}000000",
        "max_bytes_before_external_group_by = 4000000000",
        "join_algorithm = 'grace_hash,hash'",
    ):
        session.query(f"set {setting}")
    session.query("create database bench")
    session.query("use bench")
    for step, select in statements.steps().items():
        if step not in _READ_ONCE:
            session.query(
                f"create table {step} engine = MergeTree order by tuple() "
                f"settings allow_nullable_key = 1 as {select}"
            )
        else:
            session.query(f"create view {step} as {select}")
    for mart in MARTS:
        target = out / f"{mart}.parquet"
        session.query(f"insert into function file('{target}', Parquet) {statements.mart(mart)}")
    session.close()


@app.command()
def spark(events: Folder, out: Folder) -> None:
    """Spark, in local mode: the same statements, the steps that are read often written down."""
    from pyspark.sql import SparkSession

    os.environ[JAVA_HOME] = str(java_home(out))
    statements = Statements(find_project(Path.cwd()), events, SPARK)
    session = (
        SparkSession.builder.master(f"local[{THREADS}]")
        .config("spark.driver.memory", os.environ.get("SPARK_DRIVER_MEMORY", "6g"))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.timestampType", "TIMESTAMP_NTZ")
        .config("spark.sql.parquet.inferTimestampNTZ.enabled", "true")
        .config("spark.sql.shuffle.partitions", "16")
        .config("spark.ui.enabled", "false")
        .config("spark.local.dir", str(out / "spill"))
        .config("spark.sql.warehouse.dir", str(out / "spark"))
        .getOrCreate()
    )
    session.read.csv(str(events / "reference" / "fx_rates.csv"), header=True).createTempView(
        "fx_rates_csv"
    )
    for step, select in statements.steps().items():
        if step in _READ_ONCE:
            session.sql(f"create temp view {step} as {select}")
        else:
            written = str(out / "steps" / step)
            session.sql(select).write.parquet(written)
            session.read.parquet(written).createTempView(step)
    for mart in MARTS:
        session.sql(statements.mart(mart)).write.parquet(str(out / f"{mart}.parquet"))
    session.stop()


@app.command()
def polars(events: Folder, out: Folder) -> None:
    """Polars' streaming engine, of some days at a time."""
    from tributary.bench.polars_marts import write_marts

    statements = Statements(find_project(Path.cwd()), events, DUCKDB)
    write_marts(events, out, statements, _POLARS_PART_BYTES)


if __name__ == "__main__":
    app()
