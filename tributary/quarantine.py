"""Take rejected rows out of the quarantine as files that can be mended and fed again."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tributary.settings import Settings

EVENT_TABLES = ("requests", "impressions", "clicks", "actions", "charges")


class QuarantineError(Exception):
    """The quarantine cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True)
class Export:
    """One file written: the rows of one event table."""

    table: str
    path: Path
    rows: int


def export_rows(
    settings: Settings, folder: Path, tables: tuple[str, ...], reason: str | None
) -> list[Export]:
    """Write the open rejected rows as CSV in the shape in which they came, one file a table.

    Rows that an accepted row with the same key supersedes hold nothing back and are left out. Each
    file has the raw columns first, then `reject_reasons`, which a build ignores.

    Args:
        settings: names the build whose quarantine is read.
        folder: where the files go; made where it is missing.
        tables: event tables to export.
        reason: only rows that broke this rule.

    Raises:
        QuarantineError: there is no build, or a file is in the way.
    """
    if not settings.build_database.is_file():
        raise QuarantineError(f"No build at {settings.build_database}. Run `tributary run` first.")
    folder.mkdir(parents=True, exist_ok=True)
    exports = []
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        for table in tables:
            path = folder / f"{table}.csv"
            if path.exists():
                raise QuarantineError(f"{path} exists. Name an empty folder, or remove it.")
            columns = _raw_columns(connection, table, reason)
            if columns:
                exports.append(_write(connection, table, reason, columns, path))
    return exports


def _raw_columns(
    connection: duckdb.DuckDBPyConnection, table: str, reason: str | None
) -> list[str]:
    row = connection.execute(
        f"select raw_row from facts.fct_quarantined_events where {_CONDITION} limit 1",
        [table, reason, reason],
    ).fetchone()
    return list(json.loads(row[0])) if row else []


def reasons_held(settings: Settings) -> list[str]:
    """The rules that the open rejected rows of a build broke."""
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        rows = connection.execute(
            "select distinct unnest(string_split(reasons, ',')) as reason "
            "from facts.fct_quarantined_events where not is_superseded order by reason"
        ).fetchall()
    return [reason for (reason,) in rows]


def _write(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    reason: str | None,
    columns: list[str],
    path: Path,
) -> Export:
    values = ",\n".join(
        f'json_extract_string(raw_row, \'$."{column}"\') as "{column}"' for column in columns
    )
    query = (
        f"select {values}, reasons as reject_reasons from facts.fct_quarantined_events "
        f"where {_CONDITION} order by event_key, ingested_at, raw_row"
    )
    relation = connection.execute(
        f"copy ({query}) to '{str(path).replace(chr(39), chr(39) * 2)}' (header, delimiter ',')",
        [table, reason, reason],
    ).fetchone()
    return Export(table=table, path=path, rows=int(relation[0]) if relation else 0)


_CONDITION = (
    "event_table = ? and not is_superseded "
    "and (cast(? as varchar) is null or list_contains(string_split(reasons, ','), ?))"
)
