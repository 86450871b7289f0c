"""Great Expectations on DuckDB: the one module that knows how the two are made to meet.

Great Expectations has no DuckDB dialect. Its SQL engine hands out a cursor after it has closed the
connection, and DuckDB drops the rows of a closed connection. The engine here reads the rows first.
A test (`tests/python/audit/test_engine.py`) says when Great Expectations no longer needs that, or
breaks it.
"""

import atexit
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tributary.audit.declarations import AuditError

COMPATIBILITY = "great_expectations.compatibility"


@cache
def great_expectations() -> ModuleType:
    """The package, imported on first use: that takes seconds, and `tributary --help` has no use.

    pyspark, where the Spark extra has installed it, is hidden meanwhile: none of it is used here,
    importing it takes a second, and its Connect client ends the process of `python -c`.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with _hidden("pyspark"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
    # It says where it put a temporary folder; dbt has by then opened the root logger to such news.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    atexit.register(_unload)
    return gx


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """A package that cannot be imported meanwhile, whatever of it has been imported already."""
    loaded = {
        name: module
        for name, module in sys.modules.items()
        if name == package or name.startswith(f"{package}.")
    }
    for name in loaded:
        del sys.modules[name]
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]
        sys.modules.update(loaded)


def _unload() -> None:
    """Let go of the modules through which DuckDB would outlive the interpreter.

    It would say so in forty lines on stderr, at the end of a run that went well.
    """
    for name in [name for name in sys.modules if name.startswith(COMPATIBILITY)]:
        del sys.modules[name]
    gc.collect()


@cache
def datasource_type() -> Any:
    """The data source for DuckDB; defining it registers it, so that it is defined once."""
    great_expectations()
    from typing import Literal

    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )

    class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
        """Reads every row before the connection is closed."""

        def execute_query(self, query: Any) -> Any:
            with self.get_connection() as connection:
                return connection.execute(query).freeze()()

    class DuckDBDatasource(SQLDatasource):
        """A DuckDB database file."""

        type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]

        @property
        def execution_engine_type(self) -> Any:
            return DuckDBExecutionEngine

    return DuckDBDatasource


@cache
def rows_expectation() -> Any:
    """An expectation that a query returns no row, which asks the query once.

    Great Expectations' own runs it twice, for its rows and for their number. Here a query returns
    at most one row for each mart, so that its rows are all there and can be counted.
    """
    gx = great_expectations()
    from typing import ClassVar

    class ExpectNoRows(gx.expectations.UnexpectedRowsExpectation):  # type: ignore[name-defined, misc]
        """A query returns no row."""

        metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

        def _validate(
            self, metrics: Any, runtime_configuration: Any = None, execution_engine: Any = None
        ) -> Any:
            rows = metrics["unexpected_rows_query.table"]
            return {
                "success": not rows,
                "result": {"observed_value": len(rows), "details": {"unexpected_rows": rows}},
            }

    return ExpectNoRows


@contextmanager
def opened(database: Path) -> Iterator[Any]:
    """A database as a data source of Great Expectations, opened read only; nothing is kept.

    Everything is closed at the end, so that the file can be renamed or removed.

    Raises:
        AuditError: the file is no DuckDB database, or another process writes it.
    """
    gx = great_expectations()
    datasource_type()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    try:
        source = context.data_sources.add_duckdb(
            "candidate",
            connection_string=f"duckdb:///{database.absolute()}",
            kwargs={"connect_args": {"read_only": True}},
            create_temp_table=False,
        )
        source.test_connection()
    except Exception as failed:
        cause = failed.__cause__ or failed
        said = str(getattr(cause, "orig", None) or cause).splitlines()[0]
        raise AuditError(
            f"The candidate {database} cannot be opened: {said}. Export it again."
        ) from failed
    try:
        yield source
    finally:
        # The source has an engine to test with and one to ask with, each with its connections.
        for held in (source.get_engine(), source.get_execution_engine().engine):
            held.dispose()
