"""What Great Expectations cannot do on DuckDB without the engine of the audit, and can with it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from audited import ROOT

from tributary.audit import engine

QUERY = "select * from {batch} where a > 1"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "one.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table main.t as from (values (1), (2), (3)) as listed(a)")
    return path


def validated(source: Any, *expectations: Any) -> list[Any]:
    gx = engine.great_expectations()
    asset = source.add_table_asset("t", table_name="t")
    batch = asset.add_batch_definition_whole_table("now").get_batch()
    suite = gx.ExpectationSuite(name="suite", expectations=list(expectations))
    return list(batch.validate(suite, result_format="COMPLETE").results)


def test_the_engine_of_the_audit_reads_rows_and_runs_native_expectations(database: Path) -> None:
    gx = engine.great_expectations()
    with engine.opened(database) as source:
        found = validated(
            source,
            engine.rows_expectation()(unexpected_rows_query=QUERY),
            gx.expectations.ExpectColumnValuesToBeInSet(column="a", value_set=[1, 2]),
            gx.expectations.ExpectTableRowCountToBeBetween(min_value=1),
        )
    by_type = {result.expectation_config.type: result for result in found}
    rows = by_type["expect_no_rows"]
    values = by_type["expect_column_values_to_be_in_set"]
    count = by_type["expect_table_row_count_to_be_between"]
    assert [row["a"] for row in rows.result["details"]["unexpected_rows"]] == [2, 3]
    assert not rows.success
    assert values.result["unexpected_count"] == 1
    assert count.success


def test_great_expectations_still_needs_the_engine_of_the_audit(database: Path) -> None:
    """Fails when Great Expectations reads DuckDB by itself: then take the engine out."""
    gx = engine.great_expectations()
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_sql(
        "plain",
        connection_string=f"duckdb:///{database}",
        kwargs={"connect_args": {"read_only": True}},
        create_temp_table=False,
    )
    (count,) = validated(source, gx.expectations.ExpectTableRowCountToBeBetween(min_value=1))
    assert not count.success
    assert any(info.get("raised_exception") for info in count.exception_info.values())


def test_an_expectation_that_cannot_be_evaluated_has_not_passed(database: Path) -> None:
    query = "select nowhere from {batch}"
    with engine.opened(database) as source:
        (lost,) = validated(source, engine.rows_expectation()(unexpected_rows_query=query))
    assert not lost.success


def test_the_database_is_free_once_it_was_read(database: Path) -> None:
    with engine.opened(database) as source:
        validated(source, engine.rows_expectation()(unexpected_rows_query=QUERY))
    with duckdb.connect(str(database)) as connection:
        connection.execute("insert into main.t values (4)")


def test_a_process_that_read_a_database_ends_without_a_word(database: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tributary.audit import engine\n"
        "with engine.opened(Path(sys.argv[1])) as source: print(source.name)"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code, str(database)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "candidate\n", "")


def test_the_audit_is_imported_without_great_expectations() -> None:
    code = "import sys, tributary.audit; print('great_expectations' in sys.modules)"
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert outcome.stdout == "False\n", outcome.stderr
