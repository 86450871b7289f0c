"""One publication, as a command reads it: opened read-only, whatever is published meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from tributary.audit.sql import quoted
from tributary.publish.places import DATABASE, Places
from tributary.publish.publication import Publication, served, served_name

MARTS = "published.main"
"""Where the marts of an opened publication stand."""


class QuestionError(Exception):
    """A question that cannot be answered; the message says why, and what to ask instead."""


@contextmanager
def opened(warehouse: Path) -> Iterator[tuple[Publication, duckdb.DuckDBPyConnection]]:
    """The publication that readers see, and a connection in which its marts are `MARTS`.

    It is the publication's own file: another may be published meanwhile, and this one stays.

    Raises:
        QuestionError: nothing is published, or it cannot be read.
    """
    publication = _published(warehouse)
    file = publication.folder / DATABASE
    with duckdb.connect() as connection:
        try:
            connection.execute(f"attach {quoted(str(file))} as published (read_only)")
        except duckdb.Error as failed:
            raise QuestionError(
                f"{file} cannot be opened: {failed} Serve another publication: tributary "
                "rollback; or publish anew: tributary run."
            ) from failed
        yield publication, connection


def days_of(publication: Publication) -> tuple[date, date]:
    """The first and the last day that it has.

    Raises:
        QuestionError: it has none.
    """
    manifest = publication.manifest
    if manifest.first_day is None or manifest.last_day is None:
        raise QuestionError(f"Publication {manifest.run_id} has no day in it: tributary run.")
    return manifest.first_day, manifest.last_day


def values(marts: duckdb.DuckDBPyConnection, column: str, mart: str, condition: str) -> list[str]:
    """What stands in a column of a mart, each value once, in order."""
    sql = f"select distinct {column} from {MARTS}.{mart} where {condition} order by 1"
    return [str(value) for (value,) in marts.execute(sql).fetchall()]


def has_mart(marts: duckdb.DuckDBPyConnection, mart: str) -> bool:
    """Whether the publication has a mart: one of earlier code may lack it."""
    database = MARTS.partition(".")[0]
    return bool(
        marts.execute(
            "select 1 from duckdb_tables() where database_name = ? and table_name = ?",
            [database, mart],
        ).fetchall()
    )


def _published(warehouse: Path) -> Publication:
    places = Places(warehouse)
    publication = served(places)
    if publication:
        return publication
    name = served_name(places)
    if name:
        raise QuestionError(
            f"What is published in {warehouse} ({name}) has no manifest that can be read. Serve "
            "another: tributary rollback; or publish anew: tributary run."
        )
    raise QuestionError(
        f"Nothing is published in {warehouse} yet: tributary run. Or name the warehouse that has "
        "a publication: --warehouse."
    )
