"""The marts of one publication, copied into the tables of a PostgreSQL schema."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from tributary.audit.sql import name as quoted_name
from tributary.audit.sql import quoted
from tributary.postgres.address import PostgresError
from tributary.postgres.server import ask
from tributary.publish.reading import MARTS

_TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "INTEGER": "integer",
    "TIMESTAMP": "timestamp",
    "VARCHAR": "text",
}
_DECIMAL = "DECIMAL"
_EXACT = ("BIGINT", "INTEGER", _DECIMAL)
_ROWS_A_BATCH = 20_000

_COLUMNS = """
    select table_name, column_name, data_type, comment
    from duckdb_columns()
    where database_name = ?
    order by table_name, column_index
"""
_COMMENTS = "select table_name, comment from duckdb_tables() where database_name = ?"


@dataclass(frozen=True)
class Column:
    """A mart's column.

    Attributes:
        name: the same in both.
        duckdb: its type in the publication.
        comment: what it means; empty where nothing says so.
    """

    name: str
    duckdb: str
    comment: str

    @property
    def is_exact(self) -> bool:
        """Its sum is one number, in whatever order it is summed."""
        return self.duckdb.startswith(_EXACT)

    @property
    def postgres(self) -> str:
        """Its type in PostgreSQL."""
        if self.duckdb.startswith(_DECIMAL):
            return self.duckdb.replace(_DECIMAL, "numeric")
        return _TYPES[self.duckdb]


@dataclass(frozen=True)
class Mart:
    """A table that is to be copied.

    Attributes:
        name: the same in both.
        comment: its grain, and what it is for.
        columns: in order.
    """

    name: str
    comment: str
    columns: list[Column]


def marts_of(marts: duckdb.DuckDBPyConnection) -> list[Mart]:
    """Every mart of an opened publication.

    Raises:
        PostgresError: a column is of a type that has no counterpart here.
    """
    database = MARTS.partition(".")[0]
    comments = dict(marts.execute(_COMMENTS, [database]).fetchall())
    found = {table: Mart(table, comment or "", []) for table, comment in sorted(comments.items())}
    for table, column, duckdb_type, comment in marts.execute(_COLUMNS, [database]).fetchall():
        if duckdb_type not in _TYPES and not duckdb_type.startswith(_DECIMAL):
            raise PostgresError(
                f"{table}.{column} is {duckdb_type}, for which no type of PostgreSQL is named: "
                "name one in tributary/postgres/copy.py."
            )
        found[table].columns.append(Column(column, duckdb_type, comment or ""))
    return list(found.values())


def copy(marts: duckdb.DuckDBPyConnection, cursor: Any, schema: str, mart: Mart) -> int:
    """Make a mart's table in a schema, stream its rows in, and hold them against the mart.

    Returns:
        How many rows it has.

    Raises:
        PostgresError: what arrived is not what was sent.
    """
    here = f"{MARTS}.{quoted_name(mart.name)}"
    there = f"{quoted_name(schema)}.{quoted_name(mart.name)}"
    types = ", ".join(f"{quoted_name(one.name)} {one.postgres}" for one in mart.columns)
    cursor.execute(f"create table {there} ({types})")
    columns = ", ".join(quoted_name(one.name) for one in mart.columns)
    batches = marts.sql(f"select {columns} from {here}").to_arrow_reader(_ROWS_A_BATCH)
    cursor.adbc_ingest(mart.name, batches, mode="append", db_schema_name=schema)
    _comment(cursor, there, mart)
    sent = _measured(marts.execute(_measures(mart, here)).fetchall()[0])
    arrived = _measured(ask(cursor, _measures(mart, there))[0])
    if sent != arrived:
        raise PostgresError(
            f"{mart.name} did not arrive as it was sent: {_difference(mart, sent, arrived)}. "
            "PostgreSQL serves what it served. Run again; if it goes wrong again, look at what "
            "triggers or rules the database has."
        )
    return int(arrived[0] or 0)


def _comment(cursor: Any, there: str, mart: Mart) -> None:
    if mart.comment:
        cursor.execute(f"comment on table {there} is {quoted(mart.comment.strip())}")
    for one in mart.columns:
        if one.comment:
            cursor.execute(
                f"comment on column {there}.{quoted_name(one.name)} is "
                f"{quoted(one.comment.strip())}"
            )


def _measures(mart: Mart, table: str) -> str:
    """How many rows; of each column how many values; of each exact one their sum."""
    counts = [f"count({quoted_name(one.name)})" for one in mart.columns]
    sums = [f"sum({quoted_name(one.name)})" for one in mart.columns if one.is_exact]
    asked = ", ".join(f"cast({one} as varchar)" for one in ("count(*)", *counts, *sums))
    return f"select {asked} from {table}"


def _measured(row: Any) -> list[Decimal | None]:
    return [None if value is None else Decimal(value) for value in row]


def _difference(mart: Mart, sent: list[Decimal | None], arrived: list[Decimal | None]) -> str:
    of = [
        "rows",
        *(f"values of {one.name}" for one in mart.columns),
        *(f"sum of {one.name}" for one in mart.columns if one.is_exact),
    ]
    what, one, other = next(
        each for each in zip(of, sent, arrived, strict=True) if each[1] != each[2]
    )
    return f"{what}: {one} sent, {other} there"
