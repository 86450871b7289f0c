"""Two runs never work in one warehouse, and a dead one is in nobody's way."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

import pytest

from tributary.publish.lock import Holder, WarehouseBusyError, held, holder_of

HOLD = """
import sys, time
from pathlib import Path
from tributary.publish.lock import held
with held(Path(sys.argv[1]), lambda now: "the-other"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> "subprocess.Popen[str]":
    """Another process that holds the warehouse for a minute."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run.lock")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_run_is_refused_and_told_who_is_at_work(
    other: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    lock = tmp_path / "run.lock"
    with pytest.raises(WarehouseBusyError) as refused, held(lock, lambda _: "me"):
        pass
    other.kill()
    other.wait()
    for words in ("run the-other", f"process {other.pid}", "--wait"):
        assert words in str(refused.value)


def test_the_second_run_waits_where_it_is_told_to(
    other: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    told: list[Holder | None] = []
    threading.Timer(1, other.kill).start()
    began = time.monotonic()
    with held(tmp_path / "run.lock", lambda _: "me", wait_s=30, on_wait=told.append):
        assert 0.5 < time.monotonic() - began < 20
    assert [holder.run_id for holder in told if holder] == ["the-other"]


def test_the_lock_of_a_killed_run_is_taken_over_and_said(
    other: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    lock = tmp_path / "run.lock"
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with held(lock, lambda _: "me") as hold:
        assert hold.dead is not None
        assert hold.dead.run_id == "the-other"
    with held(lock, lambda _: "me again") as hold:
        assert hold.dead is None


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_lock_that_is_deleted_before_it_is_taken_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_replaced: bool
) -> None:
    lock = tmp_path / "run.lock"
    flock = fcntl.flock
    taken: list[int] = []

    def late(file: IO[str], how: int) -> None:
        if not taken:
            lock.unlink()
            if is_replaced:
                lock.touch()
        taken.append(how)
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with held(lock, lambda _: "me"):
        assert len(taken) == 2
        with pytest.raises(WarehouseBusyError, match="run me"), held(lock, lambda _: "another"):
            pass


def test_who_waits_for_a_file_that_was_replaced_waits_for_the_new_one(
    other: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    lock = tmp_path / "run.lock"
    told: list[Holder | None] = []

    def replace(holder: Holder | None) -> None:
        told.append(holder)
        (tmp_path / "new.lock").replace(lock)
        other.kill()

    with (
        held(tmp_path / "new.lock", lambda _: "the-new"),
        pytest.raises(WarehouseBusyError, match="run the-new"),
        held(lock, lambda _: "me", wait_s=1, on_wait=replace),
    ):
        pass
    other.wait()
    assert [holder.run_id for holder in told if holder] == ["the-other"]


def test_who_only_asks_learns_who_is_at_work(
    other: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    lock = tmp_path / "run.lock"
    holder = holder_of(lock)
    assert holder is not None
    assert (holder.run_id, holder.pid) == ("the-other", other.pid)
    other.kill()
    other.wait()
    assert holder_of(lock) is None
    assert holder_of(tmp_path / "no.lock") is None
