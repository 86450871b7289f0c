"""A candidate: the served marts of a finished build, copied out of it and held against it."""

import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from tributary.disk import full_disk, is_full
from tributary.publish.code import code_version
from tributary.publish.manifest import InputPartition, Manifest, PublishedFile, PublishedTable
from tributary.publish.places import DATABASE, MANIFEST, TABLES
from tributary.settings import Settings, memory_limit

BUILT = "build.marts"
"""Where a build has the marts."""
MADE = "candidate.main"
"""Where the published file has them: in a file named marts.duckdb a schema of that name would make
`marts.revenue_daily` ambiguous, and DuckDB refuse it; so the name of the file is the qualifier."""
_READ_ONLY = 0o444
"""Who forgets to open a published file read-only is refused, and locks nobody out."""
STORAGE = "v1.4.0"
"""The oldest DuckDB that can read the file is of this version."""

_INPUTS = """
    select
        event_table,
        nullif(landed_on, date '1970-01-01') as landed_on,
        count(*) as files,
        sum(bytes)::bigint as bytes,
        md5(string_agg(path || '|' || bytes || '|' || modified_at, ',' order by path))
            as fingerprint
    from build.state.landed_files
    group by all
    order by all
"""

_TOTALS = f"""
    select sum(revenue), min(requested_on), max(requested_on)
    from {MADE}.revenue_daily
    where surface = '(all)'
"""

_COMMENTS = """
    select table_name, null as column_name, comment
    from duckdb_tables()
    where database_name = 'build' and schema_name = 'marts' and comment is not null
    union all
    select table_name, column_name, comment
    from duckdb_columns()
    where database_name = 'build' and schema_name = 'marts' and comment is not null
"""


class CandidateError(Exception):
    """No candidate could be made; the message says why, and what to do."""


def make_candidate(settings: Settings, marts: Iterable[str], folder: Path, run_id: str) -> Manifest:
    """Copy the marts of a build into `marts.duckdb` and into Parquet files, in a new folder.

    Each copy is read back and held against the build, row by row through a hash.

    Args:
        settings: whose build.
        marts: the tables to serve.
        folder: where the candidate is put together; must not exist.
        run_id: the run that makes it.

    Returns:
        What the manifest is going to say, as far as it is known: no files, no audit.

    Raises:
        CandidateError: a mart is missing, cannot be read or copied, or its copy is not the same.
    """
    names = sorted(marts)
    try:
        (folder / TABLES).mkdir(parents=True)
        with duckdb.connect(config={"memory_limit": memory_limit()}) as connection:
            connection.execute(f"set temp_directory = {_literal(settings.warehouse / 'spill')}")
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach {_literal(settings.build_database)} as build (read_only)")
            connection.execute(
                f"attach {_literal(folder / DATABASE)} as candidate (storage_version '{STORAGE}')"
            )
            tables = {name: _copy(connection, name, folder) for name in names}
            _copy_comments(connection, names)
            revenue, first_day, last_day = connection.execute(_TOTALS).fetchone() or (None,) * 3
            inputs = connection.execute(_INPUTS).fetchall()
            connection.execute("detach candidate")
    except (duckdb.Error, OSError) as failed:
        raise CandidateError(_in_words(failed, settings)) from failed
    return Manifest(
        run_id=run_id,
        made_at=datetime.now(UTC),
        code=code_version(settings.project),
        events=settings.events,
        currency=settings.reporting_currency,
        revenue=revenue or Decimal(0),
        first_day=first_day,
        last_day=last_day,
        tables=tables,
        inputs=[_partition(*row) for row in inputs],
    )


def seal(folder: Path, manifest: Manifest) -> Manifest:
    """Write a candidate's manifest, with what each file is, and everything through to the disk.

    Raises:
        OSError: it cannot be written.
    """
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST
    )
    files = {str(path.relative_to(folder)): _described(path) for path in paths}
    sealed = manifest.model_copy(update={"files": files})
    sealed.write(folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(_READ_ONLY)
        sync(path)
    sync(folder)
    return sealed


def damaged_file(folder: Path, manifest: Manifest) -> str | None:
    """The first file of a publication that is gone or not what was sealed; None: it is whole."""
    for name, described in manifest.files.items():
        path = folder / name
        if not path.is_file() or _described(path) != described:
            return name
    return None


def sync(path: Path) -> None:
    """Have a file or a folder on the disk, not merely on its way there."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> PublishedTable:
    """One mart, in order of its first column, which is its day: what a filter on days skips."""
    built, copied = f"{BUILT}.{name}", f"{MADE}.{name}"
    place = folder / TABLES / name / f"{name}.parquet"
    place.parent.mkdir()
    connection.execute(f"create table {copied} as from {built} order by 1")
    connection.execute(f"copy {copied} to {_literal(place)} (format parquet, compression zstd)")
    table = _digest(connection, built)
    for what, relation in (
        (DATABASE, copied),
        (place.name, f"read_parquet({_literal(place)}, hive_partitioning = false)"),
    ):
        if _digest(connection, relation) != table:
            raise CandidateError(
                f"{name} in {what} is not what {built} holds: the copy went wrong. Run again; if "
                "it goes wrong again, look after the disk and the memory of this machine."
            )
    return table


def _digest(connection: duckdb.DuckDBPyConnection, relation: str) -> PublishedTable:
    rows, digest = connection.execute(
        f"select count(*), coalesce(sum(hash(copied)), 0)::text from {relation} as copied"
    ).fetchone() or (0, "0")
    return PublishedTable(rows=rows, digest=digest)


def _copy_comments(connection: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    """A copied table loses its descriptions; a BI tool shows them."""
    for table, column, comment in connection.execute(_COMMENTS).fetchall():
        if table in names:
            place = f"{MADE}.{table}"
            what = f'column {place}."{column}"' if column else f"table {place}"
            connection.execute(f"comment on {what} is {_literal(comment)}")


def _partition(table: str, day: date | None, files: int, size: int, mark: str) -> InputPartition:
    return InputPartition(
        event_table=table, landed_on=day, files=files, bytes=size, fingerprint=mark
    )


def _described(path: Path) -> PublishedFile:
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return PublishedFile(bytes=path.stat().st_size, sha256=checksum)


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _in_words(failed: Exception, settings: Settings) -> str:
    return full_disk(settings.warehouse) if is_full(failed) else str(failed).strip()
