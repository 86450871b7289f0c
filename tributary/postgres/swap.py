"""A schema that takes the place of the one before it, in one transaction."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tributary.audit.sql import name as quoted_name
from tributary.audit.sql import quoted
from tributary.postgres.address import Address, PostgresError
from tributary.postgres.copy import copy, marts_of
from tributary.postgres.readers import Patience, wait_for_old_looks, when_unread
from tributary.postgres.rights import carry_rights
from tributary.postgres.server import ask, connected, is_refused
from tributary.publish.publication import Publication
from tributary.publish.reading import opened

PUBLICATION = "publication"
"""A table beside the marts that says which publication they are, one row a mart."""
NEXT = "__next"
"""What the name of a schema ends with until it takes its place."""
_MADE = "Made by tributary postgres, which replaces all of it."
_SCHEMA = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,50}")
_HANGS_ON_IT = "2BP01"

OnMart = Callable[[str, int], None]


@dataclass(frozen=True)
class Served:
    """What PostgreSQL serves now.

    Attributes:
        run_id: the publication.
        made_at: when it was made.
        rows: of each mart.
    """

    run_id: str
    made_at: datetime
    rows: dict[str, int]


def publish_to(
    address: Address,
    schema: str,
    warehouse: Path,
    patience_s: float,
    on_mart: OnMart = lambda _mart, _rows: None,
) -> Served:
    """Copy the served publication into PostgreSQL, in place of the one that is there.

    The rows are committed in a schema beside it, and once no reader is left who looked before
    that, this schema takes the other's place in one transaction. Whoever reads sees the old one
    until it ends, and the new one after.

    Args:
        address: the server.
        schema: the one that is replaced.
        warehouse: whose publication.
        patience_s: how long to wait for readers.
        on_mart: told of each mart that was copied.

    Raises:
        PostgresError: nothing was changed.
        QuestionError: nothing is published.
    """
    if not _SCHEMA.fullmatch(schema) or schema == "information_schema":
        raise PostgresError(
            f"The schema {schema!r} cannot be used: write small letters, digits and _, at most 51, "
            "beginning with no digit and not with pg_."
        )
    made = schema + NEXT
    with (
        opened(warehouse) as (publication, marts),
        connected(address) as cursor,
        _alone(cursor, schema),
    ):
        _is_ours(cursor, schema)
        if _is_ours(cursor, made):
            # A run that was killed left it.
            cursor.execute(f"drop schema {quoted_name(made)} cascade")
        served = _load(cursor, made, publication, marts, on_mart)
        cursor.connection.commit()
        with _taken_away_unless_done(cursor, made):
            patience = Patience(patience_s)
            wait_for_old_looks(cursor, schema, patience)
            when_unread(cursor, schema, patience, lambda: _swap(cursor, schema, made))
            _commit(cursor, address, served)
    return served


@contextmanager
def _alone(cursor: Any, schema: str) -> Iterator[None]:
    """Nobody else publishes into a schema; the server lets go of it when the connection ends."""
    lock = f"hashtextextended({quoted(f'tributary postgres {schema}')}, 0)"
    if ask(cursor, f"select pg_try_advisory_lock({lock})") != [(True,)]:
        raise PostgresError(
            f"Another publication into {schema} is under way. Wait until it ends, and run again."
        )
    yield


def _is_ours(cursor: Any, schema: str) -> bool:
    """Whether a schema is there.

    Raises:
        PostgresError: it is, and another made it.
    """
    found = ask(
        cursor,
        "select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace "
        f"where nspname = {quoted(schema)}",
    )
    if found and not found[0][0].startswith(_MADE):
        raise PostgresError(
            f"The schema {schema} is there already and was not made by tributary: nothing in it is "
            "touched. Name another: --schema."
        )
    return bool(found)


def _load(
    cursor: Any,
    schema: str,
    publication: Publication,
    marts: duckdb.DuckDBPyConnection,
    on_mart: OnMart,
) -> Served:
    """Make a schema of a publication, with every row of it."""
    cursor.execute("set local standard_conforming_strings = on")
    cursor.execute(f"create schema {quoted_name(schema)}")
    manifest, rows = publication.manifest, {}
    try:
        for mart in marts_of(marts):
            rows[mart.name] = copy(marts, cursor, schema, mart)
            on_mart(mart.name, rows[mart.name])
    except duckdb.Error as failed:
        raise PostgresError(
            f"{publication.folder} cannot be read: {failed} PostgreSQL serves what it served. Look "
            "at what is damaged: tributary status --verify."
        ) from failed
    told = {name: table.rows for name, table in manifest.tables.items()}
    if rows != told:
        differing = sorted(rows.items() ^ told.items())[0][0]
        raise PostgresError(
            f"{differing} has other rows in {publication.folder} than its manifest says: tributary "
            "status --verify."
        )
    served = Served(manifest.run_id, manifest.made_at, rows)
    _describe(cursor, schema, served)
    return served


def _describe(cursor: Any, schema: str, served: Served) -> None:
    """Say in the schema itself which publication it is."""
    table = f"{quoted_name(schema)}.{quoted_name(PUBLICATION)}"
    cursor.execute(
        f"create table {table} (run_id text, made_at timestamptz, mart text, rows bigint)"
    )
    lines = ", ".join(
        f"({quoted(served.run_id)}, {quoted(served.made_at.isoformat())}, {quoted(mart)}, {rows})"
        for mart, rows in served.rows.items()
    )
    cursor.execute(f"insert into {table} values {lines}")
    cursor.execute(
        f"comment on table {table} is 'One row per mart: the publication that the marts are.'"
    )
    cursor.execute(
        f"comment on schema {quoted_name(schema)} is "
        f"{quoted(f'{_MADE} Publication {served.run_id}.')}"
    )


@contextmanager
def _taken_away_unless_done(cursor: Any, made: str) -> Iterator[None]:
    """What is committed and has not taken its place is dropped, if the server is still there; if
    it is not, the next run drops it."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            cursor.connection.rollback()
            cursor.execute(f"drop schema if exists {quoted_name(made)} cascade")
            cursor.connection.commit()
        raise


def _swap(cursor: Any, schema: str, made: str) -> None:
    """Drop what a publication made, if there is one, and nothing else; and rename."""
    old = quoted_name(schema)
    if _is_ours(cursor, schema):
        carry_rights(cursor, schema, made)
        marts = ask(cursor, f"select mart from {old}.{quoted_name(PUBLICATION)} order by mart")
        tables = [*(str(mart) for (mart,) in marts), PUBLICATION]
        try:
            cursor.execute(f"drop table {', '.join(f'{old}.{quoted_name(one)}' for one in tables)}")
            cursor.execute(f"drop schema {old}")
        except Exception as failed:
            if is_refused(failed, _HANGS_ON_IT):
                raise _hangs_on_it(failed, schema) from failed
            raise
    cursor.execute(f"alter schema {quoted_name(made)} rename to {old}")


def _hangs_on_it(failed: Exception, schema: str) -> PostgresError:
    """Someone's own view or table is not dropped along with what is replaced."""
    detail = " ".join(str(failed).partition("DETAIL:")[2].partition("HINT:")[0].split())
    return PostgresError(
        f"Something of yours hangs on the schema {schema}, which is replaced as a whole: {detail}. "
        "Nothing was changed. Drop it before, and make it anew after."
    )


def _commit(cursor: Any, address: Address, served: Served) -> None:
    try:
        cursor.connection.commit()
    except Exception as failed:
        raise PostgresError(
            f"{address.shown} went away while it took publication {served.run_id} over: it serves "
            "that one or the one before, whole. Run again."
        ) from failed
