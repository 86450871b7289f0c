"""Whether two engines say the same: every key, count, amount and ratio of a mart."""

from pathlib import Path

import duckdb

from tributary.bench.statements import MARTS

_FOLLOWING = {"advertiser_name", "industry", "tier", "timing_difference"}
"""Columns that are looked up or subtracted from others, and are not held against a peer's."""
_TOLERANCE = 1e-9


def differences(database: Path, results: Path) -> dict[str, int]:
    """Rows of each mart that differ between a build and an engine's results, or stand in one only.

    Integers and amounts must be equal, doubles within 1e-9 of each other.

    Args:
        database: the DuckDB file of a build.
        results: folder with `<mart>.parquet`, a file or a folder of files.

    Raises:
        ValueError: the results lack a column of a mart.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as build (read_only)")
        return {mart: _rows_that_differ(connection, mart, results) for mart in MARTS}


def _rows_that_differ(connection: duckdb.DuckDBPyConnection, mart: str, results: Path) -> int:
    place = results / f"{mart}.parquet"
    files = place / "**" / "*.parquet" if place.is_dir() else place
    found = f"read_parquet('{files}', hive_partitioning = {place.is_dir()})"
    theirs = {row[0] for row in connection.execute(f"describe select * from {found}").fetchall()}
    ours = {
        row[0]: row[1]
        for row in connection.execute(f"describe select * from build.marts.{mart}").fetchall()
    }
    keys = MARTS[mart]
    conditions = [
        f"build.{keys[0]} is null",
        f"found.{keys[0]} is null",
        *(
            _differs(column, kind, theirs)
            for column, kind in ours.items()
            if column not in (*keys, *_FOLLOWING)
        ),
    ]
    joined = " and ".join(f"build.{key} = found.{key}" for key in keys)
    row = connection.execute(
        f"select count(*) from build.marts.{mart} as build full outer join {found} as found "
        f"on {joined} where {' or '.join(conditions)}"
    ).fetchone()
    return int(row[0]) if row else 0


def _differs(column: str, kind: str, theirs: set[str]) -> str:
    if f"{column}_micros" in theirs:
        ours = f"build.{column} * 1000000"
        return f"({ours} = cast(found.{column}_micros as decimal(38, 0))) is not true"
    if column not in theirs:
        raise ValueError(f"The results have no column {column}; they have {sorted(theirs)}.")
    if kind == "DOUBLE":
        # One is NULL and the other is not, or they are apart.
        gap = f"abs(build.{column} - found.{column})"
        return (
            f"(build.{column} is null) <> (found.{column} is null) "
            f"or {gap} > {_TOLERANCE} * greatest(1, abs(build.{column}))"
        )
    return f"(build.{column} = found.{column}) is not true"
