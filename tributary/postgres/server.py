"""A connection to a PostgreSQL server, and what its refusals mean."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from tributary.postgres.address import Address, PostgresError

NO_RIGHT = "42501"
STILL_READ = "55P03"
_REMEDIES = {
    "password authentication failed": "The user or the password is wrong: mend the URL, or the "
    "password file that libpq reads.",
    "no password supplied": "It asks for a password: put it into the URL, PGPASSWORD or the "
    "password file that libpq reads.",
    "Is the server running": "Start the server, or mend the URL's host and port.",
    "could not translate host name": "Mend the URL's host.",
    "timeout expired": "Mend the URL's host, or what stands between.",
    "does not exist": "Name a database and a user that are there.",
    "pg_hba.conf": "The server's pg_hba.conf lets nobody in from here in this way.",
}
_CONNECT_SECONDS = 10


@contextmanager
def connected(address: Address) -> Iterator[Any]:
    """A cursor in a transaction that is undone unless it is committed.

    Raises:
        PostgresError: the driver is not installed, or the server lets nobody in.
    """
    try:
        from adbc_driver_postgresql import dbapi
    except ImportError as missing:
        raise PostgresError(
            "The PostgreSQL driver is not installed: uv sync --extra postgres."
        ) from missing
    separator = "&" if "?" in address.url else "?"
    limited = "" if "connect_timeout=" in address.url else f"{separator}connect_timeout="
    url = f"{address.url}{limited}{_CONNECT_SECONDS if limited else ''}"
    try:
        connection = dbapi.connect(url)
    except dbapi.Error as failed:
        said = address.without_secrets(str(failed)).partition("Failed to connect: ")[2].strip()
        remedy = next((remedy for sign, remedy in _REMEDIES.items() if sign in said), "")
        raise PostgresError(f"{address.shown} lets nobody in: {said} {remedy}".rstrip()) from None
    try:
        with connection.cursor() as cursor:
            yield cursor
    except dbapi.Error as failed:
        _in_words(address, failed)
    finally:
        # Of a server that is gone there is nothing left to undo.
        with suppress(dbapi.Error):
            connection.rollback()
        with suppress(dbapi.Error):
            connection.close()


def ask(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    """All rows that a question has."""
    cursor.execute(sql)
    return list(cursor.fetchall())


def is_refused(failed: Exception, sqlstate: str) -> bool:
    """Whether the server refused something for that reason."""
    return getattr(failed, "sqlstate", None) == sqlstate


def _in_words(address: Address, failed: Exception) -> NoReturn:
    said = address.without_secrets(" ".join(str(failed).split()))
    remedy = ""
    if is_refused(failed, NO_RIGHT):
        remedy = (
            " Let the user make schemas there: grant create on database … to …; a schema that "
            "another user made has to be given to this one: alter schema … owner to …."
        )
    raise PostgresError(f"{address.shown} refused: {said}{remedy} Its tables are as they were.")
