"""Holds the marts of two engines against each other, row by row."""

from pathlib import Path

import duckdb

RELATIVE = 1e-9
"""How far two doubles may be apart: engines add in their own order."""
ROUNDED = {
    "revenue_drivers": {"contribution": 1e-5, "result_base": 1e-11, "result_now": 1e-11},
}
"""Exact columns that are rounded from doubles, and by how much they may be apart: where a double
lies between two last digits the engines may round it to either, and the remainders follow."""


def mart_columns(database: Path) -> dict[str, dict[str, str]]:
    """{mart: {column: type}} of a DuckDB build."""
    found: dict[str, dict[str, str]] = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for mart, column, kind in connection.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_schema = 'marts' order by table_name, ordinal_position"
        ).fetchall():
            found.setdefault(mart, {})[column] = kind
    return found


def differing_rows(database: Path, spark_tables: Path) -> dict[str, int]:
    """{mart: rows that differ}: integers, decimals, dates and texts equal, doubles almost, and so
    what is rounded from doubles.

    Rows are matched by every column but the doubles, as often as they occur.
    """
    found = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for mart, columns in mart_columns(database).items():
            files = f"{spark_tables}/marts.db/{mart}/**/*.parquet"
            rounded = ROUNDED.get(mart, {})
            doubles = [n for n, kind in columns.items() if kind == "DOUBLE" or n in rounded]
            exact = [name for name in columns if name not in doubles]
            by_value = ", ".join(f"{name} nulls first" for name in [*exact, *doubles])
            typed = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in columns.items())
            number = (
                f"row_number() over (partition by {', '.join(exact)} order by {by_value}) as copy"
            )
            same_key = " and ".join(f"one.{n} is not distinct from other.{n}" for n in exact)
            apart = " or ".join(
                f"(one.{n} is null) <> (other.{n} is null) or abs(one.{n} - other.{n}) > greatest("
                f"{RELATIVE} * greatest(abs(one.{n}), abs(other.{n})), {rounded.get(n, 0)})"
                for n in doubles
            )
            row = connection.execute(
                f"""
                with one as (select {typed}, {number}, true as is_there from marts.{mart}),
                other as (
                    select {typed}, {number}, true as is_there
                    from read_parquet('{files}', hive_partitioning = true)
                )
                select count(*)
                from one full outer join other on {same_key} and one.copy = other.copy
                where one.is_there is null or other.is_there is null or {apart or "false"}
                """
            ).fetchone()
            found[mart] = row[0] if row else -1
    return found
