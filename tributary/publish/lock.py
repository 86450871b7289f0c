"""One run at a time in a warehouse."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

from tributary.disk import full_disk, is_full

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


@dataclass(frozen=True)
class Hold:
    """A warehouse that is held.

    Attributes:
        run_id: by which run.
        since: since when, UTC.
        dead: the run that held it before and never let go by itself: it was killed. None where the
            last one ended well.
    """

    run_id: str
    since: datetime
    dead: Holder | None


class WarehouseBusyError(Exception):
    """Another run works in the warehouse; the message says which, and what to do."""


class WarehouseUnwritableError(Exception):
    """The warehouse cannot be made or written; the message says which, why, and what to do."""


@contextmanager
def held(
    lock: Path,
    new_run_id: Callable[[datetime], str],
    wait_s: float = 0,
    on_wait: Callable[[Holder | None], None] = lambda _: None,
) -> Iterator[Hold]:
    """Hold a warehouse while the block runs.

    The operating system lets go of the lock when its process ends, however it ends: a stale one
    cannot be. What the file says is for people. It stays when the block ends, and nobody is to
    delete it while a run is at work: the next run would lock another file.

    Args:
        lock: the file.
        new_run_id: names the run once the lock is its own, so that names are in the order in which
            runs worked, whoever waited for whom.
        wait_s: how many seconds to wait for another run to end.
        on_wait: called once with the other run, where there is one to wait for.

    Raises:
        WarehouseBusyError: another run holds it, still, after `wait_s` seconds.
        WarehouseUnwritableError: the file cannot be made or written.
    """
    with _taken(lock, wait_s, on_wait) as file:
        dead = _holder(file)
        now = datetime.now(UTC)
        holder = Holder(
            run_id=new_run_id(now), pid=os.getpid(), host=socket.gethostname(), since=now
        )
        with unwritable(lock.parent, "written"):
            _write(file, holder.model_dump_json())
        try:
            yield Hold(holder.run_id, now, dead)
        finally:
            _write(file, "")


@contextmanager
def unwritable(warehouse: Path, done: str) -> Iterator[None]:
    """Say of a warehouse that it cannot be made, or written, where the block cannot.

    Raises:
        WarehouseUnwritableError: instead of the OSError.
    """
    try:
        yield
    except OSError as failed:
        if is_full(failed):
            raise WarehouseUnwritableError(full_disk(warehouse)) from failed
        raise WarehouseUnwritableError(
            f"The warehouse {warehouse} cannot be {done}: {failed.strerror}. Nothing was changed. "
            "Mend that, or name another folder: --warehouse."
        ) from failed


def holder_of(lock: Path) -> Holder | None:
    """The run that works in a warehouse now; None where none does."""
    return holders_of(lock)[0]


def holders_of(lock: Path) -> tuple[Holder | None, Holder | None]:
    """The run that works in a warehouse now, and the one that was killed where none does.

    A run that ends lets go by itself, whatever else it could not do any more: who is named and
    holds nothing was killed.
    """
    if not lock.is_file():
        return None, None
    with lock.open("r", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _holder(file), None
        return None, _holder(file)


def _taken(lock: Path, wait_s: float, on_wait: Callable[[Holder | None], None]) -> IO[str]:
    """The file, open and locked.

    It is opened anew for each try: who waits with a file that was deleted or replaced meanwhile
    would come to hold what nobody else looks at.
    """
    until = time.monotonic() + max(wait_s, _LEAST_WAIT_S)
    has_said = False
    while True:
        with unwritable(lock.parent, "written"):
            file = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o666), "r", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            with file:
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
        else:
            if _is_at(file, lock):
                return file
            file.close()


def _is_at(file: IO[str], lock: Path) -> bool:
    """The open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), lock.stat())
    except FileNotFoundError:
        return False


def _holder(file: IO[str]) -> Holder | None:
    file.seek(0)
    try:
        return Holder.model_validate(json.loads(file.read()))
    except (ValueError, ValidationError):
        return None


def _write(file: IO[str], text: str) -> None:
    """Over what stands there, without a buffer that would be written once more on closing: on a
    full disk what stood there stays, and one error is one."""
    written = text.encode()
    os.pwrite(file.fileno(), written, 0)
    os.ftruncate(file.fileno(), len(written))
