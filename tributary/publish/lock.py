"""One run at a time in a warehouse."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

_LOOK_EVERY_S = 0.1
_LEAST_WAIT_S = 0.5
"""Whoever only asks who holds the lock has it for a moment."""


class Holder(BaseModel):
    """Who holds, or held, a warehouse.

    Attributes:
        run_id: the run.
        pid: its process.
        host: the machine that the process runs on.
        since: when it began, UTC.
    """

    run_id: str
    pid: int
    host: str
    since: datetime

    def __str__(self) -> str:
        where = f"process {self.pid} on {self.host}, since {self.since:%F %T} UTC"
        return f"run {self.run_id} ({where})"


class WarehouseBusyError(Exception):
    """Another run works in the warehouse; the message says which, and what to do."""


@contextmanager
def held(
    lock: Path,
    run_id: str,
    wait_s: float = 0,
    on_wait: Callable[[Holder | None], None] = lambda _: None,
) -> Iterator[Holder | None]:
    """Hold a warehouse while the block runs.

    The operating system lets go of the lock when its process ends, however it ends: a stale one
    cannot be. What the file says is for people.

    Args:
        lock: the file.
        run_id: who asks.
        wait_s: how many seconds to wait for another run to end.
        on_wait: called once with the other run, where there is one to wait for.

    Yields:
        The run that held the warehouse before and never let go by itself: it was killed. None
        where the last one ended well.

    Raises:
        WarehouseBusyError: another run holds it, still, after `wait_s` seconds.
        OSError: the file cannot be written.
    """
    with lock.open("a+", encoding="utf-8") as file:
        _take(file, lock, wait_s, on_wait)
        dead = _holder(file)
        holder = Holder(
            run_id=run_id, pid=os.getpid(), host=socket.gethostname(), since=datetime.now(UTC)
        )
        _write(file, holder.model_dump_json())
        try:
            yield dead
        finally:
            _write(file, "")


def holder_of(lock: Path) -> Holder | None:
    """The run that works in a warehouse now; None where none does."""
    if not lock.is_file():
        return None
    with lock.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _holder(file)
        return None


def _take(
    file: IO[str], lock: Path, wait_s: float, on_wait: Callable[[Holder | None], None]
) -> None:
    until = time.monotonic() + max(wait_s, _LEAST_WAIT_S)
    has_said = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as busy:
            other = _holder(file)
            if time.monotonic() >= until:
                raise WarehouseBusyError(
                    f"{lock.parent} is in use by {other or 'another run'}. Wait until it ends, "
                    "or let this one wait for it: --wait SECONDS."
                ) from busy
        if wait_s and not has_said:
            on_wait(other)
            has_said = True
        time.sleep(_LOOK_EVERY_S)


def _holder(file: IO[str]) -> Holder | None:
    file.seek(0)
    try:
        return Holder.model_validate(json.loads(file.read()))
    except (ValueError, ValidationError):
        return None


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
