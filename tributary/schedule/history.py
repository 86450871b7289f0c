"""Dagster's event log in SQLite, with connections that stay open.

A run tells of some seven hundred models, tests and rules, in three events each. Dagster's own
SQLite storage opens its files anew several times an event, and waits for the disk each time: that
took longer than the run itself. Here connections are kept, and a power failure may take the last
events of the log, which holds nothing that the marts need.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy.pool import QueuePool

_BUSY_S = 30


class EventLog(SqliteEventLogStorage):
    """The event log of a folder; the files are those of Dagster's own storage."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, sqlalchemy.Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "EventLog":
        """Made from what dagster.yaml says of it."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        with self._db_lock:
            engine = self._engines.get(shard) or self._opened(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _opened(self, shard: str) -> sqlalchemy.Engine:
        engine = sqlalchemy.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            connect_args={"timeout": _BUSY_S, "check_same_thread": False},
        )
        sqlalchemy.event.listen(engine, "connect", _hurry)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        self._engines[shard] = engine
        return engine


def _hurry(connection: Any, _: Any) -> None:
    """With a write-ahead log the files stay whole, whatever happens."""
    connection.execute("pragma synchronous = normal")
