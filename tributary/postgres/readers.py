"""Readers at work while one schema takes the place of another."""

import time
from collections.abc import Callable
from typing import Any

from tributary.postgres.address import PostgresError
from tributary.postgres.server import STILL_READ, ask, is_refused

_PAUSE_S = 0.1
_TRY_MS = 500
"""Below the second after which PostgreSQL looks for deadlocks: a reader of two tables is never the
one that is ended."""

_AT_WORK = """
    select l.virtualtransaction::text
    from pg_locks as l
    join pg_stat_activity as a on a.pid = l.pid
    where l.locktype = 'virtualxid'
        and l.pid <> pg_backend_pid()
        and a.datname = current_database()
        and coalesce(a.backend_type, 'client backend') = 'client backend'
        and (a.backend_xmin is not null or a.query = '<insufficient privilege>')
"""
"""Transactions that look at the database as it was when they looked first. One that is between two
statements and holds no such look is not among them, where this user may see that of others."""


class Patience:
    """How long to wait for readers, over all that is waited for."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def wait(self, schema: str) -> None:
        """A moment, if any is left.

        Raises:
            PostgresError: none is.
        """
        if time.monotonic() >= self._until:
            raise PostgresError(
                f"Someone has been reading for longer than {self._seconds:g} s, in one statement "
                f"or one transaction: {schema} is as it was. Run again, or wait longer: --wait "
                "SECONDS."
            )
        time.sleep(_PAUSE_S)


def wait_for_old_looks(cursor: Any, schema: str, patience: Patience) -> None:
    """Until every transaction has ended that looked at the database before the rows were there.

    It would find the tables by their new names, and no row in them.
    """
    old = set(ask(cursor, _AT_WORK))
    cursor.connection.commit()
    while old:
        patience.wait(schema)
        old &= set(ask(cursor, _AT_WORK))
        cursor.connection.commit()


def when_unread(cursor: Any, schema: str, patience: Patience, swap: Callable[[], None]) -> None:
    """Call what takes tables away, again and again, until nobody reads them.

    Each try is a transaction of its own and short: who waits for a table holds up everyone who
    comes after.
    """
    while True:
        try:
            cursor.execute(f"set local lock_timeout = {_TRY_MS}")
            swap()
            return
        except Exception as failed:
            if not is_refused(failed, STILL_READ):
                raise
            cursor.connection.rollback()
            patience.wait(schema)
